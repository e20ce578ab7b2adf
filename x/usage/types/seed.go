package types

import (
	"time"

	"github.com/topnetwork/top/protocol/sortition"
	sortitiontypes "github.com/topnetwork/top/x/sortition/types"
)

// Committed is the moment of the main chain by which a dated claim was committed, with room for clocks that differ.
func (c Claim) Committed(p Params) sortition.Moment {
	return sortition.Moment{Height: c.MainHeight, Time: c.CommittedTime + int64(p.ClockMarginSeconds)*int64(time.Second)}
}

// ChallengedBy tells whether a seed is the one that challenges a claim: the first whose sealing began after it.
func (c Claim) ChallengedBy(seed sortitiontypes.PublishedSeed, p Params) bool {
	return c.CommittedTime != 0 && sortition.FirstAfter(c.Committed(p), seed.Previous(), seed.Sealing())
}
