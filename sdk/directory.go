package sdk

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/peerstore"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/net/swarm"
	"github.com/multiformats/go-multiaddr"
)

const (
	// directoryAge is how old the list of providers may get while it serves.
	directoryAge = 30 * time.Second
	// directoryRetry is how often it is read again because a provider did not answer at its address.
	directoryRetry = time.Second
	dialTimeout    = 5 * time.Second
	// avoidFor is how long a provider that failed is tried after the others.
	avoidFor = 5 * time.Second
)

// directory finds providers on the main chain and reaches them.
type directory struct {
	ledger Ledger
	host   host.Host
	now    func() time.Time

	mu   sync.Mutex
	list []Provider
	read time.Time
	sick map[string]time.Time // provider: when it failed
}

// failed remembers that a provider did not serve.
func (d *directory) failed(key []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sick[string(key)] = d.now()
}

// healthyFirst orders providers: those that failed just now come last, otherwise the order is the recipient's.
func (d *directory) healthyFirst(keys [][]byte) [][]byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	var well, sick [][]byte
	for _, key := range keys {
		if at, ok := d.sick[string(key)]; ok && d.now().Sub(at) < avoidFor {
			sick = append(sick, key)
		} else {
			well = append(well, key)
		}
	}
	return append(well, sick...)
}

// all providers, from a list not older than age.
func (d *directory) all(ctx context.Context, age time.Duration) ([]Provider, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.list != nil && d.now().Sub(d.read) < age {
		return d.list, nil
	}
	list, err := d.ledger.Providers(ctx)
	if err != nil {
		// Yesterday's list is better than none when the chain does not answer.
		if d.list != nil {
			return d.list, nil
		}
		return nil, fmt.Errorf("providers: %w", err)
	}
	d.list, d.read = list, d.now()
	return list, nil
}

func (d *directory) find(ctx context.Context, key []byte, age time.Duration) (Provider, error) {
	for _, age := range []time.Duration{age, directoryRetry} {
		list, err := d.all(ctx, age)
		if err != nil {
			return Provider{}, err
		}
		for _, p := range list {
			if string(p.Key) == string(key) {
				return p, nil
			}
		}
	}
	return Provider{}, fmt.Errorf("provider %x is not registered or not active", key)
}

// dial opens a stream to a provider. When it does not answer, its registration is read again: it may have moved.
func (d *directory) dial(ctx context.Context, key []byte, id protocol.ID) (network.Stream, error) {
	public, err := crypto.UnmarshalEd25519PublicKey(key)
	if err != nil {
		return nil, err
	}
	to, err := peer.IDFromPublicKey(public)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	for _, age := range []time.Duration{directoryAge, directoryRetry} {
		if d.host.Network().Connectedness(to) != network.Connected {
			p, findErr := d.find(ctx, key, age)
			if findErr != nil {
				return nil, findErr
			}
			d.address(to, p.Endpoints)
		}
		var s network.Stream
		if s, err = d.host.NewStream(ctx, to, id); err == nil {
			return s, nil
		}
	}
	return nil, fmt.Errorf("reach provider %s: %w", to, err)
}

// address replaces what is known of a peer's addresses, and forgets that dialing failed before.
func (d *directory) address(to peer.ID, endpoints []string) {
	var addrs []multiaddr.Multiaddr
	for _, e := range endpoints {
		if a, err := multiaddr.NewMultiaddr(e); err == nil {
			addrs = append(addrs, a)
		}
	}
	d.host.Peerstore().ClearAddrs(to)
	d.host.Peerstore().AddAddrs(to, addrs, peerstore.TempAddrTTL)
	if s, ok := d.host.Network().(*swarm.Swarm); ok {
		s.Backoff().Clear(to)
	}
}
