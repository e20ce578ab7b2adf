package network

// cohort is the transfers that come to a shard in one tick, by one member.
type cohort struct {
	entry   int
	created moment
	// left are in no block yet.
	left int
}

// taken of a cohort into a block; cross of them leave the shard.
type taken struct {
	cohort       *cohort
	count, cross int
}

// delivery is the receipts of one block for one destination.
type delivery struct {
	count int
	// created is when one of them was sent, drawn from all.
	created moment
	bytes   float64
	// hops within its destination.
	hops int
}

// block of a shard, and how far each member is with it.
type block struct {
	height     int
	proposer   int
	transfers  []taken
	deliveries []*delivery
	count      int
	cross      int
	receipts   int
	bytes      int64
	slices     int
	// by is each member's progress; firsts has committed it first.
	by          []progress
	committed   bool
	committedAt moment
	// next block of the shard, once there is one.
	next *block
}

// progress of a member with a block.
type progress struct {
	slices, prevotes, precommits                                int
	checking, checked, precommitted, decided, executed, writing bool
	decidedAt                                                   moment
}

// seat of a member.
type seat struct {
	host int
	// height that it works at; entered once its pause is over.
	height  int
	entered bool
	// pending transfers that it has verified.
	pending []*cohort
}

// shard is a committee and its chain.
type shard struct {
	seats []seat
	zone  int
	// working is the block of each member's height, nil until it is proposed; tip the last one proposed.
	working []*block
	tip     *block
	// outbox is the last block committed: its receipts are proven by the next one.
	outbox *block
	// waiting transfers that are in no block, and deliveries that have come.
	waiting int
	inbox   []*delivery
	// carry of a transfer's fractions that cross; turn shifts whose turn it is to propose.
	carry     float64
	turn      int
	lastBlock moment
}

// crossOf transfers of so many, so that the share is exact over many blocks.
func (sh *shard) crossOf(count int, share float64) int {
	sh.carry += float64(count) * share
	cross := min(count, int(sh.carry))
	sh.carry -= float64(cross)
	return cross
}
