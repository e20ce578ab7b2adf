// Package sdk is the client library: an account, its credit, and services that pay for themselves.
package sdk

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/p2p/muxer/yamux"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	libp2ptls "github.com/libp2p/go-libp2p/p2p/security/tls"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"

	"github.com/topnetwork/top/protocol/messaging"
	"github.com/topnetwork/top/sdk/keyfile"
)

// Config of a client. Home, MainGRPC and ServiceGRPC are enough.
type Config struct {
	// Home is the folder of the client's keys and state, made when missing.
	Home string
	// MainGRPC and ServiceGRPC are host:port of a node of each chain.
	MainGRPC, ServiceGRPC string
	// Mnemonic of the account that pays; by default the one in Home, made at the first start.
	Mnemonic string
	// Service is the type of the service chain, by default messaging.
	Service string
	// Homes is how many providers keep the client's mailbox.
	Homes int
	// SessionCap is the most that one session may cost, in utop.
	SessionCap uint64
	// VoucherPeriod is how long usage stays without a voucher.
	VoucherPeriod time.Duration
	// Poll is how often the epoch is looked at.
	Poll time.Duration
	// Quiet sends no delivery notifications, which cost as much as a message.
	Quiet bool
	Log   *slog.Logger
	// Ledger replaces the chains behind MainGRPC and ServiceGRPC.
	Ledger Ledger
}

// Flags registers -home, -main-grpc and -service-grpc, with the defaults of a first node on this machine; the fields are set once the flags are parsed.
func (c *Config) Flags(set *flag.FlagSet) {
	set.StringVar(&c.Home, "home", "top-user", "folder of keys and state, made when missing")
	set.StringVar(&c.MainGRPC, "main-grpc", "127.0.0.1:9090", "host:port of a main-chain node")
	set.StringVar(&c.ServiceGRPC, "service-grpc", "127.0.0.1:9190", "host:port of a service-chain node")
}

func (c Config) orDefault() Config {
	if c.Service == "" {
		c.Service = messaging.Service
	}
	if c.Homes == 0 {
		c.Homes = 2
	}
	if c.SessionCap == 0 {
		c.SessionCap = 1_000_000
	}
	if c.VoucherPeriod == 0 {
		c.VoucherPeriod = 10 * time.Second
	}
	if c.Poll == 0 {
		c.Poll = time.Second
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// Client is one user of the network.
type Client struct {
	cfg    Config
	ledger Ledger
	store  *store
	host   host.Host
	dir    *directory
	purse  *purse

	identity ed25519.PrivateKey // of messages
	keys     *sessionKeys       // of vouchers

	crediting sync.Mutex // one EnsureCredit at a time

	cancel context.CancelFunc
	ctx    context.Context
	work   sync.WaitGroup
}

// Open loads the client in cfg.Home, or makes it. Close it at the end: two cannot use one Home.
func Open(ctx context.Context, cfg Config) (c *Client, err error) {
	cfg = cfg.orDefault()
	if cfg.Home == "" {
		return nil, errors.New("sdk: Config.Home is empty: name a folder for keys and state")
	}
	if err := os.MkdirAll(cfg.Home, 0o700); err != nil {
		return nil, err
	}
	c = &Client{cfg: cfg}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("open client in %s: %w", cfg.Home, err), c.closeParts())
			c = nil
		}
	}()
	if c.store, err = openStore(filepath.Join(cfg.Home, "state"), quiet{cfg.Log}); err != nil {
		return c, err
	}
	if c.identity, err = keyfile.Load(filepath.Join(cfg.Home, "identity.key")); err != nil {
		return c, err
	}
	if c.keys, err = loadSessionKeys(cfg.Home); err != nil {
		return c, err
	}
	peerKey, err := keyfile.Load(filepath.Join(cfg.Home, "peer.key"))
	if err != nil {
		return c, err
	}
	if c.host, err = newHost(peerKey); err != nil {
		return c, err
	}
	if c.ledger = cfg.Ledger; c.ledger == nil {
		if c.ledger, err = openChains(ctx, cfg); err != nil {
			return c, err
		}
	}
	c.dir = &directory{ledger: c.ledger, host: c.host, now: time.Now, sick: map[string]time.Time{}}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	if c.purse, err = openPurse(c); err != nil {
		return c, err
	}
	c.work.Go(func() { c.purse.run(c.ctx) })
	return c, nil
}

// newHost makes a libp2p host that dials and does not listen: nobody calls a client.
func newHost(peerKey ed25519.PrivateKey) (host.Host, error) {
	key, err := crypto.UnmarshalEd25519PrivateKey(peerKey)
	if err != nil {
		return nil, err
	}
	return libp2p.New(
		libp2p.Identity(key), libp2p.NoListenAddrs, libp2p.DisableRelay(),
		libp2p.Transport(tcp.NewTCPTransport), libp2p.Muxer(yamux.ID, yamux.DefaultTransport),
		libp2p.Security(noise.ID, noise.New), libp2p.Security(libp2ptls.ID, libp2ptls.New),
		libp2p.UserAgent("top-sdk"),
	)
}

// Address is the client's account, where coins for its credit are sent.
func (c *Client) Address() string { return c.ledger.Address() }

// EnsureCredit makes amount utop spendable: it deposits what is missing into the escrow, lets the session key spend it,
// opens the credit line and waits until the service chain knows. A session key that can spend no more is replaced by a new one, and what it was allotted is taken back.
func (c *Client) EnsureCredit(ctx context.Context, amount uint64) error {
	c.crediting.Lock()
	defer c.crediting.Unlock()
	err := c.ledger.EnsureCredit(ctx, c.keys.public(), amount)
	if errors.Is(err, ErrSessionKey) {
		err = c.replaceKey(ctx, amount)
	}
	if err != nil {
		return fmt.Errorf("credit: %w", err)
	}
	c.purse.credit(amount)
	c.endEarlierKeys(ctx)
	return nil
}

// replaceKey gives credit to the next session key and makes it the current one then: until it has credit, the current one goes on with what is left to it.
func (c *Client) replaceKey(ctx context.Context, amount uint64) (err error) {
	for range 2 { // one that an attempt long ago left may itself be of no more use, and goes the way of the others
		next, keyErr := c.keys.next()
		if keyErr != nil {
			return keyErr
		}
		err = c.ledger.EnsureCredit(ctx, publicOf(next), amount)
		if err != nil && !errors.Is(err, ErrSessionKey) {
			return err
		}
		if keyErr := c.keys.promote(next); keyErr != nil || err == nil {
			return keyErr
		}
	}
	return err
}

// endEarlierKeys lets nobody spend with session keys that were replaced, and takes back what they were allotted. What they have signed stands. What fails is tried again with
// the next EnsureCredit.
func (c *Client) endEarlierKeys(ctx context.Context) {
	for _, public := range c.keys.unended() {
		err := c.ledger.EndKey(ctx, public)
		if err == nil {
			err = c.keys.setEnded(public)
		}
		if err != nil {
			c.cfg.Log.Warn("a replaced session key has not ended yet", "key", hex.EncodeToString(public), "err", err)
		}
	}
}

// Bill is the running bill of all sessions.
func (c *Client) Bill() Bill { return c.purse.bill() }

// BillUpdates delivers the bill after changes; what is not read in time is replaced by what is newer.
func (c *Client) BillUpdates() <-chan Bill { return c.purse.updates }

// Close signs what is open, ends all work and closes the state.
func (c *Client) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	c.purse.settle(ctx)
	c.cancel()
	c.work.Wait()
	return c.closeParts()
}

// closeTimeout bounds how long Close waits for countersignatures; what is not signed then is signed at the next start.
const closeTimeout = 5 * time.Second

func (c *Client) closeParts() error {
	var err error
	if c.cancel != nil {
		c.cancel()
	}
	if c.host != nil {
		err = errors.Join(err, c.host.Close())
	}
	if c.ledger != nil && c.cfg.Ledger == nil {
		err = errors.Join(err, c.ledger.Close())
	}
	if c.store != nil {
		err = errors.Join(err, c.store.db.Close())
	}
	return err
}

var entropy = rand.Reader

// quiet drops Pebble's running commentary.
type quiet struct{ log *slog.Logger }

func (quiet) Infof(string, ...any) {}

func (q quiet) Errorf(format string, args ...any) {
	q.log.Error("state", "err", fmt.Sprintf(format, args...))
}

func (q quiet) Fatalf(format string, args ...any) {
	panic(fmt.Sprintf("sdk: the state cannot be written: "+format, args...))
}
