package router

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	cmtcrypto "github.com/cometbft/cometbft/proto/tendermint/crypto"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	cmttypes "github.com/cometbft/cometbft/types"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/relayer/faults"
	gatetypes "github.com/topnetwork/top/x/gate/types"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
	lighttypes "github.com/topnetwork/top/x/light/types"
	shardstypes "github.com/topnetwork/top/x/shards/types"
	zonestypes "github.com/topnetwork/top/x/zones/types"
)

// mainInMemory is a main chain in memory.
type mainInMemory struct {
	height     int64
	table      zonestypes.RoutingTable
	shards     map[string]*shardstypes.QueryShardResponse
	committees map[string][]shardstypes.Committee
	sent       []sdk.Msg
	refuse     error
	// gate of it, batches by destination, what was brought to it and how it answers.
	gate          *Gate
	batches       map[string][]latticetypes.Batch
	deliveries    [][]latticetypes.Delivery
	confirmations [][]latticetypes.Confirmation
	refused       []string
	// state of its gate.
	state map[string][]byte
}

func (m *mainInMemory) Latest(context.Context) (int64, error) { return m.height, nil }
func (m *mainInMemory) Signer() string                        { return "signer" }
func (m *mainInMemory) Table(context.Context) (zonestypes.RoutingTable, error) {
	return m.table, nil
}

func (m *mainInMemory) Shards(context.Context) (list []shardstypes.Shard, _ error) {
	for _, name := range sortedNames(m.shards) {
		list = append(list, m.shards[name].Shard)
	}
	return list, nil
}

func (m *mainInMemory) Shard(_ context.Context, name string) (*shardstypes.QueryShardResponse, error) {
	return m.shards[name], nil
}

func (m *mainInMemory) Committee(_ context.Context, name string, term uint64) (shardstypes.Committee, error) {
	return m.committees[name][term-1], nil
}

func (m *mainInMemory) Update(_ context.Context, from lighttypes.Header, to int64) (*lighttypes.Update, error) {
	return &lighttypes.Update{TrustedHeight: from.Height, Block: &cmtproto.LightBlock{SignedHeader: &cmtproto.SignedHeader{Header: &cmtproto.Header{Height: to}}}}, nil
}

func (m *mainInMemory) Prove(_ context.Context, store string, key []byte, _ lighttypes.Header) ([]byte, *cmtcrypto.ProofOps, error) {
	if store == gatetypes.StoreKey {
		return m.state[string(key)], &cmtcrypto.ProofOps{}, nil
	}
	return key, &cmtcrypto.ProofOps{}, nil
}

func (m *mainInMemory) ChainID() string { return "main" }

func (m *mainInMemory) Gate(context.Context) (*Gate, error) { return m.gate, nil }

func (m *mainInMemory) Batches(_ context.Context, destination string, after uint64) (list []latticetypes.Batch, _ error) {
	for _, b := range m.batches[destination] {
		if b.Height > after {
			list = append(list, b)
		}
	}
	return list, nil
}

func (m *mainInMemory) Deliver(_ context.Context, list []latticetypes.Delivery) ([]string, error) {
	m.deliveries = append(m.deliveries, list)
	return m.refused, m.refuse
}

func (m *mainInMemory) Delivered(context.Context, int64) ([]*latticetypes.Delivery, error) {
	return nil, nil
}

func (m *mainInMemory) Confirm(_ context.Context, list []latticetypes.Confirmation) ([]string, error) {
	m.confirmations = append(m.confirmations, list)
	return m.refused, m.refuse
}

func (m *mainInMemory) Send(_ context.Context, msg sdk.Msg) error {
	if m.refuse == nil {
		m.sent = append(m.sent, msg)
	}
	return m.refuse
}

// listener is a shard that hears what it is told.
type listener struct {
	*ledger
	head    lighttypes.Header
	view    *latticetypes.QueryLedgersResponse
	headers map[int64]*cmtproto.SignedHeader
	state   map[string][]byte
	heard   []*latticetypes.Carried
	refuse  error
	// delivered by block, and the evidence of its blocks by height.
	delivered map[int64][]*latticetypes.Delivery
	evidence  map[int64]*cmttypes.DuplicateVoteEvidence
	// first block that it has; those below are pruned.
	first int64
}

func (l *listener) Delivered(_ context.Context, height int64) ([]*latticetypes.Delivery, error) {
	if height < l.first {
		return nil, fmt.Errorf("height %d is not available, lowest height is %d", height, l.first)
	}
	return l.delivered[height], nil
}

func (l *listener) Evidence(_ context.Context, from, to int64) (list []*cmttypes.DuplicateVoteEvidence, _ error) {
	for height := from; height <= to; height++ {
		if e := l.evidence[height]; e != nil {
			list = append(list, e)
		}
	}
	return list, nil
}

func (l *listener) Light(context.Context) (lighttypes.Header, error) { return l.head, nil }

func (l *listener) Ledgers(context.Context) (*latticetypes.QueryLedgersResponse, error) {
	return l.view, nil
}

func (l *listener) Header(_ context.Context, height int64) (*cmtproto.SignedHeader, error) {
	if height == 0 {
		for h := range l.headers {
			height = max(height, h)
		}
	}
	if h := l.headers[height]; h != nil {
		return h, nil
	}
	return nil, fmt.Errorf("no header %d", height)
}

func (l *listener) Prove(_ context.Context, key []byte, _ *cmtproto.SignedHeader) ([]byte, *cmtcrypto.ProofOps, error) {
	if l.state == nil {
		return nil, nil, errors.New("its state is pruned")
	}
	return l.state[string(key)], &cmtcrypto.ProofOps{}, nil
}

func (l *listener) Submit(_ context.Context, raw []byte) error {
	tx, err := latticetypes.DecodeCarried(raw)
	if err == nil && l.refuse == nil {
		l.heard = append(l.heard, tx)
	}
	return errors.Join(err, l.refuse)
}

func quiet(t *testing.T) (*slog.Logger, *Metrics) {
	t.Helper()
	metrics, err := NewMetrics(prometheus.NewRegistry())
	require.NoError(t, err)
	return slog.New(slog.NewTextHandler(io.Discard, nil)), metrics
}

// A shard gets the header first, then what it lacks, and nothing twice.
func TestShardIsInformed(t *testing.T) {
	main := &mainInMemory{
		height: 50, table: zonestypes.RoutingTable{Version: 2},
		shards: map[string]*shardstypes.QueryShardResponse{
			"a": {Shard: shardstypes.Shard{Name: "a", Status: shardstypes.Status_STATUS_SPLITTING, Term: 2}},
			"b": {Shard: shardstypes.Shard{Name: "b", Status: shardstypes.Status_STATUS_RETIRED, Term: 1, FinalHeight: 9}, Audited: &shardstypes.Audited{Shard: "b", Height: 7}},
		},
		committees: map[string][]shardstypes.Committee{"a": {{Shard: "a", Term: 1, FirstHeight: 1}, {Shard: "a", Term: 2}}, "b": {{Shard: "b", Term: 1, FirstHeight: 1}}},
	}
	shard := &listener{
		ledger: newLedger("a"), head: lighttypes.Header{Height: 40}, headers: map[int64]*cmtproto.SignedHeader{5: {Header: &cmtproto.Header{Height: 5}}},
		view: &latticetypes.QueryLedgersResponse{RoutingVersion: 1, Ledgers: []latticetypes.Ledger{
			{Name: "a", Members: &latticetypes.Members{Term: 1, FirstHeight: 1}}, {Name: "b", Members: &latticetypes.Members{Term: 1, FirstHeight: 1}},
		}},
	}
	params := &latticetypes.QueryParamsResponse{Params: latticetypes.Params{MainEpochBlocks: 1000, UnauditedUtop: 1}}
	at := &station{Shard: shard, params: params}
	require.NoError(t, at.look(t.Context()))
	log, metrics := quiet(t)
	i := newInformer(main, at, cfg, log, metrics, &faults.Told{}, func() []*station { return nil })
	n, err := ask(t.Context(), main, nil)
	require.NoError(t, err)

	// What the main chain says is newer than the header that the shard has.
	require.NoError(t, i.step(t.Context(), n))
	require.Len(t, shard.heard, 1)
	require.Equal(t, int64(50), shard.heard[0].GetMainHeader().Block.SignedHeader.Header.Height)
	require.NoError(t, i.step(t.Context(), n))
	require.Len(t, shard.heard, 1, "the header waits for a block")

	// By a header that is newer than all of it, all of it is proven.
	shard.head.Height = 51
	main.height = 60
	n, err = ask(t.Context(), main, n)
	require.NoError(t, err)
	require.NoError(t, i.step(t.Context(), n))
	var keys [][]byte
	for _, c := range shard.heard[1:] {
		require.Equal(t, int64(51), c.GetFact().Height)
		keys = append(keys, c.GetFact().Key)
	}
	require.Equal(t, [][]byte{shardstypes.CommitteeKey("a", 2), shardstypes.ShardKey("a"), shardstypes.ShardKey("b"), shardstypes.AuditedKey("b"), zonestypes.TableKey()}, keys)
	require.NoError(t, i.step(t.Context(), n))
	require.Len(t, shard.heard, 6, "what was offered is not offered again at once")

	// A shard that says that it knows a fact is not told again.
	clear(i.offered)
	shard.refuse = &Refusal{Shard: "a", Code: 1, Log: "batch was taken already: b stands as is known"}
	require.NoError(t, i.step(t.Context(), n))
	clear(i.offered)
	shard.refuse = nil
	require.NoError(t, i.step(t.Context(), n))
	require.Len(t, shard.heard, 6)

	// A new epoch of the main chain is news by itself.
	main.height = 1001
	n, err = ask(t.Context(), main, n)
	require.NoError(t, err)
	require.NoError(t, i.step(t.Context(), n))
	require.Equal(t, int64(1001), shard.heard[6].GetMainHeader().Block.SignedHeader.Header.Height)
}

func signed(height int64, set, next string) *cmtproto.SignedHeader {
	return &cmtproto.SignedHeader{Header: &cmtproto.Header{ChainID: "a", Height: height, ValidatorsHash: []byte(set), NextValidatorsHash: []byte(next)}}
}

// anchored shard a, of which the main chain knows term 1 up to height 2.
func anchored(t *testing.T, shard *listener, status shardstypes.Status) (*settler, *mainInMemory, *station, *network) {
	t.Helper()
	main := &mainInMemory{
		height:     10,
		shards:     map[string]*shardstypes.QueryShardResponse{"a": {Shard: shardstypes.Shard{Name: "a", Status: status, Term: 2}, Anchor: &shardstypes.Anchor{Height: 2, NextTerm: 1}}},
		committees: map[string][]shardstypes.Committee{"a": {{Term: 1, ValidatorsHash: []byte("one")}, {Term: 2, ValidatorsHash: []byte("two")}}},
	}
	at := &station{Shard: shard}
	require.NoError(t, at.look(t.Context()))
	log, metrics := quiet(t)
	n, err := ask(t.Context(), main, nil)
	require.NoError(t, err)
	return newSettler(main, "main", cfg, log, metrics), main, at, n
}

func heightOf(t *testing.T, a shardstypes.NewAnchor) int64 {
	t.Helper()
	var h cmtproto.SignedHeader
	require.NoError(t, h.Unmarshal(a.SignedHeader))
	return h.Header.Height
}

// The last header of a term comes before those of the next one, then the newest, at once.
func TestSwitchHeaderIsAnchoredFirst(t *testing.T) {
	shard := &listener{ledger: newLedger("a"), view: &latticetypes.QueryLedgersResponse{}, headers: map[int64]*cmtproto.SignedHeader{}}
	for h := int64(1); h <= 20; h++ {
		switch {
		case h < 13:
			shard.headers[h] = signed(h, "one", "one")
		case h == 13:
			shard.headers[h] = signed(h, "one", "two")
		default:
			shard.headers[h] = signed(h, "two", "two")
		}
	}
	s, main, at, n := anchored(t, shard, shardstypes.Status_STATUS_ACTIVE)
	require.NoError(t, s.step(t.Context(), n, []*station{at}))
	require.Len(t, main.sent, 1)
	require.Equal(t, int64(13), heightOf(t, main.sent[0].(*shardstypes.MsgAnchor).Anchors[0]))
	require.Nil(t, main.sent[0].(*shardstypes.MsgAnchor).Anchors[0].Head, "its state is pruned")

	// It is not time yet, and nothing is urgent.
	main.shards["a"].Anchor = &shardstypes.Anchor{Height: 13, NextTerm: 2}
	require.NoError(t, s.step(t.Context(), n, []*station{at}))
	require.Len(t, main.sent, 1)
	s.anchored = time.Now().Add(-cfg.Anchor)
	require.NoError(t, s.step(t.Context(), n, []*station{at}))
	require.Equal(t, int64(20), heightOf(t, main.sent[1].(*shardstypes.MsgAnchor).Anchors[0]))

	// Another router was faster: no failure.
	s.anchored, main.refuse = time.Time{}, errors.New("simulate: known already")
	require.NoError(t, s.step(t.Context(), n, []*station{at}))
	main.refuse = errors.New("out of coins")
	s.anchored = time.Time{}
	require.ErrorContains(t, s.step(t.Context(), n, []*station{at}), "out of coins")
}

// The empty block after the last one is anchored with the proof of the end, or not at all, also where the node's word is older than its state.
func TestEndIsAnchoredWithItsProof(t *testing.T) {
	shard := &listener{
		ledger: newLedger("a"), view: &latticetypes.QueryLedgersResponse{}, headers: map[int64]*cmtproto.SignedHeader{4: signed(4, "one", "one")},
		state: map[string][]byte{string(latticetypes.HeadKey.Bytes()): []byte("head"), string(latticetypes.FinalKey.Bytes()): {0, 0, 0, 0, 0, 0, 0, 3}},
	}
	s, main, at, n := anchored(t, shard, shardstypes.Status_STATUS_SPLITTING)
	require.NoError(t, s.step(t.Context(), n, []*station{at}))
	final := main.sent[0].(*shardstypes.MsgAnchor).Anchors[0]
	require.Equal(t, int64(4), heightOf(t, final))
	require.NotNil(t, final.Final)

	// The state has an end that the header is beyond: the view is too old to know.
	shard.headers = map[int64]*cmtproto.SignedHeader{5: signed(5, "one", "one")}
	s, main, at, n = anchored(t, shard, shardstypes.Status_STATUS_SPLITTING)
	require.NoError(t, s.step(t.Context(), n, []*station{at}))
	require.Empty(t, main.sent)
	// As soon as it knows, the right one goes at once.
	shard.headers[4] = signed(4, "one", "one")
	shard.view.FinalHeight = 3
	require.NoError(t, at.look(t.Context()))
	require.NoError(t, s.step(t.Context(), n, []*station{at}))
	require.Equal(t, int64(4), heightOf(t, main.sent[0].(*shardstypes.MsgAnchor).Anchors[0]))

	shard.state = nil
	s, main, at, n = anchored(t, shard, shardstypes.Status_STATUS_SPLITTING)
	require.NoError(t, s.step(t.Context(), n, []*station{at}))
	require.Empty(t, main.sent, "no proof, no anchor")
}
