package usage

import (
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"

	channeltypesv2 "github.com/cosmos/ibc-go/v11/modules/core/04-channel/v2/types"
	ibcapi "github.com/cosmos/ibc-go/v11/modules/core/api"

	billingtypes "github.com/topnetwork/top/x/billing/types"
	"github.com/topnetwork/top/x/usage/keeper"
	"github.com/topnetwork/top/x/usage/types"
)

var _ ibcapi.IBCModule = IBCModule{}

// IBCModule takes the packets of port "usage".
type IBCModule struct{ keeper *keeper.Keeper }

// NewIBCModule of a keeper.
func NewIBCModule(k *keeper.Keeper) IBCModule { return IBCModule{keeper: k} }

// checkPayload refuses whatever is not exactly this protocol.
func checkPayload(p channeltypesv2.Payload, source, destination string) error {
	if p.SourcePort != source || p.DestinationPort != destination || p.Version != billingtypes.Version || p.Encoding != billingtypes.Encoding {
		return errorsmod.Wrapf(types.ErrInvalid, "payload %s→%s %s %s, want %s→%s %s %s",
			p.SourcePort, p.DestinationPort, p.Version, p.Encoding, source, destination, billingtypes.Version, billingtypes.Encoding)
	}
	return nil
}

// OnSendPacket lets only the module itself send: anyone may submit MsgSendPacket.
func (m IBCModule) OnSendPacket(_ sdk.Context, _, _ string, _ uint64, payload channeltypesv2.Payload, signer sdk.AccAddress) error {
	if !signer.Equals(m.keeper.Address()) {
		return errorsmod.Wrapf(types.ErrUnauthorized, "packets of port %s are sent by the module alone, not by %s", types.PortID, signer)
	}
	return checkPayload(payload, types.PortID, billingtypes.PortID)
}

// OnRecvPacket applies credit or a provider's record. A refused one leaves no trace but its failure acknowledgement.
func (m IBCModule) OnRecvPacket(ctx sdk.Context, _, destinationClient string, _ uint64, payload channeltypesv2.Payload, _ sdk.AccAddress) channeltypesv2.RecvPacketResult {
	err := checkPayload(payload, billingtypes.PortID, types.PortID)
	if err == nil {
		err = m.keeper.OnReceive(ctx, destinationClient, payload.Value)
	}
	if err != nil {
		ctx.Logger().Error("packet refused", "module", types.ModuleName, "client", destinationClient, "error", err)
		return channeltypesv2.RecvPacketResult{Status: channeltypesv2.PacketStatus_Failure}
	}
	return channeltypesv2.RecvPacketResult{Status: channeltypesv2.PacketStatus_Success, Acknowledgement: []byte(billingtypes.AckOK)}
}

// OnAcknowledgementPacket books the answer to a packet.
func (m IBCModule) OnAcknowledgementPacket(ctx sdk.Context, sourceClient, _ string, sequence uint64, ack []byte, payload channeltypesv2.Payload, _ sdk.AccAddress) error {
	return m.keeper.OnAnswer(ctx, sourceClient, sequence, payload.Value, ack, false)
}

// OnTimeoutPacket has the settlement sent again.
func (m IBCModule) OnTimeoutPacket(ctx sdk.Context, sourceClient, _ string, sequence uint64, payload channeltypesv2.Payload, _ sdk.AccAddress) error {
	return m.keeper.OnAnswer(ctx, sourceClient, sequence, payload.Value, nil, true)
}
