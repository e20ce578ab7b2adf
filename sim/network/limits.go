package network

import (
	"fmt"
	"strings"
)

// limits of the model, and what it takes as given.
func (r Report) limits(b *strings.Builder) {
	a, l := r.Model.Assumptions, r.Model.Limits
	fmt.Fprintf(b, `## Limits that a network is held to
Hosts use at most %.0f %% of their cores and of each direction of their link; one core executes the main chain's blocks, at most half of the time; confirmations within %.0f ms in a shard and %.0f ms across shards at the 99th percentile; auditors at most %.0f s behind; blocks come before a proposal times out (%.0f s); at least 95 %% of what is offered is done, but for a block's worth that the counting may be off. The bounds on confirmations are those the project sets for its benchmark on one machine; nothing makes them easier for members an ocean apart.

`, 100*l.HostUse, l.ConfirmP99, l.CrossP99, l.Lag/1000, l.Interval/1000)
	fmt.Fprintf(b, `## What is played
- Transfers come every 20 ms, a Poisson number, to one member each time, who verifies them and tells all others; each verifies them before it proposes or votes. Cores serve what comes first; a link sends what comes first, votes past the rest.
- A block goes from its proposer to each member where that is quick, else in slices that members pass on. It is checked, prevoted, precommitted with quorums of protocol/committee, executed while votes are under way, written, and followed by a pause of %.0f ms.
- Receipts of a block are proven by the next one. A router takes them, one delivery for each source, destination and block, each with a header, its commit and a proof; the destination's slow side executes deliveries one after the other on one core.
- Auditors of a zone get each block and execute it again. Shards are anchored and auditors report at fixed times; the main chain executes what comes on one core, and at an epoch's change two headers of each shard and a proof of each candidate.

`, r.Model.Base.Pause)
	fmt.Fprintf(b, `## What is assumed, not measured
- A transfer's cost at a member grows by the same for each further peer, from one and four members to %d: CometBFT's own probes grew by less.
- Of that cost %.0f %% is before a block, %.0f %% in checking, %.0f %% in executing, %.0f %% in writing it; %.0f %% of a block's work is one core's, the rest falls on all (Amdahl). A block costs %.1f ms of CPU beside its transfers.
- A delivery and an anchor cost what a stock chain's transaction costs and two thirds of the committee's signatures, half of it before the block. Their sizes are CometBFT's bounds and those of an ics23 proof.
- A member has each part of a block and each vote %.0f times. Delays are halves of public clouds' round trips, and exponentially longer by a twentieth or so.

`, r.Model.Base.Members, 100*a.Ingest, 100*a.Verify, 100*a.Execute, 100*a.Commit, 100*a.Serial, a.BlockWork/1000, a.PartCopies)
	b.WriteString(`## What is left out
- Faults: no member is absent, slow or hostile, no proposal times out, no round is repeated, no packet is lost. Limits on blocks' intervals stand for time-outs.
- Load is even over shards and destinations, and does not burst. A shard with a popular account has more; splitting and merging are not played.
- Transfers of one account that wait for each other, quota, the cap on unaudited value and the bound on unacknowledged batches: all of them hold back, none speeds up.
- Disks, memory's bandwidth and the collector, but for what of them is in the measured cost; the edge, clients' reads and history. Rotation is counted as load on the main chain and as bytes that a new member loads, not as time.
- Cores are those of the machine that measured. Hosts of auditors are counted beside those of members; a node can be both, in different zones.
- A few seconds are counted of each network. Percentiles are right to a percent of their value, and rates to what a block is of that time.
`)
}
