package books

import (
	"context"
	"encoding/binary"

	"github.com/stretchr/testify/require"

	storetypes "github.com/cosmos/cosmos-sdk/store/v2/types"
	sdk "github.com/cosmos/cosmos-sdk/types"

	channeltypesv2 "github.com/cosmos/ibc-go/v11/modules/core/04-channel/v2/types"
	ibcapi "github.com/cosmos/ibc-go/v11/modules/core/api"
)

const pipeStore = "pipe"

// Pipe carries one chain's packets. They lie in the chain's store, so that a failing transaction sends nothing.
type Pipe struct {
	key    *storetypes.KVStoreKey
	source ibcapi.IBCModule
	// Down, if set, is why nothing can be sent.
	Down error
}

var sequenceKey = []byte("sequence")

func packetKey(sequence uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte("packet/"), sequence)
}
func answerKey(sequence uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte("answer/"), sequence)
}

// SendPacket asks the module as IBC does, and keeps the packet.
func (p *Pipe) SendPacket(ctx context.Context, msg *channeltypesv2.MsgSendPacket) (*channeltypesv2.MsgSendPacketResponse, error) {
	if p.Down != nil {
		return nil, p.Down
	}
	if err := msg.ValidateBasic(); err != nil {
		return nil, err
	}
	sdkCtx := sdk.UnwrapSDKContext(ctx)
	store := sdkCtx.KVStore(p.key)
	sequence := uint64(1)
	if last := store.Get(sequenceKey); last != nil {
		sequence = binary.BigEndian.Uint64(last) + 1
	}
	err := p.source.OnSendPacket(sdkCtx, msg.SourceClient, other(msg.SourceClient), sequence, msg.Payloads[0], sdk.MustAccAddressFromBech32(msg.Signer))
	if err != nil {
		return nil, err
	}
	store.Set(sequenceKey, binary.BigEndian.AppendUint64(nil, sequence))
	raw, err := msg.Marshal()
	if err != nil {
		return nil, err
	}
	store.Set(packetKey(sequence), raw)
	return &channeltypesv2.MsgSendPacketResponse{Sequence: sequence}, nil
}

// other end of a client.
func other(client string) string {
	if client == MainClient {
		return ServiceClient
	}
	return MainClient
}

// end of a pipe: a chain and its module.
type end struct {
	ctx    sdk.Context
	module ibcapi.IBCModule
}

// Direction of packets.
type Direction struct {
	pipe     *Pipe
	from, to end
}

// ToService are the main chain's packets.
func (n *Network) ToService() Direction {
	return Direction{n.Main.Out, end{n.Main.Ctx, n.Main.IBC}, end{n.Service.Ctx, n.Service.IBC}}
}

// ToMain are the service chain's packets.
func (n *Network) ToMain() Direction {
	return Direction{n.Service.Out, end{n.Service.Ctx, n.Service.IBC}, end{n.Main.Ctx, n.Main.IBC}}
}

// Pending are the sequences of packets whose fate the sender does not know, in order.
func (d Direction) Pending() []uint64 {
	store := d.from.ctx.KVStore(d.pipe.key)
	it := storetypes.KVStorePrefixIterator(store, []byte("packet/"))
	defer it.Close()
	var out []uint64
	for ; it.Valid(); it.Next() {
		out = append(out, binary.BigEndian.Uint64(it.Key()[len("packet/"):]))
	}
	return out
}

// Packet that is pending.
func (d Direction) Packet(t require.TestingT, sequence uint64) *channeltypesv2.MsgSendPacket {
	var msg channeltypesv2.MsgSendPacket
	require.NoError(t, msg.Unmarshal(d.from.ctx.KVStore(d.pipe.key).Get(packetKey(sequence))))
	return &msg
}

// Received tells whether the other side has a packet.
func (d Direction) Received(sequence uint64) bool {
	return d.from.ctx.KVStore(d.pipe.key).Has(answerKey(sequence))
}

// Receive brings a packet to the other side, once, and answers whether it was accepted.
func (d Direction) Receive(t require.TestingT, sequence uint64) bool {
	require.False(t, d.Received(sequence), "IBC delivers once")
	msg := d.Packet(t, sequence)
	attempt, write := d.to.ctx.CacheContext()
	res := d.to.module.OnRecvPacket(attempt, msg.SourceClient, other(msg.SourceClient), sequence, msg.Payloads[0], nil)
	ok := res.Status == channeltypesv2.PacketStatus_Success
	ack := channeltypesv2.ErrorAcknowledgement[:]
	if ok {
		write()
		ack = res.Acknowledgement
	}
	d.from.ctx.KVStore(d.pipe.key).Set(answerKey(sequence), ack)
	return ok
}

// Acknowledge tells the sender what became of a packet that was received.
func (d Direction) Acknowledge(t require.TestingT, sequence uint64) {
	require.True(t, d.Received(sequence))
	msg, store := d.Packet(t, sequence), d.from.ctx.KVStore(d.pipe.key)
	err := d.from.module.OnAcknowledgementPacket(d.from.ctx, msg.SourceClient, other(msg.SourceClient), sequence, store.Get(answerKey(sequence)), msg.Payloads[0], nil)
	require.NoError(t, err)
	store.Delete(packetKey(sequence))
}

// Refuse has the other side refuse a packet, for a reason of its own.
func (d Direction) Refuse(t require.TestingT, sequence uint64) {
	require.False(t, d.Received(sequence), "IBC delivers once")
	d.from.ctx.KVStore(d.pipe.key).Set(answerKey(sequence), channeltypesv2.ErrorAcknowledgement[:])
	d.Acknowledge(t, sequence)
}

// TimeOut tells the sender that a packet did not arrive in time.
func (d Direction) TimeOut(t require.TestingT, sequence uint64) {
	require.False(t, d.Received(sequence))
	msg := d.Packet(t, sequence)
	require.NoError(t, d.from.module.OnTimeoutPacket(d.from.ctx, msg.SourceClient, other(msg.SourceClient), sequence, msg.Payloads[0], nil))
	d.from.ctx.KVStore(d.pipe.key).Delete(packetKey(sequence))
}

// Deliver brings over everything that is pending, and its answer back.
func (d Direction) Deliver(t require.TestingT) {
	for _, sequence := range d.Pending() {
		if !d.Received(sequence) {
			require.True(t, d.Receive(t, sequence), "packet %d", sequence)
		}
		d.Acknowledge(t, sequence)
	}
}

// Relay delivers in both directions.
func (n *Network) Relay(t require.TestingT) {
	n.ToService().Deliver(t)
	n.ToMain().Deliver(t)
}
