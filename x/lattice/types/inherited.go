package types

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/topnetwork/top/protocol/lattice"
)

// maxBucket in bytes of a file of inherited accounts: more than a full bucket of the longest records has no shard.
const maxBucket = 1 << 30

// check that it can be a root of accounts.
func (i *Inherited) check() error {
	if len(i.Root) != lattice.HashSize || (i.Accounts == 0) != bytes.Equal(i.Root, make([]byte, lattice.HashSize)) {
		return fmt.Errorf("%d accounts with a root of %d bytes", i.Accounts, len(i.Root))
	}
	return nil
}

// AppendBucket to a file of inherited accounts: its length, and the bucket in protobuf.
func AppendBucket(w io.Writer, number uint32, slots lattice.Slots) error {
	bz, err := (&Bucket{Number: number, Slots: slots}).Marshal()
	if err != nil {
		return err
	}
	if _, err := w.Write(binary.BigEndian.AppendUint32(nil, uint32(len(bz)))); err != nil {
		return err
	}
	_, err = w.Write(bz)
	return err
}

// Read a file of inherited accounts into a shard that has none. Only when Read has answered without an error is it the one that genesis names.
func (i *Inherited) Read(r io.Reader, into *lattice.Accounts) error {
	in := bufio.NewReaderSize(r, 1<<16)
	for {
		var size [4]byte
		if _, err := io.ReadFull(in, size[:]); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
		n := binary.BigEndian.Uint32(size[:])
		if n > maxBucket {
			return fmt.Errorf("%w: a bucket of %d bytes", lattice.ErrMalformed, n)
		}
		// Not all at once what a torn file only claims to have.
		var buf bytes.Buffer
		if _, err := io.CopyN(&buf, in, int64(n)); err != nil {
			return fmt.Errorf("a bucket of %d bytes is cut off: %w", n, err)
		}
		var b Bucket
		if err := b.Unmarshal(buf.Bytes()); err != nil {
			return err
		}
		if err := into.Restore(b.Number, b.Slots); err != nil {
			return err
		}
	}
	if root := into.Root(); !bytes.Equal(root[:], i.Root) || into.Len() != i.Accounts {
		return fmt.Errorf("%d accounts with the root %x, genesis names %d and %x: it belongs to another genesis", into.Len(), root, i.Accounts, i.Root)
	}
	return nil
}
