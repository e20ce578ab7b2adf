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

// search looks in the nodes' indexes for events of packets that went through one client. What one transaction or block has of other packets is kept, so that packets that were
// sent together are found together; a search lives as long as a step.
type search struct {
	nodes                            *nodes
	event, clientKey, clientID, want string
	seen                             map[uint64]value
}

// value of the wanted attribute, in hex, and the height of its block.
type value struct {
	hex    string
	height int64
}

// sentPackets searches the packets that the chain sent through a client, in a transaction or at the beginning of a block.
func (e *Endpoint) sentPackets(clientID string) *search {
	return &search{
		nodes: e.nodes, event: channeltypesv2.EventTypeSendPacket, clientKey: channeltypesv2.AttributeKeySrcClient, clientID: clientID, want: channeltypesv2.AttributeKeyEncodedPacketHex,
		seen: map[uint64]value{},
	}
}

// writtenAcks searches the acknowledgements that the chain wrote for packets it received through a client.
func (e *Endpoint) writtenAcks(clientID string) *search {
	return &search{
		nodes: e.nodes, event: channeltypesv2.EventTypeWriteAck, clientKey: channeltypesv2.AttributeKeyDstClient, clientID: clientID, want: channeltypesv2.AttributeKeyEncodedAckHex,
		seen: map[uint64]value{},
	}
}

// packet is the one whose commitment is proven, and the height of its block.
func (s *search) packet(ctx context.Context, sequence uint64, commitment []byte) (packet channeltypesv2.Packet, height int64, err error) {
	height, err = s.find(ctx, sequence, func(bz []byte) (err error) {
		packet, err = decodePacket(bz, s.clientID, sequence, commitment)
		return err
	})
	return packet, height, err
}

// ack is the acknowledgement whose commitment is proven.
func (s *search) ack(ctx context.Context, sequence uint64, commitment []byte) (ack channeltypesv2.Acknowledgement, err error) {
	_, err = s.find(ctx, sequence, func(bz []byte) (err error) {
		ack, err = decodeAck(bz, commitment)
		return err
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

// find answers the height of the block with the event of one packet, the wanted attribute of which must pass the check.
func (s *search) find(ctx context.Context, sequence uint64, check func([]byte) error) (height int64, err error) {
	if v, ok := s.seen[sequence]; ok && s.decode(v, check) == nil {
		return v.height, nil
	}
	err = s.nodes.ask(ctx, func(at node) error {
		delete(s.seen, sequence)
		if err := s.in(ctx, at, sequence); err != nil {
			return err
		}
		v, ok := s.seen[sequence]
		if !ok {
			return errors.New("there is no such event: the node's index may be late, off or pruned (config.toml, tx_index)")
		}
		height = v.height
		return s.decode(v, check)
	})
	if err != nil {
		return 0, fmt.Errorf("%s %s/%d of %s: %w", s.event, s.clientID, sequence, s.nodes.chainID, err)
	}
	return height, nil
}

// in searches one node's index for one packet's event and keeps all events found beside it.
func (s *search) in(ctx context.Context, at node, sequence uint64) error {
	q := fmt.Sprintf("%s.%s='%s' AND %s.%s=%d", s.event, s.clientKey, s.clientID, s.event, channeltypesv2.AttributeKeySequence, sequence)
	page, perPage := 1, 5
	txs, err := at.TxSearch(ctx, q, false, &page, &perPage, "asc")
	if err != nil {
		return fmt.Errorf("search transactions: %w", err)
	}
	for _, t := range txs.Txs {
		if t != nil {
			s.keep(t.TxResult.Events, t.Height)
		}
	}
	if _, ok := s.seen[sequence]; ok {
		return nil
	}
	blocks, err := at.BlockSearch(ctx, q, &page, &perPage, "asc")
	if err != nil {
		return fmt.Errorf("search blocks: %w", err)
	}
	for _, b := range blocks.Blocks {
		if b == nil || b.Block == nil {
			continue
		}
		results, err := at.BlockResults(ctx, &b.Block.Height)
		if err != nil {
			return fmt.Errorf("results of block %d: %w", b.Block.Height, err)
		}
		s.keep(results.FinalizeBlockEvents, b.Block.Height)
	}
	return nil
}

// keep the wanted attribute of every event of the client that is not known yet.
func (s *search) keep(events []abci.Event, height int64) {
	for _, ev := range events {
		if ev.Type != s.event {
			continue
		}
		attributes := map[string]string{}
		for _, a := range ev.Attributes {
			attributes[a.Key] = a.Value
		}
		wanted, ok := attributes[s.want]
		sequence, err := strconv.ParseUint(attributes[channeltypesv2.AttributeKeySequence], 10, 64)
		if !ok || err != nil || attributes[s.clientKey] != s.clientID {
			continue
		}
		if _, known := s.seen[sequence]; !known {
			s.seen[sequence] = value{wanted, height}
		}
	}
}

func (s *search) decode(v value, check func([]byte) error) error {
	bz, err := hex.DecodeString(v.hex)
	if err == nil {
		err = check(bz)
	}
	if err != nil {
		return fmt.Errorf("attribute %s: %w", s.want, err)
	}
	return nil
}
