package verify

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/protocol/lattice"
)

func head(height byte) []byte {
	return append([]byte{8, height, 2<<3 | 2, lattice.HashSize}, bytes.Repeat([]byte{7}, lattice.HashSize)...)
}

func TestHeads(t *testing.T) {
	h, err := decodeHead(append(head(5), 0x38, 1))
	require.NoError(t, err)
	require.Equal(t, Head{Height: 5, Root: lattice.Hash(bytes.Repeat([]byte{7}, lattice.HashSize))}, h)
	for name, bad := range map[string][]byte{
		"empty": nil, "no height": head(5)[2:], "no root": head(5)[:2], "half a root": head(5)[:20], "endless height": bytes.Repeat([]byte{0xff}, 20), "another length": append([]byte{8, 5, 2<<3 | 2, 31}, make([]byte, 40)...),
	} {
		_, err := decodeHead(bad)
		require.ErrorIs(t, err, ErrProof, name)
	}
	_, err = DecodeState(nil, nil)
	require.ErrorIs(t, err, ErrProof)
	_, err = DecodeState(nil, []byte("rubbish"), nil)
	require.ErrorIs(t, err, ErrProof)
	s, err := DecodeState(head(5), nil, nil)
	require.NoError(t, err)
	_, err = s.Verify(nil)
	require.ErrorIs(t, err, ErrProof, "proofs of nothing")
}

// FuzzHead: what is read as a head begins with its two fields.
func FuzzHead(f *testing.F) {
	f.Add(head(5))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := decodeHead(b)
		if err == nil && !bytes.Contains(b, h.Root[:]) {
			t.Fatalf("%+v of %x", h, b)
		}
	})
}
