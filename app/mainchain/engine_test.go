package mainchain_test

import (
	"crypto/sha256"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	abci "github.com/cometbft/cometbft/abci/types"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	cmttypes "github.com/cometbft/cometbft/types"

	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	"github.com/cosmos/cosmos-sdk/crypto/keys/ed25519"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	slashingtypes "github.com/cosmos/cosmos-sdk/x/slashing/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/topnetwork/top/app/base"
	"github.com/topnetwork/top/testutil/inprocess"
	"github.com/topnetwork/top/testutil/nodes"
	issuancetypes "github.com/topnetwork/top/x/issuance/types"
	sortitiontypes "github.com/topnetwork/top/x/sortition/types"
	staketypes "github.com/topnetwork/top/x/stake/types"
)

const (
	// stake of every validator: not a whole number of TOP.
	stake = 1_000_000_999_999
	seats = 4
	// window of x/slashing: who misses more than half of it is jailed.
	window = 10
)

// engine drives the real app as CometBFT does, by CometBFT's own validator sets.
type engine struct {
	*inprocess.Chain
	// last voted at the block before the next, now and next will at the two that come.
	last, now, next *cmttypes.ValidatorSet
	names           []string
	absent          map[string]bool
	// initial height of the chain.
	initial int64
}

// consensusKey of a name.
func consensusKey(name string) *ed25519.PrivKey {
	seed := sha256.Sum256([]byte("consensus key of " + name))
	return ed25519.GenPrivKeyFromSecret(seed[:])
}

func consAddress(name string) sdk.ConsAddress {
	return sdk.ConsAddress(consensusKey(name).PubKey().Address())
}

func valAddress(name string) sdk.ValAddress { return sdk.ValAddress(inprocess.Account(name)) }

// begin a chain of six validators, four of whom sit.
func begin(t *testing.T, unbonding time.Duration) *engine {
	t.Helper()
	return beginWith(t, unbonding, func(*issuancetypes.GenesisState) {})
}

// beginWith another genesis of x/issuance.
func beginWith(t *testing.T, unbonding time.Duration, change func(*issuancetypes.GenesisState)) *engine {
	t.Helper()
	e := &engine{Chain: inprocess.Unborn(), names: []string{"a", "b", "c", "d", "e", "f"}, absent: map[string]bool{}}
	state, cdc := e.Genesis(t, e.names...), e.App.Codec
	var staking stakingtypes.GenesisState
	cdc.MustUnmarshalJSON(state[stakingtypes.ModuleName], &staking)
	staking.Params.UnbondingTime = unbonding
	staking.Validators, staking.Delegations = nil, nil
	for _, name := range e.names {
		key, err := codectypes.NewAnyWithValue(consensusKey(name).PubKey())
		require.NoError(t, err)
		staking.Validators = append(staking.Validators, stakingtypes.Validator{
			OperatorAddress: valAddress(name).String(), ConsensusPubkey: key, Status: stakingtypes.Bonded, Tokens: math.NewInt(stake), DelegatorShares: math.LegacyNewDec(stake),
			MinSelfDelegation: math.OneInt(), Commission: stakingtypes.NewCommission(math.LegacyZeroDec(), math.LegacyZeroDec(), math.LegacyZeroDec()),
		})
		staking.Delegations = append(staking.Delegations, stakingtypes.NewDelegation(inprocess.Account(name).String(), valAddress(name).String(), math.LegacyNewDec(stake)))
	}
	state[stakingtypes.ModuleName] = cdc.MustMarshalJSON(&staking)
	var bank banktypes.GenesisState
	cdc.MustUnmarshalJSON(state[banktypes.ModuleName], &bank)
	for i, b := range bank.Balances {
		if b.Address == authtypes.NewModuleAddress(stakingtypes.BondedPoolName).String() {
			bank.Supply = bank.Supply.Sub(b.Coins...)
			bank.Balances[i].Coins = sdk.NewCoins(sdk.NewInt64Coin(base.Denom, stake*int64(len(e.names))))
			bank.Supply = bank.Supply.Add(bank.Balances[i].Coins...)
		}
	}
	state[banktypes.ModuleName] = cdc.MustMarshalJSON(&bank)
	var slashing slashingtypes.GenesisState
	cdc.MustUnmarshalJSON(state[slashingtypes.ModuleName], &slashing)
	slashing.Params.SignedBlocksWindow = window
	state[slashingtypes.ModuleName] = cdc.MustMarshalJSON(&slashing)
	var sortition sortitiontypes.GenesisState
	cdc.MustUnmarshalJSON(state[sortitiontypes.ModuleName], &sortition)
	sortition.Params.MaxMembers = seats
	state[sortitiontypes.ModuleName] = cdc.MustMarshalJSON(&sortition)
	var registry staketypes.GenesisState
	cdc.MustUnmarshalJSON(state[staketypes.ModuleName], &registry)
	registry.Nodes = nil
	for _, name := range e.names {
		r := nodes.Registration(name)
		registry.Nodes = append(registry.Nodes, staketypes.GenesisNode{
			Node: staketypes.NewNode(registry.Params, inprocess.Account(name).String(), r.HotAddress, r.VrfKey, r.Roles, r.Endpoints, r.Version),
		})
	}
	state[staketypes.ModuleName] = cdc.MustMarshalJSON(&registry)
	var issuance issuancetypes.GenesisState
	cdc.MustUnmarshalJSON(state[issuancetypes.ModuleName], &issuance)
	change(&issuance)
	state[issuancetypes.ModuleName] = cdc.MustMarshalJSON(&issuance)
	bz, err := json.Marshal(state)
	require.NoError(t, err)
	e.initChain(t, bz, 1, nil)
	e.block(t)
	return e
}

// initChain takes the first set as CometBFT does.
func (e *engine) initChain(t *testing.T, state []byte, height int64, validators []abci.ValidatorUpdate) {
	t.Helper()
	params := base.ConsensusParams().ToProto()
	res, err := e.App.InitChain(&abci.RequestInitChain{
		ChainId: inprocess.ChainID, Time: e.Time, ConsensusParams: &params, AppStateBytes: state, InitialHeight: height, Validators: validators,
	})
	require.NoError(t, err)
	set := cmttypes.NewValidatorSet(changes(t, res.Validators))
	e.last, e.now, e.next, e.initial = nil, set, set, height
}

func changes(t *testing.T, updates []abci.ValidatorUpdate) []*cmttypes.Validator {
	t.Helper()
	list, err := cmttypes.PB2TM.ValidatorUpdates(updates)
	require.NoError(t, err)
	return list
}

// block after which CometBFT's sets are what the app told.
func (e *engine) block(t *testing.T, txs ...[]byte) *abci.ResponseFinalizeBlock {
	t.Helper()
	return e.blockWith(t, nil, txs...)
}

func (e *engine) blockWith(t *testing.T, evidence []abci.Misbehavior, txs ...[]byte) *abci.ResponseFinalizeBlock {
	t.Helper()
	e.Time = e.Time.Add(time.Second)
	var commit abci.CommitInfo
	if e.last != nil {
		for _, v := range e.last.Validators {
			flag := cmtproto.BlockIDFlagCommit
			if e.absent[string(v.Address)] {
				flag = cmtproto.BlockIDFlagAbsent
			}
			commit.Votes = append(commit.Votes, abci.VoteInfo{Validator: abci.Validator{Address: v.Address, Power: v.VotingPower}, BlockIdFlag: flag})
		}
	}
	height := max(e.App.LastBlockHeight()+1, e.initial)
	hash := sha256.Sum256([]byte{byte(height)})
	res, err := e.App.FinalizeBlock(&abci.RequestFinalizeBlock{
		Height: height, Time: e.Time, Hash: hash[:], Txs: txs, DecidedLastCommit: commit, Misbehavior: evidence, ProposerAddress: e.now.Validators[0].Address,
	})
	require.NoError(t, err)
	_, err = e.App.Commit()
	require.NoError(t, err)
	e.last, e.now, e.next = e.now, e.next, e.next.Copy()
	if len(res.ValidatorUpdates) > 0 {
		require.NoError(t, e.next.UpdateWithChangeSet(changes(t, res.ValidatorUpdates)))
	}
	require.NoError(t, e.App.Committees.Invariants(e.Context()))
	require.NoError(t, e.App.Issuance.Invariants(e.Context()))
	return res
}

func (e *engine) blocks(t *testing.T, count int) {
	t.Helper()
	for range count {
		e.block(t)
	}
}

// in answers the names in a set.
func (e *engine) in(set *cmttypes.ValidatorSet) []string {
	var names []string
	for _, name := range e.names {
		if set.HasAddress(consAddress(name).Bytes()) {
			names = append(names, name)
		}
	}
	return names
}

// twice is evidence of two votes of a name.
func (e *engine) twice(name string, height int64, at time.Time) []abci.Misbehavior {
	return []abci.Misbehavior{{
		Type: abci.MisbehaviorType_DUPLICATE_VOTE, Validator: abci.Validator{Address: consAddress(name).Bytes(), Power: 1_000}, Height: height, Time: at, TotalVotingPower: seats * 1_000,
	}}
}

// reputation of a name's node.
func (e *engine) reputation(t *testing.T, name string) uint64 {
	t.Helper()
	n, err := e.App.Stake.Node(e.Context(), inprocess.Account(name).String())
	require.NoError(t, err)
	return n.Reputation
}

// tokens of a name's validator.
func (e *engine) tokens(t *testing.T, name string) int64 {
	t.Helper()
	v, err := e.App.Staking.GetValidator(e.Context(), valAddress(name))
	require.NoError(t, err)
	return v.Tokens.Int64()
}

// undelegate by a validator's operator.
func (e *engine) undelegate(t *testing.T, name string, utop int64) {
	t.Helper()
	msg := stakingtypes.NewMsgUndelegate(inprocess.Account(name).String(), valAddress(name).String(), sdk.NewInt64Coin(base.Denom, utop))
	res := e.block(t, e.Sign(t, inprocess.Tx{Messages: []sdk.Msg{msg}, Signer: inprocess.Key(name)}))
	require.Zero(t, res.TxResults[0].Code, res.TxResults[0].Log)
}
