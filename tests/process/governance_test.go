//go:build process

package process

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"

	"github.com/topnetwork/top/sdk/chain"
	usagetypes "github.com/topnetwork/top/x/usage/types"
)

// The operators of a service chain change its parameters; a stranger's vote counts nothing.
func TestOperatorsGovernTheServiceChain(t *testing.T) {
	client, err := chain.Dial(t.Context(), chain.Config{GRPC: net.Service.Nodes[0].GRPC, Register: func(registry codectypes.InterfaceRegistry) {
		govv1.RegisterInterfaces(registry)
		usagetypes.RegisterInterfaces(registry)
	}})
	require.NoError(t, err)
	defer client.Close()
	operators := operatorKeys(t)
	require.Len(t, operators, 3)

	usage, gov := usagetypes.NewQueryClient(client.Conn()), govv1.NewQueryClient(client.Conn())
	before, err := usage.Params(t.Context(), &usagetypes.QueryParamsRequest{})
	require.NoError(t, err)
	wanted := before.Params
	wanted.Samples++
	propose := func(votes map[*chain.Key]govv1.VoteOption) govv1.ProposalStatus {
		authority := authtypes.NewModuleAddress("gov").String()
		msg, err := govv1.NewMsgSubmitProposal([]sdk.Msg{&usagetypes.MsgUpdateParams{Authority: authority, Params: wanted}},
			sdk.NewCoins(sdk.NewCoin("uop", math.NewInt(10_000_000))), operators[0].Address(), "", "one more sample", "for the test", false)
		require.NoError(t, err)
		res, err := client.Send(t.Context(), operators[0], msg)
		require.NoError(t, err)
		var submitted govv1.MsgSubmitProposalResponse
		require.NoError(t, submitted.Unmarshal(res.Responses[0].Value))
		for voter, option := range votes {
			_, err := client.Send(t.Context(), voter, govv1.NewMsgVote(sdk.MustAccAddressFromBech32(voter.Address()), submitted.ProposalId, option, ""))
			require.NoError(t, err)
		}
		var status govv1.ProposalStatus
		require.Eventually(t, func() bool {
			p, err := gov.Proposal(t.Context(), &govv1.QueryProposalRequest{ProposalId: submitted.ProposalId})
			if err != nil {
				return false
			}
			status = p.Proposal.Status
			return status != govv1.StatusVotingPeriod
		}, time.Minute, 200*time.Millisecond)
		return status
	}

	provider, err := chain.FromMnemonic(net.Providers[0].Mnemonic)
	require.NoError(t, err)
	require.Equal(t, govv1.StatusRejected, propose(map[*chain.Key]govv1.VoteOption{provider: govv1.OptionYes}), "no operator voted")
	require.Equal(t, govv1.StatusPassed, propose(map[*chain.Key]govv1.VoteOption{
		operators[0]: govv1.OptionYes, operators[1]: govv1.OptionYes, operators[2]: govv1.OptionNo, provider: govv1.OptionNoWithVeto,
	}))
	after, err := usage.Params(t.Context(), &usagetypes.QueryParamsRequest{})
	require.NoError(t, err)
	require.Equal(t, wanted, after.Params)
}

// operatorKeys of the service chain's validators; the founder is the first.
func operatorKeys(t *testing.T) []*chain.Key {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(net.Dir, "service", "operators.json"))
	require.NoError(t, err)
	var operators []struct {
		Mnemonic string `json:"mnemonic"`
	}
	require.NoError(t, json.Unmarshal(raw, &operators))
	keys := make([]*chain.Key, len(operators))
	for i, o := range operators {
		keys[i], err = chain.FromMnemonic(strings.TrimSpace(o.Mnemonic))
		require.NoError(t, err)
	}
	return keys
}
