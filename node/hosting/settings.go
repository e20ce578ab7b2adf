package hosting

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	cmtcfg "github.com/cometbft/cometbft/config"
	"github.com/cometbft/cometbft/p2p"
	"golang.org/x/sys/unix"

	"github.com/topnetwork/top/node/config"
	"github.com/topnetwork/top/node/directory"
	"github.com/topnetwork/top/node/home"
	"github.com/topnetwork/top/node/shard"
	shardstypes "github.com/topnetwork/top/x/shards/types"
)

const (
	// inbound peers of a shard's node: its members, standbys and auditors.
	inbound = 80
	// discovery of snapshots, and trust in the header that the main chain has anchored: it is no older than the chain's own trust in its members.
	discovery   = 5 * time.Second
	trustPeriod = 14 * 24 * time.Hour
	// syncServers that a node asks for headers at most; it needs two.
	syncServers = 5
)

// settings of a shard's node.
type settings struct {
	home  string
	votes string
	ports home.Ports
	hosts []directory.Entry
	// trusted header for state-sync; nil to make all blocks again.
	trusted *trusted
}

// trusted header of a shard.
type trusted struct {
	height int64
	hash   []byte
	rpcs   []string
}

// trustedOf a shard's record: the audited header before the anchored one, where two hosts serve snapshots.
func trustedOf(r *shardstypes.QueryShardResponse, hosts []directory.Entry) *trusted {
	t := &trusted{}
	switch {
	case r.Audited != nil:
		t.height, t.hash = int64(r.Audited.Height), r.Audited.HeaderHash
	case r.Anchor != nil:
		t.height, t.hash = int64(r.Anchor.Height), r.Anchor.HeaderHash
	default:
		return nil
	}
	for _, e := range hosts {
		if e.Snapshots && State(e.State) == Running && len(t.rpcs) < syncServers {
			t.rpcs = append(t.rpcs, e.RPC)
		}
	}
	if len(t.rpcs) < 2 {
		return nil
	}
	return t
}

// write the files of a shard's node: caches, pruning, snapshots and limits are the main node's, addresses its own.
func (h *Host) write(s settings) error {
	cfg := h.cfg.App.Shards
	c := config.DefaultComet()
	shard.Comet(c)
	c.SetRoot(s.home)
	c.Moniker = h.cfg.Comet.Moniker
	c.DBBackend, c.LogLevel, c.LogFormat = h.cfg.Comet.DBBackend, h.cfg.Comet.LogLevel, h.cfg.Comet.LogFormat
	// The operator's key stays where it is; what it signs in this shard is remembered apart from what it signs elsewhere.
	c.PrivValidatorKey, c.PrivValidatorState = h.cfg.Comet.PrivValidatorKeyFile(), s.votes
	c.RPC.ListenAddress = fmt.Sprintf("tcp://%s", join(cfg.ServeHost, s.ports.RPC))
	c.RPC.PprofListenAddress = ""
	c.P2P.ListenAddress = fmt.Sprintf("tcp://%s", join(cfg.ListenHost, s.ports.P2P))
	c.P2P.ExternalAddress = join(cfg.Host(), s.ports.P2P)
	c.P2P.PersistentPeers = peersOf(s.hosts)
	c.P2P.MaxNumInboundPeers = inbound
	// A strict address book, and one node for each address, keep out machines of one owner: on one's own they keep out everybody.
	own := private(cfg.Host())
	c.P2P.AddrBookStrict, c.P2P.AllowDuplicateIP = !own, own
	c.Consensus.TimeoutCommit, c.Consensus.TimeoutPropose = cfg.TimeoutCommit, cfg.TimeoutPropose
	if s.trusted != nil {
		c.StateSync.Enable, c.StateSync.RPCServers = true, s.trusted.rpcs
		c.StateSync.TrustHeight, c.StateSync.TrustHash = s.trusted.height, fmt.Sprintf("%X", s.trusted.hash)
		c.StateSync.TrustPeriod, c.StateSync.DiscoveryTime = trustPeriod, discovery
	}
	if err := c.ValidateBasic(); err != nil {
		return fmt.Errorf("settings of the shard's node: %w", err)
	}
	app := *h.cfg.App
	app.Shards = config.DefaultShards()
	app.MinGasPrices = config.DefaultApp().MinGasPrices
	app.API.Enable, app.GRPC.Enable = true, true
	app.API.Address, app.GRPC.Address = fmt.Sprintf("tcp://%s", join(cfg.ServeHost, s.ports.REST)), join(cfg.ServeHost, s.ports.GRPC)
	app.Health.MaxBlockAge = max(app.Health.MaxBlockAge, home.AgePauses*cfg.TimeoutCommit)
	for _, f := range []struct {
		name  string
		write func(path string)
	}{
		{config.CometFile, func(path string) { cmtcfg.WriteConfigFile(path, c) }},
		{config.AppFile, app.Write},
	} {
		bz, err := rendered(f.write)
		if err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		if err := replace(filepath.Join(s.home, "config", f.name), bz); err != nil {
			return err
		}
	}
	return nil
}

// rendered is what a function writes to a file. The libraries end the process where they cannot write, e.g. because the disk is full: the main node's process, which must not end over a shard.
func rendered(write func(path string)) ([]byte, error) {
	fd, err := unix.MemfdCreate("settings", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	path := fmt.Sprintf("/proc/self/fd/%d", fd)
	write(path)
	return os.ReadFile(path)
}

// nodeID of a home, whose key is made where there is none.
func nodeID(dir string) (string, error) {
	if err := os.MkdirAll(filepath.Join(dir, "config"), 0o700); err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Join(dir, "data"), 0o700); err != nil {
		return "", err
	}
	key, err := p2p.LoadOrGenNodeKey(filepath.Join(dir, "config", "node_key.json"))
	if err != nil {
		return "", err
	}
	return string(key.ID()), nil
}
