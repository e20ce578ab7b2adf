// Package home prepares the directory of one chain node: keys, config.toml, app.toml, genesis. What is already there is kept, so that a run that was
// interrupted can be repeated.
package home

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	cmtcfg "github.com/cometbft/cometbft/config"

	cryptotypes "github.com/cosmos/cosmos-sdk/crypto/types"
	"github.com/cosmos/cosmos-sdk/x/genutil"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"

	"github.com/topnetwork/top/node/config"
)

// Node is one prepared node.
type Node struct {
	Home    string
	Moniker string
	// ID is the CometBFT node id, 40 hex digits.
	ID string
	// ConsensusKey signs votes.
	ConsensusKey cryptotypes.PubKey
	// Host is the address that it listens on and that others reach it by: Loopback, unless it has a machine of its own.
	Host  string
	Ports Ports

	comet *cmtcfg.Config
}

// Endpoints are a node's addresses for clients, as printed for scripts.
type Endpoints struct {
	Home string `json:"home"`
	RPC  string `json:"rpc"`
	GRPC string `json:"grpc"`
	REST string `json:"rest"`
	P2P  string `json:"p2p"`
}

// Loopback is the host of nodes that share one machine.
const Loopback = "127.0.0.1"

// Endpoints of the node.
func (n *Node) Endpoints() Endpoints {
	return Endpoints{
		Home: n.Home,
		RPC:  "http://" + n.At(n.Ports.RPC),
		GRPC: n.At(n.Ports.GRPC),
		REST: "http://" + n.At(n.Ports.REST),
		P2P:  n.Peer(),
	}
}

// At a port of the node's host.
func (n *Node) At(port int) string { return net.JoinHostPort(n.Host, strconv.Itoa(port)) }

// Peer is the node's p2p address for other nodes.
func (n *Node) Peer() string { return n.ID + "@" + n.At(n.Ports.P2P) }

// Prepare makes the keys of a node on loopback, or loads those that are there.
func Prepare(dir, moniker string, comet *cmtcfg.Config, ports Ports) (*Node, error) {
	for _, sub := range []string{"config", "data"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			return nil, fmt.Errorf("node home: %w", err)
		}
	}
	comet.SetRoot(dir)
	comet.Moniker = moniker
	id, key, err := genutil.InitializeNodeValidatorFiles(comet)
	if err != nil {
		return nil, fmt.Errorf("keys of %s: %w", dir, err)
	}
	return &Node{Home: dir, Moniker: moniker, ID: id, ConsensusKey: key, Host: Loopback, Ports: ports, comet: comet}, nil
}

// Settings of a node of a network that one founder makes.
type Settings struct {
	ChainID       string
	Peers         []string
	TimeoutCommit time.Duration
	App           *config.App
	// Keep the files that are there: their operator may have edited them.
	Keep bool
}

// AgePauses is how many pauses between blocks /health waits for one at least.
const AgePauses = 5

// WriteConfig writes config.toml, app.toml and client.toml.
func (n *Node) WriteConfig(s Settings) error {
	c := n.comet
	c.RPC.ListenAddress = "tcp://" + n.At(n.Ports.RPC)
	c.RPC.PprofListenAddress = ""
	c.P2P.ListenAddress = "tcp://" + n.At(n.Ports.P2P)
	// Several nodes share one address here, or have private ones, which public networks rightly refuse.
	c.P2P.AddrBookStrict = false
	c.P2P.AllowDuplicateIP = true
	peers := make([]string, 0, len(s.Peers))
	for _, p := range s.Peers {
		if !strings.HasPrefix(p, n.ID+"@") {
			peers = append(peers, p)
		}
	}
	c.P2P.PersistentPeers = strings.Join(peers, ",")
	c.Consensus.TimeoutCommit = s.TimeoutCommit
	s.App.Health.MaxBlockAge = max(s.App.Health.MaxBlockAge, AgePauses*s.TimeoutCommit)
	s.App.API.Address = "tcp://" + n.At(n.Ports.REST)
	s.App.GRPC.Address = n.At(n.Ports.GRPC)
	return errors.Join(
		n.write(config.CometFile, s.Keep, func(path string) error {
			cmtcfg.WriteConfigFile(path, c)
			return nil
		}),
		n.write(config.AppFile, s.Keep, func(path string) error {
			s.App.Write(path)
			return nil
		}),
		n.write(config.ClientFile, s.Keep, func(path string) error { return config.WriteClient(path, s.ChainID, c.RPC.ListenAddress) }),
	)
}

// write a file of the node's config in one step: half a file would be kept by the next run.
func (n *Node) write(file string, keep bool, write func(path string) error) error {
	path := filepath.Join(n.Home, "config", file)
	if _, err := os.Stat(path); keep && err == nil {
		return nil
	}
	tmp := path + ".tmp"
	if err := write(tmp); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}

// GenesisFile is where the node reads its genesis.
func (n *Node) GenesisFile() string { return n.comet.GenesisFile() }

// WriteGenesis stores the network's genesis in the node's home.
func (n *Node) WriteGenesis(doc *genutiltypes.AppGenesis) error {
	if err := doc.ValidateAndComplete(); err != nil {
		return fmt.Errorf("genesis: %w", err)
	}
	return doc.SaveAs(n.GenesisFile())
}

// WriteConfigFile beside the genesis, which names it.
func (n *Node) WriteConfigFile(name string, content []byte) error {
	return n.write(name, false, func(path string) error { return os.WriteFile(path, content, 0o600) })
}

// String names the node in messages.
func (n *Node) String() string {
	return fmt.Sprintf("%s (%s, consensus key %s)", n.Moniker, n.ID, hex.EncodeToString(n.ConsensusKey.Bytes()))
}
