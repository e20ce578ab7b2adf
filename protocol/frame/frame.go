// Package frame reads and writes length-delimited messages on a stream: an unsigned varint, then that many bytes of
// protobuf. Decoding is strict: whatever would not be written the same way again is refused, so that a peer can neither
// hide unknown fields in a frame nor send two encodings of one message.
package frame

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Max is the size in bytes of the largest frame.
const Max = 1 << 20

// ErrFrame wraps every refusal of a frame; after one the stream is of no use.
var ErrFrame = errors.New("malformed frame")

// Message is a generated protobuf message.
type Message interface {
	Reset()
	Marshal() ([]byte, error)
	Unmarshal([]byte) error
}

// Write sends one frame with a single call of w.Write.
func Write(w io.Writer, m Message) error {
	body, err := m.Marshal()
	if err != nil {
		return fmt.Errorf("marshal frame: %w", err)
	}
	if len(body) > Max {
		return fmt.Errorf("%w: %d bytes, at most %d", ErrFrame, len(body), Max)
	}
	buf := binary.AppendUvarint(make([]byte, 0, len(body)+4), uint64(len(body)))
	_, err = w.Write(append(buf, body...))
	return err
}

// Reader reads frames from a stream.
type Reader struct{ r *bufio.Reader }

// NewReader buffers r.
func NewReader(r io.Reader) *Reader { return &Reader{r: bufio.NewReader(r)} }

// Read fills m with the next frame. At the end of the stream it answers io.EOF, inside a frame io.ErrUnexpectedEOF.
func (r *Reader) Read(m Message) error {
	size, err := r.length()
	if err != nil {
		return err
	}
	// The buffer grows with what arrives: a length alone must not cost a megabyte.
	var buf bytes.Buffer
	if n, err := io.Copy(&buf, io.LimitReader(r.r, int64(size))); err != nil {
		return err
	} else if n != int64(size) {
		return io.ErrUnexpectedEOF
	}
	return Decode(buf.Bytes(), m)
}

// length reads a minimal unsigned varint of at most three bytes.
func (r *Reader) length() (uint64, error) {
	var size uint64
	for i := range 3 {
		b, err := r.r.ReadByte()
		if err != nil {
			if i > 0 && errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return 0, err
		}
		size |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			if i > 0 && b == 0 {
				return 0, fmt.Errorf("%w: length is not minimal", ErrFrame)
			}
			if size > Max {
				return 0, fmt.Errorf("%w: %d bytes, at most %d", ErrFrame, size, Max)
			}
			return size, nil
		}
	}
	return 0, fmt.Errorf("%w: length of more than three bytes", ErrFrame)
}

// Decode fills m from a frame's body and refuses every encoding but the one that m marshals to.
func Decode(body []byte, m Message) error {
	m.Reset()
	if err := m.Unmarshal(body); err != nil {
		return fmt.Errorf("%w: %w", ErrFrame, err)
	}
	again, err := m.Marshal()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrFrame, err)
	}
	if !bytes.Equal(again, body) {
		return fmt.Errorf("%w: unknown fields or an encoding that is not canonical", ErrFrame)
	}
	return nil
}
