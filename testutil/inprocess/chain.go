// Package inprocess runs a whole main chain in the test's process: the real app with its ante handler, its genesis and its blocks, on a database in memory.
// There is no consensus; whatever transactions a test puts into a block are in it.
package inprocess

import (
	"crypto/sha256"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/log/v2"

	abci "github.com/cometbft/cometbft/abci/types"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	dbm "github.com/cosmos/cosmos-db"
	"github.com/spf13/viper"

	"github.com/cosmos/cosmos-sdk/baseapp"
	"github.com/cosmos/cosmos-sdk/crypto/keys/ed25519"
	"github.com/cosmos/cosmos-sdk/crypto/keys/secp256k1"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"cosmossdk.io/math"

	"github.com/topnetwork/top/app/base"
	"github.com/topnetwork/top/app/mainchain"
	billingtypes "github.com/topnetwork/top/x/billing/types"
	sortitiontypes "github.com/topnetwork/top/x/sortition/types"
)

const (
	// ChainID of the chain.
	ChainID = "top-main-1"
	// Funds of every account, in utop.
	Funds = 1_000_000_000
	// stake of the only validator, in utop.
	stake = 1_000_000
)

// genesisTime of every chain.
var genesisTime = time.Unix(1_800_000_000, 0).UTC()

// Chain is a main chain with one validator.
type Chain struct {
	App *mainchain.App
	// Time of the last block.
	Time time.Time
}

// Key of a name: the same in every run.
func Key(name string) *secp256k1.PrivKey {
	return secp256k1.GenPrivKeyFromSecret([]byte("key of " + name))
}

// Account of a name.
func Account(name string) sdk.AccAddress { return sdk.AccAddress(Key(name).PubKey().Address()) }

// New makes a chain whose genesis gives Funds to each name, and its first block.
func New(t testing.TB, names ...string) *Chain {
	t.Helper()
	c := Unborn()
	state := c.Genesis(t, names...)
	bz, err := json.Marshal(state)
	require.NoError(t, err)
	require.NoError(t, c.InitChain(bz))
	c.Block(t)
	return c
}

// Unborn is a chain without a genesis.
func Unborn() *Chain {
	opts := base.Options{Logger: log.NewNopLogger(), DB: dbm.NewMemDB(), App: viper.New(), BaseApp: []func(*baseapp.BaseApp){baseapp.SetChainID(ChainID)}}
	return &Chain{App: mainchain.New(opts, true), Time: genesisTime}
}

// InitChain with an app state.
func (c *Chain) InitChain(state []byte) error {
	params := base.ConsensusParams().ToProto()
	_, err := c.App.InitChain(&abci.RequestInitChain{ChainId: ChainID, Time: c.Time, ConsensusParams: &params, AppStateBytes: state, InitialHeight: 1})
	return err
}

// Genesis with funded accounts and a bonded validator.
func (c *Chain) Genesis(t testing.TB, names ...string) map[string]json.RawMessage {
	t.Helper()
	state, cdc := c.App.DefaultGenesis(), c.App.Codec
	var auth authtypes.GenesisState
	var bank banktypes.GenesisState
	var staking stakingtypes.GenesisState
	cdc.MustUnmarshalJSON(state[authtypes.ModuleName], &auth)
	cdc.MustUnmarshalJSON(state[banktypes.ModuleName], &bank)
	cdc.MustUnmarshalJSON(state[stakingtypes.ModuleName], &staking)
	give := func(addr sdk.AccAddress, utop int64) {
		coins := sdk.NewCoins(sdk.NewInt64Coin(base.Denom, utop))
		bank.Balances = append(bank.Balances, banktypes.Balance{Address: addr.String(), Coins: coins})
		bank.Supply = bank.Supply.Add(coins...)
	}
	accounts := make(authtypes.GenesisAccounts, len(names))
	for i, name := range names {
		accounts[i] = authtypes.NewBaseAccount(Account(name), nil, uint64(i), 0)
		give(Account(name), Funds)
	}
	give(authtypes.NewModuleAddress(stakingtypes.BondedPoolName), stake)
	packed, err := authtypes.PackAccounts(accounts)
	require.NoError(t, err)
	auth.Accounts = packed

	seed := sha256.Sum256([]byte("validator"))
	key := ed25519.GenPrivKeyFromSecret(seed[:])
	validator, err := stakingtypes.NewValidator(sdk.ValAddress(key.PubKey().Address()).String(), key.PubKey(), stakingtypes.Description{Moniker: "validator"})
	require.NoError(t, err)
	validator.Status, validator.Tokens, validator.DelegatorShares, validator.MinSelfDelegation = stakingtypes.Bonded, math.NewInt(stake), math.LegacyNewDec(stake), math.OneInt()
	staking.Validators = []stakingtypes.Validator{validator}
	staking.Delegations = []stakingtypes.Delegation{stakingtypes.NewDelegation(sdk.AccAddress(key.PubKey().Address()).String(), validator.OperatorAddress, math.LegacyNewDec(stake))}

	state[authtypes.ModuleName] = cdc.MustMarshalJSON(&auth)
	state[banktypes.ModuleName] = cdc.MustMarshalJSON(&bank)
	state[stakingtypes.ModuleName] = cdc.MustMarshalJSON(&staking)
	var sortition sortitiontypes.GenesisState
	cdc.MustUnmarshalJSON(state[sortitiontypes.ModuleName], &sortition)
	sortition.Devnet, sortition.Params = true, sortitiontypes.DevnetParams(billingtypes.DefaultEpochBlocks)
	state[sortitiontypes.ModuleName] = cdc.MustMarshalJSON(&sortition)
	return state
}

// Block with these transactions, committed.
func (c *Chain) Block(t testing.TB, txs ...[]byte) *abci.ResponseFinalizeBlock {
	t.Helper()
	c.Time = c.Time.Add(time.Second)
	res, err := c.App.FinalizeBlock(&abci.RequestFinalizeBlock{Height: c.App.LastBlockHeight() + 1, Time: c.Time, Txs: txs, DecidedLastCommit: abci.CommitInfo{}})
	require.NoError(t, err)
	_, err = c.App.Commit()
	require.NoError(t, err)
	return res
}

// Context for reading the last block's state.
func (c *Chain) Context() sdk.Context {
	return c.App.NewUncachedContext(true, cmtproto.Header{ChainID: ChainID, Height: c.App.LastBlockHeight(), Time: c.Time})
}

// Balance of an account in utop.
func (c *Chain) Balance(addr sdk.AccAddress) uint64 {
	return c.App.Bank.GetBalance(c.Context(), addr, base.Denom).Amount.Uint64()
}
