//go:build process

package rotation

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/log/v2"

	rpchttp "github.com/cometbft/cometbft/rpc/client/http"
	coretypes "github.com/cometbft/cometbft/rpc/core/types"
	cmttypes "github.com/cometbft/cometbft/types"
	dbm "github.com/cosmos/cosmos-db"
	"github.com/spf13/viper"

	"github.com/cosmos/cosmos-sdk/client"

	"github.com/topnetwork/top/app/base"
	"github.com/topnetwork/top/app/mainchain"
	nodesortition "github.com/topnetwork/top/node/sortition"
	"github.com/topnetwork/top/testutil/localnet"
	sortitiontypes "github.com/topnetwork/top/x/sortition/types"
)

// Nodes that publish nothing are no candidates and lose their seats; sealers that do not seal, though they have published their proofs, are passed over and pay. Seeds are made
// without them, and a stranger makes them again.
func TestWithheldProofsAndSeals(t *testing.T) {
	withholding, silent := []int{1, 2}, []int{3, 4}
	hidden := map[int]string{}
	for _, i := range append(slices.Clone(withholding), silent...) {
		file := filepath.Join(net.Main.Nodes[i].Home, "config", nodesortition.KeysFile)
		hidden[i] = file + ".hidden"
		restart(t, net.Main.Nodes[i], func() { require.NoError(t, os.Rename(file, hidden[i])) })
		defer func() {
			restart(t, net.Main.Nodes[i], func() { require.NoError(t, os.Rename(hidden[i], file)) })
		}()
	}
	publishing, stop := context.WithCancel(t.Context())
	published := make(chan error, len(withholding))
	for _, i := range withholding {
		publishWithoutSeals(t, publishing, hidden[i], published)
	}
	defer func() {
		stop()
		for range withholding {
			require.NoError(t, <-published)
		}
	}()

	withheld, missed := map[string]bool{}, map[string]bool{}
	first := currentEpoch(t) + 1
	epoch := first
	for ; len(withheld) == 0 || len(missed) == 0; epoch++ {
		require.Less(t, epoch, first+40, "the nodes are never drawn as sealers")
		r := closed(t, epoch)
		for _, i := range silent {
			require.NotContains(t, r.proofs, account(t, i).Address())
		}
		for _, s := range r.sealers {
			for _, i := range append(slices.Clone(withholding), silent...) {
				if s.Operator != account(t, i).Address() {
					continue
				}
				require.True(t, s.Absent, "%s is passed over in epoch %d", net.Main.Nodes[i].Name, epoch)
				if slices.Contains(silent, i) {
					missed[s.Operator] = true
				} else if slices.Contains(r.proofs, s.Operator) {
					withheld[s.Operator] = true
				}
				pays(t, s.Operator, epoch)
			}
		}
	}
	// Who publishes nothing is drawn for nothing. Two retire at once and at most one leaves per epoch, so the last such election counts.
	for _, i := range silent {
		require.NotContains(t, elected(t, epoch+1).Joined, account(t, i).Address())
		await(t, net.Main.Nodes[i].Name+" to lose its seat", func(ctx context.Context) error {
			now, err := voters(ctx)
			if err != nil {
				return err
			}
			status, err := net.Main.Nodes[i].Status(ctx)
			if err == nil && slices.Contains(now, status.Validator) {
				err = errors.New("it votes")
			}
			return err
		})
	}
	awaitHeight(t, net.Main.Nodes[0], int64(int(epoch)*epochBlocks+4))
	made(t, 0, int(first), int(epoch))
	booksHold(t)
}

// A candidate that is elected and takes its stake away before its term begins never sits: a standby of that election does.
func TestCandidateThatLeavesItsElection(t *testing.T) {
	for epoch := currentEpoch(t) + 2; ; epoch++ {
		joined := elected(t, epoch).Joined
		i := slices.IndexFunc(net.Main.Nodes, func(n localnet.Node) bool {
			return slices.Contains(joined, account(t, slices.Index(net.Main.Nodes, n)).Address())
		})
		// The first node is what the tests ask.
		if i < 1 {
			continue
		}
		status, err := net.Main.Nodes[i].Status(t.Context())
		require.NoError(t, err)
		withdraw(t, i)
		require.Less(t, currentEpoch(t), epoch, "it left before its term")
		awaitHeight(t, net.Main.Nodes[0], int64(int(epoch)*epochBlocks+4))
		c := made(t, 0, int(epoch), int(epoch))[0]
		require.True(t, c.Elected)
		require.NotContains(t, c.Voters, status.Validator)
		require.Contains(t, elected(t, epoch).Members, account(t, i).Address(), "the election itself stands")
		require.Positive(t, c.Replaced, "a standby has its seat")
		return
	}
}

// floor of reputation, in millionths.
const floor = 100_000

// deaf gives a node's transactions to the network but its seals.
type deaf struct {
	*rpchttp.HTTP
	decode func([]byte) (bool, error)
}

// BroadcastTxSync keeps seals to itself and says that all is well.
func (d deaf) BroadcastTxSync(ctx context.Context, tx cmttypes.Tx) (*coretypes.ResultBroadcastTx, error) {
	seal, err := d.decode(tx)
	if err != nil || seal {
		return &coretypes.ResultBroadcastTx{Hash: tx.Hash()}, err
	}
	return d.HTTP.BroadcastTxSync(ctx, tx)
}

// publishWithoutSeals is what a node's own loop does, but that no seal leaves it.
func publishWithoutSeals(t *testing.T, ctx context.Context, keysFile string, done chan<- error) {
	t.Helper()
	// The loop wants the keys in a home.
	home := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(home, "config"), 0o700))
	bz, err := os.ReadFile(keysFile)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(home, "config", nodesortition.KeysFile), bz, 0o600))
	keys, err := nodesortition.LoadKeys(home)
	require.NoError(t, err)

	app := mainchain.New(base.Options{Logger: log.NewNopLogger(), DB: dbm.NewMemDB(), App: viper.New()}, true)
	rpc, err := rpchttp.New(net.Main.Nodes[0].RPC, "/websocket")
	require.NoError(t, err)
	require.NoError(t, rpc.Start())
	t.Cleanup(func() { _ = rpc.Stop() })
	isSeal := func(bz []byte) (bool, error) {
		tx, err := app.TxConfig.TxDecoder()(bz)
		if err != nil {
			return false, err
		}
		_, seal := tx.GetMsgs()[0].(*sortitiontypes.MsgSeal)
		return seal, nil
	}
	node := client.Context{}.WithClient(deaf{rpc, isSeal}).WithCodec(app.Codec).WithInterfaceRegistry(app.Registry).WithTxConfig(app.TxConfig).WithChainID(net.Main.ID)
	go func() { done <- nodesortition.NewPublisher(node, keys, net.Main.ID, log.NewNopLogger()).Run(ctx) }()
}

// sealing is what a record says of its sealers and whose proofs it has.
type sealing struct {
	sealers []sealer
	proofs  []string
}

type sealer struct {
	Operator string `json:"operator"`
	Absent   bool   `json:"absent"`
}

// closed waits until an epoch's seed is made.
func closed(t *testing.T, epoch uint64) sealing {
	t.Helper()
	var answer struct {
		Record struct {
			Sealers  []sealer `json:"sealers"`
			NextSeed []byte   `json:"next_seed"`
		} `json:"record"`
	}
	path := fmt.Sprintf("/top/sortition/v1/records/%d", epoch)
	await(t, fmt.Sprintf("the seed that epoch %d makes", epoch), func(ctx context.Context) error {
		err := net.Main.REST().Get(ctx, path, &answer)
		if err == nil && len(answer.Record.NextSeed) == 0 {
			err = errors.New("there is none yet")
		}
		return err
	})
	list, err := localnet.All[struct {
		Operator string `json:"operator"`
	}](t.Context(), net.Main.REST(), path+"/proofs", "proofs")
	require.NoError(t, err)
	out := sealing{sealers: answer.Record.Sealers}
	for _, p := range list {
		out.proofs = append(out.proofs, p.Operator)
	}
	return out
}

// election is who was drawn.
type election struct {
	Members []string `json:"members"`
	Joined  []string `json:"joined"`
}

// elected waits for an election.
func elected(t *testing.T, epoch uint64) election {
	t.Helper()
	var answer struct {
		Election election `json:"election"`
	}
	await(t, fmt.Sprintf("the election for epoch %d", epoch), func(ctx context.Context) error {
		return net.Main.REST().Get(ctx, fmt.Sprintf("/top/sortition/v1/elections/%d", epoch), &answer)
	})
	return answer.Election
}

// pays waits until an epoch is rated and sees an operator's reputation fall for the seals that it has not given.
func pays(t *testing.T, operator string, epoch uint64) {
	t.Helper()
	await(t, fmt.Sprintf("the rating of epoch %d", epoch), func(ctx context.Context) error {
		var answer struct {
			Entries []struct {
				Entry struct {
					Rating *struct {
						Epoch            localnet.Uint `json:"epoch"`
						Absences         localnet.Uint `json:"absences"`
						ReputationBefore localnet.Uint `json:"reputation_before"`
						Reputation       localnet.Uint `json:"reputation"`
					} `json:"rating"`
				} `json:"entry"`
			} `json:"entries"`
		}
		if err := net.Main.REST().Get(ctx, "/top/stake/v1/nodes/"+operator+"/history", &answer); err != nil {
			return err
		}
		for _, e := range answer.Entries {
			if r := e.Entry.Rating; r != nil && uint64(r.Epoch) == epoch {
				require.Positive(t, r.Absences)
				require.True(t, r.Reputation < r.ReputationBefore || r.Reputation == floor, "reputation fell from %d to %d", r.ReputationBefore, r.Reputation)
				return nil
			}
		}
		return errors.New("it is not rated yet")
	})
}
