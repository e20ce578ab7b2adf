package sdk_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/cosmos/cosmos-sdk/types/bech32"
	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/protocol/claim"
	"github.com/topnetwork/top/protocol/voucher"
	"github.com/topnetwork/top/relayer/metering"
	"github.com/topnetwork/top/relayer/provider"
	"github.com/topnetwork/top/sdk"
	billingtypes "github.com/topnetwork/top/x/billing/types"
	servicestypes "github.com/topnetwork/top/x/services/types"
	usagetypes "github.com/topnetwork/top/x/usage/types"
)

const (
	chainID = "top-msg-1"
	samples = 4
	window  = 4
)

func account(t testing.TB, name string) string {
	sum := sha256.Sum256([]byte(name))
	address, err := bech32.ConvertAndEncode("top", sum[:20])
	require.NoError(t, err)
	return address
}

// world is a ledger in memory that keeps the rules of x/usage that providers and clients meet: sub-lines, key caps, one
// claim per provider and epoch, challenges answered with evidence that is verified.
type world struct {
	mu        sync.Mutex
	epoch     uint64
	providers map[string]sdk.Provider
	keys      map[string]map[string]uint64 // payer, session key: what is left of its cap
	ended     map[string]uint64            // session keys that were revoked: the last epoch that they pay for
	refuseKey error                        // what a new session key is answered with
	refuseEnd error                        // and the end of one
	credit    map[string]uint64            // open credit
	lines     map[[3]string]uint64         // payer, provider, session key: unspent
	claims    map[string]*usagetypes.Claim
	paid      map[string]uint64 // provider
	down      error
	mainDown  error // the main chain alone
	closing   uint64
	held      chan struct{}                           // registrations wait until it is closed
	ahead     map[string]int                          // by account: how many epochs its view is ahead of the chain's
	asked     map[string]int                          // by account: how often it asked for the epoch
	statuses  map[string]servicestypes.ProviderStatus // other than active
	deposits  map[string]uint64                       // other than the least
	tries     map[string]int                          // registrations, refused ones too
}

func newWorld() *world {
	w := &world{
		epoch: 1, providers: map[string]sdk.Provider{}, keys: map[string]map[string]uint64{}, ended: map[string]uint64{}, credit: map[string]uint64{},
		lines: map[[3]string]uint64{}, claims: map[string]*usagetypes.Claim{}, paid: map[string]uint64{}, statuses: map[string]servicestypes.ProviderStatus{}, deposits: map[string]uint64{}, tries: map[string]int{}, ahead: map[string]int{}, asked: map[string]int{},
		held: make(chan struct{}),
	}
	close(w.held)
	return w
}

func (w *world) roll() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.epoch++
}

func (w *world) epochSeenBy(account string) uint64 {
	w.asked[account]++
	return uint64(int(w.epoch) + w.ahead[account])
}

func (w *world) paidTo(address string) uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.paid[address]
}

// providerLedger is the world as one provider sees it.
type providerLedger struct {
	*world
	address string
}

func (l providerLedger) ChainID() string { return chainID }
func (l providerLedger) Address() string { return l.address }

func (l providerLedger) Epoch(context.Context) (uint64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.epochSeenBy(l.address), l.down
}

func (l providerLedger) Guarantee(_ context.Context, payer string, key []byte) (metering.Guarantee, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, known := l.keys[payer][string(key)]
	line := l.lines[[3]string{payer, l.address, string(key)}]
	expires := uint64(1000)
	if ended, is := l.ended[string(key)]; is {
		expires = ended
	}
	return metering.Guarantee{Line: line, Claimable: line, KeyKnown: known, KeyExpires: expires}, l.down
}

// leastDeposit of a provider that is active.
const leastDeposit = 1_000_000

func (l providerLedger) Standing(context.Context) (provider.Standing, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := provider.Standing{Epoch: l.epoch, Notice: 14, ClosingEpoch: l.closing, Least: leastDeposit, Deposit: leastDeposit, Status: servicestypes.ProviderStatus_PROVIDER_STATUS_ACTIVE}
	_, s.Registered = l.providers[l.address]
	if status, changed := l.statuses[l.address]; changed {
		s.Status = status
	}
	if deposit, changed := l.deposits[l.address]; changed {
		s.Deposit = deposit
	}
	return s, errors.Join(l.down, l.mainDown)
}

func (l providerLedger) Register(ctx context.Context, r provider.Registration) error {
	l.mu.Lock()
	held := l.held
	l.mu.Unlock()
	select {
	case <-held:
	case <-ctx.Done():
		return ctx.Err()
	}
	message := []byte("possession")
	if !ed25519.Verify(r.Key, message, r.Sign(message)) {
		return fmt.Errorf("the key is not the provider's")
	}
	prices := map[string]uint64{}
	for _, p := range r.Prices {
		prices[p.Measure] = p.Utop
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.mainDown != nil {
		return l.mainDown
	}
	l.tries[l.address]++
	l.providers[l.address] = sdk.Provider{Address: l.address, Key: r.Key, Endpoints: r.Endpoints, Prices: prices}
	return nil
}

func (l providerLedger) Known(_ context.Context, r provider.Registration) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Equal(l.providers[l.address].Key, r.Key), l.down
}

func (l providerLedger) Terms(context.Context) (provider.Terms, error) {
	return provider.Terms{Window: window, Samples: samples, MaxDebits: 100}, nil
}

func (l providerLedger) MaxDebits(context.Context) (int, error) { return 100, nil }

func (l providerLedger) id(epoch uint64) string { return fmt.Sprintf("%s/%d", l.address, epoch) }

func (l providerLedger) Claim(_ context.Context, epoch uint64) (usagetypes.Claim, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.claims[l.id(epoch)]
	if c == nil {
		return usagetypes.Claim{}, false, nil
	}
	answer := *c
	// The challenge comes a block after the claim.
	if c.Status == usagetypes.ClaimStatus_CLAIM_STATUS_CLAIMED {
		seed := sha256.Sum256(c.Root)
		c.Seed, c.Status = seed[:], usagetypes.ClaimStatus_CLAIM_STATUS_CHALLENGED
	}
	return answer, true, nil
}

func (l providerLedger) SubmitClaim(_ context.Context, m *usagetypes.MsgClaim) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.claims[l.id(m.Epoch)] != nil {
		return fmt.Errorf("claimed before")
	}
	if m.Epoch >= l.epoch || l.epoch > m.Epoch+window {
		return fmt.Errorf("epoch %d cannot be claimed in %d", m.Epoch, l.epoch)
	}
	var sum uint64
	for _, d := range m.Debits {
		sum += d.Amount
		if l.lines[[3]string{d.Payer, l.address, string(d.SessionKey)}] < d.Amount {
			return fmt.Errorf("over the sub-line")
		}
	}
	if sum != m.Sum {
		return fmt.Errorf("debits of %d, sum %d", sum, m.Sum)
	}
	for _, d := range m.Debits {
		l.lines[[3]string{d.Payer, l.address, string(d.SessionKey)}] -= d.Amount
	}
	l.claims[l.id(m.Epoch)] = &usagetypes.Claim{
		Provider: m.Provider, Epoch: m.Epoch, Root: m.Root, Sum: m.Sum, Count: m.Count, Debits: m.Debits,
		Status: usagetypes.ClaimStatus_CLAIM_STATUS_CLAIMED,
	}
	return nil
}

func (l providerLedger) SubmitProof(_ context.Context, m *usagetypes.MsgProve) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.claims[l.id(m.Epoch)]
	root := claim.Root{Hash: [32]byte(c.Root), Sum: c.Sum, Count: c.Count}
	points := claim.Points([32]byte(c.Seed), c.Sum, samples)
	if len(points) != len(m.Proofs) {
		return fmt.Errorf("%d proofs for %d points", len(m.Proofs), len(points))
	}
	for i, p := range m.Proofs {
		if err := voucher.VerifyEvidence(p.Evidence, chainID, m.Epoch); err != nil {
			return err
		}
		_, payer, err := bech32.DecodeAndConvert(p.Evidence.Open.Payer)
		if err != nil {
			return err
		}
		key, err := claim.LeafKey(payer, p.Evidence.Open.SessionKey, p.Evidence.Voucher.SessionId)
		if err != nil {
			return err
		}
		var path claim.Path
		for _, n := range p.Path {
			path = append(path, claim.Node{Hash: [32]byte(n.Hash), Sum: n.Sum, Count: n.Count, First: n.First, Last: n.Last, Left: n.Left})
		}
		leaf := claim.Leaf{Key: key, Amount: p.Evidence.Voucher.AmountUtop, Evidence: p.Evidence.Hash()}
		if _, err := claim.Verify(root, points[i], leaf, path); err != nil {
			return err
		}
	}
	c.Status = usagetypes.ClaimStatus_CLAIM_STATUS_PROVEN
	l.paid[l.address] += c.Sum
	return nil
}

func (l providerLedger) Disputes(context.Context) ([]billingtypes.Dispute, error) { return nil, nil }

func (l providerLedger) SubmitAnswer(context.Context, *billingtypes.MsgAnswerDispute) (uint64, error) {
	return 0, fmt.Errorf("nobody disputes anything here")
}

func (l providerLedger) Liable(context.Context, uint64) (bool, error) { return true, nil }

// userLedger is the world as one client sees it.
type userLedger struct {
	*world
	address string
}

func (l userLedger) ChainID() string { return chainID }
func (l userLedger) Address() string { return l.address }
func (l userLedger) Close() error    { return nil }

func (l userLedger) Epoch(context.Context) (uint64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.epochSeenBy(l.address), nil
}

func (l userLedger) Providers(context.Context) ([]sdk.Provider, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []sdk.Provider
	for _, p := range l.providers {
		list = append(list, p)
	}
	return list, nil
}

func (l userLedger) EnsureCredit(_ context.Context, key []byte, amount uint64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.keys[l.address] == nil {
		l.keys[l.address] = map[string]uint64{}
	}
	left, known := l.keys[l.address][string(key)]
	if _, ended := l.ended[string(key)]; ended || known && left < amount {
		return sdk.ErrSessionKey
	}
	if !known && l.refuseKey != nil {
		return l.refuseKey
	}
	if !known {
		l.keys[l.address][string(key)] = 10 * amount
	}
	l.credit[l.address] = amount
	return nil
}

func (l userLedger) EndKey(_ context.Context, key []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.refuseEnd != nil {
		return l.refuseEnd
	}
	// With the running epoch, as on the service chain.
	l.ended[string(key)] = l.epoch
	return nil
}

func (l userLedger) Allot(_ context.Context, key []byte, to string, amount uint64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	amount = min(amount, l.credit[l.address], l.keys[l.address][string(key)])
	if amount == 0 {
		return sdk.ErrCredit
	}
	l.credit[l.address] -= amount
	l.keys[l.address][string(key)] -= amount
	l.lines[[3]string{l.address, to, string(key)}] += amount
	return nil
}
