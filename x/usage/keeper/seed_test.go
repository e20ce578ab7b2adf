package keeper_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/protocol/claim"
	"github.com/topnetwork/top/testutil/books"
	sortitiontypes "github.com/topnetwork/top/x/sortition/types"
	"github.com/topnetwork/top/x/usage/types"
)

// claimed is a network on which "pat" has claimed an epoch, and no relayer brings seeds.
func claimed(t *testing.T) (*books.Network, *books.Claim) {
	t.Helper()
	n, epoch := served(t)
	n.Seeds.Held = true
	c := books.NewClaim(t, "pat", epoch, books.Session("pat", "ann", epoch, 5, 1), books.Session("pat", "ann", epoch, 7, 2))
	_, err := books.Do(n.Service.Ctx, n.Service.Usage.Claim, c.MsgClaim)
	require.NoError(t, err)
	return n, c
}

func deliver(n *books.Network, p sortitiontypes.PublishedSeed) error {
	_, err := books.Do(n.Service.Ctx, n.Service.Usage.DeliverSeed, n.SeedMsg(p))
	return err
}

// A claim is challenged by the first seed whose sealing began after it, however late that comes, and its proof window begins then. While none comes, nothing is forfeited.
func TestClaimWaitsForItsSeed(t *testing.T) {
	n, c := claimed(t)
	n.Block(t)
	dated := n.Claimed(t, "pat", c.Epoch)
	margin := books.UsageParams().ClockMargin()
	require.Equal(t, n.Service.Ctx.BlockTime().Add(margin).UnixNano(), dated.CommittedTime, "of the block after the claim's, and the margin")
	require.Equal(t, n.Main.Ctx.BlockHeight(), dated.MainHeight)
	for range 6 {
		n.NextEpoch(t)
	}
	n.Blocks(t, 8)
	require.Equal(t, types.ClaimStatus_CLAIM_STATUS_CLAIMED, n.Claimed(t, "pat", c.Epoch).Status)
	n.Check(t)
	require.Greater(t, len(n.Seeds.Published), 6)

	var right sortitiontypes.PublishedSeed
	for _, p := range n.Seeds.Published {
		if p.SealingTime > dated.CommittedTime && right.Epoch == 0 {
			right = p
		} else {
			require.ErrorIs(t, deliver(n, p), types.ErrSeed, "seed of epoch %d", p.Epoch)
		}
	}
	require.NoError(t, deliver(n, right))
	require.ErrorIs(t, deliver(n, right), types.ErrNotAwaited, "twice")
	n.Block(t)
	challenged := n.Claimed(t, "pat", c.Epoch)
	require.Equal(t, types.ClaimStatus_CLAIM_STATUS_CHALLENGED, challenged.Status)
	require.Equal(t, right.Epoch, challenged.SeedEpoch)
	require.Equal(t, n.Service.Ctx.BlockHeight()+int64(books.UsageParams().ProofWindowBlocks), challenged.ProofDeadline)
	want := claim.Challenge([32]byte(right.Seed), books.ServiceID, c.Provider, c.Epoch, [32]byte(c.Root))
	require.Equal(t, want[:], challenged.Seed)
	_, err := books.Do(n.Service.Ctx, n.Service.Usage.Prove, c.Prove(t, challenged.Seed, books.UsageParams().Samples))
	require.NoError(t, err)
	require.ErrorIs(t, deliver(n, right), types.ErrNotAwaited, "late")
	n.Check(t)
}

// Attack: the main chain has made seeds of which this chain has not heard. Its view of the main chain is old, so the height says little; the time of the votes on the claim's
// block says that they were known.
func TestSeedsThatTheProviderHasSeenDoNotChallenge(t *testing.T) {
	n, epoch := served(t)
	n.Seeds.Held = true
	old := n.Service.Clients.Height
	for range 3 {
		n.NextEpoch(t)
	}
	n.Blocks(t, 8)
	seen := len(n.Seeds.Published)
	n.Service.Clients.Height = old
	_, err := books.Do(n.Service.Ctx, n.Service.Usage.Claim, books.NewClaim(t, "pat", epoch, books.Session("pat", "ann", epoch, 5, 1)).MsgClaim)
	require.NoError(t, err)
	// The next block, with the same old view.
	main := n.Main.Ctx
	n.Block(t)
	gs, err := n.Service.Usage.ExportGenesis(n.Service.Ctx)
	require.NoError(t, err)
	gs.Claims[0].MainHeight = old
	require.NoError(t, n.Service.Usage.InitGenesis(n.Service.Ctx, gs))
	require.Less(t, old, main.BlockHeight())
	for _, p := range n.Seeds.Published[:seen] {
		require.ErrorIs(t, deliver(n, p), types.ErrSeed, "seed of epoch %d was there", p.Epoch)
	}
	n.NextEpoch(t)
	n.Blocks(t, 8)
	right, ok := n.AwaitedSeed(t)
	require.True(t, ok)
	require.Equal(t, n.Seeds.Published[seen].Epoch, right.Epoch)
	require.NoError(t, deliver(n, right))
}

// Attack: after a standstill a block has the time of the votes before it. The claim in it could know all that happened meanwhile, so it is dated by the block after.
func TestStandstillDoesNotDateClaimsBack(t *testing.T) {
	n, epoch := served(t)
	n.Seeds.Held = true
	before := n.Service.Ctx
	for range 3 {
		n.NextEpoch(t)
	}
	n.Blocks(t, 8)
	seen := len(n.Seeds.Published)
	// The service chain stood still since: its block now has that old time.
	now := n.Service.Ctx.BlockTime()
	n.Service.Ctx = n.Service.Ctx.WithBlockTime(before.BlockTime())
	_, err := books.Do(n.Service.Ctx, n.Service.Usage.Claim, books.NewClaim(t, "pat", epoch, books.Session("pat", "ann", epoch, 5, 1)).MsgClaim)
	require.NoError(t, err)
	n.Service.Ctx = n.Service.Ctx.WithBlockTime(now)
	n.Block(t)
	for _, p := range n.Seeds.Published[:seen] {
		require.ErrorIs(t, deliver(n, p), types.ErrSeed)
	}
}

func TestSeedsThatAreRefused(t *testing.T) {
	n, c := claimed(t)
	require.ErrorIs(t, deliver(n, *books.FarSeed()), types.ErrNotAwaited, "the claim is not dated before its block is over")
	n.Blocks(t, 8)
	right, ok := n.AwaitedSeed(t)
	require.True(t, ok)
	for name, change := range map[string]func(*types.MsgDeliverSeed){
		"forged bytes": func(m *types.MsgDeliverSeed) {
			p := right
			p.Seed = bytes.Repeat([]byte{7}, 32)
			m.Value = n.SeedMsg(p).Value
		},
		"another sealing": func(m *types.MsgDeliverSeed) {
			p := right
			p.SealingTime++
			m.Value = n.SeedMsg(p).Value
		},
		"of another epoch":  func(m *types.MsgDeliverSeed) { m.Epoch++ },
		"no proof":          func(m *types.MsgDeliverSeed) { m.Proof = nil },
		"a false proof":     func(m *types.MsgDeliverSeed) { m.Proof[0] ^= 1 },
		"an unknown height": func(m *types.MsgDeliverSeed) { m.ProofHeight = 1 << 40 },
		"no value":          func(m *types.MsgDeliverSeed) { m.Value = nil },
		"a short seed": func(m *types.MsgDeliverSeed) {
			m.Value = n.SeedMsg(sortitiontypes.PublishedSeed{Epoch: right.Epoch, Seed: []byte{1}, SealingHeight: 1, SealingTime: 1}).Value
		},
		"something else":    func(m *types.MsgDeliverSeed) { m.Value = []byte{0xff, 1, 2} },
		"very much of it":   func(m *types.MsgDeliverSeed) { m.Value = append(m.Value, make([]byte, 1_000)...) },
		"in nobody's name":  func(m *types.MsgDeliverSeed) { m.Sender = "relayer" },
		"far in the future": func(m *types.MsgDeliverSeed) { *m = *n.SeedMsg(*books.FarSeed()) },
	} {
		t.Run(name, func(t *testing.T) {
			msg := n.SeedMsg(right)
			change(msg)
			before, err := n.Service.Usage.ExportGenesis(n.Service.Ctx)
			require.NoError(t, err)
			_, err = books.Do(n.Service.Ctx, n.Service.Usage.DeliverSeed, msg)
			require.Error(t, err)
			after, err := n.Service.Usage.ExportGenesis(n.Service.Ctx)
			require.NoError(t, err)
			require.Equal(t, before, after)
		})
	}
	require.NoError(t, deliver(n, right))
	n.Block(t)
	require.Equal(t, types.ClaimStatus_CLAIM_STATUS_CHALLENGED, n.Claimed(t, "pat", c.Epoch).Status)

	fresh := books.New(t)
	gs, err := n.Service.Usage.ExportGenesis(n.Service.Ctx)
	require.NoError(t, err)
	gs.Chain.MainClientId = ""
	require.NoError(t, fresh.Service.Usage.InitGenesis(fresh.Service.Ctx, gs))
	fresh.Service.Clients.Height = n.Service.Clients.Height
	require.ErrorContains(t, deliver(fresh, right), "relayer link")
}

// Without seeds claims wait, all of them, and in the end each has its own; challenges per block are capped.
func TestClaimsWaitWhileTheMainChainMakesNoSeeds(t *testing.T) {
	n, epoch := served(t)
	n.RegisterProvider(t, "quin")
	n.AddPayer(t, "bob", 1_000_000, 100_000, "pat", "quin")
	gs, err := n.Service.Usage.ExportGenesis(n.Service.Ctx)
	require.NoError(t, err)
	gs.Params.MaxClaimsPerBlock = 1
	require.NoError(t, n.Service.Usage.InitGenesis(n.Service.Ctx, gs))
	n.Seeds.None = true
	claim := func(provider string, epoch uint64) {
		_, err := books.Do(n.Service.Ctx, n.Service.Usage.Claim, books.NewClaim(t, provider, epoch, books.Session(provider, "bob", epoch, 5, epoch)).MsgClaim)
		require.NoError(t, err)
	}
	claim("pat", epoch)
	claim("quin", epoch)
	for range 20 {
		n.NextEpoch(t)
	}
	late := n.Epoch(t) - 1
	n.Blocks(t, 5) // its sealing has begun
	claim("pat", late)
	n.Seeds.None = false
	challenged := func() (count int) {
		for _, provider := range []string{"pat", "quin"} {
			if n.Claimed(t, provider, epoch).Status == types.ClaimStatus_CLAIM_STATUS_CHALLENGED {
				count++
			}
		}
		return count
	}
	for challenged() == 0 {
		n.Block(t)
	}
	require.Equal(t, 1, challenged(), "one per block")
	n.Block(t)
	require.Equal(t, 2, challenged())
	first := n.Claimed(t, "quin", epoch)
	require.Equal(t, n.Claimed(t, "pat", epoch).SeedEpoch, first.SeedEpoch)
	require.NotEqual(t, n.Claimed(t, "pat", epoch).Seed, first.Seed)
	require.Greater(t, n.Challenged(t, "pat", late).SeedEpoch, first.SeedEpoch, "the next one")
	n.Check(t)
}

// A chain that goes on from an export challenges waiting claims by the same seeds; one whose block was the last is dated by the second block, for genesis may say any time.
func TestExportKeepsClaimsThatWait(t *testing.T) {
	n, c := claimed(t)
	undated := n.Claimed(t, "pat", c.Epoch)
	require.Zero(t, undated.CommittedTime)
	move := func() *books.Network {
		gs, err := n.Service.Usage.ExportGenesis(n.Service.Ctx)
		require.NoError(t, err)
		require.NoError(t, gs.Validate())
		fresh := books.New(t)
		fresh.Seeds.Held = true
		fresh.Main.Ctx = fresh.Main.Ctx.WithBlockHeight(n.Main.Ctx.BlockHeight()).WithBlockTime(n.Main.Ctx.BlockTime())
		fresh.Service.Ctx = fresh.Service.Ctx.WithBlockHeight(n.Service.Ctx.BlockHeight() + 1).WithBlockTime(time.Unix(5, 0))
		fresh.Seeds.Published, fresh.Service.Clients.Stored = n.Seeds.Published, n.Service.Clients.Stored
		require.NoError(t, fresh.Service.Usage.InitGenesis(fresh.Service.Ctx, gs))
		again, err := fresh.Service.Usage.ExportGenesis(fresh.Service.Ctx)
		require.NoError(t, err)
		require.Equal(t, gs, again)
		require.NoError(t, fresh.Service.Usage.BeginBlock(fresh.Service.Ctx))
		return fresh
	}
	require.Zero(t, move().Claimed(t, "pat", c.Epoch).CommittedTime)
	n.Blocks(t, 8)
	right, ok := n.AwaitedSeed(t)
	require.True(t, ok)
	fresh := move()
	fresh.Service.Clients.Height = n.Service.Clients.Height
	moved, ok := fresh.AwaitedSeed(t)
	require.True(t, ok)
	require.Equal(t, right, moved)
	require.NoError(t, deliver(n, right))
	fresh = move()
	require.Equal(t, right.Epoch, fresh.Claimed(t, "pat", c.Epoch).SeedEpoch, "a seed that was delivered is kept")

	gs, err := n.Service.Usage.ExportGenesis(n.Service.Ctx)
	require.NoError(t, err)
	gs.Seed.Seed = gs.Seed.Seed[1:]
	require.Error(t, gs.Validate())
}
