package ibc

import (
	"context"
	"errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	channeltypesv2 "github.com/cosmos/ibc-go/v11/modules/core/04-channel/v2/types"
	hostv2 "github.com/cosmos/ibc-go/v11/modules/core/24-host/v2"
)

// acknowledge brings the destination's answers back to the source.
func (p *Path) acknowledge(ctx context.Context, sequences []uint64) error {
	if len(sequences) == 0 {
		return nil
	}
	at, err := p.Destination.view(ctx)
	if err != nil {
		return err
	}
	before, err := p.Source.view(ctx)
	if err != nil {
		return err
	}
	var msgs []sdk.Msg
	var failed error
	sent, written := p.Source.sentPackets(p.SourceClient), p.Destination.writtenAcks(p.DestinationClient)
	for _, s := range sequences {
		acked, proof, err := p.Destination.proof(ctx, hostv2.PacketAcknowledgementKey(p.DestinationClient, s), at)
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		// Written in the newest block, or asynchronously later: not provable yet.
		if len(acked) == 0 {
			continue
		}
		commitment, _, err := p.Source.proof(ctx, hostv2.PacketCommitmentKey(p.SourceClient, s), before)
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		// Acknowledged by another relayer since it was listed.
		if len(commitment) == 0 {
			continue
		}
		packet, _, err := sent.packet(ctx, s, commitment)
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		ack, err := written.ack(ctx, s, acked)
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		msgs = append(msgs, channeltypesv2.NewMsgAcknowledgement(packet, ack, proof, p.Destination.proofHeight(at.height), p.Source.Signer()))
	}
	return errors.Join(failed, p.submit(ctx, p.Source, p.SourceClient, p.Destination, at.height, "acknowledge", msgs))
}
