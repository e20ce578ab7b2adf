//go:build process

package process

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"

	"github.com/topnetwork/top/sdk/chain"
	"github.com/topnetwork/top/testutil/localnet"
	billingtypes "github.com/topnetwork/top/x/billing/types"
)

// governBilling changes x/billing's parameters by a proposal that all validators of the main chain vote for.
func governBilling(t *testing.T, params billingtypes.Params) {
	t.Helper()
	client, err := chain.Dial(t.Context(), chain.Config{GRPC: net.Main.Nodes[0].GRPC, Register: func(registry codectypes.InterfaceRegistry) {
		govv1.RegisterInterfaces(registry)
	}})
	require.NoError(t, err)
	defer client.Close()
	record, err := localnet.ReadRecord(net.Dir)
	require.NoError(t, err)
	var validators []*chain.Key
	for _, k := range record.Keys {
		if strings.HasPrefix(k.Name, "validator") {
			key, err := chain.FromMnemonic(k.Mnemonic)
			require.NoError(t, err)
			validators = append(validators, key)
		}
	}
	gov := govv1.NewQueryClient(client.Conn())
	terms, err := gov.Params(t.Context(), &govv1.QueryParamsRequest{})
	require.NoError(t, err)
	msg, err := govv1.NewMsgSubmitProposal([]sdk.Msg{&billingtypes.MsgUpdateParams{Authority: authtypes.NewModuleAddress("gov").String(), Params: params}},
		terms.Params.MinDeposit, validators[0].Address(), "", "parameters of x/billing", "for the test", false)
	require.NoError(t, err)
	res, err := client.Send(t.Context(), validators[0], msg)
	require.NoError(t, err)
	var submitted govv1.MsgSubmitProposalResponse
	require.NoError(t, submitted.Unmarshal(res.Responses[0].Value))
	for _, v := range validators {
		_, err := client.Send(t.Context(), v, govv1.NewMsgVote(sdk.MustAccAddressFromBech32(v.Address()), submitted.ProposalId, govv1.OptionYes, ""))
		require.NoError(t, err)
	}
	require.Eventually(t, func() bool {
		p, err := gov.Proposal(t.Context(), &govv1.QueryProposalRequest{ProposalId: submitted.ProposalId})
		return err == nil && p.Proposal.Status == govv1.StatusPassed
	}, time.Minute, 200*time.Millisecond)
}
