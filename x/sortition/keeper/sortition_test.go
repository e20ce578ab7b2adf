package keeper_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	rules "github.com/topnetwork/top/protocol/sortition"
	"github.com/topnetwork/top/testutil/nodes"
	"github.com/topnetwork/top/x/sortition/keeper"
	"github.com/topnetwork/top/x/sortition/types"
	staketypes "github.com/topnetwork/top/x/stake/types"
)

// begun is a network in the first block of epoch 1.
func begun(t testing.TB, count int) (*nodes.Network, []string) {
	n, names := nodes.New(t), nodes.Names(count)
	n.Register(t, names...)
	n.Block(t)
	n.Epoch(t)
	return n, names
}

func record(t testing.TB, n *nodes.Network, epoch uint64) types.Record {
	r, err := n.Sortition.Record(n.Ctx, epoch)
	require.NoError(t, err)
	return r
}

func election(t testing.TB, n *nodes.Network, epoch uint64) types.Election {
	e, err := n.Sortition.Election(n.Ctx, epoch)
	require.NoError(t, err)
	return e
}

func operators(names []string) []string {
	out := []string{}
	for _, name := range names {
		out = append(out, nodes.Operator(name))
	}
	slices.Sort(out)
	return out
}

// stranger makes the seed and the election again from queries alone, by the pure rules.
func stranger(t testing.TB, n *nodes.Network, epoch uint64) {
	t.Helper()
	q := keeper.NewQueryServer(n.Sortition)
	recorded, err := q.Record(n.Ctx, &types.QueryRecordRequest{Epoch: epoch})
	require.NoError(t, err)
	proofs, err := q.Proofs(n.Ctx, &types.QueryProofsRequest{Epoch: epoch})
	require.NoError(t, err)
	r := recorded.Record
	published := rules.Record{ChainID: recorded.ChainId, Epoch: r.Epoch, Seed: rules.Seed(r.Seed)}
	candidates := []rules.Candidate{}
	for _, p := range proofs.Proofs {
		entry, err := n.Stake.Entry(n.Ctx, r.SnapshotEpoch, p.Operator)
		require.NoError(t, err)
		require.Equal(t, entry.VrfKey, p.Key)
		published.Proofs = append(published.Proofs, rules.KeyProof{Key: p.Key, Proof: p.Proof})
		candidates = append(candidates, rules.Candidate{Operator: p.Operator, Weight: entry.Weight(staketypes.Role_ROLE_VALIDATOR)})
	}
	for _, s := range r.Sealers {
		published.Seals = append(published.Seals, rules.KeyProof{Key: s.Key, Proof: s.Proof})
	}
	seed, err := published.Next()
	require.NoError(t, err)
	require.Equal(t, r.NextSeed, seed[:])

	e := election(t, n, epoch+2)
	require.Equal(t, r.NextSeed, e.Seed)
	out, err := rules.Election{
		Committee: rules.Committee{Name: e.Committee, Size: int(e.Size_), Standbys: int(e.StandbySeats), Sitting: e.Sitting},
		Epoch:     e.Epoch, Seed: seed, Candidates: candidates,
	}.Run()
	require.NoError(t, err)
	require.Equal(t, out.Members, e.Members)
	require.True(t, slices.Equal(out.Standbys, e.Standbys))
	require.Equal(t, out.Kept, e.Kept)
}

// Every epoch makes a seed and an election that a stranger makes again; committees rotate by at most a sixth.
func TestEveryEpochElects(t *testing.T) {
	n, _ := begun(t, 30)
	for epoch := range uint64(6) {
		stranger(t, n, epoch)
		e := election(t, n, epoch+2)
		require.Len(t, e.Members, 21)
		require.Len(t, e.Standbys, 7)
		require.Equal(t, uint64(30), e.Candidates)
		if epoch > 0 {
			require.Equal(t, election(t, n, epoch+1).Members, e.Sitting)
			require.LessOrEqual(t, len(e.Joined), 3)
			require.NotEqual(t, record(t, n, epoch-1).NextSeed, record(t, n, epoch).NextSeed)
		}
		n.Check(t)
		n.Epoch(t)
	}
}

// A snapshot that was not complete when collection began has no sealers: the last to prove knew the seed, so it elects nobody.
func TestSeedThatNobodySealsElectsNobody(t *testing.T) {
	n, _ := begun(t, nodes.EpochBlocks+5)
	params := staketypes.DefaultParams()
	params.SnapshotPerBlock = 1
	_, err := nodes.Do(n.Ctx, n.Stake.UpdateParams, &staketypes.MsgUpdateParams{Authority: nodes.Authority(), Params: params})
	require.NoError(t, err)
	kept := 0
	for epoch := uint64(1); epoch < 6; epoch++ {
		n.Epoch(t)
		e := election(t, n, epoch+2)
		if len(record(t, n, epoch).Sealers) > 0 {
			require.False(t, e.Kept)
			continue
		}
		kept++
		require.True(t, e.Kept)
		require.Equal(t, e.Sitting, e.Members)
		require.Empty(t, e.Joined)
		n.Check(t)
	}
	require.Positive(t, kept)
}

// No proof, no seat: the proof is the heartbeat.
func TestWhoPublishesNoProofIsNoCandidate(t *testing.T) {
	n, names := begun(t, 7)
	n.Epoch(t, "node3")
	e := election(t, n, 3)
	require.Equal(t, uint64(6), e.Candidates)
	require.NotContains(t, e.Members, nodes.Operator("node3"))
	require.Equal(t, []string{nodes.Operator("node3")}, e.Left)
	require.ElementsMatch(t, operators(append(slices.Clone(names[:3]), names[4:]...)), e.Members)
	stranger(t, n, 1)
	n.Check(t)
}

// Attack 35: a sealer that withholds is passed over after its blocks, its reputation falls, and the seed is made nevertheless; even when all withhold.
func TestAbsentSealersArePassedOverAndPay(t *testing.T) {
	n, names := begun(t, 7)
	sealers := record(t, n, 1).Sealers
	absent := ""
	for _, name := range names {
		if nodes.Operator(name) == sealers[1].Operator {
			absent = name
		}
	}
	before, err := n.Stake.Node(n.Ctx, sealers[1].Operator)
	require.NoError(t, err)
	for record(t, n, 1).Proofs < 7 {
		for _, name := range names {
			n.Publish(t, name)
		}
		n.Block(t)
	}
	n.Epoch(t, absent)
	r := record(t, n, 1)
	require.True(t, r.Sealers[1].Absent)
	require.False(t, r.Sealers[0].Absent)
	require.Empty(t, r.Sealers[1].Proof)
	require.Equal(t, r.Sealers[0].Height+1+int64(r.SealBlocks), r.Sealers[1].Height)
	after, err := n.Stake.Node(n.Ctx, sealers[1].Operator)
	require.NoError(t, err)
	require.Equal(t, uint64(1), after.Rating.Absences)
	require.Equal(t, before.Reputation-100_000, after.Reputation)
	stranger(t, n, 1)

	n.Epoch(t, names...)
	silent := record(t, n, 2)
	require.Zero(t, silent.Proofs)
	require.Len(t, silent.NextSeed, types.SeedSize)
	for _, s := range silent.Sealers {
		require.True(t, s.Absent)
	}
	// Attack 39: too few candidates, and who sits stays.
	e := election(t, n, 4)
	require.True(t, e.Kept)
	require.Equal(t, election(t, n, 3).Members, e.Members)
	n.Check(t)
	n.Epoch(t)
	stranger(t, n, 3)
}

// Stake and keys count that were there before the seed: what changes when it is known changes nothing.
func TestStakeAndKeysMovedAfterTheSeedDoNotCount(t *testing.T) {
	n, _ := begun(t, 4)
	// The seed of epoch 1 is known; the snapshot behind it is that of epoch 0.
	n.Register(t, "late")
	n.Deposit(t, "node0", 20*nodes.Deposit, 0)
	r := record(t, n, 1)
	require.Equal(t, uint64(0), r.SnapshotEpoch)
	_, err := nodes.Do(n.Ctx, n.Sortition.PublishProof, &types.MsgPublishProof{Sender: nodes.Hot("late"), Epoch: 1, Proof: nodes.Prove(t, "late", r.Alpha)})
	require.ErrorIs(t, err, staketypes.ErrNotFound)
	entry, err := n.Stake.Entry(n.Ctx, r.SnapshotEpoch, nodes.Operator("node0"))
	require.NoError(t, err)
	require.Equal(t, uint64(nodes.Deposit), entry.Own)

	// A new VRF key does not prove in this epoch, the old one does.
	k := nodes.Possession("node1", "spare")
	_, err = nodes.Do(n.Ctx, n.Stake.UpdateNode, &staketypes.MsgUpdateNode{Operator: k.Operator, VrfKey: k.VrfKey, VrfProof: k.VrfProof, Roles: nodes.Registration("node1").Roles})
	require.NoError(t, err)
	publish := func(key string) error {
		_, err := nodes.Do(n.Ctx, n.Sortition.PublishProof, &types.MsgPublishProof{Sender: nodes.Hot("node1"), Epoch: 1, Proof: nodes.Prove(t, key, r.Alpha)})
		return err
	}
	require.ErrorIs(t, publish("spare"), types.ErrProof)
	require.NoError(t, publish("node1"))
	n.Check(t)
}

func TestProofsThatAreRefused(t *testing.T) {
	n, _ := begun(t, 4)
	n.Register(t, "poor")
	n.Validator("node3").Status = stakingtypes.Unbonded
	r, old := record(t, n, 1), record(t, n, 0)
	good := nodes.Prove(t, "node0", r.Alpha)
	for name, c := range map[string]struct {
		msg  types.MsgPublishProof
		want error
	}{
		"of another node":      {types.MsgPublishProof{Sender: nodes.Hot("node1"), Epoch: 1, Proof: good}, types.ErrProof},
		"of another input":     {types.MsgPublishProof{Sender: nodes.Hot("node0"), Epoch: 1, Proof: nodes.Prove(t, "node0", old.Alpha)}, types.ErrProof},
		"for a past epoch":     {types.MsgPublishProof{Sender: nodes.Hot("node0"), Epoch: 0, Proof: nodes.Prove(t, "node0", old.Alpha)}, types.ErrNotOpen},
		"for a coming epoch":   {types.MsgPublishProof{Sender: nodes.Hot("node0"), Epoch: 2, Proof: good}, types.ErrNotFound},
		"by the operator":      {types.MsgPublishProof{Sender: nodes.Operator("node0"), Epoch: 1, Proof: good}, staketypes.ErrNotFound},
		"too short":            {types.MsgPublishProof{Sender: nodes.Hot("node0"), Epoch: 1, Proof: good[1:]}, types.ErrInvalid},
		"registered since":     {types.MsgPublishProof{Sender: nodes.Hot("poor"), Epoch: 1, Proof: nodes.Prove(t, "poor", r.Alpha)}, staketypes.ErrNotFound},
		"in another's capital": {types.MsgPublishProof{Sender: "TOP1QQ", Epoch: 1, Proof: good}, types.ErrInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := nodes.Do(n.Ctx, n.Sortition.PublishProof, &c.msg)
			require.ErrorIs(t, err, c.want)
		})
	}
	msg := &types.MsgPublishProof{Sender: nodes.Hot("node0"), Epoch: 1, Proof: good}
	_, err := nodes.Do(n.Ctx, n.Sortition.PublishProof, msg)
	require.NoError(t, err)
	_, err = nodes.Do(n.Ctx, n.Sortition.PublishProof, msg)
	require.ErrorIs(t, err, types.ErrExists)
	require.Equal(t, uint64(1), record(t, n, 1).Proofs)
	for len(record(t, n, 1).Digest) == 0 {
		n.Block(t)
	}
	_, err = nodes.Do(n.Ctx, n.Sortition.PublishProof, &types.MsgPublishProof{Sender: nodes.Hot("node1"), Epoch: 1, Proof: nodes.Prove(t, "node1", r.Alpha)})
	require.ErrorIs(t, err, types.ErrNotOpen)
	n.Check(t)
}

// A seal is one sealer's, at its turn, over all that came before.
func TestSealsThatAreRefused(t *testing.T) {
	n, names := begun(t, 7)
	for len(record(t, n, 1).Digest) == 0 {
		n.Block(t)
	}
	r := record(t, n, 1)
	name := func(i int) string {
		return names[slices.IndexFunc(names, func(s string) bool { return nodes.Operator(s) == r.Sealers[i].Operator })]
	}
	alpha := r.Chain(nodes.ChainID).Alpha()
	seal := func(who string, index uint32, alpha []byte) error {
		_, err := nodes.Do(n.Ctx, n.Sortition.Seal, &types.MsgSeal{Sender: nodes.Hot(who), Epoch: 1, Index: index, Proof: nodes.Prove(t, who, alpha)})
		return err
	}
	require.ErrorIs(t, seal(name(1), 1, alpha[:]), types.ErrUnauthorized)
	require.ErrorIs(t, seal(name(1), 2, alpha[:]), types.ErrNotOpen)
	require.ErrorIs(t, seal(name(0), 1, r.Alpha), types.ErrProof)
	require.ErrorIs(t, seal(name(0), 0, alpha[:]), types.ErrInvalid)
	require.NoError(t, seal(name(0), 1, alpha[:]))
	require.ErrorIs(t, seal(name(0), 1, alpha[:]), types.ErrNotOpen)
	// The second sealer's input names the first one's output: the first input does not do.
	require.ErrorIs(t, seal(name(1), 2, alpha[:]), types.ErrProof)
	n.Check(t)
}

// Attack 36 in the mempool: what pays nothing is let in once, and only when it would be taken.
func TestMempoolTakesOnePublication(t *testing.T) {
	n, _ := begun(t, 4)
	r := record(t, n, 1)
	check := func(who, key string, recheck bool) error {
		ctx := n.Ctx.WithIsCheckTx(true).WithIsReCheckTx(recheck)
		return n.Sortition.CheckMempool(ctx, &types.MsgPublishProof{Sender: nodes.Hot(who), Epoch: 1, Proof: nodes.Prove(t, key, r.Alpha)})
	}
	block := n.Ctx
	// CheckTx has a state of its own, which ends with the block.
	n.Ctx, _ = block.CacheContext()
	require.NoError(t, check("node0", "node0", false))
	require.ErrorIs(t, check("node0", "node0", false), types.ErrExists)
	require.ErrorIs(t, check("node1", "node0", false), types.ErrProof)
	n.Ctx, _ = block.CacheContext()
	require.NoError(t, check("node0", "node0", true), "it still waits")
	n.Ctx = block
	n.Publish(t, "node0")
	require.ErrorIs(t, check("node0", "node0", true), types.ErrExists, "it is in the block")
}

func TestParametersOfAPublicNetwork(t *testing.T) {
	require.NoError(t, types.DefaultParams().Validate(false))
	require.EqualValues(t, 16, types.DefaultParams().Sealers, "a third of the stake owns all of eight within thousands of epochs: sim/sortition.TestNobodyOwnsTheSeed")
	for epochBlocks := uint64(3); epochBlocks < 200; epochBlocks++ {
		p := types.DevnetParams(epochBlocks)
		require.NoError(t, p.Validate(true), epochBlocks)
		require.NoError(t, p.Fit(epochBlocks), epochBlocks)
	}
	for name, change := range map[string]func(*types.Params){
		"a short window":        func(p *types.Params) { p.CollectBlocks = 19 },
		"few sealers":           func(p *types.Params) { p.Sealers = 3 },
		"a short turn":          func(p *types.Params) { p.SealBlocks = 2 },
		"a small committee":     func(p *types.Params) { p.MinMembers = 99 },
		"bounds that are wrong": func(p *types.Params) { p.MaxMembers = p.MinMembers - 1 },
		"a short history":       func(p *types.Params) { p.HistoryEpochs = 3 },
	} {
		t.Run(name, func(t *testing.T) {
			p := types.DefaultParams()
			change(&p)
			require.ErrorIs(t, p.Validate(false), types.ErrInvalid)
		})
	}
	n, _ := begun(t, 4)
	p := types.DevnetParams(nodes.EpochBlocks)
	p.CollectBlocks = nodes.EpochBlocks
	_, err := nodes.Do(n.Ctx, n.Sortition.UpdateParams, &types.MsgUpdateParams{Authority: nodes.Authority(), Params: p})
	require.ErrorIs(t, err, types.ErrInvalid)
	_, err = nodes.Do(n.Ctx, n.Sortition.UpdateParams, &types.MsgUpdateParams{Authority: nodes.Operator("node0"), Params: types.DevnetParams(nodes.EpochBlocks)})
	require.ErrorIs(t, err, types.ErrUnauthorized)
}

// An export in the middle of collection, of sealing and after the election continues to the same seed and the same committee.
func TestExportContinues(t *testing.T) {
	n, names := begun(t, 7)
	for n.Ctx.BlockHeight() < 2*nodes.EpochBlocks {
		stake, err := n.Stake.ExportGenesis(n.Ctx)
		require.NoError(t, err)
		sortition, err := n.Sortition.ExportGenesis(n.Ctx)
		require.NoError(t, err)
		fresh := n.After(t)
		require.NoError(t, fresh.Stake.InitGenesis(fresh.Ctx, stake))
		require.NoError(t, fresh.Sortition.InitGenesis(fresh.Ctx, sortition))
		stakeAgain, err := fresh.Stake.ExportGenesis(fresh.Ctx)
		require.NoError(t, err)
		require.Equal(t, stake, stakeAgain)
		sortitionAgain, err := fresh.Sortition.ExportGenesis(fresh.Ctx)
		require.NoError(t, err)
		require.Equal(t, sortition, sortitionAgain)
		for _, name := range names {
			n.Publish(t, name)
		}
		n.Block(t)
	}
}

// Records and elections older than the history are removed, and what is kept stays whole.
func TestHistoryIsBounded(t *testing.T) {
	n, _ := begun(t, 4)
	p := types.DevnetParams(nodes.EpochBlocks)
	p.HistoryEpochs = 4
	_, err := nodes.Do(n.Ctx, n.Sortition.UpdateParams, &types.MsgUpdateParams{Authority: nodes.Authority(), Params: p})
	require.NoError(t, err)
	for range 7 {
		n.Epoch(t)
		n.Check(t)
	}
	n.Blocks(t, 2)
	gs, err := n.Sortition.ExportGenesis(n.Ctx)
	require.NoError(t, err)
	require.Equal(t, uint64(5), gs.Records[0].Record.Epoch)
	require.Len(t, gs.Records[0].Proofs, 4)
	require.Equal(t, uint64(5), gs.Elections[0].Epoch)
}

// What an edited genesis must not hold: each would be met blocks later.
func TestEditedGenesisIsRefused(t *testing.T) {
	n, _ := begun(t, 7)
	n.Epoch(t)
	for name, edit := range map[string]func(*types.GenesisState){
		"a proof's output cut off":     func(gs *types.GenesisState) { gs.Records[0].Proofs[0].Output = gs.Records[0].Proofs[0].Output[:63] },
		"a proof cut off":              func(gs *types.GenesisState) { gs.Records[0].Proofs[1].Proof = nil },
		"a sealer's chain cut off":     func(gs *types.GenesisState) { gs.Records[0].Record.Sealers[0].Chain = []byte{1} },
		"a sealer without a key":       func(gs *types.GenesisState) { gs.Records[0].Record.Sealers[0].Key = nil },
		"an absent sealer that sealed": func(gs *types.GenesisState) { gs.Records[0].Record.Sealers[0].Absent = true },
		"a member elected twice":       func(gs *types.GenesisState) { gs.Elections[0].Members[1] = gs.Elections[0].Members[0] },
		"a member who is nobody":       func(gs *types.GenesisState) { gs.Elections[0].Members[0] = "" },
		"one output for two":           func(gs *types.GenesisState) { gs.Records[0].Proofs[1].Output = gs.Records[0].Proofs[0].Output },
		"sealers before the close":     func(gs *types.GenesisState) { gs.Records[0].Record.Digest = nil },
	} {
		gs, err := n.Sortition.ExportGenesis(n.Ctx)
		require.NoError(t, err)
		require.NoError(t, gs.Validate(), name)
		edit(gs)
		require.ErrorIs(t, gs.Validate(), types.ErrInvalid, name)
	}
}
