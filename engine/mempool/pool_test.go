package mempool

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/topnetwork/top/engine/intake"
	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/quota"
	"github.com/topnetwork/top/protocol/sendtx"
)

const (
	testChain   = "top-1"
	testDeposit = 1000
	testFunds   = 10_000_000_000
	testNow     = int64(1_700_000_000_000_000_000)
)

// fakeState is accounts in a map, and rules.
type fakeState struct {
	mu      sync.Mutex
	rules   lattice.Rules
	records map[lattice.Address]lattice.Record
}

func (s *fakeState) Rules() (lattice.Rules, bool) { return s.rules, true }

func (s *fakeState) Get(a lattice.Address) (lattice.Record, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.records[a]
	return r, ok, nil
}

// sender signs transfers.
type sender struct {
	secret  ed25519.PrivateKey
	key     lattice.Key
	address lattice.Address
}

func newSender(n int) sender {
	seed := sha256.Sum256(binary.BigEndian.AppendUint64([]byte("mempool"), uint64(n)))
	secret := ed25519.NewKeyFromSeed(seed[:])
	key, err := lattice.NewKey(lattice.Ed25519, secret.Public().(ed25519.PublicKey))
	if err != nil {
		panic(err)
	}
	return sender{secret, key, sendtx.AddressOf(key)}
}

func (s sender) send(sequence, utop uint64) []byte {
	u := sendtx.New(lattice.Transfer{To: newSender(1000).address, Key: s.key, Sequence: sequence, Amount: lattice.Balance{Utop: utop}}, "")
	return u.Signed(ed25519.Sign(s.secret, u.SignBytes(testChain)))
}

// newPool with so many senders that have accounts, and the recipient.
func newPool(cfg Config, senders int) (*Pool, *fakeState, []sender) {
	s := &fakeState{rules: lattice.Rules{Now: testNow, Height: 7, Deposit: testDeposit, Quota: quota.Default()}, records: map[lattice.Address]lattice.Record{}}
	var list []sender
	for n := range senders {
		list = append(list, newSender(n))
		s.fund(list[n].address, testFunds)
	}
	s.fund(newSender(1000).address, testFunds)
	return New(cfg, s, intake.New(testChain, 1000)), s, list
}

func (s *fakeState) fund(a lattice.Address, utop uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records[a] = lattice.Record{Address: a, Balance: lattice.Balance{Utop: utop}, Mana: s.rules.Quota.Full(utop, testNow)}
}

// commit what a block holds, as the engine would.
func (s *fakeState) commit(t require.TestingT, block [][]byte) (touched []lattice.Address) {
	for _, raw := range block {
		tx, err := sendtx.Decode(raw)
		require.NoError(t, err)
		r, _, _ := s.Get(tx.From)
		_, _, err = s.rules.Debit(&r, &tx.Transfer, lattice.Open)
		require.NoError(t, err, "what is built can be executed")
		s.mu.Lock()
		s.records[tx.From] = r
		s.mu.Unlock()
		touched = append(touched, tx.From)
	}
	return touched
}

func one(p *Pool, raw []byte) error { return p.InsertAll([][]byte{raw})[0] }

func TestInOrderAndFair(t *testing.T) {
	p, s, senders := newPool(DefaultConfig(), 3)
	// The first has many, some of them early; the others have one each.
	for _, sequence := range []uint64{2, 0, 3, 1} {
		require.NoError(t, one(p, senders[0].send(sequence, 1)))
	}
	require.NoError(t, one(p, senders[1].send(0, 1)))
	require.NoError(t, one(p, senders[2].send(0, 1)))
	require.NoError(t, one(p, senders[2].send(2, 1)), "what comes before may still come")
	block := p.Build(&s.rules, 1<<20, 4, nil)
	require.Len(t, block, 4)
	var froms []lattice.Address
	for _, raw := range block {
		tx, err := sendtx.Decode(raw)
		require.NoError(t, err)
		froms = append(froms, tx.From)
	}
	require.Equal(t, []lattice.Address{senders[0].address, senders[1].address, senders[2].address, senders[0].address}, froms, "one of each in every round")
	require.Equal(t, block, p.Build(&s.rules, 1<<20, 4, nil), "a proposal that fails loses nothing")
	require.Len(t, p.Build(&s.rules, int64(len(block[0])+4), 100, nil), 1, "a block has a size")

	p.Committed(s.commit(t, block))
	require.Equal(t, 3, p.Len())
	p.Committed(s.commit(t, p.Build(&s.rules, 1<<20, 100, nil)))
	require.Equal(t, 1, p.Len(), "the one with a gap waits")
	require.Empty(t, p.Build(&s.rules, 1<<20, 100, nil))
	require.NoError(t, one(p, senders[2].send(1, 1)))
	require.Len(t, p.Build(&s.rules, 1<<20, 100, nil), 2)
}

func TestRefusals(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Transactions = 3
	p, s, senders := newPool(cfg, 5)
	good := senders[0].send(0, 1)
	require.NoError(t, one(p, good))
	stranger := newSender(77)
	poor := newSender(78)
	s.fund(poor.address, testFunds)
	forged := senders[1].send(0, 1)
	forged[len(forged)-1] ^= 1
	exhausted := senders[4]
	r := s.records[exhausted.address]
	r.Mana.Left = 0
	s.records[exhausted.address] = r
	for name, test := range map[string]struct {
		raw  []byte
		want error
	}{
		"rubbish":              {[]byte("rubbish"), sendtx.ErrMalformed},
		"again":                {good, ErrSeen},
		"another of its kind":  {senders[0].send(0, 2), ErrKnown},
		"too far ahead":        {senders[0].send(64, 1), ErrWindow},
		"unknown sender":       {stranger.send(0, 1), lattice.ErrUnknown},
		"forged":               {forged, intake.ErrSignature},
		"more than there is":   {senders[1].send(0, 2*testFunds), lattice.ErrFunds},
		"nothing left for it":  {poor.send(0, testFunds-1), lattice.ErrDeposit},
		"no quota left for it": {exhausted.send(0, 1), quota.ErrQuota},
	} {
		t.Run(name, func(t *testing.T) {
			require.ErrorIs(t, one(p, test.raw), test.want)
			require.Equal(t, 1, p.Len(), "what is refused is not kept")
			require.Len(t, p.fresh, 1, "nor gossiped")
		})
	}
	require.NoError(t, one(p, senders[1].send(0, 1)), "what was forged reserves nothing")
	require.NoError(t, one(p, senders[2].send(0, 1)))
	require.ErrorIs(t, one(p, senders[3].send(0, 1)), ErrFull)
	p.Committed(s.commit(t, p.Build(&s.rules, 1<<20, 1, nil)))
	require.NoError(t, one(p, senders[3].send(0, 1)))
	require.ErrorIs(t, one(p, good), lattice.ErrSequence, "what was executed is not taken again")
}

// What waits and can no longer be executed goes; what its account can afford after it received something is taken.
func TestWhatBlocksChange(t *testing.T) {
	p, s, senders := newPool(DefaultConfig(), 1)
	a := senders[0]
	require.NoError(t, one(p, a.send(0, testFunds/2)))
	require.NoError(t, one(p, a.send(1, testFunds/4)))
	require.ErrorIs(t, one(p, a.send(2, testFunds)), lattice.ErrFunds)
	s.fund(a.address, 3*testFunds)
	require.NoError(t, one(p, a.send(2, testFunds)), "the account has more now")
	// Another transaction with the first sequence was executed elsewhere, and took nearly everything.
	s.fund(a.address, 2*testDeposit)
	r := s.records[a.address]
	r.Sequence = 1
	s.records[a.address] = r
	require.Empty(t, p.Build(&s.rules, 1<<20, 10, nil), "nothing is proposed that cannot be executed")
	p.Committed([]lattice.Address{a.address})
	require.Zero(t, p.Len())
	require.ErrorIs(t, p.Why(sendtx.Hash(a.send(1, testFunds/4))), quota.ErrQuota)
	require.ErrorContains(t, p.Why(sendtx.Hash(a.send(2, testFunds))), "sequence 1, which comes before it, was dropped")
	require.Empty(t, p.queues)
	require.Zero(t, p.order.Len())
	require.Zero(t, p.bytes)
}

// What came from clients and from each peer is told apart, once, and not at all when it is in a block already.
func TestGossipOnce(t *testing.T) {
	p, s, senders := newPool(DefaultConfig(), 3)
	var sent [][]byte
	for sequence := range uint64(5) {
		raw := senders[0].send(sequence, 1)
		sent = append(sent, raw)
		require.NoError(t, one(p, raw))
	}
	require.Equal(t, []Bundle{{Transactions: sent[:2]}, {Transactions: sent[2:4]}, {Transactions: sent[4:]}}, p.Reap(2*len(sent[1])))
	require.Empty(t, p.Reap(1<<20))

	bring := func(raw []byte, peer string) {
		a, err := p.consider(raw)
		require.NoError(t, err)
		a.peer = peer
		require.NoError(t, p.insert([]*arrival{a})[0])
	}
	a, b, c := senders[1].send(0, 1), senders[2].send(0, 1), senders[1].send(1, 1)
	bring(a, "one")
	bring(b, "other")
	bring(c, "one")
	require.Equal(t, []Bundle{{"one", [][]byte{a, c}}, {"other", [][]byte{b}}}, p.Reap(1<<20))
	bring(senders[1].send(2, 1), "one")
	p.Committed(s.commit(t, p.Build(&s.rules, 1<<20, 100, nil)))
	require.Empty(t, p.Reap(1<<20))
}

// Where nobody reaps, what is to be told does not grow.
func TestNobodyReaps(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Transactions = 4
	p, s, senders := newPool(cfg, 1)
	for sequence := range uint64(50) {
		require.NoError(t, one(p, senders[0].send(sequence, 1)))
		p.Committed(s.commit(t, p.Build(&s.rules, 1<<20, 1, nil)))
		require.LessOrEqual(t, len(p.fresh), 2*cfg.Transactions)
	}
}

// Who has the most waiting makes room for who has less, and is told so.
func TestTheCrowdMakesRoom(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Transactions = 6
	p, _, senders := newPool(cfg, 4)
	var greedy [][]byte
	for sequence := range uint64(6) {
		greedy = append(greedy, senders[0].send(sequence, 1))
		require.NoError(t, one(p, greedy[sequence]))
	}
	require.ErrorIs(t, one(p, senders[0].send(6, 1)), ErrFull)
	require.NoError(t, one(p, senders[1].send(0, 1)))
	require.NoError(t, one(p, senders[2].send(1, 1)), "one that waits for another, too")
	require.NoError(t, one(p, senders[1].send(1, 1)))
	require.Equal(t, 6, p.Len())
	for sequence, raw := range greedy {
		if err := p.Why(sendtx.Hash(raw)); sequence < 3 {
			require.NoError(t, err)
		} else {
			require.ErrorContains(t, err, "no account had more waiting")
		}
	}
	require.ErrorIs(t, one(p, senders[1].send(2, 1)), ErrFull, "now nobody has more than one more")
	require.ErrorIs(t, one(p, greedy[4]), ErrFull)
}

// A last height that is over makes room, whether the transaction was next or waited for another; what follows it goes, too.
func TestLastHeights(t *testing.T) {
	p, s, senders := newPool(DefaultConfig(), 2)
	until := func(from sender, sequence, timeout uint64) []byte {
		u := sendtx.New(lattice.Transfer{To: newSender(1000).address, Key: from.key, Sequence: sequence, Amount: lattice.Balance{Utop: 1}, Timeout: timeout}, "")
		return u.Signed(ed25519.Sign(from.secret, u.SignBytes(testChain)))
	}
	next, follows, waits := until(senders[0], 0, 10), senders[0].send(1, 1), until(senders[1], 5, 10)
	for _, raw := range [][]byte{next, follows, waits} {
		require.NoError(t, one(p, raw))
	}
	require.ErrorIs(t, one(p, until(senders[1], 0, 6)), lattice.ErrTimeout, "the next block is 7")
	s.rules.Height = 11
	require.Empty(t, p.Build(&s.rules, 1<<20, 10, nil))
	for s.rules.Height = 11; s.rules.Height <= sweepEvery; s.rules.Height++ {
		p.Committed(nil)
	}
	require.ErrorIs(t, p.Why(sendtx.Hash(next)), lattice.ErrTimeout)
	require.ErrorIs(t, p.Why(sendtx.Hash(waits)), lattice.ErrTimeout)
	require.NoError(t, p.Why(sendtx.Hash(follows)))
	require.Equal(t, 1, p.Len(), "another with the first sequence may still come")
	require.NoError(t, one(p, senders[0].send(0, 1)))
	require.Len(t, p.Build(&s.rules, 1<<20, 10, nil), 2)
}

// Those who send alone are verified with others who come at the same time, and are told what became of theirs.
func TestInsertTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, _, senders := newPool(DefaultConfig(), 20)
		ctx, stop := context.WithCancel(context.Background())
		ended := make(chan struct{})
		go func() { defer close(ended); p.Run(ctx) }()
		var work sync.WaitGroup
		errs := make([]error, len(senders))
		for i, s := range senders {
			work.Go(func() {
				raw := s.send(0, 1)
				if i%2 == 1 {
					raw[len(raw)-1] ^= 1
				}
				errs[i] = p.Insert(ctx, raw)
			})
		}
		work.Wait()
		for i, err := range errs {
			if i%2 == 1 {
				require.ErrorIs(t, err, intake.ErrSignature)
			} else {
				require.NoError(t, err)
			}
		}
		good, bad := make(chan error, 1), make(chan error, 1)
		p.Offer(senders[1].send(0, 1), "peer", func(err error) { good <- err })
		p.Offer([]byte("rubbish"), "peer", func(err error) { bad <- err })
		require.ErrorIs(t, <-bad, sendtx.ErrMalformed)
		require.NoError(t, <-good)
		stop()
		<-ended
		require.ErrorIs(t, p.Insert(ctx, senders[3].send(0, 1)), context.Canceled)
	})
}

// Whatever comes in whatever order between blocks: counts are right, and everything that is built can be executed.
func TestPoolStaysConsistent(t *testing.T) { rapid.Check(t, staysConsistent) }

// FuzzPool is the same for operations that a fuzzer makes.
func FuzzPool(f *testing.F) { f.Fuzz(rapid.MakeFuzz(staysConsistent)) }

func staysConsistent(t *rapid.T) {
	cfg := Config{Window: 8, Bytes: 20_000, Transactions: 40}
	p, s, senders := newPool(cfg, 4)
	for range rapid.IntRange(1, 60).Draw(t, "steps") {
		a := rapid.SampledFrom(senders).Draw(t, "sender")
		switch rapid.IntRange(0, 5).Draw(t, "step") {
		case 0:
			p.Committed(s.commit(t, p.Build(&s.rules, rapid.Int64Range(0, 5000).Draw(t, "bytes"), rapid.IntRange(0, 20).Draw(t, "count"), nil)))
		case 1:
			r := s.records[a.address]
			r.Utop = rapid.SampledFrom([]uint64{testDeposit, 2 * testDeposit, testFunds}).Draw(t, "funds")
			s.records[a.address] = r
			p.Committed([]lattice.Address{a.address})
		default:
			sequence := s.records[a.address].Sequence + rapid.Uint64Range(0, 9).Draw(t, "ahead")
			_ = one(p, a.send(sequence, rapid.SampledFrom([]uint64{1, testDeposit, testFunds / 2}).Draw(t, "amount")))
		}
		count, bytes := 0, 0
		for _, q := range p.queues {
			require.NotZero(t, len(q.ready)+len(q.later))
			require.Equal(t, len(q.ready) > 0, q.place != nil)
			require.Equal(t, min(q.len(), cfg.Window), q.crowdOf)
			require.NotNil(t, q.crowd)
			for _, it := range q.ready {
				count, bytes = count+1, bytes+it.Size
			}
			for sequence, it := range q.later {
				require.Equal(t, sequence, it.Sequence)
				count, bytes = count+1, bytes+it.Size
			}
		}
		crowded := 0
		for _, crowd := range p.crowds {
			crowded += crowd.Len()
		}
		require.Len(t, p.queues, crowded)
		require.Equal(t, count, p.count)
		require.Equal(t, bytes, p.bytes)
		require.LessOrEqual(t, count, cfg.Transactions)
		require.LessOrEqual(t, bytes, cfg.Bytes)
	}
}
