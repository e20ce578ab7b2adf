package mainchain_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	abci "github.com/cometbft/cometbft/abci/types"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/topnetwork/top/testutil/inprocess"
	committeestypes "github.com/topnetwork/top/x/committees/types"
	staketypes "github.com/topnetwork/top/x/stake/types"
)

const unbonding = 21 * 24 * time.Hour

// fine of two votes for one height: a twentieth of what stood behind the member, to the utop.
const fine = stake / 20

// floor of reputation.
var floor = staketypes.DefaultParams().Factors.ReputationFloor

// A member that votes twice loses a fraction of its tokens, not of the power that CometBFT knows; it is replaced in the same block and out for good. A second proof takes nothing.
func TestEquivocationIsSlashedByTokens(t *testing.T) {
	e := begin(t, unbonding)
	e.blocks(t, 4)
	bad := e.in(e.now)[0]
	at := e.Time
	height := e.App.LastBlockHeight()
	e.blockWith(t, e.twice(bad, height, at))
	require.EqualValues(t, stake-fine, e.tokens(t, bad))
	require.NotContains(t, e.in(e.next), bad)
	require.Len(t, e.in(e.next), seats, "a standby has its seat")
	require.True(t, e.App.Slashing.IsTombstoned(e.Context(), consAddress(bad)))
	require.Equal(t, floor, e.reputation(t, bad))
	e.blockWith(t, e.twice(bad, height-1, at))
	require.EqualValues(t, stake-fine, e.tokens(t, bad))
	require.NotContains(t, e.in(e.now), bad)
	e.blocks(t, 3)
}

// Attack 40: stake that leaves between the offence and its proof pays as well, and so does who sits no longer.
func TestStakeThatLeavesIsSlashed(t *testing.T) {
	e := begin(t, unbonding)
	e.blocks(t, 4)
	bad := e.in(e.now)[0]
	at, height := e.Time, e.App.LastBlockHeight()
	e.undelegate(t, bad, stake/2)
	e.blocks(t, 2)
	// It falls silent, is jailed and leaves the committee.
	e.absent[string(consAddress(bad))] = true
	for range 2 * window {
		e.block(t)
	}
	require.NotContains(t, e.in(e.last), bad)
	left := e.tokens(t, bad)
	e.blockWith(t, e.twice(bad, height, at))
	ubd, err := e.App.Staking.GetUnbondingDelegation(e.Context(), inprocess.Account(bad), valAddress(bad))
	require.NoError(t, err)
	unbonded := ubd.Entries[0].InitialBalance.Sub(ubd.Entries[0].Balance).Int64()
	require.InDelta(t, stake/2/20, unbonded, 1)
	require.EqualValues(t, fine, left-e.tokens(t, bad)+unbonded)
	require.Equal(t, floor, e.reputation(t, bad), "although nobody rates who sits no longer")
}

// A member that takes its deposit away votes no longer than all of it can be slashed: a standby has its seat in the same block.
func TestMemberThatTakesItsDepositAway(t *testing.T) {
	e := begin(t, unbonding)
	e.blocks(t, 4)
	bad := e.in(e.now)[0]
	const left = 1_000_000
	e.undelegate(t, bad, stake-left)
	require.NotContains(t, e.in(e.next), bad)
	require.Len(t, e.in(e.next), seats)
	require.Contains(t, e.in(e.now), bad)
	at, height := e.Time, e.App.LastBlockHeight()
	for e.block(t); slices.Contains(e.in(e.now), bad); e.block(t) {
		at, height = e.Time, e.App.LastBlockHeight()
	}
	e.blockWith(t, e.twice(bad, height, at))
	ubd, err := e.App.Staking.GetUnbondingDelegation(e.Context(), inprocess.Account(bad), valAddress(bad))
	require.NoError(t, err)
	unbonded := ubd.Entries[0].InitialBalance.Sub(ubd.Entries[0].Balance).Int64()
	require.EqualValues(t, fine, left-e.tokens(t, bad)+unbonded, "of all that stood behind its last votes")
	e.blocks(t, 3)
}

// Attack 41, and members that are gone: none of it is slashed, and none stops the chain.
func TestEvidenceThatFindsNothing(t *testing.T) {
	e := begin(t, time.Nanosecond)
	e.blocks(t, 3)
	member := e.in(e.now)[0]
	early, earlyHeight := e.Time.Add(-30*24*time.Hour), int64(-200_000)
	e.blockWith(t, e.twice(member, earlyHeight, early))
	require.EqualValues(t, stake, e.tokens(t, member), "too old")
	require.Contains(t, e.in(e.next), member)
	// CometBFT takes no evidence of a height that it has no block of; were it to, nothing would be slashed.
	future := e.in(e.now)[2]
	e.blockWith(t, e.twice(future, e.App.LastBlockHeight()+50, e.Time))
	require.EqualValues(t, stake, e.tokens(t, future))
	e.blockWith(t, e.twice("stranger", e.App.LastBlockHeight(), e.Time))

	// With the shortest unbonding time a member that takes all its coins is removed while commits still name it.
	gone := e.in(e.now)[1]
	e.undelegate(t, gone, stake)
	require.Contains(t, e.in(e.now), gone)
	require.NotContains(t, e.in(e.next), gone)
	e.block(t)
	_, err := e.App.Staking.GetValidator(e.Context(), valAddress(gone))
	require.ErrorIs(t, err, stakingtypes.ErrNoValidatorFound)
	require.Contains(t, e.in(e.last), gone)
	e.absent[string(consAddress(gone))] = true
	e.blocks(t, 2)
	e.blockWith(t, e.twice(gone, e.App.LastBlockHeight()-1, e.Time))
	e.blocks(t, 2)
}

// A silent member is jailed by x/slashing, pays by its tokens, and is replaced in the same block.
func TestSilentMemberIsReplaced(t *testing.T) {
	e := begin(t, unbonding)
	silent := e.in(e.now)[2]
	e.absent[string(consAddress(silent))] = true
	for range 3 * window {
		if e.block(t); e.tokens(t, silent) < stake {
			break
		}
	}
	require.EqualValues(t, stake-stake/100, e.tokens(t, silent))
	require.Greater(t, e.reputation(t, silent), floor)
	require.NotContains(t, e.in(e.next), silent)
	require.Len(t, e.in(e.next), seats)
	e.blocks(t, window)
	require.EqualValues(t, stake-stake/100, e.tokens(t, silent), "once")
}

// Fees go in equal parts to those whose precommit is in the commit; the part of who is absent goes to the community pool, nothing to who does not sit.
func TestFeesFollowWork(t *testing.T) {
	e := begin(t, unbonding)
	absent := e.in(e.now)[0]
	e.absent[string(consAddress(absent))] = true
	e.blocks(t, 4)
	e.payFee(t, e.names[5], 1_000_000)
	before, paid := e.supply(t).Split, map[string]int64{}
	for _, name := range e.names {
		paid[name] = e.outstanding(t, name)
	}
	e.block(t)
	split := e.supply(t).Split
	// All tokens are alike, so is what those who signed have of issuance.
	wage := int64(split.Paid()-before.Paid()) / (seats - 1)
	for _, name := range e.names {
		want := int64(0)
		if e.now.HasAddress(consAddress(name).Bytes()) && name != absent {
			want = wage + 1_000_000*98/100/seats
		}
		require.Equal(t, want, e.outstanding(t, name)-paid[name], name)
	}
}

// An export in mid-epoch begins again with the committee that sat, although more are bonded and one of them was replaced, and exports the same.
func TestExportBeginsAgain(t *testing.T) {
	e := begin(t, unbonding)
	e.blocks(t, 5)
	e.blockWith(t, e.twice(e.in(e.now)[0], e.App.LastBlockHeight(), e.Time))
	first, err := e.App.Export(nil)
	require.NoError(t, err)
	require.Len(t, first.Validators, seats)
	var updates []abci.ValidatorUpdate
	for _, v := range first.Validators {
		require.True(t, e.next.HasAddress(v.Address))
		updates = append(updates, abci.UpdateValidator(v.PubKey.Bytes(), v.Power, v.PubKey.Type()))
	}
	begin := func() *engine {
		again := &engine{Chain: inprocess.Unborn(), names: e.names, absent: map[string]bool{}}
		again.Time = e.Time
		again.initChain(t, first.AppState, first.Height, updates)
		return again
	}
	// As InitChain left it: a block would mint and pay.
	unborn := begin()
	unborn.App.NewContextLegacy(false, cmtproto.Header{}).MultiStore().(storetypes.CacheMultiStore).Write()
	unborn.App.CommitMultiStore().Commit()
	second, err := unborn.App.Export(nil)
	require.NoError(t, err)
	require.Equal(t, string(first.AppState), string(second.AppState))
	require.ElementsMatch(t, first.Validators, second.Validators)

	again := begin()
	require.Equal(t, e.in(e.next), again.in(again.now))
	again.block(t)
	e.block(t)
	again.blocks(t, 3)
	e.blocks(t, 3)
	require.Equal(t, books(t, e.Chain), books(t, again.Chain))
	issued, issuedAgain := e.supply(t), again.supply(t)
	require.NotEqual(t, issued.Split, issuedAgain.Split, "the first block after an import has no commit to pay for")
	issuedAgain.Split = issued.Split
	require.Equal(t, issued, issuedAgain)
	require.Equal(t, e.in(e.next), again.in(again.next))
}

// books of committees, without the times at which each of two chains told of what.
func books(t *testing.T, c *inprocess.Chain) committeestypes.GenesisState {
	t.Helper()
	gs, err := c.App.Committees.ExportGenesis(c.Context())
	require.NoError(t, err)
	gs.Works, gs.Terms = nil, nil
	gs.Committee.FirstHeight = 0
	return *gs
}
