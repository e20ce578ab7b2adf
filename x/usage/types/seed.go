package types

import (
	"time"

	"github.com/topnetwork/top/protocol/sortition"
	sortitiontypes "github.com/topnetwork/top/x/sortition/types"
)

// ClockMargin is the room for clocks that differ. A claim gets it when it is dated, so that no later change chooses it another seed.
func (p Params) ClockMargin() time.Duration { return time.Duration(p.ClockMarginSeconds) * time.Second }

// Committed is the moment of the main chain by which a dated claim was certainly committed.
func (c Claim) Committed() sortition.Moment {
	return sortition.Moment{Height: c.MainHeight, Time: c.CommittedTime}
}

// ChallengedBy tells whether a seed is the one that challenges a claim: the first whose sealing began after it.
func (c Claim) ChallengedBy(seed sortitiontypes.PublishedSeed) bool {
	return c.CommittedTime != 0 && sortition.FirstAfter(c.Committed(), seed.Previous(), seed.Sealing())
}
