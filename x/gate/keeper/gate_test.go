package keeper_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/receipt"
	"github.com/topnetwork/top/x/gate/keeper"
	"github.com/topnetwork/top/x/gate/types"
	latticetypes "github.com/topnetwork/top/x/lattice/types"
	shardstypes "github.com/topnetwork/top/x/shards/types"
)

func annAccount() string { return sdk.AccAddress(ann[:]).String() }

// A captured shard can sign whatever it likes: what is taken of it before auditors have said yes is bounded, however many receipts it makes of it, and never more than shards have.
func TestCapturedShardIsBounded(t *testing.T) {
	c := newChain(t, func(gs *types.GenesisState) { gs.Params.UnauditedUtop = 1_000 })
	s := &source{name: left}
	var taken uint64
	var refused latticetypes.Delivery
	for {
		d := s.send(t, deposit(90, ""), deposit(10, ""))
		if _, err := c.deliver(d); err != nil {
			require.ErrorIs(t, err, types.ErrLater)
			require.ErrorContains(t, err, "too much of it is not audited yet")
			refused = d
			break
		}
		taken += 100
		c.block(t)
	}
	require.EqualValues(t, 1_000, taken)
	require.EqualValues(t, issued+1_000, c.balance(c.ctx, annAccount()))
	// Another shard has a bound of its own.
	_, err := c.deliver((&source{name: right}).send(t, deposit(1_000, "")))
	require.NoError(t, err)
	c.block(t)
	// What auditors confirm counts no more: the header itself, and those below.
	c.auditedBy(t, refused.Proof)
	_, err = c.deliver(refused)
	require.NoError(t, err)
	_, err = c.deliver(s.send(t, deposit(1_000, "")))
	require.NoError(t, err)
	_, err = c.deliver(s.send(t, deposit(1, "")))
	require.ErrorIs(t, err, types.ErrLater)
	c.block(t)
	// Not even auditors make coins.
	all := newChain(t, nil)
	_, err = all.deliver((&source{name: left}).send(t, deposit(issued+1, "")))
	require.ErrorContains(t, err, "all shards together have")
	_, err = all.deliver((&source{name: left}).send(t, deposit(issued, "")), (&source{name: right}).send(t, deposit(1, "")))
	require.NoError(t, err)
	all.block(t)
	require.EqualValues(t, 2*issued, all.balance(all.ctx, annAccount()))
}

// What no shard that follows the rules sends is not taken.
func TestBatchesThatAreRefused(t *testing.T) {
	other := deposit(1, "")
	other.Amount.Coins = []lattice.Coin{{Denom: "uusd", Amount: lattice.Amount{Low: 1}}}
	elsewhere := deposit(1, "")
	elsewhere.To = ann
	ours := deposit(1, "")
	ours.Main = true
	back := deposit(1, "")
	back.Return = true
	for name, r := range map[string]receipt.Receipt{"another coin": other, "not to the gate": elsewhere, "of an account of the main chain": ours, "a deposit that comes back": back} {
		t.Run(name, func(t *testing.T) {
			c := newChain(t, nil)
			_, err := c.deliver((&source{name: left}).send(t, r))
			require.ErrorIs(t, err, types.ErrRefused)
		})
	}
	c := newChain(t, nil)
	_, err := c.deliver((&source{name: "top-z0.s0-9"}).send(t, deposit(1, "")))
	require.ErrorIs(t, err, shardstypes.ErrNotFound)
	// One that is refused does not keep others from being taken.
	s := &source{name: left}
	first, second := s.send(t, deposit(1, "")), s.send(t, deposit(1, ""))
	refused, err := c.deliver(second, first, second)
	require.NoError(t, err)
	require.Contains(t, refused[0], "missing before this one")
	require.Empty(t, refused[1])
	require.Empty(t, refused[2])
}

// More receipts than a block carries out wait for the next ones, and as many as wait bound what is taken.
func TestQueueOfReceipts(t *testing.T) {
	c := newChain(t, nil)
	s := &source{name: left}
	many := make([]receipt.Receipt, types.MaxQueued)
	for i := range many {
		many[i] = deposit(1, "")
	}
	_, err := c.deliver(s.send(t, many...))
	require.NoError(t, err)
	late := s.send(t, deposit(1, ""))
	_, err = c.deliver(late)
	require.ErrorIs(t, err, types.ErrLater)
	c.block(t)
	require.EqualValues(t, issued+types.ActsPerBlock, c.balance(c.ctx, annAccount()))
	_, err = c.deliver(late)
	require.NoError(t, err)
	for range types.MaxQueued/types.ActsPerBlock - 1 {
		c.block(t)
	}
	require.EqualValues(t, issued+types.MaxQueued, c.balance(c.ctx, annAccount()), "the late one comes after all others")
	c.block(t)
	require.EqualValues(t, issued+types.MaxQueued+1, c.balance(c.ctx, annAccount()))
}

// Actions that fail, even by a panic, give the coins back and leave nothing; an exit that comes back and that its sender cannot take is the community's.
func TestActionsThatFail(t *testing.T) {
	c := newChain(t, nil)
	s := &source{name: left}
	_, err := c.deliver(s.send(t, deposit(5, "node"), deposit(7, "line=top-msg-1"), deposit(11, "nonsense"), deposit(13, "stake="+sdk.ValAddress(make([]byte, 20)).String())))
	require.NoError(t, err)
	owner, _ := c.table.Owner(ann)
	c.block(t)
	batches := c.waiting(t, owner.Name)
	require.Len(t, batches, 1)
	var back uint64
	for _, r := range batches[0].Receipts {
		require.True(t, r.Return)
		require.False(t, r.Main)
		require.Equal(t, ann, r.From)
		require.Empty(t, r.Memo)
		back += r.Amount.Utop
	}
	require.EqualValues(t, 5+7+11+13, back)
	require.EqualValues(t, issued, c.balance(c.ctx, annAccount()))

	lost := receipt.Receipt{From: lattice.Address(sdk.MustAccAddressFromBech32(module("bonded"))), To: ann, Amount: lattice.Balance{Utop: 3}, Return: true, Main: true}
	_, err = c.deliver(s.send(t, lost))
	require.NoError(t, err)
	c.block(t)
	require.EqualValues(t, 3, c.pool)
}

// A shard that confirms nothing gets no more exits; one that does gets its batches pruned, by its children where it has retired.
func TestConfirmations(t *testing.T) {
	c := newChain(t, nil)
	owner, _ := c.table.Owner(ann)
	for range latticetypes.MaxWaiting {
		require.NoError(t, c.exit(1))
		require.NoError(t, c.EndBlock(c.ctx))
		c.ctx = c.ctx.WithBlockHeight(c.ctx.BlockHeight() + 1)
	}
	require.ErrorIs(t, c.exit(1), types.ErrUnreachable)
	batches := c.waiting(t, owner.Name)
	s := &source{name: owner.Name}
	confirm := func(confirmations ...latticetypes.Confirmation) error {
		_, err := do(c, c.Confirm, &types.MsgConfirm{Signer: authority, Confirmations: confirmations})
		return err
	}
	wrong := batches[9].Cursor()
	wrong.Hash[0] ^= 1
	require.ErrorContains(t, confirm(s.confirm(t, owner.Name, wrong)), "was not sent")
	right := s.confirm(t, owner.Name, batches[9].Cursor())
	forged := right
	forged.Inbox = &latticetypes.Inbox{Taken: latticetypes.CursorOf(batches[10].Cursor())}
	require.Error(t, confirm(forged))
	require.NoError(t, confirm(right))
	require.ErrorIs(t, confirm(right), types.ErrKnown)
	require.Equal(t, batches[10].Height, c.waiting(t, owner.Name)[0].Height)
	require.NoError(t, c.exit(1))
	c.block(t)

	// It retires: what both children have taken is pruned.
	parent := c.shards[owner.Name]
	parent.Status, parent.Children = shardstypes.Status_STATUS_RETIRED, []string{"child-0", "child-1"}
	c.shards[owner.Name] = parent
	require.ErrorIs(t, c.exit(1), types.ErrUnreachable)
	for _, name := range parent.Children {
		c.shards[name] = shardstypes.Shard{Name: name, Status: shardstypes.Status_STATUS_ACTIVE}
	}
	c.shards["stranger"] = shardstypes.Shard{Name: "stranger"}
	require.ErrorContains(t, confirm((&source{name: "stranger"}).confirm(t, owner.Name, batches[30].Cursor())), "has not taken over")
	require.NoError(t, confirm((&source{name: "child-0"}).confirm(t, owner.Name, batches[30].Cursor())))
	require.Equal(t, batches[10].Height, c.waiting(t, owner.Name)[0].Height)
	require.NoError(t, confirm((&source{name: "child-1"}).confirm(t, owner.Name, batches[20].Cursor())))
	require.Equal(t, batches[21].Height, c.waiting(t, owner.Name)[0].Height)
	c.block(t)
}

// Where shards are audited, a confirmation counts by an audited header alone: a shard that is frozen goes on from there, and needs again what it has taken since.
func TestConfirmationsThatAreNotAudited(t *testing.T) {
	c := newChain(t, func(gs *types.GenesisState) { gs.Params.UnauditedUtop = 1_000 })
	owner, _ := c.table.Owner(ann)
	require.NoError(t, c.exit(1))
	c.block(t)
	confirmation := (&source{name: owner.Name}).confirm(t, owner.Name, c.waiting(t, owner.Name)[0].Cursor())
	msg := &types.MsgConfirm{Signer: authority, Confirmations: []latticetypes.Confirmation{confirmation}}
	_, err := do(c, c.Confirm, msg)
	require.ErrorIs(t, err, types.ErrLater)
	c.auditedBy(t, confirmation.Proof)
	_, err = do(c, c.Confirm, msg)
	require.NoError(t, err)
	require.Empty(t, c.waiting(t, owner.Name))
}

func TestExitsThatAreRefused(t *testing.T) {
	c := newChain(t, func(gs *types.GenesisState) { gs.Params.MinExit = 100 })
	require.ErrorIs(t, c.exit(99), types.ErrInvalid)
	require.Error(t, c.exit(issued+1), "more than there is")
	_, err := c.Exit(c.ctx, &types.MsgExit{Sender: annAccount(), To: sdk.AccAddress(receiptGate()).String(), Amount: 100})
	require.ErrorContains(t, err, "the gate itself")
	owner, _ := c.table.Owner(ann)
	frozen := c.shards[owner.Name]
	frozen.Status = shardstypes.Status_STATUS_FROZEN
	c.shards[owner.Name] = frozen
	require.ErrorIs(t, c.exit(100), types.ErrUnreachable)
	c.table = nil
	require.Error(t, c.exit(100), "a network without shards")
	require.EqualValues(t, issued, c.balance(c.ctx, annAccount()))
}

func receiptGate() []byte { a := receipt.GateAddress(); return a[:] }

// What a captured shard can bring unaudited, to the other shard and the main chain, is held against what its members would pay.
func TestExposure(t *testing.T) {
	for bound, want := range map[uint64]struct {
		most    string
		covered bool
	}{0: {"", false}, 500: {"1000", true}, 501: {"1002", false}} {
		c := newChain(t, func(gs *types.GenesisState) { gs.Params.UnauditedUtop = bound })
		res, err := keeper.NewQueryServer(c.Keeper).Exposure(c.ctx, &types.QueryExposureRequest{})
		require.NoError(t, err)
		require.Len(t, res.Shards, 2)
		for i, e := range res.Shards {
			require.EqualValues(t, 2, e.Takers)
			require.Equal(t, want.covered && i == 0, e.Covered)
			most := ""
			if e.Most != nil {
				most = e.Most.String()
			}
			require.Equal(t, want.most, most)
		}
		require.Equal(t, []string{left, right}, []string{res.Shards[0].Shard, res.Shards[1].Shard})
		require.EqualValues(t, 1_000, res.Shards[0].Fines.Int64())
	}
}

// Whatever comes and goes in whatever order: after every block the gate holds what it should, no coin is made or lost, and an export begins again as it is.
func TestBooksAreExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := newChain(t, nil)
		sources := map[string]*source{left: {name: left}, right: {name: right}}
		all := c.total(c.ctx)
		t.Repeat(map[string]func(*rapid.T){
			"overdrawn": func(t *rapid.T) {
				utop := rapid.Int64Range(-c.covered, 1_000).Draw(t, "utop")
				c.pay(c.ctx, utop)
				all += uint64(utop)
			},
			"exit": func(t *rapid.T) { _ = c.exit(rapid.Uint64Range(1, issued/4).Draw(t, "utop")) },
			"deliver": func(t *rapid.T) {
				s := sources[rapid.SampledFrom([]string{left, right}).Draw(t, "source")]
				before := *s
				r := deposit(rapid.Uint64Range(1, issued/4).Draw(t, "utop"), rapid.SampledFrom([]string{"", "escrow", "node", "what?", "stake=" + sdk.ValAddress(ann[:]).String()}).Draw(t, "memo"))
				if rapid.Bool().Draw(t, "back") {
					r.To, r.Return, r.Main, r.Memo = ann, true, true, ""
				}
				if _, err := c.deliver(s.send(t, r)); err != nil {
					*s = before
				}
			},
			"confirm": func(t *rapid.T) {
				name := rapid.SampledFrom([]string{left, right}).Draw(t, "shard")
				batches := c.waiting(t, name)
				if len(batches) == 0 {
					return
				}
				batch := rapid.SampledFrom(batches).Draw(t, "batch")
				taken := batch.Cursor()
				_, err := do(c, c.Confirm, &types.MsgConfirm{Signer: authority, Confirmations: []latticetypes.Confirmation{sources[name].confirm(t, name, taken)}})
				require.NoError(t, err)
			},
			"block": func(t *rapid.T) { c.block(t) },
			"export": func(t *rapid.T) {
				c.block(t)
				gs, err := c.ExportGenesis(c.ctx)
				require.NoError(t, err)
				c.forget()
				require.NoError(t, c.InitGenesis(c.ctx, gs))
				second, err := c.ExportGenesis(c.ctx)
				require.NoError(t, err)
				require.Equal(t, gs, second)
			},
			"": func(t *rapid.T) {
				require.NoError(t, c.Invariants(c.ctx))
				require.Equal(t, all, c.total(c.ctx))
			},
		})
	})
}
