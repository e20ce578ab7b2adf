// Package blockspace shares out the blocks of a service chain, where no fee does it: quotas per account, proofs before relays before everything else, one account's turn
// after the other's (docs/adr/007).
package blockspace

import (
	"context"

	sdk "github.com/cosmos/cosmos-sdk/types"

	clienttypes "github.com/cosmos/ibc-go/v11/modules/core/02-client/types"
	channeltypesv2 "github.com/cosmos/ibc-go/v11/modules/core/04-channel/v2/types"

	usagetypes "github.com/topnetwork/top/x/usage/types"
)

// Ledger is what x/usage knows of accounts.
type Ledger interface {
	// CountTx counts a transaction towards the account's quota, or refuses it.
	CountTx(ctx context.Context, account sdk.AccAddress, relay bool) error
	// IsProvider tells whether an account is registered, with a deposit, as a provider.
	IsProvider(ctx context.Context, address string) (bool, error)
}

// class of a transaction: the lower, the earlier in a block.
type class int

const (
	// proof transactions hold claims and proofs of registered providers alone. They have a deadline.
	proof class = iota
	// relay transactions hold packets, seeds and client updates alone. Without them no epoch ends and no claim is challenged.
	relay
	ordinary
)

// classOf a transaction is that of its last message in the order of classes.
func classOf(ctx context.Context, ledger Ledger, tx sdk.Tx) (class, error) {
	highest := proof
	for _, msg := range tx.GetMsgs() {
		c, err := classOfMessage(ctx, ledger, msg)
		if err != nil {
			return ordinary, err
		}
		highest = max(highest, c)
	}
	return highest, nil
}

func classOfMessage(ctx context.Context, ledger Ledger, msg sdk.Msg) (class, error) {
	provider := ""
	switch m := msg.(type) {
	case *usagetypes.MsgClaim:
		provider = m.Provider
	case *usagetypes.MsgProve:
		provider = m.Provider
	case *clienttypes.MsgUpdateClient, *usagetypes.MsgDeliverSeed, *channeltypesv2.MsgRecvPacket, *channeltypesv2.MsgAcknowledgement, *channeltypesv2.MsgTimeout:
		return relay, nil
	default:
		return ordinary, nil
	}
	// Anybody can write a claim; a provider has a deposit on the main chain.
	if known, err := ledger.IsProvider(ctx, provider); err != nil || !known {
		return ordinary, err
	}
	return proof, nil
}
