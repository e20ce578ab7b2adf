package types

import (
	"context"

	staketypes "github.com/topnetwork/top/x/stake/types"
)

// StakeKeeper is x/stake: who may be drawn, by which key and weight.
type StakeKeeper interface {
	Node(ctx context.Context, operator string) (staketypes.Node, error)
	OperatorOf(ctx context.Context, hotAddress string) (string, error)
	Entry(ctx context.Context, epoch uint64, operator string) (staketypes.Entry, error)
	WalkEntries(ctx context.Context, epoch uint64, visit func(staketypes.Entry) error) error
	// Complete tells whether a snapshot is there as a whole.
	Complete(ctx context.Context, epoch uint64) (bool, error)
	// RecordAbsence of a sealer costs reputation.
	RecordAbsence(ctx context.Context, operator string) error
}

// EpochKeeper counts epochs.
type EpochKeeper interface {
	// EpochBlocks is the length of an epoch in blocks.
	EpochBlocks(ctx context.Context) (uint64, error)
}

// CommitteeKeeper is x/committees.
type CommitteeKeeper interface {
	// Sitting are the operators who run the main chain, in ascending order.
	Sitting(ctx context.Context) ([]string, error)
}
