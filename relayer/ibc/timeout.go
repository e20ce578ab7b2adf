package ibc

import (
	"context"
	"errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	channeltypesv2 "github.com/cosmos/ibc-go/v11/modules/core/04-channel/v2/types"
	hostv2 "github.com/cosmos/ibc-go/v11/modules/core/24-host/v2"
)

// timeout proves to the source that packets were not received before their time ran out on the destination.
func (p *Path) timeout(ctx context.Context, packets []channeltypesv2.Packet) error {
	if len(packets) == 0 {
		return nil
	}
	// The proof counts with the time of the header it verifies against.
	at, err := p.Destination.view(ctx)
	if err != nil {
		return err
	}
	var msgs []sdk.Msg
	var failed error
	for _, packet := range packets {
		if !timedOut(packet, at.time) {
			continue
		}
		receipt, proof, err := p.Destination.proof(ctx, hostv2.PacketReceiptKey(p.DestinationClient, packet.Sequence), at)
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		if len(receipt) != 0 {
			continue
		}
		msgs = append(msgs, channeltypesv2.NewMsgTimeout(packet, proof, p.Destination.proofHeight(at.height), p.Source.Signer()))
	}
	return errors.Join(failed, p.submit(ctx, p.Source, p.SourceClient, p.Destination, at.height, "timeout", msgs))
}
