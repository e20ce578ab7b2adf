package keeper_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/log/v2"
	"cosmossdk.io/math"

	"github.com/cometbft/cometbft/crypto/ed25519"
	cmttypes "github.com/cometbft/cometbft/types"
	dbm "github.com/cosmos/cosmos-db"

	"github.com/cosmos/cosmos-sdk/runtime"
	"github.com/cosmos/cosmos-sdk/store/v2/rootmulti"
	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdktestutil "github.com/cosmos/cosmos-sdk/testutil"
	sdk "github.com/cosmos/cosmos-sdk/types"
	moduletestutil "github.com/cosmos/cosmos-sdk/types/module/testutil"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/receipt"
	"github.com/topnetwork/top/protocol/trie"
	"github.com/topnetwork/top/testutil/headers"
	billingtypes "github.com/topnetwork/top/x/billing/types"
	"github.com/topnetwork/top/x/gate"
	"github.com/topnetwork/top/x/gate/keeper"
	"github.com/topnetwork/top/x/gate/types"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
	shardstypes "github.com/topnetwork/top/x/shards/types"
	staketypes "github.com/topnetwork/top/x/stake/types"
	zonestypes "github.com/topnetwork/top/x/zones/types"
)

const (
	chainID = "top-main-1"
	left    = "top-z0.s0-1"
	right   = "top-z0.s1-1"
	// issued to the shards, in utop.
	issued = 1_000_000
)

func init() {
	cfg := sdk.GetConfig()
	cfg.SetBech32PrefixForAccount("top", "toppub")
	cfg.SetBech32PrefixForValidator("topvaloper", "topvaloperpub")
	authority = authtypes.NewModuleAddress("gov").String()
}

var authority string

// world is the rest of a main chain, as far as the gate asks it: the keepers of other modules, in memory.
type world struct {
	// bank is the store of balances: what fails leaves no trace there, either. key is the gate's.
	bank, key *storetypes.KVStoreKey
	staked    map[string]uint64
	escrows   map[string]uint64
	nodes     map[string]bool
	pool      uint64
	shards    map[string]shardstypes.Shard
	audited   map[string]shardstypes.Audited
	table     trie.Table
	// covered by fines, of what shards have overdrawn.
	covered int64
}

func (w *world) balance(ctx context.Context, who string) uint64 {
	bz := sdk.UnwrapSDKContext(ctx).KVStore(w.bank).Get([]byte(who))
	if bz == nil {
		return 0
	}
	return binary.BigEndian.Uint64(bz)
}

func (w *world) set(ctx context.Context, who string, utop uint64) {
	sdk.UnwrapSDKContext(ctx).KVStore(w.bank).Set([]byte(who), binary.BigEndian.AppendUint64(nil, utop))
}

// total of all balances.
func (w *world) total(ctx sdk.Context) (sum uint64) {
	it := ctx.KVStore(w.bank).Iterator(nil, nil)
	defer it.Close()
	for ; it.Valid(); it.Next() {
		sum += binary.BigEndian.Uint64(it.Value())
	}
	return sum
}

func (w *world) move(ctx context.Context, from, to string, amt sdk.Coins) error {
	n, has := amt.AmountOf("utop").Uint64(), w.balance(ctx, from)
	if has < n {
		return fmt.Errorf("%s has %d utop, not %d", from, has, n)
	}
	w.set(ctx, from, has-n)
	w.set(ctx, to, w.balance(ctx, to)+n)
	return nil
}

func module(name string) string { return authtypes.NewModuleAddress(name).String() }

func (w *world) SendCoinsFromAccountToModule(ctx context.Context, from sdk.AccAddress, to string, amt sdk.Coins) error {
	return w.move(ctx, from.String(), module(to), amt)
}

func (w *world) SendCoinsFromModuleToAccount(ctx context.Context, from string, to sdk.AccAddress, amt sdk.Coins) error {
	if to.String() == module("bonded") {
		return errors.New("the account takes no coins")
	}
	return w.move(ctx, module(from), to.String(), amt)
}

func (w *world) GetBalance(ctx context.Context, a sdk.AccAddress, denom string) sdk.Coin {
	return sdk.NewCoin(denom, math.NewIntFromUint64(w.balance(ctx, a.String())))
}

func (w *world) FundCommunityPool(ctx context.Context, amt sdk.Coins, from sdk.AccAddress) error {
	w.pool += amt.AmountOf("utop").Uint64()
	return w.move(ctx, from.String(), "pool", amt)
}

func (w *world) Delegate(ctx context.Context, msg *stakingtypes.MsgDelegate) (*stakingtypes.MsgDelegateResponse, error) {
	if msg.ValidatorAddress != sdk.ValAddress(ann[:]).String() {
		panic("no such validator")
	}
	w.staked[msg.DelegatorAddress] += msg.Amount.Amount.Uint64()
	return nil, w.move(ctx, msg.DelegatorAddress, "staked", sdk.NewCoins(msg.Amount))
}

func (w *world) Node(_ context.Context, operator string) (staketypes.Node, error) {
	if !w.nodes[operator] {
		return staketypes.Node{}, staketypes.ErrNotFound
	}
	return staketypes.Node{Operator: operator}, nil
}

func (w *world) Deposit(ctx context.Context, msg *billingtypes.MsgDeposit) (*billingtypes.MsgDepositResponse, error) {
	w.escrows[msg.Owner] += msg.Amount
	return nil, w.move(ctx, msg.Owner, "escrows", billingtypes.Coins(msg.Amount))
}

func (w *world) OpenCreditLine(context.Context, *billingtypes.MsgOpenCreditLine) (*billingtypes.MsgOpenCreditLineResponse, error) {
	return nil, billingtypes.ErrNotFound
}

func (w *world) Table(context.Context) (zonestypes.RoutingTable, error) {
	if len(w.table) == 0 {
		return zonestypes.RoutingTable{}, zonestypes.ErrNotFound
	}
	return zonestypes.RoutingTable{Version: 1, Routes: zonestypes.RoutesOf(w.table)}, nil
}

func (w *world) Shard(_ context.Context, name string) (shardstypes.Shard, error) {
	s, ok := w.shards[name]
	if !ok {
		return s, shardstypes.ErrNotFound
	}
	return s, nil
}

func (w *world) Audited(_ context.Context, name string) (shardstypes.Audited, error) {
	return w.audited[name], nil
}

// pay what shards have overdrawn.
func (w *world) pay(ctx context.Context, utop int64) {
	w.covered += utop
	gate := module(types.ModuleName)
	w.set(ctx, gate, uint64(int64(w.balance(ctx, gate))+utop))
}

func (w *world) Covered(context.Context) (math.Int, error) { return math.NewInt(w.covered), nil }

// Fines of a shard: the left one's committee has deposits for 1,000 utop, the other's for nothing.
func (w *world) Fines(_ context.Context, shard string) (math.Int, error) {
	if shard == left {
		return math.NewInt(1_000), nil
	}
	return math.ZeroInt(), nil
}

func (w *world) Confirmed(_ context.Context, name string, sh *cmttypes.SignedHeader) (bool, error) {
	a := w.audited[name]
	return a.Height == uint64(sh.Height) && string(a.HeaderHash) == string(sh.Hash()), nil
}

func (w *world) VerifyHeader(ctx context.Context, name string, _ *cmttypes.SignedHeader) error {
	_, err := w.Shard(ctx, name)
	return err
}

// chain is a gate in its world.
type chain struct {
	*keeper.Keeper
	*world

	ctx sdk.Context
}

func newWorld() *world {
	return &world{
		bank: storetypes.NewKVStoreKey("bank"), key: storetypes.NewKVStoreKey(types.StoreKey), staked: map[string]uint64{}, escrows: map[string]uint64{}, nodes: map[string]bool{},
		shards: map[string]shardstypes.Shard{
			left: {Name: left, Status: shardstypes.Status_STATUS_ACTIVE}, right: {Name: right, Status: shardstypes.Status_STATUS_ACTIVE},
		},
		audited: map[string]shardstypes.Audited{},
		table:   trie.Table{{Prefix: lattice.Prefix{Len: 1}, Name: left}, {Prefix: lattice.Prefix{Bits: 1, Len: 1}, Name: right}},
	}
}

// unborn gate without genesis.
func unborn(w *world) *chain {
	keys := map[string]*storetypes.KVStoreKey{"bank": w.bank, types.StoreKey: w.key}
	cdc := moduletestutil.MakeTestEncodingConfig(gate.AppModule{}).Codec
	ctx := sdktestutil.DefaultContextWithKeys(keys, nil, nil).WithChainID(chainID).WithBlockHeight(1).WithBlockTime(time.Unix(1_800_000_000, 0).UTC())
	w.set(ctx, module(types.ModuleName), issued)
	w.set(ctx, sdk.AccAddress(ann[:]).String(), issued)
	return &chain{
		Keeper: keeper.NewKeeper(cdc, runtime.NewKVStoreService(w.key), keeper.Keepers{Bank: w, Community: w, Staking: w, Nodes: w, Billing: w, Zones: w, Shards: w}, authority),
		world:  w, ctx: ctx,
	}
}

func newChain(t require.TestingT, change func(*types.GenesisState)) *chain {
	c := unborn(newWorld())
	gs := types.DefaultGenesisState()
	gs.Issued, gs.Params.MinExit = issued, 1
	if change != nil {
		change(gs)
	}
	require.NoError(t, c.InitGenesis(c.ctx, gs))
	return c
}

// block ends, the next one begins; the books are in order.
func (c *chain) block(t require.TestingT) {
	require.NoError(t, c.EndBlock(c.ctx))
	c.ctx = c.ctx.WithBlockHeight(c.ctx.BlockHeight() + 1)
	require.NoError(t, c.Invariants(c.ctx))
}

// do a message as a transaction does: what fails leaves no trace in the gate's state.
func do[M sdk.Msg, R any](c *chain, handler func(context.Context, M) (R, error), msg M) (R, error) {
	cached, write := c.ctx.CacheContext()
	res, err := handler(cached, msg)
	if err == nil {
		write()
	}
	return res, err
}

func (c *chain) deliver(deliveries ...latticetypes.Delivery) ([]string, error) {
	res, err := do(c, c.Deliver, &types.MsgDeliver{Signer: authority, Deliveries: deliveries})
	if err != nil {
		return nil, err
	}
	return res.Refused, nil
}

func (c *chain) exit(amount uint64) error {
	_, err := do(c, c.Exit, &types.MsgExit{Sender: sdk.AccAddress(ann[:]).String(), Amount: amount})
	return err
}

// waiting batches for a shard.
func (c *chain) waiting(t require.TestingT, shard string) (batches []receipt.Batch) {
	res, err := keeper.NewQueryServer(c.Keeper).Batches(c.ctx, &types.QueryBatchesRequest{Destination: shard, Limit: 100})
	require.NoError(t, err)
	for _, b := range res.Batches {
		batch, err := receipt.Decode(b.Batch)
		require.NoError(t, err)
		batches = append(batches, batch)
	}
	return batches
}

// source is a shard as it sends to the main chain: an outbox, whose batches stand in a store.
type source struct {
	name   string
	outbox receipt.Outbox
	height uint64
}

// send receipts in a batch, which the next header proves.
func (s *source) send(t require.TestingT, receipts ...receipt.Receipt) latticetypes.Delivery {
	s.height++
	b := s.outbox.Send(s.name, chainID, s.height, receipts)
	key, err := latticetypes.BatchKey(chainID, b.Height)
	require.NoError(t, err)
	encoded := b.Encode()
	hash := receipt.Hash(encoded)
	return latticetypes.Delivery{Batch: encoded, Proof: s.prove(t, key, hash[:])}
}

// confirm what a shard has taken of the main chain's batches for destination.
func (s *source) confirm(t require.TestingT, destination string, taken receipt.Cursor) latticetypes.Confirmation {
	s.height++
	c := latticetypes.Confirmation{Destination: destination, Inbox: &latticetypes.Inbox{Taken: latticetypes.CursorOf(taken)}}
	if destination != s.name {
		c.Child = s.name
	}
	key, err := latticetypes.InboxKey(latticetypes.InboxName(chainID, destination, s.name))
	require.NoError(t, err)
	value, err := c.Inbox.Marshal()
	require.NoError(t, err)
	c.Proof = s.prove(t, key, value)
	return c
}

// prove a value in a multistore like a shard's.
func (s *source) prove(t require.TestingT, key, value []byte) *latticetypes.Proof {
	store := storetypes.NewKVStoreKey(latticetypes.StoreKey)
	ms := rootmulti.NewStore(dbm.NewMemDB(), log.NewNopLogger())
	ms.MountStoreWithDB(store, storetypes.StoreTypeIAVL, nil)
	require.NoError(t, ms.LoadLatestVersion())
	ms.GetKVStore(store).Set(key, value)
	ms.GetKVStore(store).Set([]byte{1}, []byte("head"))
	hash := ms.Commit().Hash
	res, err := ms.Query(&storetypes.RequestQuery{Path: "/" + latticetypes.StoreKey + "/key", Data: key, Height: 1, Prove: true})
	require.NoError(t, err)
	by := int64(s.height) + 1
	c := headers.Chain{ID: s.name, Power: 1, Start: time.Unix(1_700_000_000, 0).UTC(), Committee: func(int64) []ed25519.PrivKey { return headers.Keys(0, 1) }, App: map[int64][]byte{by: hash}}
	return &latticetypes.Proof{Header: headers.Sign(c.Header(by), headers.Set(headers.Keys(0, 1), 1), headers.Keys(0, 1)).ToProto(), Ops: res.ProofOps}
}

// auditedBy is what auditors would have confirmed: the header of a proof.
func (w *world) auditedBy(t testing.TB, proof *latticetypes.Proof) {
	t.Helper()
	header, err := cmttypes.HeaderFromProto(proof.Header.Header)
	require.NoError(t, err)
	w.audited[header.ChainID] = shardstypes.Audited{Shard: header.ChainID, Height: uint64(header.Height), HeaderHash: header.Hash()}
}

// ann's account is in one of the shards.
var ann = lattice.Address{0xa}

// deposit of ann.
func deposit(utop uint64, memo string) receipt.Receipt {
	return receipt.Receipt{From: ann, To: receipt.GateAddress(), Amount: lattice.Balance{Utop: utop}, Memo: memo, Transaction: lattice.Hash{1}}
}

// forget all that the gate knows; the rest of the chain stays.
func (c *chain) forget() {
	store := c.ctx.KVStore(c.key)
	var keys [][]byte
	it := store.Iterator(nil, nil)
	for ; it.Valid(); it.Next() {
		keys = append(keys, it.Key())
	}
	it.Close()
	for _, key := range keys {
		store.Delete(key)
	}
}
