//go:build process

package rotation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/sdk/chain"
	"github.com/topnetwork/top/tests/sortition"
	"github.com/topnetwork/top/testutil/localnet"
	billingtypes "github.com/topnetwork/top/x/billing/types"
)

const (
	// The relayer is off for ten epochs.
	relayerOff, relayerOn = 3, 13
	epochs                = relayerOn + 1
)

// More than ten epochs: committees rotate, blocks go on, packets arrive across rotations, also those of a relayer that was off for ten; every node has the same blocks, and a
// program that imports nothing of ours makes every committee again. Meanwhile governance enlarges the committee, and a node that joined late is elected.
func TestCommitteesRotate(t *testing.T) {
	late := newJoiner(t)
	t.Run("while", func(t *testing.T) {
		t.Run("epochs pass", func(t *testing.T) { t.Parallel(); rotate(t) })
		t.Run("governance enlarges the committee", func(t *testing.T) { t.Parallel(); enlarge(t) })
		t.Run("a late joiner is elected", func(t *testing.T) { t.Parallel(); late.elected(t) })
	})
	sameState(t, append(slices.Clone(net.Main.Nodes), late.Node))
	booksHold(t)
}

func rotate(t *testing.T) {
	c := newCourier(t)
	// signed[e] are the last heights that nodes have signed, by address, soon after epoch e has begun.
	signed := map[int]map[string]int64{}
	pass := func(epoch int) {
		for _, node := range net.Main.Nodes {
			awaitHeight(t, node, int64(epoch*epochBlocks+4))
		}
		// On a busy machine the next epoch's committee may sign before all nodes are read.
		if heights := lastSigned(t); height(t) < int64((epoch+1)*epochBlocks) {
			signed[epoch] = heights
		}
	}
	for epoch := 2; epoch <= epochs; epoch++ {
		pass(epoch)
		c.send()
		switch epoch {
		case relayerOff:
			c.arrival()
			require.NoError(t, net.Kill(localnet.RelayerName))
		case relayerOn:
			_, err := net.Restart(localnet.RelayerName)
			require.NoError(t, err)
		}
	}
	c.arrival()

	first := made(t, 0, 0, epochs)
	require.Equal(t, first, made(t, candidates-1, 0, epochs), "two nodes")
	elected := 0
	for _, m := range first {
		require.GreaterOrEqual(t, len(m.Voters), seats)
		require.LessOrEqual(t, len(m.Voters), moreSeats)
		if m.Elected {
			elected++
		}
	}
	t.Logf("%d epochs, %d with an election, %d changes of the committee", len(first), elected, sortition.Changes(first))
	require.Greater(t, elected, epochs/2)
	// A lot may draw who left again: three changes in a dozen elections are missed once in some thousand runs.
	require.GreaterOrEqual(t, sortition.Changes(first), 3)

	// Somebody comes back within some epochs more; it signs on from what it remembers.
	for last := epochs; ; last++ {
		if again, out, back := reelected(first, signed); again != "" {
			// The epoch's committee votes from its third block on.
			require.Less(t, signed[out][again], int64(out*epochBlocks+3), "it has signed nothing more while others sat")
			require.Positive(t, signed[out][again], "and kept what it had signed")
			signsIn(t, again, back)
			nobodyEquivocated(t)
			t.Logf("%s left before epoch %d, sat again in epoch %d", again, out, back)
			return
		}
		require.Less(t, last, 4*epochs, "nobody was elected again")
		pass(last + 1)
		first = append(first, made(t, 0, last+1, last+1)...)
	}
}

// made are committees that the program of tests/sortition has made from what a node publishes.
func made(t *testing.T, node, from, to int) []sortition.Committee {
	t.Helper()
	n := net.Main.Nodes[node]
	list, err := sortition.Committees(t.Context(), n.REST, n.RPC, uint64(from), uint64(to))
	require.NoError(t, err)
	return list
}

// reelected names who sat, was out in an epoch of which we know what it had signed by then, and sat again.
func reelected(list []sortition.Committee, signed map[int]map[string]int64) (address string, out, back int) {
	for back := range list {
		for _, address := range list[back].Voters {
			for out := back - 1; out > 0; out-- {
				_, known := signed[out][address]
				if known && !slices.Contains(list[out].Voters, address) && slices.ContainsFunc(list[:out], func(m sortition.Committee) bool { return slices.Contains(m.Voters, address) }) {
					return address, out, back
				}
			}
		}
	}
	return "", 0, 0
}

// lastSigned is what each node's own memory says, by consensus address: no node signs at that height again, nor below.
func lastSigned(t *testing.T) map[string]int64 {
	t.Helper()
	heights := map[string]int64{}
	for _, node := range net.Main.Nodes {
		status, err := node.Status(t.Context())
		require.NoError(t, err)
		bz, err := os.ReadFile(filepath.Join(node.Home, "data", "priv_validator_state.json"))
		require.NoError(t, err)
		var state struct {
			Height localnet.Uint `json:"height"`
		}
		require.NoError(t, json.Unmarshal(bz, &state))
		heights[status.Validator] = int64(state.Height)
	}
	return heights
}

// signsIn waits for a precommit of a member in an epoch, or later.
func signsIn(t *testing.T, address string, epoch int) {
	t.Helper()
	at := int64(epoch*epochBlocks + 3)
	await(t, address+" to sign", func(ctx context.Context) error {
		header, err := net.Main.Nodes[0].Header(ctx, at)
		if err != nil {
			return err
		}
		if !slices.Contains(header.Signers, address) {
			at++
			return fmt.Errorf("it has not signed height %d", at-1)
		}
		return nil
	})
}

// nobodyEquivocated asks x/slashing.
func nobodyEquivocated(t *testing.T) {
	t.Helper()
	infos, err := localnet.All[struct {
		Address    string `json:"address"`
		Tombstoned bool   `json:"tombstoned"`
	}](t.Context(), net.Main.REST(), "/cosmos/slashing/v1beta1/signing_infos", "info")
	require.NoError(t, err)
	require.NotEmpty(t, infos)
	for _, i := range infos {
		require.False(t, i.Tombstoned, i.Address)
	}
}

// courier sends packets from the main chain, one per credit that it adds to its line.
type courier struct {
	t    *testing.T
	main *chain.Client
	key  *chain.Key
}

func newCourier(t *testing.T) *courier {
	t.Helper()
	main, err := chain.Dial(t.Context(), chain.Config{GRPC: net.Main.Nodes[0].GRPC})
	require.NoError(t, err)
	t.Cleanup(func() { _ = main.Close() })
	key, err := chain.FromMnemonic(net.Users[0].Mnemonic)
	require.NoError(t, err)
	_, err = main.Send(t.Context(), key, &billingtypes.MsgDeposit{Owner: key.Address(), Amount: 1_000_000})
	require.NoError(t, err)
	return &courier{t, main, key}
}

func (c *courier) send() {
	c.t.Helper()
	_, err := c.main.Send(c.t.Context(), c.key, &billingtypes.MsgOpenCreditLine{Owner: c.key.Address(), ChainId: net.Service.ID, Amount: 100})
	require.NoError(c.t, err)
}

// arrival waits until both chains name the same credit and no packet is under way: headers of each chain have gone to the other.
func (c *courier) arrival() {
	c.t.Helper()
	await(c.t, "every packet's acknowledgement", func(ctx context.Context) error {
		lines, err := localnet.All[struct {
			Credited localnet.Uint `json:"credited"`
			InFlight localnet.Uint `json:"in_flight"`
		}](ctx, net.Main.REST(), "/top/billing/v1/escrows/"+c.key.Address()+"/credit_lines", "credit_lines")
		if err != nil {
			return err
		}
		var answer struct {
			Credit struct {
				Credited localnet.Uint `json:"credited"`
			} `json:"credit"`
		}
		err = net.Service.REST().Get(ctx, "/top/usage/v1/credits/"+c.key.Address(), &answer)
		var status *localnet.StatusError
		if errors.As(err, &status) && status.Code == http.StatusNotFound {
			err = nil
		}
		if err != nil {
			return err
		}
		if len(lines) != 1 || lines[0].InFlight != 0 || lines[0].Credited != answer.Credit.Credited {
			return fmt.Errorf("the main chain has the lines %+v, the service chain knows of %d", lines, answer.Credit.Credited)
		}
		return nil
	})
}
