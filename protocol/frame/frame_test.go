package frame_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/protocol/frame"
	"github.com/topnetwork/top/protocol/messaging"
)

func TestRoundTrip(t *testing.T) {
	var stream bytes.Buffer
	sent := []*messaging.Contact{{}, {Identity: []byte("a")}, {Identity: bytes.Repeat([]byte{7}, frame.Max-10)}}
	for _, m := range sent {
		require.NoError(t, frame.Write(&stream, m))
	}
	r := frame.NewReader(&stream)
	for _, want := range sent {
		var got messaging.Contact
		require.NoError(t, r.Read(&got))
		require.Equal(t, want.Identity, got.Identity)
	}
	require.Equal(t, io.EOF, r.Read(&messaging.Contact{}))
	require.ErrorIs(t, frame.Write(&stream, &messaging.Contact{Identity: make([]byte, frame.Max)}), frame.ErrFrame)
}

func TestStrict(t *testing.T) {
	ack := func(body ...byte) []byte { return append([]byte{byte(len(body))}, body...) }
	for name, in := range map[string]struct {
		bytes []byte
		err   error
	}{
		"too long":                {binary.AppendUvarint(nil, frame.Max+1), frame.ErrFrame},
		"length of four bytes":    {[]byte{0x80, 0x80, 0x80, 0x01}, frame.ErrFrame},
		"length not minimal":      {[]byte{0x81, 0x00}, frame.ErrFrame},
		"cut inside the length":   {[]byte{0x80}, io.ErrUnexpectedEOF},
		"cut inside the body":     {[]byte{2, 8}, io.ErrUnexpectedEOF},
		"not protobuf":            {ack(0xff, 0xff), frame.ErrFrame},
		"unknown field":           {ack(0x50, 1), frame.ErrFrame},
		"explicit zero":           {ack(8, 0), frame.ErrFrame},
		"value not minimal":       {ack(8, 0x81, 0), frame.ErrFrame},
		"field twice":             {ack(8, 1, 8, 2), frame.ErrFrame},
		"wrong wire type":         {ack(0x0a, 0), frame.ErrFrame},
		"value of more than 10 B": {ack(8, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1), frame.ErrFrame},
		"group that never ends":   {ack(0x53), frame.ErrFrame},
	} {
		t.Run(name, func(t *testing.T) {
			require.ErrorIs(t, frame.NewReader(bytes.NewReader(in.bytes)).Read(&messaging.Acked{}), in.err)
		})
	}
}

// FuzzRead: no input makes the reader panic, and what it accepts it would write again byte for byte.
func FuzzRead(f *testing.F) {
	f.Add([]byte{2, 8, 1})
	f.Add([]byte{0})
	f.Fuzz(func(t *testing.T, in []byte) {
		r := frame.NewReader(bytes.NewReader(in))
		var out bytes.Buffer
		for {
			var m messaging.Request
			if r.Read(&m) != nil {
				break
			}
			require.NoError(t, frame.Write(&out, &m))
		}
		require.True(t, bytes.HasPrefix(in, out.Bytes()))
	})
}
