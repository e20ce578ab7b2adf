package keeper_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/collections"
	"cosmossdk.io/log/v2"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"

	"github.com/topnetwork/top/testutil/books"
	"github.com/topnetwork/top/x/usage/keeper"
	"github.com/topnetwork/top/x/usage/types"
)

// waiting is a network on which three providers, in the order of their addresses, have claimed one epoch: the first over two debits, the others over one. Its service chain's
// log is kept.
type waiting struct {
	*books.Network
	providers []string
	epoch     uint64
	claims    map[string]*books.Claim
	log       *bytes.Buffer
}

func waits(t *testing.T) waiting {
	t.Helper()
	w := waiting{Network: books.New(t), providers: []string{"pat", "quin", "rod"}, claims: map[string]*books.Claim{}, log: new(bytes.Buffer)}
	slices.SortFunc(w.providers, func(a, b string) int { return strings.Compare(books.Address(a), books.Address(b)) })
	for _, p := range w.providers {
		w.RegisterProvider(t, p)
	}
	w.AddPayer(t, "ann", 1_000_000, 10_000, w.providers...)
	w.AddPayer(t, "bob", 1_000_000, 10_000, w.providers...)
	w.epoch = w.Epoch(t)
	w.NextEpoch(t)
	w.Service.Ctx = w.Service.Ctx.WithLogger(log.NewLogger(w.log, log.ColorOption(false)))
	for i, p := range w.providers {
		c := books.NewClaim(t, p, w.epoch, books.Session(p, "bob", w.epoch, 5, 1))
		if i == 0 {
			c = books.NewClaim(t, p, w.epoch, books.Session(p, "ann", w.epoch, 5, 2), books.Session(p, "bob", w.epoch, 5, 1))
		}
		_, err := books.Do(w.Service.Ctx, w.Service.Usage.Claim, c.MsgClaim)
		require.NoError(t, err)
		w.claims[p] = c
	}
	return w
}

func (w waiting) claim(t *testing.T, provider string) types.Claim {
	t.Helper()
	res, err := keeper.NewQueryServer(w.Service.Usage).Claim(w.Service.Ctx, &types.QueryClaimRequest{Provider: books.Address(provider), Epoch: w.epoch})
	require.NoError(t, err)
	return res.Claim
}

// until makes blocks up to the one in which a provider's claim is dated and has a status.
func (w waiting) until(t *testing.T, provider string, status types.ClaimStatus) {
	t.Helper()
	for range 20 * books.EpochBlocks {
		if c := w.claim(t, provider); c.Status == status && c.CommittedTime != 0 {
			return
		}
		w.Block(t)
	}
	require.FailNow(t, "waits in vain", "%s for %s: %s", provider, status, w.log)
}

func (w waiting) prove(t *testing.T, provider string) {
	t.Helper()
	_, err := books.Do(w.Service.Ctx, w.Service.Usage.Prove, w.claims[provider].Prove(t, w.claim(t, provider).Seed, books.UsageParams().Samples))
	require.NoError(t, err)
}

// spoil what x/usage stores under a key; mend puts it back.
func (w waiting) spoil(key []byte) (mend func()) {
	store := func() storetypes.KVStore { return w.Service.Ctx.KVStore(w.Service.Store) }
	good := store().Get(key)
	store().Set(key, []byte("no record"))
	return func() { store().Set(key, good) }
}

// recordOf a provider and epoch.
func recordOf(t *testing.T, prefix collections.Prefix, provider string, epoch uint64) []byte {
	t.Helper()
	key, err := collections.EncodeKeyWithPrefix(prefix.Bytes(), collections.PairKeyCodec(collections.StringKey, collections.Uint64Key), collections.Join(books.Address(provider), epoch))
	require.NoError(t, err)
	return key
}

// A claim that cannot be read, the first in every queue, keeps no other from being dated, challenged, forfeited or settled in the same block. It is handled itself
// once it can be read.
func TestBadClaimKeepsNoOtherWaiting(t *testing.T) {
	const (
		claimed    = types.ClaimStatus_CLAIM_STATUS_CLAIMED
		challenged = types.ClaimStatus_CLAIM_STATUS_CHALLENGED
		forfeited  = types.ClaimStatus_CLAIM_STATUS_FORFEITED
		settled    = types.ClaimStatus_CLAIM_STATUS_SETTLED
	)
	for name, c := range map[string]struct {
		before  func(t *testing.T, w waiting)
		reached types.ClaimStatus
		logged  string
	}{
		"dated":      {func(*testing.T, waiting) {}, claimed, "a claim is left out"},
		"challenged": {func(t *testing.T, w waiting) { w.until(t, w.providers[2], claimed) }, challenged, "a claim is left out"},
		"forfeited":  {func(t *testing.T, w waiting) { w.until(t, w.providers[2], challenged) }, forfeited, "forfeit a claim: tried again"},
		"settled": {func(t *testing.T, w waiting) {
			w.until(t, w.providers[2], challenged)
			for _, p := range w.providers {
				w.prove(t, p)
			}
		}, settled, "a claim is left out"},
	} {
		t.Run(name, func(t *testing.T) {
			w := waits(t)
			c.before(t, w)
			require.Empty(t, w.log.String())
			mend := w.spoil(recordOf(t, types.ClaimsKey, w.providers[0], w.epoch))
			w.until(t, w.providers[1], c.reached)
			require.Equal(t, c.reached, w.claim(t, w.providers[2]).Status)
			require.NotZero(t, w.claim(t, w.providers[2]).CommittedTime)
			require.Contains(t, w.log.String(), c.logged)
			mend()
			w.until(t, w.providers[0], c.reached)
			w.Check(t)
		})
	}
}

// A claim that cannot be ended uses up what a block has for debits once, and then lets the others go first.
func TestForfeitThatFailsGoesBehindTheOthers(t *testing.T) {
	w := waits(t)
	params := books.UsageParams()
	params.MaxDebits = 2
	_, err := books.Do(w.Service.Ctx, w.Service.Usage.UpdateParams, &types.MsgUpdateParams{Authority: books.Authority(), Params: params})
	require.NoError(t, err)
	w.until(t, w.providers[2], types.ClaimStatus_CLAIM_STATUS_CHALLENGED)
	w.Blocks(t, int(params.ProofWindowBlocks))
	require.Empty(t, w.log.String())
	credit, err := collections.EncodeKeyWithPrefix(types.CreditsKey.Bytes(), collections.StringKey, books.Address("ann"))
	require.NoError(t, err)
	mend := w.spoil(credit)
	statuses := func() (out []types.ClaimStatus) {
		for _, p := range w.providers {
			out = append(out, w.claim(t, p).Status)
		}
		return out
	}
	const waits, over = types.ClaimStatus_CLAIM_STATUS_CHALLENGED, types.ClaimStatus_CLAIM_STATUS_FORFEITED
	w.Block(t)
	require.Equal(t, []types.ClaimStatus{waits, waits, waits}, statuses())
	require.Equal(t, 1, strings.Count(w.log.String(), "forfeit a claim: tried again"))
	w.Block(t)
	require.Equal(t, []types.ClaimStatus{waits, over, over}, statuses())
	w.Blocks(t, 3)
	require.Equal(t, []types.ClaimStatus{waits, over, over}, statuses())
	mend()
	w.Block(t)
	require.Equal(t, []types.ClaimStatus{over, over, over}, statuses())
	w.Check(t)
}

// A step that fails as a whole says so in the log; those before and after it are done in the same block.
func TestStepsOfABlockAreIsolated(t *testing.T) {
	for prefix, step := range map[*collections.Prefix]string{
		&types.UndatedQueueKey: "date claims", &types.ChallengeQueueKey: "draw challenges", &types.DeadlineQueueKey: "end overdue claims",
		&types.DropQueueKey: "drop debits", &types.ResendQueueKey: "resend settlements", &types.ReleaseQueueKey: "send settlement",
	} {
		t.Run(step, func(t *testing.T) {
			w := waits(t)
			for _, p := range w.providers[:2] {
				w.until(t, p, types.ClaimStatus_CLAIM_STATUS_CHALLENGED)
			}
			w.prove(t, w.providers[0])
			require.Empty(t, w.log.String())
			w.Service.Ctx.KVStore(w.Service.Store).Set(append(slices.Clone(prefix.Bytes()), 0), []byte{})
			w.Seeds.Held = true
			for w.claim(t, w.providers[1]).ProofDeadline >= w.Service.Ctx.BlockHeight() {
				w.Block(t)
			}
			require.Contains(t, w.log.String(), step+": tried again at the next block")
			for _, other := range []string{"date claims", "draw challenges", "end overdue claims", "drop debits", "resend settlements", "send settlement"} {
				require.Equal(t, other == step, strings.Contains(w.log.String(), other+": tried again"), other)
			}
			require.Equal(t, step != "end overdue claims", w.claim(t, w.providers[1]).Status == types.ClaimStatus_CLAIM_STATUS_FORFEITED)
			require.Equal(t, step != "send settlement", w.claim(t, w.providers[0]).Status == types.ClaimStatus_CLAIM_STATUS_SETTLED)
		})
	}
}
