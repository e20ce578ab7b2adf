package keeper

import (
	"bytes"
	"context"
	"math"

	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	channeltypesv2 "github.com/cosmos/ibc-go/v11/modules/core/04-channel/v2/types"

	"github.com/topnetwork/top/x/billing/types"
	servicestypes "github.com/topnetwork/top/x/services/types"
)

// send puts one packet on its way to a linked service chain and answers its sequence.
func (k *Keeper) send(ctx context.Context, chainID string, data *types.PacketData) (uint64, error) {
	chain, err := k.services.LinkedChain(ctx, chainID)
	if err != nil {
		return 0, err
	}
	params, err := k.params.Get(ctx)
	if err != nil {
		return 0, err
	}
	value, err := types.EncodePacket(data)
	if err != nil {
		return 0, err
	}
	now := sdk.UnwrapSDKContext(ctx).BlockTime().Unix()
	if now < 0 || now > math.MaxInt64-types.MaxPacketTimeout {
		return 0, errorsmod.Wrapf(types.ErrPacket, "block time %d", now)
	}
	res, err := k.channel.SendPacket(ctx, channeltypesv2.NewMsgSendPacket(chain.ClientId, uint64(now)+params.PacketTimeoutSeconds, k.address.String(),
		channeltypesv2.NewPayload(types.PortID, types.ServicePortID, types.Version, types.Encoding, value)))
	if err != nil {
		return 0, err
	}
	return res.Sequence, nil
}

// sendCredit tells a service chain of more credit (amount may be 0) and of the escrow's current keys.
func (k *Keeper) sendCredit(ctx context.Context, e types.Escrow, chainID string, amount uint64) (uint64, error) {
	revision, err := k.nextRevision(ctx)
	if err != nil {
		return 0, err
	}
	return k.send(ctx, chainID, &types.PacketData{Data: &types.PacketData_Credit{Credit: &types.CreditPacket{
		Owner: e.Owner, Amount: amount, SessionKeys: e.SessionKeys, Revision: revision,
	}}})
}

// nextRevision orders packets: packets may arrive in any order, and the newest wins.
func (k *Keeper) nextRevision(ctx context.Context) (uint64, error) {
	r, err := k.revision.Next(ctx)
	return r + 1, err
}

var _ servicestypes.BillingKeeper = (*Keeper)(nil)

// AfterProviderChanged sends a provider's record to its service chain.
func (k *Keeper) AfterProviderChanged(ctx context.Context, p servicestypes.Provider) error {
	revision, err := k.nextRevision(ctx)
	if err != nil {
		return err
	}
	_, err = k.send(ctx, p.ChainId, &types.PacketData{Data: &types.PacketData_Provider{Provider: &types.ProviderPacket{
		Address: p.Address, Key: p.Key, Active: p.Status == servicestypes.ProviderStatus_PROVIDER_STATUS_ACTIVE, Prices: p.Prices,
		Deposit: p.Deposit, Revision: revision, LastEpoch: p.LastEpoch,
	}}})
	return err
}

// OnReceive applies a packet that came through a light client. Only settlements arrive here, and only from the chain that the client stands for.
func (k *Keeper) OnReceive(ctx context.Context, clientID string, value []byte) error {
	chain, err := k.services.ChainOfClient(ctx, clientID)
	if err != nil {
		return err
	}
	data, err := types.DecodePacket(value)
	if err != nil {
		return err
	}
	s := data.GetSettlement()
	if s == nil {
		return errorsmod.Wrap(types.ErrPacket, "the main chain takes settlements only")
	}
	if s.ChainId != chain.ChainId {
		return errorsmod.Wrapf(types.ErrPacket, "settlement of %s through the client of %s", s.ChainId, chain.ChainId)
	}
	return k.receiveSettlement(ctx, s, value)
}

// OnAnswer books the fate of a packet that was sent: acknowledged with ack, or timed out (timeout true).
func (k *Keeper) OnAnswer(ctx context.Context, clientID string, value, ack []byte, timeout bool) error {
	chain, err := k.services.ChainOfClient(ctx, clientID)
	if err != nil {
		return err
	}
	data, err := types.DecodePacket(value)
	if err != nil {
		return err
	}
	arrived := !timeout && bytes.Equal(ack, []byte(types.AckOK))
	if p := data.GetProvider(); p != nil && !arrived {
		return k.announceAgain(ctx, chain.ChainId, p.Address, true)
	}
	credit := data.GetCredit()
	switch {
	case credit == nil:
		return nil
	case arrived:
		return k.creditArrived(ctx, chain.ChainId, credit)
	}
	reason := "refused by " + chain.ChainId
	if timeout {
		reason = "timeout"
	}
	if err := k.creditFailed(ctx, chain.ChainId, credit, reason); err != nil {
		return err
	}
	return k.announceAgain(ctx, chain.ChainId, credit.Owner, false)
}
