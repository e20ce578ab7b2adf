// Package host is a node's place in the libp2p network: its key, its addresses, its limits.
package host

import (
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	rcmgr "github.com/libp2p/go-libp2p/p2p/host/resource-manager"
	"github.com/libp2p/go-libp2p/p2p/muxer/yamux"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	libp2ptls "github.com/libp2p/go-libp2p/p2p/security/tls"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	"github.com/multiformats/go-multiaddr"

	"github.com/topnetwork/top/sdk/keyfile"
)

// Limits that one peer and all peers together may use.
type Limits struct {
	ConnsPerPeer, StreamsPerPeer int
	Conns, Streams               int
	MemoryPerPeer, Memory        int64
}

// DefaultLimits let a small server carry some thousand clients and no client take more than its share.
var DefaultLimits = Limits{
	ConnsPerPeer: 4, StreamsPerPeer: 64, Conns: 4096, Streams: 32768,
	MemoryPerPeer: 32 << 20, Memory: 1 << 30,
}

// Config of a provider's host.
type Config struct {
	Identity ed25519.PrivateKey
	// Listen multiaddrs; port 0 is any free one.
	Listen []string
	// Remember is the file that keeps the chosen addresses, so that a restart listens on the same ones.
	Remember string
	Limits   Limits
}

// New starts a host on TCP with Noise or TLS 1.3 and yamux.
func New(cfg Config) (host.Host, error) {
	remembered := recall(cfg)
	if remembered != nil {
		if h, err := start(cfg, remembered); err == nil {
			return h, nil
		}
		// The old port is taken: any port is better than no service, and the registration is updated.
	}
	h, err := start(cfg, cfg.Listen)
	if err != nil {
		return nil, err
	}
	return h, remember(cfg, h)
}

func start(cfg Config, listen []string) (host.Host, error) {
	key, err := crypto.UnmarshalEd25519PrivateKey(cfg.Identity)
	if err != nil {
		return nil, fmt.Errorf("identity: %w", err)
	}
	limits, err := rcmgr.NewResourceManager(rcmgr.NewFixedLimiter(cfg.Limits.config()))
	if err != nil {
		return nil, fmt.Errorf("limits: %w", err)
	}
	h, err := libp2p.New(
		libp2p.Identity(key), libp2p.ListenAddrStrings(listen...),
		libp2p.Transport(tcp.NewTCPTransport), libp2p.Muxer(yamux.ID, yamux.DefaultTransport),
		libp2p.Security(noise.ID, noise.New), libp2p.Security(libp2ptls.ID, libp2ptls.New),
		libp2p.ResourceManager(limits), libp2p.DisableRelay(), libp2p.UserAgent("top-relayer"),
	)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("listen on %v: %w", listen, err), limits.Close())
	}
	return h, nil
}

func (l Limits) config() rcmgr.ConcreteLimitConfig {
	return rcmgr.PartialLimitConfig{
		System: rcmgr.ResourceLimits{
			Conns: rcmgr.LimitVal(l.Conns), ConnsInbound: rcmgr.LimitVal(l.Conns), ConnsOutbound: rcmgr.LimitVal(l.Conns),
			FD:      rcmgr.LimitVal(l.Conns),
			Streams: rcmgr.LimitVal(l.Streams), StreamsInbound: rcmgr.LimitVal(l.Streams), StreamsOutbound: rcmgr.LimitVal(l.Streams),
			Memory: rcmgr.LimitVal64(l.Memory),
		},
		PeerDefault: rcmgr.ResourceLimits{
			Conns: rcmgr.LimitVal(l.ConnsPerPeer), ConnsInbound: rcmgr.LimitVal(l.ConnsPerPeer), ConnsOutbound: rcmgr.LimitVal(l.ConnsPerPeer),
			Streams: rcmgr.LimitVal(l.StreamsPerPeer), StreamsInbound: rcmgr.LimitVal(l.StreamsPerPeer), StreamsOutbound: rcmgr.LimitVal(l.StreamsPerPeer),
			Memory: rcmgr.LimitVal64(l.MemoryPerPeer),
		},
	}.Build(rcmgr.DefaultLimits.AutoScale())
}

// CheckListen says why a host cannot listen on a multiaddr: it must be TCP on an IP address of this machine.
func CheckListen(address string) error {
	m, err := multiaddr.NewMultiaddr(address)
	if err != nil {
		return fmt.Errorf("no multiaddr (%w): want /ip4/ADDRESS/tcp/PORT or /ip6/ADDRESS/tcp/PORT", err)
	}
	protocols := m.Protocols()
	if len(protocols) != 2 || protocols[0].Code != multiaddr.P_IP4 && protocols[0].Code != multiaddr.P_IP6 || protocols[1].Code != multiaddr.P_TCP {
		return errors.New("want /ip4/ADDRESS/tcp/PORT or /ip6/ADDRESS/tcp/PORT")
	}
	return nil
}

// Addresses a host listens on, without the peer id, sorted.
func Addresses(h host.Host) []string {
	var addrs []string
	for _, a := range h.Addrs() {
		addrs = append(addrs, a.String())
	}
	slices.Sort(addrs)
	return addrs
}

type memory struct{ Asked, Chosen []string }

func recall(cfg Config) []string {
	raw, err := os.ReadFile(cfg.Remember)
	if err != nil {
		return nil
	}
	var m memory
	// What is unreadable or for another configuration is no help, and no harm either.
	if json.Unmarshal(raw, &m) != nil || !slices.Equal(m.Asked, cfg.Listen) {
		return nil
	}
	return m.Chosen
}

func remember(cfg Config, h host.Host) error {
	if cfg.Remember == "" {
		return nil
	}
	var chosen []string
	for _, a := range h.Network().ListenAddresses() {
		chosen = append(chosen, a.String())
	}
	raw, err := json.Marshal(memory{Asked: cfg.Listen, Chosen: chosen})
	if err != nil {
		return err
	}
	return keyfile.Write(cfg.Remember, raw)
}
