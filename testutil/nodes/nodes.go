// Package nodes runs x/stake, x/sortition, x/committees, x/zones and x/shards in memory: real keepers on a real store, with validators, accounts and epochs that a test sets. There is no
// consensus; a test says who signed each block, and publishes for whom it likes.
package nodes

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	abci "github.com/cometbft/cometbft/abci/types"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"

	"github.com/cosmos/cosmos-sdk/runtime"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdktestutil "github.com/cosmos/cosmos-sdk/testutil"
	sdk "github.com/cosmos/cosmos-sdk/types"
	moduletestutil "github.com/cosmos/cosmos-sdk/types/module/testutil"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	slashingtypes "github.com/cosmos/cosmos-sdk/x/slashing/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	rules "github.com/topnetwork/top/protocol/sortition"
	"github.com/topnetwork/top/protocol/sortition/ecvrf"
	"github.com/topnetwork/top/x/committees"
	committeeskeeper "github.com/topnetwork/top/x/committees/keeper"
	committeestypes "github.com/topnetwork/top/x/committees/types"
	"github.com/topnetwork/top/x/shards"
	shardskeeper "github.com/topnetwork/top/x/shards/keeper"
	shardstypes "github.com/topnetwork/top/x/shards/types"
	"github.com/topnetwork/top/x/sortition"
	sortitionkeeper "github.com/topnetwork/top/x/sortition/keeper"
	sortitiontypes "github.com/topnetwork/top/x/sortition/types"
	"github.com/topnetwork/top/x/stake"
	stakekeeper "github.com/topnetwork/top/x/stake/keeper"
	staketypes "github.com/topnetwork/top/x/stake/types"
	"github.com/topnetwork/top/x/zones"
	zoneskeeper "github.com/topnetwork/top/x/zones/keeper"
	zonestypes "github.com/topnetwork/top/x/zones/types"
)

const (
	// ChainID of the chain.
	ChainID = "top-main-1"
	// EpochBlocks are enough to collect, seal and elect.
	EpochBlocks = 20
	// Deposit of every node, in utop: twice what a validator needs.
	Deposit = 1_000_000_000_000
)

func init() {
	sdk.GetConfig().SetBech32PrefixForAccount("top", "toppub")
	sdk.GetConfig().SetBech32PrefixForValidator("topvaloper", "topvaloperpub")
}

// Network is one chain's registry and seeds.
type Network struct {
	Ctx       sdk.Context
	Staking   *Staking
	Stake     *stakekeeper.Keeper
	Sortition *sortitionkeeper.Keeper
	// Committees run after Found; before, everyone who is bonded signs.
	Committees *committeeskeeper.Keeper
	// Zones and Shards do nothing before FoundShards.
	Zones  *zoneskeeper.Keeper
	Shards *shardskeeper.Keeper
	// Public holds the first committee to the sizes of a public network.
	Public bool
	// engine is CometBFT's part; nil before Found.
	engine *engine
	// Absent signs no block.
	Absent map[string]bool
	// Proposer of the next block; a stranger by default.
	Proposer string
	// names in the order of registration.
	names []string
}

// epochs of a fixed length.
type epochs struct{}

func (epochs) EpochBlocks(context.Context) (uint64, error) { return EpochBlocks, nil }

// accounts that exist as soon as they are set.
type accounts map[string]bool

func (a accounts) HasAccount(_ context.Context, addr sdk.AccAddress) bool { return a[addr.String()] }

func (accounts) NewAccountWithAddress(_ context.Context, addr sdk.AccAddress) sdk.AccountI {
	return authtypes.NewBaseAccountWithAddress(addr)
}

func (a accounts) SetAccount(_ context.Context, account sdk.AccountI) {
	a[account.GetAddress().String()] = true
}

// Staking stands for x/staking and x/slashing.
type Staking struct {
	validators map[string]*stakingtypes.Validator
	own        map[string]uint64
	tombstoned map[string]bool
	// slashed says from which height on, by consensus address.
	slashed map[string]int64
	signing map[string]slashingtypes.ValidatorSigningInfo
	hooks   stakingtypes.StakingHooks
	bank    *Bank
}

// GetValidator by its operator.
func (s *Staking) GetValidator(_ context.Context, addr sdk.ValAddress) (stakingtypes.Validator, error) {
	if v, ok := s.validators[sdk.AccAddress(addr).String()]; ok {
		return *v, nil
	}
	return stakingtypes.Validator{}, stakingtypes.ErrNoValidatorFound
}

// GetValidatorByConsAddr by its consensus key.
func (s *Staking) GetValidatorByConsAddr(_ context.Context, addr sdk.ConsAddress) (stakingtypes.Validator, error) {
	for _, v := range s.validators {
		if has, err := v.GetConsAddr(); err == nil && bytes.Equal(has, addr) {
			return *v, nil
		}
	}
	return stakingtypes.Validator{}, stakingtypes.ErrNoValidatorFound
}

// GetDelegation of an operator to itself.
func (s *Staking) GetDelegation(_ context.Context, delegator sdk.AccAddress, addr sdk.ValAddress) (stakingtypes.Delegation, error) {
	own, ok := s.own[delegator.String()]
	if !ok {
		return stakingtypes.Delegation{}, stakingtypes.ErrNoDelegation
	}
	return stakingtypes.NewDelegation(delegator.String(), addr.String(), math.LegacyNewDecFromInt(math.NewIntFromUint64(own))), nil
}

// IsTombstoned after Equivocate.
func (s *Staking) IsTombstoned(_ context.Context, addr sdk.ConsAddress) bool {
	return s.tombstoned[string(addr)]
}

// Deposit sets what an operator has delegated to itself and others to it; x/staking's hooks hear of it first.
func (n *Network) Deposit(t testing.TB, name string, own, delegated uint64) {
	t.Helper()
	operator := Operator(name)
	if n.Staking.validators[operator] == nil {
		n.Staking.validators[operator] = newValidator(name)
	}
	require.NoError(t, n.Staking.hooks.BeforeDelegationSharesModified(n.Ctx, Account(name), sdk.ValAddress(Account(name))))
	v := n.Staking.validators[operator]
	n.Staking.own[operator] = own
	v.Tokens = math.NewIntFromUint64(own).Add(math.NewIntFromUint64(delegated))
	v.DelegatorShares = math.LegacyNewDecFromInt(v.Tokens)
}

// Validator of a name, to change its status.
func (n *Network) Validator(name string) *stakingtypes.Validator {
	return n.Staking.validators[Operator(name)]
}

// Equivocate proves two votes of a name for one height; x/stake hears of it first, as from x/evidence.
func (n *Network) Equivocate(t testing.TB, name string) {
	t.Helper()
	require.NoError(t, n.Stake.RecordEquivocation(n.Ctx, ConsAddress(name)))
	n.Staking.tombstoned[string(ConsAddress(name))] = true
}

// Account of a name.
func Account(name string) sdk.AccAddress {
	h := sha256.Sum256([]byte("account of " + name))
	return h[:20]
}

// Operator address of a name.
func Operator(name string) string { return Account(name).String() }

// Hot address of a name.
func Hot(name string) string { return Operator("hot key of " + name) }

// Secret VRF key of a name.
func Secret(name string) []byte {
	h := sha256.Sum256([]byte("VRF key of " + name))
	return h[:]
}

// Authority is whom governance acts as.
func Authority() string { return authtypes.NewModuleAddress("gov").String() }

// New makes a chain without nodes, before its first block.
func New(t testing.TB) *Network {
	t.Helper()
	n := Unborn(t)
	require.NoError(t, n.Stake.InitGenesis(n.Ctx, staketypes.DefaultGenesisState()))
	gs := sortitiontypes.DefaultGenesisState()
	gs.Devnet, gs.Params = true, sortitiontypes.DevnetParams(EpochBlocks)
	require.NoError(t, n.Sortition.InitGenesis(n.Ctx, gs))
	return n
}

// Unborn is a chain without a genesis.
func Unborn(t testing.TB) *Network {
	t.Helper()
	keys := storetypes.NewKVStoreKeys(staketypes.StoreKey, sortitiontypes.StoreKey, committeestypes.StoreKey, zonestypes.StoreKey, shardstypes.StoreKey)
	cdc := moduletestutil.MakeTestEncodingConfig(stake.AppModule{}, sortition.AppModule{}, committees.AppModule{}, zones.AppModule{}, shards.AppModule{}).Codec
	n := &Network{
		Ctx:     sdktestutil.DefaultContextWithKeys(keys, nil, nil).WithChainID(ChainID).WithBlockHeight(0).WithBlockTime(time.Unix(1_800_000_000, 0).UTC()),
		Staking: &Staking{validators: map[string]*stakingtypes.Validator{}, own: map[string]uint64{}, tombstoned: map[string]bool{}, slashed: map[string]int64{}, signing: map[string]slashingtypes.ValidatorSigningInfo{}, bank: newBank()},
		Absent:  map[string]bool{},
	}
	n.Stake = stakekeeper.NewKeeper(cdc, runtime.NewKVStoreService(keys[staketypes.StoreKey]), n.Staking, n.Staking, accounts{}, epochs{}, Authority())
	n.Sortition = sortitionkeeper.NewKeeper(cdc, runtime.NewKVStoreService(keys[sortitiontypes.StoreKey]), n.Stake, epochs{}, Authority())
	n.Committees = committeeskeeper.NewKeeper(cdc, runtime.NewKVStoreService(keys[committeestypes.StoreKey]), n.Staking, n.Staking, sizes{n.Sortition, n}, n.Stake, epochs{}, Authority())
	n.Sortition.SetCommittees(n)
	n.Zones = zoneskeeper.NewKeeper(cdc, runtime.NewKVStoreService(keys[zonestypes.StoreKey]))
	n.Shards = shardskeeper.NewKeeper(cdc, runtime.NewKVStoreService(keys[shardstypes.StoreKey]), shardskeeper.Keepers{
		Zones: n.Zones, Sortition: n.Sortition, Committees: n.Committees, Staking: n.Staking, Slashing: n.Staking, Reputation: n.Stake, Epochs: epochs{},
		Bank: n.Staking.bank, Gate: Gate,
	}, Authority())
	n.Staking.hooks = stakingtypes.NewMultiStakingHooks(n.Stake.Hooks(), n.Committees.Hooks())
	return n
}

// After is a chain without a genesis whose first block follows n's last, among the same validators.
func (n *Network) After(t testing.TB) *Network {
	t.Helper()
	next := Unborn(t)
	next.names = n.names
	header := n.Ctx.BlockHeader()
	header.Height++
	next.Ctx = next.Ctx.WithBlockHeader(header)
	next.Staking.validators, next.Staking.own, next.Staking.tombstoned, next.Staking.signing = n.Staking.validators, n.Staking.own, n.Staking.tombstoned, n.Staking.signing
	next.Staking.slashed = n.Staking.slashed
	*next.Staking.bank = *n.Staking.bank
	return next
}

// Registration of a name as validator.
func Registration(name string) *staketypes.MsgRegisterNode {
	m := Possession(name, name)
	m.Roles, m.Endpoints, m.Version = []staketypes.Role{staketypes.Role_ROLE_VALIDATOR}, []string{"https://" + name + ".example.org"}, "v1"
	return m
}

// Possession has the keys of one name, proven for the node of another.
func Possession(operator, name string) *staketypes.MsgRegisterNode {
	key, err := ecvrf.PublicKey(Secret(name))
	if err != nil {
		panic(err)
	}
	proof, err := rules.ProvePossession(ChainID, Operator(operator), Secret(name))
	if err != nil {
		panic(err)
	}
	return &staketypes.MsgRegisterNode{Operator: Operator(operator), HotAddress: Hot(name), VrfKey: key, VrfProof: proof}
}

// Register gives each name a deposit and a node.
func (n *Network) Register(t testing.TB, names ...string) {
	t.Helper()
	for _, name := range names {
		n.Deposit(t, name, Deposit, 0)
		_, err := Do(n.Ctx, n.Stake.RegisterNode, Registration(name))
		require.NoError(t, err)
		n.names = append(n.names, name)
	}
}

// Names of count nodes.
func Names(count int) []string {
	names := make([]string, count)
	for i := range names {
		names[i] = fmt.Sprintf("node%d", i)
	}
	return names
}

// Block ends the current block and begins the next, whose commit all bonded nodes have signed that are not absent.
func (n *Network) Block(t testing.TB) {
	t.Helper()
	if n.Ctx.BlockHeight() > 0 {
		require.NoError(t, n.Sortition.EndBlock(n.Ctx))
		n.rotate(t)
	}
	header := n.Ctx.BlockHeader()
	header.Height++
	header.Time = header.Time.Add(time.Second)
	header.ProposerAddress = []byte("the default proposer")
	if n.Proposer != "" {
		header.ProposerAddress = ConsAddress(n.Proposer)
	}
	var votes []abci.VoteInfo
	for _, name := range n.names {
		if header.Height == 1 || !n.due(name) {
			continue
		}
		flag := cmtproto.BlockIDFlagCommit
		if n.Absent[name] {
			flag = cmtproto.BlockIDFlagAbsent
		}
		votes = append(votes, abci.VoteInfo{Validator: abci.Validator{Address: ConsAddress(name), Power: 1}, BlockIdFlag: flag})
	}
	n.Ctx = n.Ctx.WithBlockHeader(header).WithVoteInfos(votes).WithEventManager(sdk.NewEventManager())
	require.NoError(t, n.Stake.BeginBlock(n.Ctx))
	require.NoError(t, n.Sortition.BeginBlock(n.Ctx))
	if n.engine != nil {
		require.NoError(t, n.Committees.BeginBlock(n.Ctx))
	}
	require.NoError(t, n.Shards.BeginBlock(n.Ctx))
}

// Blocks makes count blocks.
func (n *Network) Blocks(t testing.TB, count int) {
	t.Helper()
	for range count {
		n.Block(t)
	}
}

// Epoch makes the blocks up to the first of the next epoch; everyone but silent publishes what is due.
func (n *Network) Epoch(t testing.TB, silent ...string) {
	t.Helper()
	quiet := map[string]bool{}
	for _, name := range silent {
		quiet[name] = true
	}
	for {
		for _, name := range n.names {
			if !quiet[name] {
				n.Publish(t, name)
			}
		}
		n.Block(t)
		if (n.Ctx.BlockHeight()-1)%EpochBlocks == 0 {
			return
		}
	}
}

// Publish does a node's duty of the current block, if it has any.
func (n *Network) Publish(t testing.TB, name string) {
	t.Helper()
	duty, err := sortitionkeeper.NewQueryServer(n.Sortition).Duty(n.Ctx, &sortitiontypes.QueryDutyRequest{HotAddress: Hot(name)})
	require.NoError(t, err)
	if len(duty.ProofAlpha) > 0 {
		_, err := Do(n.Ctx, n.Sortition.PublishProof, &sortitiontypes.MsgPublishProof{Sender: Hot(name), Epoch: duty.Epoch, Proof: Prove(t, name, duty.ProofAlpha)})
		require.NoError(t, err)
	}
	if len(duty.SealAlpha) > 0 {
		_, err := Do(n.Ctx, n.Sortition.Seal, &sortitiontypes.MsgSeal{Sender: Hot(name), Epoch: duty.Epoch, Index: duty.SealIndex, Proof: Prove(t, name, duty.SealAlpha)})
		require.NoError(t, err)
	}
}

// Prove an input by a name's VRF key.
func Prove(t testing.TB, name string, alpha []byte) []byte {
	t.Helper()
	proof, err := ecvrf.Prove(Secret(name), alpha)
	require.NoError(t, err)
	return proof
}

// Do runs a message's handler as a transaction does: what fails leaves no trace.
func Do[M sdk.Msg, R any](ctx sdk.Context, handler func(context.Context, M) (R, error), msg M) (R, error) {
	if checked, ok := any(msg).(sdk.HasValidateBasic); ok {
		if err := checked.ValidateBasic(); err != nil {
			var none R
			return none, err
		}
	}
	attempt, write := ctx.CacheContext()
	res, err := handler(attempt, msg)
	if err == nil {
		write()
	}
	return res, err
}

// Check holds the invariants of all modules.
func (n *Network) Check(t require.TestingT) {
	require.NoError(t, n.Stake.Invariants(n.Ctx))
	require.NoError(t, n.Sortition.Invariants(n.Ctx))
	n.checkCommittees(t)
	n.checkShards(t)
}
