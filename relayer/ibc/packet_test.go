package ibc

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	abci "github.com/cometbft/cometbft/abci/types"

	channeltypesv2 "github.com/cosmos/ibc-go/v11/modules/core/04-channel/v2/types"
)

const ourClient = "07-tendermint-0"

// sentEvent is what a chain says of a packet that it sends.
func sentEvent(kind, client, sequence, encoded string) abci.Event {
	return abci.Event{Type: kind, Attributes: []abci.EventAttribute{
		{Key: "packet_source_client", Value: client}, {Key: "packet_sequence", Value: sequence}, {Key: "encoded_packet_hex", Value: encoded},
	}}
}

func packetNumber(sequence uint64) (packet channeltypesv2.Packet, encoded string) {
	packet = channeltypesv2.NewPacket(sequence, ourClient, "07-tendermint-1", 1_800_000_000,
		channeltypesv2.NewPayload("billing", "usage", "top-billing-1", "application/x-protobuf", []byte{byte(sequence)}))
	bz, err := packet.Marshal()
	if err != nil {
		panic(err)
	}
	return packet, hex.EncodeToString(bz)
}

// A block has the events of many packets; only those of the client count.
func TestSearchKeepsPacketsOfItsClient(t *testing.T) {
	s := (&Endpoint{}).sentPackets(ourClient)
	s.keep([]abci.Event{
		sentEvent("send_packet", ourClient, "1", "aa"), sentEvent("send_packet", "07-tendermint-1", "2", "bb"),
		sentEvent("recv_packet", ourClient, "2", "cc"), sentEvent("send_packet", ourClient, "2", "dd"), sentEvent("send_packet", ourClient, "2", "ee"),
		{Type: "send_packet", Attributes: []abci.EventAttribute{{Key: "packet_source_client", Value: ourClient}, {Key: "packet_sequence", Value: "3"}}},
		sentEvent("send_packet", ourClient, "-4", "ff"),
	}, 9)
	require.Equal(t, map[uint64]value{1: {"aa", 9}, 2: {"dd", 9}}, s.seen)
}

// Packets of one transaction are found by one search; one that was not what it should be is looked for by itself.
func TestPacketsSentTogetherAreFoundTogether(t *testing.T) {
	searches := 0
	n, err := dialNodes("top-a-1", []string{fakeNode(t, func(method string) string {
		if method != "tx_search" {
			return `{}`
		}
		searches++
		var events []string
		for sequence := uint64(1); sequence <= 3; sequence++ {
			_, encoded := packetNumber(sequence)
			// The first answer has something else for the third packet.
			if sequence == 3 && searches == 1 {
				_, encoded = packetNumber(4)
			}
			events = append(events, fmt.Sprintf(`{"type":"send_packet","attributes":[{"key":"packet_source_client","value":%q},{"key":"packet_sequence","value":"%d"},{"key":"encoded_packet_hex","value":%q}]}`,
				ourClient, sequence, encoded))
		}
		return fmt.Sprintf(`{"txs":[{"height":"7","tx_result":{"events":[%s]}}],"total_count":"1"}`, strings.Join(events, ","))
	})}, rpcTimeout)
	require.NoError(t, err)
	s := (&Endpoint{nodes: n}).sentPackets(ourClient)
	for sequence, want := range []int{1, 1, 2} {
		packet, _ := packetNumber(uint64(sequence) + 1)
		found, height, err := s.packet(t.Context(), packet.Sequence, channeltypesv2.CommitPacket(packet))
		require.NoError(t, err)
		require.Equal(t, packet, found)
		require.EqualValues(t, 7, height)
		require.Equal(t, want, searches, "packet %d", packet.Sequence)
	}
	fourth, _ := packetNumber(4)
	_, _, err = s.packet(t.Context(), 4, channeltypesv2.CommitPacket(fourth))
	require.ErrorContains(t, err, "send_packet 07-tendermint-0/4 of top-a-1")
	_, _, err = s.packet(t.Context(), 3, channeltypesv2.CommitPacket(fourth))
	require.ErrorContains(t, err, "not the packet whose commitment the chain has")
}
