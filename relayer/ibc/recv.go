package ibc

import (
	"context"
	"errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	channeltypesv2 "github.com/cosmos/ibc-go/v11/modules/core/04-channel/v2/types"
	hostv2 "github.com/cosmos/ibc-go/v11/modules/core/24-host/v2"
)

// receive delivers packets that the destination has not received, and times out those that it can receive no more.
func (p *Path) receive(ctx context.Context, sequences []uint64) error {
	if len(sequences) == 0 {
		return nil
	}
	at, err := p.Source.view(ctx)
	if err != nil {
		return err
	}
	now, err := p.Destination.Time(ctx)
	if err != nil {
		return err
	}
	var msgs []sdk.Msg
	var late []channeltypesv2.Packet
	sent := p.Source.sentPackets(p.SourceClient)
	var failed error
	for _, s := range sequences {
		commitment, proof, err := p.Source.proof(ctx, hostv2.PacketCommitmentKey(p.SourceClient, s), at)
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		// Sent in the newest block: provable from the next one on.
		if len(commitment) == 0 {
			continue
		}
		packet, height, err := sent.packet(ctx, s, commitment)
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		if err := p.waiting(ctx, s, height); err != nil {
			failed = errors.Join(failed, err)
		}
		if timedOut(packet, now) {
			late = append(late, packet)
			continue
		}
		msgs = append(msgs, channeltypesv2.NewMsgRecvPacket(packet, proof, p.Source.proofHeight(at.height), p.Destination.Signer()))
	}
	return errors.Join(failed,
		p.submit(ctx, p.Destination, p.DestinationClient, p.Source, at.height, "receive", msgs),
		p.timeout(ctx, late))
}
