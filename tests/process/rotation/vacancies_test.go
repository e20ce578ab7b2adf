//go:build process

package rotation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	"github.com/topnetwork/top/sdk/chain"
	"github.com/topnetwork/top/testutil/localnet"
)

// Members that fall silent, withdraw their stake or vote twice lose their seats, and their stake by the right amounts; blocks go on.
func TestVacantSeats(t *testing.T) {
	before := validator(t, 1).Tokens
	fallen := map[string]bool{}

	leaver := member(t, fallen)
	fallen[net.Main.Nodes[leaver].Name] = true
	withdraw(t, leaver)
	out(t, leaver)
	v := validator(t, leaver)
	require.Equal(t, "BOND_STATUS_UNBONDING", v.Status)
	require.False(t, v.Jailed)
	silent := falls(t, fallen)
	// An election that was drawn before may take its seat first: then too little is missed, and another one falls silent.
	for !jailed(t, silent) {
		back(t, silent)
		delete(fallen, net.Main.Nodes[silent].Name)
		silent = falls(t, fallen)
	}
	out(t, silent)
	v = validator(t, silent)
	require.Equal(t, before-before/100, v.Tokens, "absence costs a hundredth of the stake, not of the power")
	await(t, "a full committee", func(ctx context.Context) error { return full(ctx, t) })

	double := member(t, fallen)
	before = validator(t, double).Tokens
	_, err := net.Twin(t.Context(), net.Main.Nodes[double], "twin")
	require.NoError(t, err)
	out(t, double)
	v = validator(t, double)
	require.True(t, v.Jailed)
	require.Equal(t, before-before/20, v.Tokens, "two votes cost a twentieth of the stake")
	require.NoError(t, net.Kill("twin"))

	// It is out for good: jailed until the end of time, its reputation at the floor.
	await(t, "its rating", func(ctx context.Context) error {
		var answer struct {
			Node struct {
				Reputation localnet.Uint `json:"reputation"`
			} `json:"node"`
		}
		if err := net.Main.REST().Get(ctx, "/top/stake/v1/nodes/"+account(t, double).Address(), &answer); err != nil {
			return err
		}
		if answer.Node.Reputation != floor {
			return fmt.Errorf("reputation is %d", answer.Node.Reputation)
		}
		return nil
	})
	back(t, silent)
	booksHold(t)
	sameState(t, slices.DeleteFunc(slices.Clone(net.Main.Nodes), func(n localnet.Node) bool { return n.Name == net.Main.Nodes[double].Name }))
}

// staked is x/staking's record of a validator.
type staked struct {
	Tokens localnet.Uint `json:"tokens"`
	Status string        `json:"status"`
	Jailed bool          `json:"jailed"`
}

// account of the operator of a node.
func account(t *testing.T, node int) *chain.Key {
	t.Helper()
	record, err := localnet.ReadRecord(net.Dir)
	require.NoError(t, err)
	for _, k := range record.Keys {
		if k.Name == fmt.Sprintf("validator%d", node) {
			key, err := chain.FromMnemonic(strings.TrimSpace(k.Mnemonic))
			require.NoError(t, err)
			return key
		}
	}
	require.Fail(t, "no key", "validator%d", node)
	return nil
}

func operator(t *testing.T, node int) sdk.ValAddress {
	return sdk.ValAddress(sdk.MustAccAddressFromBech32(account(t, node).Address()))
}

func validator(t *testing.T, node int) staked {
	t.Helper()
	var answer struct {
		Validator staked `json:"validator"`
	}
	require.NoError(t, net.Main.REST().Get(t.Context(), "/cosmos/staking/v1beta1/validators/"+operator(t, node).String(), &answer))
	return answer.Validator
}

// voters at the newest height, by CometBFT's RPC.
func voters(ctx context.Context) ([]string, error) {
	return askVoters(ctx, "/validators?per_page=100")
}

// votersAt a height.
func votersAt(t *testing.T, height int64) []string {
	t.Helper()
	list, err := askVoters(t.Context(), fmt.Sprintf("/validators?per_page=100&height=%d", height))
	require.NoError(t, err)
	return list
}

func askVoters(ctx context.Context, path string) ([]string, error) {
	var answer struct {
		Result struct {
			Validators []struct {
				Address string `json:"address"`
			} `json:"validators"`
		} `json:"result"`
	}
	if err := (localnet.REST{URL: net.Main.Nodes[0].RPC}).Get(ctx, path, &answer); err != nil {
		return nil, err
	}
	var addresses []string
	for _, v := range answer.Result.Validators {
		addresses = append(addresses, v.Address)
	}
	return addresses, nil
}

func size(ctx context.Context, want int) error {
	now, err := voters(ctx)
	if err == nil && len(now) != want {
		err = fmt.Errorf("%d vote", len(now))
	}
	return err
}

// full tells who does not sit, and why, while fewer vote than there are seats.
func full(ctx context.Context, t *testing.T) error {
	err := size(ctx, seats)
	if err == nil {
		return nil
	}
	for _, operator := range registered(t) {
		var answer struct {
			Sits    bool   `json:"sits"`
			Standby int    `json:"standby"`
			WhyNot  string `json:"why_not"`
		}
		if err := net.Main.REST().Get(ctx, "/top/committees/v1/members/"+operator, &answer); err != nil {
			return err
		}
		if !answer.Sits {
			err = fmt.Errorf("%w; %s is standby %d, unable: %q", err, operator, answer.Standby, answer.WhyNot)
		}
	}
	var last struct {
		Election json.RawMessage `json:"election"`
	}
	if err := net.Main.REST().Get(ctx, fmt.Sprintf("/top/sortition/v1/elections/%d", currentEpoch(t)), &last); err != nil {
		return err
	}
	return fmt.Errorf("%w; the epoch's election: %s", err, last.Election)
}

// back starts a node again and waits until it has the chain's blocks.
func back(t *testing.T, node int) {
	t.Helper()
	_, err := net.Restart(net.Main.Nodes[node].Name)
	require.NoError(t, err)
	awaitHeight(t, net.Main.Nodes[node], height(t))
}

// member that votes now, and runs; the first node, which the test asks, is left alone.
func member(t *testing.T, fallen map[string]bool) int {
	t.Helper()
	now, err := voters(t.Context())
	require.NoError(t, err)
	for i, node := range net.Main.Nodes {
		if i == 0 || fallen[node.Name] {
			continue
		}
		status, err := node.Status(t.Context())
		require.NoError(t, err)
		if slices.Contains(now, status.Validator) {
			return i
		}
	}
	require.Fail(t, "nobody votes")
	return 0
}

// out waits until a node's operator neither votes nor will.
func out(t *testing.T, node int) {
	t.Helper()
	await(t, net.Main.Nodes[node].Name+" to be out", func(ctx context.Context) error {
		var answer struct {
			Sits   bool   `json:"sits"`
			Able   bool   `json:"able"`
			WhyNot string `json:"why_not"`
		}
		if err := net.Main.REST().Get(ctx, "/top/committees/v1/members/"+account(t, node).Address(), &answer); err != nil {
			return err
		}
		if answer.Sits || answer.Able {
			return errors.New("it sits, or could")
		}
		return nil
	})
	at := height(t) + 3
	awaitHeight(t, net.Main.Nodes[0], at)
}

// falls silent: a member at the beginning of an epoch, so that it has its seat for long enough to miss what it is jailed for.
func falls(t *testing.T, fallen map[string]bool) int {
	t.Helper()
	awaitHeight(t, net.Main.Nodes[0], int64(int(currentEpoch(t))+1)*int64(epochBlocks)+3)
	silent := member(t, fallen)
	fallen[net.Main.Nodes[silent].Name] = true
	require.NoError(t, net.Kill(net.Main.Nodes[silent].Name))
	return silent
}

// jailed waits until a member is jailed, and tells whether it was before it lost its seat in another way.
func jailed(t *testing.T, node int) (is bool) {
	t.Helper()
	await(t, net.Main.Nodes[node].Name+" to be jailed, or out", func(ctx context.Context) error {
		if is = validator(t, node).Jailed; is {
			return nil
		}
		var answer struct {
			Sits bool `json:"sits"`
		}
		if err := net.Main.REST().Get(ctx, "/top/committees/v1/members/"+account(t, node).Address(), &answer); err != nil {
			return err
		}
		if answer.Sits {
			return errors.New("it sits")
		}
		return nil
	})
	return is || validator(t, node).Jailed
}

// withdraw all of an operator's stake but the least that x/staking asks of it.
func withdraw(t *testing.T, node int) {
	t.Helper()
	client, err := chain.Dial(t.Context(), chain.Config{GRPC: net.Main.Nodes[0].GRPC, Register: func(r codectypes.InterfaceRegistry) { stakingtypes.RegisterInterfaces(r) }})
	require.NoError(t, err)
	defer client.Close()
	key := account(t, node)
	_, err = client.Send(t.Context(), key, stakingtypes.NewMsgUndelegate(key.Address(), operator(t, node).String(), sdk.NewInt64Coin("utop", int64(validator(t, node).Tokens)-1)))
	require.NoError(t, err)
}
