package mainchain_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cosmos/cosmos-sdk/client"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	distrtypes "github.com/cosmos/cosmos-sdk/x/distribution/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/topnetwork/top/app/base"
	"github.com/topnetwork/top/protocol/epoch"
	"github.com/topnetwork/top/testutil/inprocess"
	billingtypes "github.com/topnetwork/top/x/billing/types"
	issuancekeeper "github.com/topnetwork/top/x/issuance/keeper"
	issuancetypes "github.com/topnetwork/top/x/issuance/types"
)

// perSecond is what the first year issues in a second: 608 million TOP in 31,558,150 seconds. No second is more than a utop off.
const perSecond = 19_266_021

func (e *engine) supply(t *testing.T) issuancetypes.QuerySupplyResponse {
	t.Helper()
	res, err := issuancekeeper.NewQueryServer(e.App.Issuance).Supply(e.Context(), &issuancetypes.QuerySupplyRequest{})
	require.NoError(t, err)
	return *res
}

// outstanding rewards of a name's validator, in utop.
func (e *engine) outstanding(t *testing.T, name string) int64 {
	t.Helper()
	r, err := e.App.Distr.GetValidatorOutstandingRewards(e.Context(), valAddress(name))
	require.NoError(t, err)
	return r.Rewards.AmountOf(base.Denom).TruncateInt64()
}

func (e *engine) pool(t *testing.T) int64 {
	t.Helper()
	pool, err := e.App.Distr.FeePool.Get(e.Context())
	require.NoError(t, err)
	return pool.CommunityPool.AmountOf(base.Denom).TruncateInt64()
}

// send a message by a name in a block of its own, which must succeed.
func (e *engine) send(t *testing.T, name string, msg sdk.Msg) {
	t.Helper()
	res := e.block(t, e.Sign(t, inprocess.Tx{Messages: []sdk.Msg{msg}, Signer: inprocess.Key(name)}))
	require.Zero(t, res.TxResults[0].Code, res.TxResults[0].Log)
}

func (e *engine) delegate(t *testing.T, name, to string, utop int64) {
	t.Helper()
	e.send(t, name, stakingtypes.NewMsgDelegate(inprocess.Account(name).String(), valAddress(to).String(), sdk.NewInt64Coin(base.Denom, utop)))
}

// withdraw rewards and answer how much they were.
func (e *engine) withdraw(t *testing.T, name, from string) int64 {
	t.Helper()
	before := e.Balance(inprocess.Account(name))
	e.send(t, name, distrtypes.NewMsgWithdrawDelegatorReward(inprocess.Account(name).String(), valAddress(from).String()))
	return int64(e.Balance(inprocess.Account(name)) - before)
}

// A block issues what its time is worth by the schedule and pays those who signed the one before: work alike, dividends by tokens. The parts of who was absent, and of roles that do
// not exist yet, are in the community pool; every utop is somewhere.
func TestIssuanceFollowsWork(t *testing.T) {
	e := begin(t, unbonding)
	e.blocks(t, 4)
	members := e.in(e.now)
	absent, big := members[0], members[1]
	e.absent[string(consAddress(absent))] = true
	e.delegate(t, e.names[5], big, inprocess.Funds)
	e.blocks(t, 1)
	before, pool := e.supply(t), e.pool(t)
	paid := map[string]int64{}
	for _, name := range members {
		paid[name] = e.outstanding(t, name)
	}
	e.block(t)
	after := e.supply(t)
	issued := after.Issued - before.Issued
	require.InDelta(t, perSecond, int64(issued), 1)
	require.Equal(t, before.Supply+issued, after.Supply)

	const tokens = seats*stake + inprocess.Funds
	miners, voters := int64(issued*6_000/10_000), int64(issued*2_000/10_000)
	want := map[string]int64{absent: 0, big: miners/seats + voters*(stake+inprocess.Funds)/1_000*1_000/tokens}
	var sum int64
	for _, name := range members {
		got := e.outstanding(t, name) - paid[name]
		sum += got
		switch name {
		case absent:
			require.Zero(t, got)
		case big:
			require.Greater(t, got, want[big]-2)
			require.Greater(t, got, e.outstanding(t, members[2])-paid[members[2]])
		default:
			require.Equal(t, e.outstanding(t, members[2])-paid[members[2]], got)
		}
	}
	require.Equal(t, int64(issued)-sum, e.pool(t)-pool)
	split := after.Split
	require.InDelta(t, int64(issued*1_000/10_000), int64(split.Auditors-before.Split.Auditors), 1)
	require.InDelta(t, (miners+voters)/seats, int64(split.Unearned-before.Split.Unearned), float64(voters)/100)
}

// Attack 53c: stake that comes just before something is paid has a part of one block's issue, whatever the epoch was worth, and pays for it with weeks of unbonding.
func TestStakeThatComesForThePayment(t *testing.T) {
	e := begin(t, unbonding)
	blocks := int64(billingtypes.DefaultEpochBlocks)
	member := e.in(e.now)[0]
	e.delegate(t, e.names[4], member, inprocess.Funds/2)
	first := e.App.LastBlockHeight()
	for e.App.LastBlockHeight()%blocks != blocks-1 {
		e.block(t)
	}
	// The last block of the epoch, and the first of the next, which pays for it.
	e.delegate(t, e.names[5], member, inprocess.Funds/2)
	e.block(t)
	require.EqualValues(t, 1, epoch.At(e.App.LastBlockHeight(), uint64(blocks)))
	worked := e.App.LastBlockHeight() - first
	late := e.withdraw(t, e.names[5], member)
	early := e.withdraw(t, e.names[4], member)
	require.Positive(t, late)
	require.InDelta(t, float64(early)/float64(worked+1), float64(late)/2, float64(late)/20, "two blocks were paid until it withdrew: %d in %d blocks, %d", early, worked, late)
}

// A chain that stood still does not pay for it: the clock moves by a minute at most.
func TestStandstillIsNotPaid(t *testing.T) {
	e := begin(t, unbonding)
	e.blocks(t, 2)
	before := e.supply(t)
	e.Time = e.Time.Add(30 * 24 * time.Hour)
	e.block(t)
	require.InDelta(t, 60*perSecond, int64(e.supply(t).Issued-before.Issued), 60)
}

// Years on the real chain: each issues its amount to the utop, and supply is what was there and what was issued less what was slashed.
func TestYearsOfTheChain(t *testing.T) {
	e := beginWith(t, unbonding, func(gs *issuancetypes.GenesisState) {
		gs.Params.YearSeconds, gs.Params.MaxStepSeconds = 24*60*60, 60*60
	})
	base := e.supply(t)
	require.Zero(t, base.Issued)
	require.Equal(t, base.Base, base.Supply)
	for hour := range 20*24 + 7 {
		e.Time = e.Time.Add(time.Hour - time.Second)
		if hour == 100 {
			e.blockWith(t, e.twice(e.in(e.now)[0], e.App.LastBlockHeight(), e.Time.Add(-time.Hour)))
			continue
		}
		e.block(t)
	}
	res, err := issuancekeeper.NewQueryServer(e.App.Issuance).Years(e.Context(), &issuancetypes.QueryYearsRequest{})
	require.NoError(t, err)
	require.Len(t, res.Years, 20)
	var sum uint64
	for _, y := range res.Years {
		sum += y.Utop
	}
	require.EqualValues(t, 608_000_000_000_000, res.Years[0].Utop)
	require.EqualValues(t, 400_000_000_000_000, res.Years[19].Utop)
	after := e.supply(t)
	require.EqualValues(t, 21, after.Year.Number)
	require.EqualValues(t, 400_000_000_000_000*7/24, after.YearIssued)
	require.Equal(t, sum+after.YearIssued, after.Issued)
	require.EqualValues(t, fine, after.Burned)
	require.Equal(t, after.Base+after.Issued-after.Burned, after.Supply)
	require.Zero(t, after.ReserveLeft)
}

// Nothing but x/issuance makes coins.
func TestOnlyIssuanceMints(t *testing.T) {
	e := inprocess.Unborn()
	var minters []string
	for name, account := range e.App.Account.GetModulePermissions() {
		if slices.Contains(account.GetPermissions(), authtypes.Minter) {
			minters = append(minters, name)
		}
	}
	require.Equal(t, []string{issuancetypes.ModuleName}, minters)
}

// payFee sends a payment with a fee.
func (e *engine) payFee(t *testing.T, name string, utop int64) {
	t.Helper()
	msg := banktypes.NewMsgSend(inprocess.Account(name), inprocess.Account(name), sdk.NewCoins(sdk.NewInt64Coin(base.Denom, 1)))
	res := e.block(t, e.Sign(t, inprocess.Tx{Messages: []sdk.Msg{msg}, Signer: inprocess.Key(name), Change: func(b client.TxBuilder) {
		b.SetFeeAmount(sdk.NewCoins(sdk.NewInt64Coin(base.Denom, utop)))
	}}))
	require.Zero(t, res.TxResults[0].Code, res.TxResults[0].Log)
}
