//go:build process

package rotation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/sdk/chain"
	"github.com/topnetwork/top/testutil/localnet"
	billingtypes "github.com/topnetwork/top/x/billing/types"
)

const epochs = 10

// made is what tests/sortition/committee.mjs prints of an epoch.
type made struct {
	Epoch    uint64   `json:"epoch"`
	Elected  bool     `json:"elected"`
	Replaced int      `json:"replaced"`
	Voters   []string `json:"voters"`
}

// Ten epochs: committees rotate, blocks go on, packets arrive across rotations, also those of a relayer that was off for epochs; every node has the same blocks, and a program
// that imports nothing of ours makes every committee again.
func TestCommitteesRotate(t *testing.T) {
	program, err := exec.LookPath("node")
	require.NoError(t, err, "install Node 18 or newer")
	c := newCourier(t)
	for epoch := int64(2); epoch <= epochs; epoch++ {
		for _, node := range net.Main.Nodes {
			awaitHeight(t, node, epoch*epochBlocks+4)
		}
		c.send()
		switch epoch {
		case 3:
			c.arrival()
			require.NoError(t, net.Kill(localnet.RelayerName))
		case epochs - 1:
			_, err := net.Restart(localnet.RelayerName)
			require.NoError(t, err)
		}
	}
	c.arrival()
	sameState(t, net.Main.Nodes)
	booksHold(t)

	var first []made
	for _, node := range []localnet.Node{net.Main.Nodes[0], net.Main.Nodes[candidates-1]} {
		out, err := exec.Command(program, "../../sortition/committee.mjs", node.REST, node.RPC, "0", strconv.Itoa(epochs)).CombinedOutput()
		require.NoError(t, err, "%s", out)
		var list []made
		require.NoError(t, json.Unmarshal(out, &list), "%s", out)
		if first == nil {
			first = list
		}
		require.Equal(t, first, list)
	}
	changes, elected := 0, 0
	for i, m := range first {
		require.Len(t, m.Voters, seats)
		if m.Elected {
			elected++
		}
		if i > 0 && fmt.Sprint(m.Voters) != fmt.Sprint(first[i-1].Voters) {
			changes++
		}
	}
	t.Logf("%d epochs, %d with an election, %d changes of the committee", len(first), elected, changes)
	require.Greater(t, elected, epochs/2)
	// A lot may draw who left again: three changes in nine elections are missed once in some thousand runs.
	require.GreaterOrEqual(t, changes, 3)
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
