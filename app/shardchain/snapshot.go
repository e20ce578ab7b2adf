package shardchain

import (
	"errors"
	"fmt"
	"io"
	"slices"

	snapshottypes "github.com/cosmos/cosmos-sdk/store/v2/snapshots/types"

	"github.com/topnetwork/top/protocol/lattice"
)

// snapshotFormat of the accounts in a snapshot: a payload is a range of buckets (engine/disk, Range).
const snapshotFormat = 1

// snapshotter adds the accounts to the chain's snapshots. A snapshot without them would restore a state whose accounts are missing.
type snapshotter struct{ app *App }

var _ snapshottypes.ExtensionSnapshotter = snapshotter{}

// SnapshotName of the extension.
func (snapshotter) SnapshotName() string { return "lattice" }

// SnapshotFormat that is written.
func (snapshotter) SnapshotFormat() uint32 { return snapshotFormat }

// SupportedFormats that are read.
func (snapshotter) SupportedFormats() []uint32 { return []uint32{snapshotFormat} }

// SnapshotExtension writes the accounts of a height, while blocks go on.
func (s snapshotter) SnapshotExtension(height uint64, write snapshottypes.ExtensionPayloadWriter) error {
	return s.app.Engine.Snapshot(height, write)
}

// RestoreExtension reads the accounts of a height. The chain's state is restored already: it names their root.
func (s snapshotter) RestoreExtension(height uint64, format uint32, read snapshottypes.ExtensionPayloadReader) error {
	if !slices.Contains(s.SupportedFormats(), format) {
		return fmt.Errorf("%w: accounts in format %d, this release reads %d", snapshottypes.ErrUnknownFormat, format, s.SupportedFormats())
	}
	a := s.app
	ctx := a.NewUncachedContext(false, header(int64(height)))
	shard, err := a.Lattice.Shard.Get(ctx)
	if err != nil {
		return err
	}
	head, err := a.Lattice.Head.Get(ctx)
	if err != nil {
		return err
	}
	if err := a.Engine.Restore(shard.Prefix(), height, lattice.Hash(head.Root), func() ([]byte, error) {
		payload, err := read()
		if errors.Is(err, io.EOF) {
			return nil, nil
		}
		return payload, err
	}); err != nil {
		return err
	}
	a.intake.Serve(shard.Network, shard.Restarts)
	return a.Lattice.Start(ctx, int64(height))
}
