package hosting

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"cosmossdk.io/log/v2"

	cmtcfg "github.com/cometbft/cometbft/config"
	rpchttp "github.com/cometbft/cometbft/rpc/client/http"
	coretypes "github.com/cometbft/cometbft/rpc/core/types"

	"github.com/cosmos/cosmos-sdk/client"

	"github.com/topnetwork/top/node/config"
	"github.com/topnetwork/top/node/directory"
	"github.com/topnetwork/top/node/home"
	"github.com/topnetwork/top/node/process"
	"github.com/topnetwork/top/node/sortition"
	shardstypes "github.com/topnetwork/top/x/shards/types"
)

// Config of a host.
type Config struct {
	// Program that runs a shard's node by `shard start --home DIR`; Prefix of its settings' environment variables, which are the main node's own.
	Program, Prefix string
	// Home, ChainID, Client, Comet and App of the main node.
	Home, ChainID string
	Client        client.Context
	Comet         *cmtcfg.Config
	App           *config.App
	// Keys that the node holds itself: they find its operator, and sign what it publishes.
	Keys sortition.Keys
	// Origin of shards' genesis.
	Origin Origin
	Logger log.Logger
}

// Host runs shards.
type Host struct {
	cfg        Config
	log        log.Logger
	main       main
	homes      homes
	ports      *ports
	neighbours *neighbours
	children   *Supervisor

	mu       sync.Mutex
	operator string
	// nodes that are made ready, by shard: others are told of them before they run.
	nodes map[string]place
	// anchored heights of shards.
	anchored map[string]int64
	rpcs     map[string]*rpchttp.HTTP
}

// place of a shard's node.
type place struct {
	id    string
	ports home.Ports
}

// New host. It touches nothing before it runs.
func New(cfg Config) *Host {
	s := cfg.App.Shards
	dir := s.Home
	if dir == "" {
		dir = filepath.Join(cfg.Home, "shards")
	}
	h := &Host{
		cfg: cfg, log: cfg.Logger, main: main{ctx: cfg.Client, hot: cfg.Keys.HotAddress().String()}, homes: homes{dir: dir}, neighbours: newNeighbours(),
		nodes: map[string]place{}, anchored: map[string]int64{}, rpcs: map[string]*rpchttp.HTTP{},
	}
	h.children = NewSupervisor(h, s.StallTimeout, cfg.Logger)
	return h
}

// GenesisFolder of the shards that the network began with.
func GenesisFolder(home string, s config.Shards) string {
	if s.Genesis != "" {
		return s.Genesis
	}
	return filepath.Join(home, "config", "shards")
}

// Launch implements Machine.
func (h *Host) Launch(ctx context.Context, d Duty, failures int) (Process, error) {
	s, err := h.prepare(ctx, d, failures)
	if err != nil {
		return nil, err
	}
	if err := h.write(s); err != nil {
		return nil, err
	}
	p, err := process.Start(process.Spec{
		Name: d.ChainID, Path: h.cfg.Program, Args: []string{"shard", "start", "--home", s.home}, Env: h.environment(), Log: h.homes.log(d.ChainID),
	})
	if err != nil {
		return nil, err
	}
	return hosted{p}, nil
}

// prepare the home of a shard's node, up to its files.
func (h *Host) prepare(ctx context.Context, d Duty, failures int) (settings, error) {
	name := d.ChainID
	s := settings{home: h.homes.of(name), votes: h.homes.votes(name)}
	// First of all: a home without a memory is one that has lost it.
	if err := h.homes.remember(name); err != nil {
		return s, err
	}
	var err error
	if s.ports, err = h.ports.of(name); err != nil {
		return s, err
	}
	id, err := nodeID(s.home)
	if err != nil {
		return s, err
	}
	// Others are told before they are asked: of two nodes that begin together one finds the other.
	h.tell(name, place{id: id, ports: s.ports})
	h.meet(ctx)
	s.hosts = h.neighbours.of(name)
	if err := h.homes.enter(name); err != nil {
		return s, err
	}
	record, err := h.main.shard(ctx, name)
	if err != nil {
		return s, err
	}
	if !h.homes.has(name) {
		if err := h.born(ctx, Birth{Shard: record.Shard, Home: s.home, Hosts: s.hosts, Sources: h.neighbours.sources(name)}); err != nil {
			return s, err
		}
	}
	// Where one way to join does not lead on, the next attempt takes the other.
	if !h.homes.data(name) && failures%2 == 0 {
		s.trusted = trustedOf(record, s.hosts)
	}
	return s, nil
}

// born is a shard's home with its genesis.
func (h *Host) born(ctx context.Context, b Birth) error {
	name := b.Shard.Name
	for _, p := range b.Shard.Parents {
		b.Parents = append(b.Parents, Parent{ChainID: p, Home: h.homes.of(p), Running: h.children.Hosts(p), Hosts: append(h.neighbours.of(p), h.own(p)...), Sources: h.neighbours.sources(p)})
	}
	err := h.cfg.Origin.Genesis(ctx, b)
	// Who was not there when the shard began asks those who were.
	if errors.Is(err, ErrOrigin) && len(b.Sources) > 0 {
		if err = fetchGenesis(ctx, b); err != nil {
			err = fmt.Errorf("%w, and other hosts' is not to be had: %w", ErrOrigin, err)
		}
	}
	if err == nil {
		err = checkGenesis(b.Home, b.Shard, func(term uint64) (*shardstypes.Committee, error) { return h.main.committee(ctx, name, term) })
	}
	if err != nil {
		// What is not good is not there: the next attempt asks for it again.
		return errors.Join(err, removeIfThere(filepath.Join(b.Home, "config", "genesis.json")))
	}
	return nil
}

func removeIfThere(path string) error {
	if err := os.Remove(path); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// environment of a child: the main node's settings are not its own.
func (h *Host) environment() (env []string) {
	for _, entry := range os.Environ() {
		if name, _, _ := strings.Cut(entry, "="); strings.HasPrefix(name, h.cfg.Prefix) {
			env = append(env, name+"=")
		}
	}
	if n := h.cfg.App.Shards.Processors; n > 0 {
		env = append(env, fmt.Sprintf("GOMAXPROCS=%d", n))
	}
	return env
}

// Ask implements Machine.
func (h *Host) Ask(ctx context.Context, chainID string) (Health, error) {
	rpc, err := h.rpc(chainID)
	if err != nil {
		return Health{}, err
	}
	s, err := rpc.Status(ctx)
	if err != nil {
		return Health{}, err
	}
	info, err := rpc.NetInfo(ctx)
	if err != nil {
		return Health{}, err
	}
	return Health{Height: s.SyncInfo.LatestBlockHeight, Syncing: s.SyncInfo.CatchingUp, Missing: missing(h.neighbours.reachable(chainID), info.Peers)}, nil
}

// missing counts the hosts that are not among a node's peers.
func missing(hosts []directory.Entry, peers []coretypes.Peer) (n int) {
	for _, e := range hosts {
		id, _, _ := strings.Cut(e.P2P, "@")
		if !slices.ContainsFunc(peers, func(p coretypes.Peer) bool { return string(p.NodeInfo.ID()) == id }) {
			n++
		}
	}
	return n
}

// rpc of a shard's node here.
func (h *Host) rpc(chainID string) (*rpchttp.HTTP, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if c, ok := h.rpcs[chainID]; ok {
		return c, nil
	}
	p, ok := h.nodes[chainID]
	if !ok {
		return nil, fmt.Errorf("there is no node of %s here", chainID)
	}
	c, err := rpchttp.New("http://"+join(reachable(h.cfg.App.Shards.ServeHost), p.ports.RPC), "/websocket")
	if err == nil {
		h.rpcs[chainID] = c
	}
	return c, err
}

// Others implements Machine: what other hosts say, or the main chain has seen.
func (h *Host) Others(chainID string) int64 {
	h.mu.Lock()
	anchored := h.anchored[chainID]
	h.mu.Unlock()
	return max(anchored, middle(h.neighbours.of(chainID)))
}

// Tend implements Machine.
func (h *Host) Tend(chainID string) error {
	return trim(h.homes.log(chainID), h.cfg.App.Shards.LogBytes)
}

func (h *Host) tell(chainID string, p place) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.nodes[chainID] != p {
		delete(h.rpcs, chainID)
	}
	h.nodes[chainID] = p
}

// own entry of a shard; none where it is not hosted here.
func (h *Host) own(chainID string) (list []directory.Entry) {
	for _, e := range h.Directory().Shards {
		if e.ChainID == chainID {
			list = append(list, e)
		}
	}
	return list
}

// Directory of this host.
func (h *Host) Directory() directory.Directory {
	children := h.children.Status()
	h.mu.Lock()
	defer h.mu.Unlock()
	d := directory.Directory{Operator: h.operator, Shards: []directory.Entry{}}
	host := h.cfg.App.Shards.Host()
	for _, c := range children {
		e := directory.Entry{
			ChainID: c.Duty.ChainID, Role: c.Duty.RoleName(), Height: c.Height, State: string(c.State), Starts: c.Starts, PID: c.Pid, Error: oneLine(c.Err),
			Snapshots: h.homes.snapshots(c.Duty.ChainID),
		}
		if p, ok := h.nodes[e.ChainID]; ok {
			e.P2P = p.id + "@" + join(host, p.ports.P2P)
			e.RPC, e.REST, e.GRPC = "http://"+join(host, p.ports.RPC), "http://"+join(host, p.ports.REST), join(host, p.ports.GRPC)
		}
		d.Shards = append(d.Shards, e)
	}
	return d
}

func join(host string, port int) string { return net.JoinHostPort(host, strconv.Itoa(port)) }

// reachable address of one that is listened on.
func reachable(host string) string {
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		if ip.To4() == nil {
			return "::1"
		}
		return "127.0.0.1"
	}
	return host
}

// private tells whether a host's address is one of a machine or a network of one's own.
func private(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && (ip.IsLoopback() || ip.IsPrivate())
}

// hosted is a child's process.
type hosted struct{ *process.Process }

// Ended implements Process.
func (c hosted) Ended() error {
	how := "it ended by itself"
	if err := c.Err(); err != nil {
		how = err.Error()
	}
	// The first words of an error may be followed by a trace.
	const lines = 60
	if tail, err := process.Tail(c.Spec.Log, lines); err == nil {
		if words := lastWords(tail); words != "" {
			how += ": " + words
		}
	}
	return fmt.Errorf("%s (%s)", how, c.Spec.Log)
}
