package bench

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"math"
	"os"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/topnetwork/top/protocol/voucher"
	"github.com/topnetwork/top/relayer/metering"
)

// chargeCost is what booking a message costs a provider beyond writing the message down, in nanoseconds of CPU time: the same write, synced, once through
// the session that pays and once alone.
func chargeCost() (_ float64, err error) {
	dir, err := os.MkdirTemp("", "top-bench-")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	db, err := pebble.Open(dir, &pebble.Options{Logger: silent{}})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	sessions, id, err := openSession(db)
	if err != nil {
		return 0, err
	}
	ctx, serial := context.Background(), 0
	write := func(b *pebble.Batch) error {
		serial++
		envelope := make([]byte, 1024)
		if err := b.Set(fmt.Appendf(nil, "vbench/m%d", serial), envelope, nil); err != nil {
			return err
		}
		if err := b.Set(fmt.Appendf(nil, "vbench/d%d", serial), envelope[:85], nil); err != nil {
			return err
		}
		return b.Set(fmt.Appendf(nil, "vbench/x%d", serial), nil, nil)
	}
	usage := []*voucher.Usage{{Measure: "kib", Quantity: 1}, {Measure: "message", Quantity: 1}}
	metered, err := measure(func() error { return sessions.Charge(ctx, peerName, id, usage, write) })
	if err != nil {
		return 0, err
	}
	alone, err := measure(func() error {
		b := db.NewBatch()
		defer func() { _ = b.Close() }()
		if err := write(b); err != nil {
			return err
		}
		return b.Commit(pebble.Sync)
	})
	return metered - alone, err
}

const peerName = "peer"

// openSession opens a session that has paid for more than will be used.
func openSession(db *pebble.DB) (*metering.Sessions, []byte, error) {
	const plenty = math.MaxUint32
	w, err := newWorld()
	if err != nil {
		return nil, nil, err
	}
	sessions, err := metering.OpenSessions(metering.Config{
		ChainID: chainID, Service: w.offer.Service, Provider: w.offer.Provider, Key: w.providerKey, Prices: w.offer.Prices,
		Tick: plenty, Float: plenty, Voucher: plenty, GuaranteeAge: time.Hour, Now: time.Now, Entropy: rand.Reader,
	}, guarantor{}, db)
	if err != nil {
		return nil, nil, err
	}
	sessions.Roll(epoch)
	offer, err := sessions.Offer(&voucher.OfferRequest{Service: w.offer.Service, ChainId: chainID})
	if err != nil {
		return nil, nil, err
	}
	hash, chain := offer.Hash(), voucher.NewHashChain([32]byte{11}, 1)
	anchor := chain.Anchor()
	open := &voucher.Open{
		OfferHash: hash[:], Payer: w.payerAddress, SessionKey: w.sessionKey.Public().(ed25519.PublicKey), Anchor: anchor[:], MaxTicks: 1, CapUtop: plenty, Nonce: 1,
	}
	open.Sign(w.sessionKey)
	// The bill is made, as for a client; whoever reads it is the network's cost, not the session's.
	id, _, err := sessions.Open(context.Background(), peerName, offer, open, func(f *voucher.ProviderFrame) { _, _ = f.Marshal() })
	if err != nil {
		return nil, nil, err
	}
	preimage, err := chain.Preimage(1)
	if err != nil {
		return nil, nil, err
	}
	return sessions, id[:], sessions.Tick(peerName, &voucher.Tick{SessionId: id[:], Index: 1, Preimage: preimage[:]})
}

// guarantor is a chain on which every payer is good for everything.
type guarantor struct{}

// Guarantee implements metering.Ledger.
func (guarantor) Guarantee(context.Context, string, []byte) (metering.Guarantee, error) {
	return metering.Guarantee{Line: math.MaxUint64, Claimable: math.MaxUint64, KeyKnown: true, KeyExpires: math.MaxUint64}, nil
}

// MaxDebits implements metering.Ledger.
func (guarantor) MaxDebits(context.Context) (int, error) { return math.MaxInt, nil }

// silent drops Pebble's running commentary.
type silent struct{}

func (silent) Infof(string, ...any)              {}
func (silent) Errorf(string, ...any)             {}
func (silent) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
