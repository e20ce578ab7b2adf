package keeper

import (
	"bytes"
	"context"

	errorsmod "cosmossdk.io/errors"

	billingtypes "github.com/topnetwork/top/x/billing/types"
	"github.com/topnetwork/top/x/usage/types"
)

// OnReceive applies a packet of the main chain: credit or a provider's record.
func (k *Keeper) OnReceive(ctx context.Context, clientID string, value []byte) error {
	if err := k.fromMainChain(ctx, clientID); err != nil {
		return err
	}
	data, err := billingtypes.DecodePacket(value)
	if err != nil {
		return err
	}
	switch d := data.Data.(type) {
	case *billingtypes.PacketData_Credit:
		return k.receiveCredit(ctx, d.Credit)
	case *billingtypes.PacketData_Provider:
		return k.receiveProvider(ctx, d.Provider)
	default:
		return errorsmod.Wrap(types.ErrInvalid, "a service chain takes credit and provider packets only")
	}
}

// OnAnswer books the fate of a settlement packet: acknowledged with ack, or timed out (timeout true).
func (k *Keeper) OnAnswer(ctx context.Context, clientID string, sequence uint64, value, ack []byte, timeout bool) error {
	if err := k.fromMainChain(ctx, clientID); err != nil {
		return err
	}
	data, err := billingtypes.DecodePacket(value)
	if err != nil {
		return err
	}
	packet := data.GetSettlement()
	if packet == nil {
		return errorsmod.Wrap(types.ErrInvalid, "only settlements are sent from here")
	}
	s, err := k.settlements.Get(ctx, packet.Epoch)
	if err != nil {
		return err
	}
	if s.Sequence != sequence {
		// An older attempt: the newer one decides.
		return nil
	}
	switch {
	case timeout:
		s.Status, s.RetryEpoch = types.SettlementStatus_SETTLEMENT_STATUS_TIMED_OUT, 0
	case bytes.Equal(ack, []byte(billingtypes.AckOK)):
		if err := k.acknowledged(ctx, &s); err != nil {
			return err
		}
	default:
		// The reason may pass: more deposit, earlier settlements paid.
		now, err := k.Epoch(ctx)
		if err != nil {
			return err
		}
		s.Status, s.RetryEpoch = types.SettlementStatus_SETTLEMENT_STATUS_REFUSED, now+1
	}
	if s.Waiting() {
		if err := k.resendQueue.Set(ctx, s.Epoch); err != nil {
			return err
		}
	}
	if err := k.settlements.Set(ctx, s.Epoch, s); err != nil {
		return err
	}
	return emit(ctx, &types.EventSettlementAnswered{Epoch: s.Epoch, Status: s.Status.String()})
}

// fromMainChain refuses packets of any client but the linked one.
func (k *Keeper) fromMainChain(ctx context.Context, clientID string) error {
	chain, err := k.chain.Get(ctx)
	if err != nil {
		return err
	}
	if chain.MainClientId == "" || clientID != chain.MainClientId {
		return errorsmod.Wrapf(types.ErrUnauthorized, "client %s is not the main chain's (%q)", clientID, chain.MainClientId)
	}
	return nil
}
