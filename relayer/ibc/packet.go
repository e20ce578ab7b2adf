package ibc

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"

	abci "github.com/cometbft/cometbft/abci/types"

	channeltypesv2 "github.com/cosmos/ibc-go/v11/modules/core/04-channel/v2/types"
)

// findPacket returns a packet that the chain sent, the one whose commitment is proven, and the height of its block. It was sent in a transaction or at the beginning
// of a block; both are searched.
func (e *Endpoint) findPacket(ctx context.Context, clientID string, sequence uint64, commitment []byte) (channeltypesv2.Packet, int64, error) {
	var packet channeltypesv2.Packet
	height, err := e.findEvent(ctx, found{
		event: channeltypesv2.EventTypeSendPacket, clientKey: channeltypesv2.AttributeKeySrcClient, clientID: clientID, sequence: sequence,
		want: channeltypesv2.AttributeKeyEncodedPacketHex,
		check: func(bz []byte) (err error) {
			packet, err = decodePacket(bz, clientID, sequence, commitment)
			return err
		},
	})
	return packet, height, err
}

// findAck returns the acknowledgement that the chain wrote for a packet it received through clientID, the one whose commitment is proven.
func (e *Endpoint) findAck(ctx context.Context, clientID string, sequence uint64, commitment []byte) (channeltypesv2.Acknowledgement, error) {
	var ack channeltypesv2.Acknowledgement
	_, err := e.findEvent(ctx, found{
		event: channeltypesv2.EventTypeWriteAck, clientKey: channeltypesv2.AttributeKeyDstClient, clientID: clientID, sequence: sequence,
		want: channeltypesv2.AttributeKeyEncodedAckHex,
		check: func(bz []byte) (err error) {
			ack, err = decodeAck(bz, commitment)
			return err
		},
	})
	return ack, err
}

// decodePacket refuses what is not the packet that was asked for.
func decodePacket(bz []byte, clientID string, sequence uint64, commitment []byte) (packet channeltypesv2.Packet, err error) {
	if err := packet.Unmarshal(bz); err != nil {
		return packet, err
	}
	if packet.Sequence != sequence || packet.SourceClient != clientID || !bytes.Equal(channeltypesv2.CommitPacket(packet), commitment) {
		return packet, errors.New("it is not the packet whose commitment the chain has")
	}
	return packet, nil
}

// decodeAck refuses what is not the acknowledgement that was asked for.
func decodeAck(bz, commitment []byte) (ack channeltypesv2.Acknowledgement, err error) {
	if err := ack.Unmarshal(bz); err != nil {
		return ack, err
	}
	if !bytes.Equal(channeltypesv2.CommitAcknowledgement(ack), commitment) {
		return ack, errors.New("it is not the acknowledgement whose commitment the chain has")
	}
	return ack, nil
}

// found is an event of one packet that is looked for: the wanted attribute, in hex, must pass the check.
type found struct {
	event, clientKey, clientID string
	sequence                   uint64
	want                       string
	check                      func([]byte) error
}

// findEvent searches the nodes' indexes for the event of one packet and answers the height of its block.
func (e *Endpoint) findEvent(ctx context.Context, f found) (height int64, err error) {
	err = e.nodes.ask(ctx, func(at node) error {
		height, err = f.in(ctx, at)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("%s %s/%d of %s: %w", f.event, f.clientID, f.sequence, e.ChainID(), err)
	}
	return height, nil
}

// in searches one node's index.
func (f found) in(ctx context.Context, at node) (int64, error) {
	q := fmt.Sprintf("%s.%s='%s' AND %s.%s=%d", f.event, f.clientKey, f.clientID, f.event, channeltypesv2.AttributeKeySequence, f.sequence)
	page, perPage := 1, 5
	txs, err := at.TxSearch(ctx, q, false, &page, &perPage, "asc")
	if err != nil {
		return 0, fmt.Errorf("search transactions: %w", err)
	}
	for _, t := range txs.Txs {
		if t == nil {
			continue
		}
		if value, ok := attribute(t.TxResult.Events, f.event, f.clientKey, f.clientID, f.sequence, f.want); ok {
			return t.Height, f.decode(value)
		}
	}
	blocks, err := at.BlockSearch(ctx, q, &page, &perPage, "asc")
	if err != nil {
		return 0, fmt.Errorf("search blocks: %w", err)
	}
	for _, b := range blocks.Blocks {
		if b == nil || b.Block == nil {
			continue
		}
		results, err := at.BlockResults(ctx, &b.Block.Height)
		if err != nil {
			return 0, fmt.Errorf("results of block %d: %w", b.Block.Height, err)
		}
		if value, ok := attribute(results.FinalizeBlockEvents, f.event, f.clientKey, f.clientID, f.sequence, f.want); ok {
			return b.Block.Height, f.decode(value)
		}
	}
	return 0, errors.New("there is no such event: the node's index may be late, off or pruned (config.toml, tx_index)")
}

func (f found) decode(value string) error {
	bz, err := hex.DecodeString(value)
	if err != nil {
		return fmt.Errorf("attribute %s: %w", f.want, err)
	}
	if err := f.check(bz); err != nil {
		return fmt.Errorf("attribute %s: %w", f.want, err)
	}
	return nil
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
