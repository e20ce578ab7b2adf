package ibc

import (
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"

	abci "github.com/cometbft/cometbft/abci/types"

	channeltypesv2 "github.com/cosmos/ibc-go/v11/modules/core/04-channel/v2/types"
)

// What a node answers for a packet is a stranger's bytes: it decodes to that packet and no other, or to an error.
func FuzzNodeAnswers(f *testing.F) {
	packet := channeltypesv2.NewPacket(7, "07-tendermint-0", "07-tendermint-1", 1_800_000_000,
		channeltypesv2.NewPayload("billing", "usage", "top-billing-1", "application/x-protobuf", []byte{1, 2, 3}))
	bz, err := packet.Marshal()
	require.NoError(f, err)
	commitment := channeltypesv2.CommitPacket(packet)
	f.Add("07-tendermint-0", uint64(7), hex.EncodeToString(bz))
	f.Add("07-tendermint-0", uint64(8), hex.EncodeToString(bz[:len(bz)-2]))
	f.Add("", uint64(0), "zz")
	f.Fuzz(func(t *testing.T, client string, sequence uint64, answer string) {
		events := []abci.Event{{Type: channeltypesv2.EventTypeSendPacket, Attributes: []abci.EventAttribute{
			{Key: channeltypesv2.AttributeKeySrcClient, Value: client},
			{Key: channeltypesv2.AttributeKeySequence, Value: "7"},
			{Key: channeltypesv2.AttributeKeyEncodedPacketHex, Value: answer},
		}}}
		s := (&Endpoint{}).sentPackets(client)
		s.keep(events, 5)
		v, ok := s.seen[sequence]
		require.Equal(t, sequence == 7, ok)
		bz, err := hex.DecodeString(v.hex)
		if !ok || err != nil {
			return
		}
		p, err := decodePacket(bz, client, sequence, commitment)
		if err == nil { // the commitment lies under the client and the sequence, which it does not cover: they are the ones that were asked for
			want := packet
			want.SourceClient, want.Sequence = client, sequence
			require.Equal(t, want, p)
		}
		_, err = decodeAck(bz, commitment)
		require.Error(t, err, "a packet's commitment is no acknowledgement's")
	})
}
