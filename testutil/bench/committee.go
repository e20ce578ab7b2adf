package bench

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	moduletestutil "github.com/cosmos/cosmos-sdk/types/module/testutil"

	"github.com/topnetwork/top/node/process"
	nodesortition "github.com/topnetwork/top/node/sortition"
	"github.com/topnetwork/top/protocol/sortition/ecvrf"
	"github.com/topnetwork/top/testutil/localnet"
	"github.com/topnetwork/top/testutil/nodes"
	"github.com/topnetwork/top/x/sortition"
	sortitiontypes "github.com/topnetwork/top/x/sortition/types"
	staketypes "github.com/topnetwork/top/x/stake/types"
)

const (
	// measuredEpoch is the first whose snapshot is older than itself.
	measuredEpoch = 1
	// epochRuns of the same epoch; the median counts.
	epochRuns = 5

	// The chain whose committee changes, and the same one on which it stays.
	rotatingCandidates = 7
	rotatingSeats      = 5
	rotatingEpoch      = 12
	fixedEpoch         = 100_000
	// rotatingBlocks are measured, after the first election has counted.
	rotatingBlocks = 120
)

// committee measures what seeds and elections cost: in the state machine, in bytes, on one core, and in the pace of blocks.
func (r *run) committee(ctx context.Context) ([]Result, error) {
	var results []Result
	for _, candidates := range []int{21, 100, 1000} {
		result, err := epochCost(candidates)
		if err != nil {
			return results, fmt.Errorf("an epoch of %d candidates: %w", candidates, err)
		}
		results = append(results, result)
	}
	size, err := epochBytes(ctx, 100)
	if err != nil {
		return results, err
	}
	verify, err := verifyCost()
	if err != nil {
		return results, err
	}
	results = append(results, size, verify)
	pace, err := r.pace(ctx)
	if err != nil {
		return results, err
	}
	return append(results, pace), nil
}

// attempt runs what wants a test, outside of one; what fails is the error.
func attempt(f func(t testing.TB)) error {
	failed := errors.New("it failed without saying why")
	err, ran := failed, false
	// Benchmark calls again with larger numbers; once is enough.
	testing.Benchmark(func(b *testing.B) {
		if ran {
			return
		}
		ran = true
		f(spoken{b, &err})
		if errors.Is(err, failed) {
			err = nil
		}
	})
	return err
}

// spoken keeps what a failing check says.
type spoken struct {
	testing.TB
	err *error
}

// Errorf is where checks say what is wrong.
func (s spoken) Errorf(format string, args ...any) {
	*s.err = fmt.Errorf(format, args...)
	s.TB.Errorf(format, args...)
}

// epochCost is the CPU time that the state machine takes to close the collection, take the seals, make the seed and hold the election, with so many candidates who all publish.
func epochCost(candidates int) (Result, error) {
	var spent []time.Duration
	params := sortitiontypes.DefaultParams()
	err := attempt(func(t testing.TB) {
		n := nodes.Unborn(t)
		check := func(err error) {
			if err != nil {
				t.Errorf("%v", err)
				t.FailNow()
			}
		}
		check(n.Stake.InitGenesis(n.Ctx, staketypes.DefaultGenesisState()))
		// Sealers and sizes are a public network's; its windows would not fit into the short epochs of this one, and cost nothing.
		params.CollectBlocks, params.SealBlocks, params.MinMembers = 2, 1, 1
		gs := sortitiontypes.DefaultGenesisState()
		gs.Devnet, gs.Params = true, params
		check(n.Sortition.InitGenesis(n.Ctx, gs))
		names := nodes.Names(candidates)
		n.Register(t, names...)
		n.Found(t)
		n.Blocks(t, measuredEpoch*nodes.EpochBlocks+1)
		for _, name := range names {
			n.Publish(t, name)
		}
		for range epochRuns {
			cost, err := seal(t, n, names)
			check(err)
			spent = append(spent, cost)
		}
	})
	if err != nil {
		return Result{}, err
	}
	slices.Sort(spent)
	return newResult(fmt.Sprintf("epoch.us_%d", candidates), float64(spent[len(spent)/2].Nanoseconds())/1000, "us", map[string]any{
		"candidates": candidates, "sealers": min(int(params.Sealers), candidates), "max_members": params.MaxMembers, "runs": epochRuns, "cpu": "one core, CPU time, median",
		"what": "x/sortition closes the collection, verifies the seals, makes the seed and holds the election; proofs were verified as they came (vrf.verify_per_s)",
	}), nil
}

// seal ends the collection on a branch of the state, which is thrown away: the state machine's time from there to the election.
func seal(t testing.TB, n *nodes.Network, names []string) (time.Duration, error) {
	r, err := n.Sortition.Record(n.Ctx, measuredEpoch)
	if err != nil {
		return 0, err
	}
	if int(r.Proofs) != len(names) {
		return 0, fmt.Errorf("%d proofs of %d candidates", r.Proofs, len(names))
	}
	ctx, _ := n.Ctx.WithBlockHeight(r.CloseHeight).CacheContext()
	var spent time.Duration
	timed := func(f func() error) {
		if err != nil {
			return
		}
		var began, ended time.Duration
		if began, err = ownCPU(); err == nil {
			if err = f(); err == nil {
				ended, err = ownCPU()
			}
		}
		spent += ended - began
	}
	timed(func() error { return n.Sortition.BeginBlock(ctx) })
	named := map[string]string{}
	for _, name := range names {
		named[nodes.Operator(name)] = name
	}
	for _, s := range r.Sealers {
		if err != nil {
			return 0, err
		}
		now, err := n.Sortition.Record(ctx, measuredEpoch)
		if err != nil {
			return 0, err
		}
		name, chain := named[s.Operator], now.Chain(nodes.ChainID)
		alpha := chain.Alpha()
		msg := &sortitiontypes.MsgSeal{Sender: nodes.Hot(name), Epoch: measuredEpoch, Index: now.Decided + 1, Proof: nodes.Prove(t, name, alpha[:])}
		timed(func() error {
			_, err := n.Sortition.Seal(ctx, msg)
			return err
		})
	}
	timed(func() error { return n.Sortition.EndBlock(ctx) })
	if err != nil {
		return 0, err
	}
	e, err := n.Sortition.Election(ctx, measuredEpoch+2)
	if err == nil && (e.Kept || e.Candidates != uint64(len(names))) {
		err = fmt.Errorf("the election is of %d candidates, kept: %t", e.Candidates, e.Kept)
	}
	return spent, err
}

// epochBytes is what an epoch of so many candidates puts into blocks: a transaction per proof and per seal, as nodes sign them.
func epochBytes(ctx context.Context, candidates int) (Result, error) {
	config := moduletestutil.MakeTestEncodingConfig(sortition.AppModule{}).TxConfig
	keys := nodesortition.Keys{VRFSecret: nodes.Secret("node0"), HotSecret: nodes.Secret("hot")}
	proof, err := ecvrf.Prove(keys.VRFSecret, make([]byte, sortitiontypes.SeedSize))
	if err != nil {
		return Result{}, err
	}
	// Numbers as they are after some time: varints grow.
	const epoch, number, sequence = 10_000, 1_000, 11_000
	sender := keys.HotAddress().String()
	published, err := keys.Sign(ctx, config, localnet.MainChainID, number, sequence, &sortitiontypes.MsgPublishProof{Sender: sender, Epoch: epoch, Proof: proof})
	if err != nil {
		return Result{}, err
	}
	sealed, err := keys.Sign(ctx, config, localnet.MainChainID, number, sequence, &sortitiontypes.MsgSeal{Sender: sender, Epoch: epoch, Index: 1, Proof: proof})
	if err != nil {
		return Result{}, err
	}
	sealers := int(sortitiontypes.DefaultParams().Sealers)
	return newResult(fmt.Sprintf("epoch.bytes_%d", candidates), float64(candidates*len(published)+sealers*len(sealed)), "B", map[string]any{
		"candidates": candidates, "sealers": sealers, "proof_tx_bytes": len(published), "seal_tx_bytes": len(sealed), "what": "transactions of one epoch, all proofs and seals",
	}), nil
}

// verifyCost is the rate at which one core verifies proofs.
func verifyCost() (Result, error) {
	secret, alpha := nodes.Secret("node0"), make([]byte, sortitiontypes.SeedSize)
	public, err := ecvrf.PublicKey(secret)
	if err != nil {
		return Result{}, err
	}
	proof, err := ecvrf.Prove(secret, alpha)
	if err != nil {
		return Result{}, err
	}
	ns, err := measure(func() error {
		_, err := ecvrf.Verify(public, alpha, proof)
		return err
	})
	return newResult("vrf.verify_per_s", 1e9/ns, "1/s", map[string]any{"suite": "ECVRF-EDWARDS25519-SHA512-ELL2", "cpu": "one core, CPU time"}), err
}

// pace compares blocks of a chain whose committee changes with those of the same nodes under one that stays.
func (r *run) pace(ctx context.Context) (Result, error) {
	rotating, terms, err := r.paced(ctx, "committee.rotating", rotatingEpoch)
	if err != nil {
		return Result{}, err
	}
	if terms < 2 {
		return Result{}, errors.New("the committee never changed")
	}
	fixed, same, err := r.paced(ctx, "committee.fixed", fixedEpoch)
	if err != nil {
		return Result{}, err
	}
	if same != 1 {
		return Result{}, fmt.Errorf("the committee that stays had %d terms", same)
	}
	return newResult("committee.block_ms", milliseconds(rotating), "ms", map[string]any{
		"candidates": rotatingCandidates, "seats": rotatingSeats, "epoch_blocks": rotatingEpoch, "blocks": rotatingBlocks, "terms": terms,
		"timeout_commit_ms": stockCommit.Milliseconds(), "what": "mean time between empty blocks, one after the other on this machine; both chains have the same nodes",
	}).against("ms: a committee that stays", milliseconds(fixed)), nil
}

// paced is the mean time of a block, and how many terms there were.
func (r *run) paced(ctx context.Context, name string, epochBlocks int) (mean time.Duration, terms int, err error) {
	m, err := startMainChain(ctx, r.Network, filepath.Join(r.Network.Dir, name), rotatingCandidates, nil,
		"--committee", strconv.Itoa(rotatingSeats), "--standbys", strconv.Itoa(rotatingCandidates-rotatingSeats), "--epoch-blocks", strconv.Itoa(epochBlocks))
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, m.stop()) }()
	const first = 2*rotatingEpoch + 3
	ctx, cancel := context.WithTimeout(ctx, 2*stepTimeout)
	defer cancel()
	if err := process.Await(ctx, fmt.Sprintf("%d blocks", rotatingBlocks), func(ctx context.Context) error {
		s, err := m.nodes[0].Status(ctx)
		if err == nil && s.Height < first+rotatingBlocks {
			err = fmt.Errorf("height is %d", s.Height)
		}
		return err
	}, m.procs...); err != nil {
		return 0, 0, err
	}
	from, err := m.nodes[0].Header(ctx, first)
	if err != nil {
		return 0, 0, err
	}
	to, err := m.nodes[0].Header(ctx, first+rotatingBlocks)
	if err != nil {
		return 0, 0, err
	}
	var answer struct {
		Terms []struct{} `json:"terms"`
	}
	err = localnet.REST{URL: m.nodes[0].REST}.Get(ctx, "/top/committees/v1/terms?pagination.limit=100", &answer)
	return to.Time.Sub(from.Time) / rotatingBlocks, len(answer.Terms), err
}
