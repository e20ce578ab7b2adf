package localnet

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	sdk "github.com/cosmos/cosmos-sdk/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"

	"github.com/topnetwork/top/node/process"
	"github.com/topnetwork/top/sdk/chain"
)

// Voters are the accounts of the main chain's first validators.
func (n *Network) Voters() (voters []*chain.Key, err error) {
	for _, v := range n.validators {
		key, err := chain.FromMnemonic(v.Mnemonic)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", v.Name, err)
		}
		voters = append(voters, key)
	}
	return voters, nil
}

// Decide lets voters propose a message and accept it, all of them, and returns when it was executed. The client is of their chain and knows the messages of x/gov and this one.
func Decide(ctx context.Context, client *chain.Client, voters []*chain.Key, msg sdk.Msg) error {
	gov := govv1.NewQueryClient(client.Conn())
	terms, err := gov.Params(ctx, &govv1.QueryParamsRequest{})
	if err != nil {
		return err
	}
	proposal, err := govv1.NewMsgSubmitProposal([]sdk.Msg{msg}, terms.Params.MinDeposit, voters[0].Address(), "", sdk.MsgTypeURL(msg), "for the test", false)
	if err != nil {
		return err
	}
	res, err := client.Send(ctx, voters[0], proposal)
	if err != nil {
		return err
	}
	var submitted govv1.MsgSubmitProposalResponse
	if err := submitted.Unmarshal(res.Responses[0].Value); err != nil {
		return err
	}
	var group errgroup.Group
	for _, voter := range voters {
		group.Go(func() error {
			_, err := client.Send(ctx, voter, govv1.NewMsgVote(sdk.MustAccAddressFromBech32(voter.Address()), submitted.ProposalId, govv1.OptionYes, ""))
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return process.Await(ctx, "the decision on "+sdk.MsgTypeURL(msg), func(ctx context.Context) error {
		p, err := gov.Proposal(ctx, &govv1.QueryProposalRequest{ProposalId: submitted.ProposalId})
		if err == nil && p.Proposal.Status != govv1.StatusPassed {
			err = fmt.Errorf("proposal is %s (%s)", p.Proposal.Status, p.Proposal.FailedReason)
		}
		return err
	})
}
