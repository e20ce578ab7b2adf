package billing

import (
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	channeltypesv2 "github.com/cosmos/ibc-go/v11/modules/core/04-channel/v2/types"
	ibcapi "github.com/cosmos/ibc-go/v11/modules/core/api"

	"github.com/topnetwork/top/x/billing/keeper"
	"github.com/topnetwork/top/x/billing/types"
)

var _ ibcapi.IBCModule = IBCModule{}

// IBCModule takes the packets of port "billing".
type IBCModule struct{ keeper *keeper.Keeper }

// NewIBCModule of a keeper.
func NewIBCModule(k *keeper.Keeper) IBCModule { return IBCModule{keeper: k} }

// checkPayload refuses whatever is not exactly this protocol.
func checkPayload(p channeltypesv2.Payload, source, destination string) error {
	if p.SourcePort != source || p.DestinationPort != destination || p.Version != types.Version || p.Encoding != types.Encoding {
		return errorsmod.Wrapf(types.ErrPacket, "payload %s→%s %s %s, want %s→%s %s %s",
			p.SourcePort, p.DestinationPort, p.Version, p.Encoding, source, destination, types.Version, types.Encoding)
	}
	return nil
}

// OnSendPacket lets only the module itself send: anyone may submit MsgSendPacket.
func (m IBCModule) OnSendPacket(_ sdk.Context, _, _ string, _ uint64, payload channeltypesv2.Payload, signer sdk.AccAddress) error {
	if !signer.Equals(m.keeper.Address()) {
		return errorsmod.Wrapf(types.ErrUnauthorized, "packets of port %s are sent by the module alone, not by %s", types.PortID, signer)
	}
	return checkPayload(payload, types.PortID, types.ServicePortID)
}

// OnRecvPacket applies a settlement. A refused one leaves no trace but its failure acknowledgement.
func (m IBCModule) OnRecvPacket(ctx sdk.Context, _, destinationClient string, _ uint64, payload channeltypesv2.Payload, _ sdk.AccAddress) channeltypesv2.RecvPacketResult {
	err := checkPayload(payload, types.ServicePortID, types.PortID)
	if err == nil {
		err = m.keeper.OnReceive(ctx, destinationClient, payload.Value)
	}
	if err != nil {
		ctx.Logger().Error("packet refused", "module", types.ModuleName, "client", destinationClient, "error", err)
		return channeltypesv2.RecvPacketResult{Status: channeltypesv2.PacketStatus_Failure}
	}
	return channeltypesv2.RecvPacketResult{Status: channeltypesv2.PacketStatus_Success, Acknowledgement: []byte(types.AckOK)}
}

// OnAcknowledgementPacket books the answer to a packet.
func (m IBCModule) OnAcknowledgementPacket(ctx sdk.Context, sourceClient, _ string, _ uint64, ack []byte, payload channeltypesv2.Payload, _ sdk.AccAddress) error {
	return m.keeper.OnAnswer(ctx, sourceClient, payload.Value, ack, false)
}

// OnTimeoutPacket takes back what a packet carried.
func (m IBCModule) OnTimeoutPacket(ctx sdk.Context, sourceClient, _ string, _ uint64, payload channeltypesv2.Payload, _ sdk.AccAddress) error {
	return m.keeper.OnAnswer(ctx, sourceClient, payload.Value, nil, true)
}
