//go:build process

package rotation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	"github.com/cosmos/cosmos-sdk/crypto/keys/ed25519"
	sdk "github.com/cosmos/cosmos-sdk/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	stakingtypes "github.com/cosmos/cosmos-sdk/x/staking/types"

	nodesortition "github.com/topnetwork/top/node/sortition"
	"github.com/topnetwork/top/sdk/chain"
	"github.com/topnetwork/top/testutil/localnet"
	staketypes "github.com/topnetwork/top/x/stake/types"
)

// joiner is somebody with a large stake and no node yet.
type joiner struct {
	localnet.Node
	key *chain.Key
}

const (
	// gift of each first validator to the joiner: together they stake far more than each, so that the joiner is soon drawn.
	gift    = 490_000_000_000
	deposit = candidates*gift - 10_000_000_000
)

// newJoiner has what others gave it.
func newJoiner(t *testing.T) *joiner {
	t.Helper()
	mnemonic, err := chain.NewMnemonic()
	require.NoError(t, err)
	key, err := chain.FromMnemonic(mnemonic)
	require.NoError(t, err)
	client := dial(t)
	for i := range candidates {
		giver := account(t, i)
		_, err := client.Send(t.Context(), giver, &banktypes.MsgSend{
			FromAddress: giver.Address(), ToAddress: key.Address(), Amount: sdk.NewCoins(sdk.NewInt64Coin(localnet.Denom, gift)),
		})
		require.NoError(t, err)
	}
	return &joiner{key: key}
}

// elected lets a fresh node join by state-sync, its owner stake and register it, and waits until it is elected and signs.
func (j *joiner) elected(t *testing.T) {
	awaitHeight(t, net.Main.Nodes[0], snapshotInterval+5)
	// What the node trusts must not be newer than the snapshot.
	trusted, err := net.Main.Nodes[1].Header(t.Context(), max(1, height(t)-snapshotInterval-3))
	require.NoError(t, err)
	j.Node, err = net.Join(t.Context(), net.Main, "joiner", localnet.Anchor{Height: trusted.Height, Hash: trusted.Hash})
	require.NoError(t, err)
	var status *localnet.NodeStatus
	await(t, "the joiner to catch up", func(ctx context.Context) error {
		if status, err = j.Status(ctx); err == nil && (status.CatchingUp || status.Height == 0) {
			err = fmt.Errorf("height is %d, catching up: %t", status.Height, status.CatchingUp)
		}
		return err
	}, net.Process(j.Name))
	require.Greater(t, status.Earliest, int64(snapshotInterval), "it has no block before its snapshot: it did not replay the chain")

	j.register(t)
	await(t, "the joiner to be elected", func(ctx context.Context) error {
		now, err := voters(ctx)
		if err == nil && !slices.Contains(now, status.Validator) {
			err = errors.New("others vote")
		}
		return err
	}, net.Process(j.Name))
	signsIn(t, status.Validator, int(height(t))/epochBlocks)
	require.Contains(t, registered(t), j.key.Address())
}

// register the node as its operator does: a stake first, then the node's keys.
func (j *joiner) register(t *testing.T) {
	t.Helper()
	client, err := chain.Dial(t.Context(), chain.Config{GRPC: net.Main.Nodes[0].GRPC, Register: func(r codectypes.InterfaceRegistry) {
		stakingtypes.RegisterInterfaces(r)
		staketypes.RegisterInterfaces(r)
	}})
	require.NoError(t, err)
	defer client.Close()
	rate := math.LegacyNewDecWithPrec(5, 2)
	validate, err := stakingtypes.NewMsgCreateValidator(
		sdk.ValAddress(sdk.MustAccAddressFromBech32(j.key.Address())).String(), consensusKey(t, j.Home), sdk.NewInt64Coin(localnet.Denom, deposit),
		stakingtypes.NewDescription(j.Name, "", "", "", ""), stakingtypes.NewCommissionRates(rate, math.LegacyOneDec(), math.LegacyOneDec()), math.OneInt(),
	)
	require.NoError(t, err)
	_, err = client.Send(t.Context(), j.key, validate)
	require.NoError(t, err)

	keys, err := nodesortition.LoadKeys(j.Home)
	require.NoError(t, err, "init has made them")
	r, err := keys.Registration(net.Main.ID, j.key.Address())
	require.NoError(t, err)
	_, err = client.Send(t.Context(), j.key, &staketypes.MsgRegisterNode{
		Operator: j.key.Address(), HotAddress: r.HotAddress, VrfKey: r.VRFKey, VrfProof: r.VRFProof,
		Roles: []staketypes.Role{staketypes.Role_ROLE_VALIDATOR}, Endpoints: []string{j.REST}, Version: "v1",
	})
	require.NoError(t, err)
}

// consensusKey of a home.
func consensusKey(t *testing.T, home string) *ed25519.PubKey {
	t.Helper()
	bz, err := os.ReadFile(filepath.Join(home, "config", "priv_validator_key.json"))
	require.NoError(t, err)
	var file struct {
		Key struct {
			Value []byte `json:"value"`
		} `json:"pub_key"`
	}
	require.NoError(t, json.Unmarshal(bz, &file))
	return &ed25519.PubKey{Key: file.Key.Value}
}

// registered are the operators of all nodes.
func registered(t *testing.T) []string {
	t.Helper()
	list, err := localnet.All[struct {
		Operator string `json:"operator"`
	}](t.Context(), net.Main.REST(), "/top/stake/v1/nodes", "nodes")
	require.NoError(t, err)
	var out []string
	for _, n := range list {
		out = append(out, n.Operator)
	}
	return out
}
