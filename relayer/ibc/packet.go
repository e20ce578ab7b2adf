package ibc

import (
	"context"
	"encoding/hex"
	"fmt"
	"strconv"

	abci "github.com/cometbft/cometbft/abci/types"

	channeltypesv2 "github.com/cosmos/ibc-go/v11/modules/core/04-channel/v2/types"
)

// findPacket returns a packet that the chain sent. It was sent in a transaction or at the beginning of a block; both are searched.
func (e *Endpoint) findPacket(ctx context.Context, clientID string, sequence uint64) (channeltypesv2.Packet, error) {
	bz, err := e.findEvent(ctx, channeltypesv2.EventTypeSendPacket, channeltypesv2.AttributeKeySrcClient, clientID, sequence, channeltypesv2.AttributeKeyEncodedPacketHex)
	if err != nil {
		return channeltypesv2.Packet{}, err
	}
	packet, err := decodePacket(bz, clientID, sequence)
	if err != nil {
		return packet, fmt.Errorf("packet %s/%d from a node of %s: %w", clientID, sequence, e.ChainID(), err)
	}
	return packet, nil
}

// decodePacket refuses what is not the packet that was asked for.
func decodePacket(bz []byte, clientID string, sequence uint64) (packet channeltypesv2.Packet, err error) {
	if err := packet.Unmarshal(bz); err != nil {
		return packet, err
	}
	if packet.Sequence != sequence || packet.SourceClient != clientID {
		return packet, fmt.Errorf("the answer is packet %s/%d", packet.SourceClient, packet.Sequence)
	}
	return packet, nil
}

func decodeAck(bz []byte) (ack channeltypesv2.Acknowledgement, err error) {
	return ack, ack.Unmarshal(bz)
}

// findAck returns the acknowledgement that the chain wrote for a packet it received through clientID.
func (e *Endpoint) findAck(ctx context.Context, clientID string, sequence uint64) (channeltypesv2.Acknowledgement, error) {
	bz, err := e.findEvent(ctx, channeltypesv2.EventTypeWriteAck, channeltypesv2.AttributeKeyDstClient, clientID, sequence, channeltypesv2.AttributeKeyEncodedAckHex)
	if err != nil {
		return channeltypesv2.Acknowledgement{}, err
	}
	ack, err := decodeAck(bz)
	if err != nil {
		return ack, fmt.Errorf("acknowledgement %s/%d of %s: %w", clientID, sequence, e.ChainID(), err)
	}
	return ack, nil
}

// findEvent searches the node's index for the event of one packet and decodes one of its attributes from hex.
func (e *Endpoint) findEvent(ctx context.Context, event, clientKey, clientID string, sequence uint64, want string) ([]byte, error) {
	q := fmt.Sprintf("%s.%s='%s' AND %s.%s=%d", event, clientKey, clientID, event, channeltypesv2.AttributeKeySequence, sequence)
	page, perPage := 1, 5
	txs, err := e.rpc.TxSearch(ctx, q, false, &page, &perPage, "asc")
	if err != nil {
		return nil, fmt.Errorf("search %s on %s: %w", q, e.ChainID(), err)
	}
	for _, t := range txs.Txs {
		if bz, ok := attribute(t.TxResult.Events, event, clientKey, clientID, sequence, want); ok {
			return hex.DecodeString(bz)
		}
	}
	blocks, err := e.rpc.BlockSearch(ctx, q, &page, &perPage, "asc")
	if err != nil {
		return nil, fmt.Errorf("search %s on %s: %w", q, e.ChainID(), err)
	}
	for _, b := range blocks.Blocks {
		results, err := e.rpc.BlockResults(ctx, &b.Block.Height)
		if err != nil {
			return nil, fmt.Errorf("results of block %d of %s: %w", b.Block.Height, e.ChainID(), err)
		}
		if bz, ok := attribute(results.FinalizeBlockEvents, event, clientKey, clientID, sequence, want); ok {
			return hex.DecodeString(bz)
		}
	}
	return nil, fmt.Errorf("the node of %s has no event %s: its index may be off or pruned (config.toml, tx_index)", e.ChainID(), q)
}

// attribute picks the wanted attribute of the one event that matches client and sequence.
func attribute(events []abci.Event, event, clientKey, clientID string, sequence uint64, want string) (string, bool) {
	for _, ev := range events {
		if ev.Type != event {
			continue
		}
		found := map[string]string{}
		for _, a := range ev.Attributes {
			found[a.Key] = a.Value
		}
		if found[clientKey] == clientID && found[channeltypesv2.AttributeKeySequence] == strconv.FormatUint(sequence, 10) {
			value, ok := found[want]
			return value, ok
		}
	}
	return "", false
}
