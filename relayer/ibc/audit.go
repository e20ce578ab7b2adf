package ibc

import (
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"time"

	hostv2 "github.com/cosmos/ibc-go/v11/modules/core/24-host/v2"
)

const (
	// auditEvery is the pause between audits.
	auditEvery = 3 * time.Second
	// auditBlocks that a state must be newer than a node's first word: what it proves is a block old, and nodes are not all at the same one.
	auditBlocks = 2
	// auditProofs bounds the proofs of one audit.
	auditProofs = 50
)

// audit holds what nodes say without proof against what the chains' states prove: how many packets were sent, which of them wait, which have arrived.
type audit struct {
	// sent is the sequence that the next packet had at the last audit.
	sent uint64
	// watched were sent before the last audit and are not proven to be over.
	watched map[uint64]bool
	// missing are watched ones that waited and were not listed, with the height at which that was first seen; arrived those that have arrived by a node's word.
	missing, arrived map[uint64]int64
	// open are those that have not arrived by a node's word, with the height at which a receipt was first proven, 0 while there is none.
	open map[uint64]int64
}

// proves asks the chain's state, under a verified header, whether it has something of a packet.
type proves func(sequence uint64) (bool, error)

// unlisted answers packets that wait and that a node does not list; next is the sequence of the next packet by the state of a height.
func (a *audit) unlisted(listed []uint64, next uint64, height int64, waits proves) (hidden []uint64, err error) {
	known := map[uint64]bool{}
	for _, s := range listed {
		known[s] = true
	}
	if a.watched == nil {
		a.watched, a.missing = map[uint64]bool{}, map[uint64]int64{}
	}
	asked := 0
	for _, s := range slices.Sorted(maps.Keys(a.watched)) {
		if known[s] {
			delete(a.missing, s)
			continue
		}
		if asked++; asked > auditProofs {
			continue
		}
		waiting, err := waits(s)
		if err != nil {
			return hidden, err
		}
		since, missed := a.missing[s]
		switch {
		case !waiting:
			delete(a.watched, s)
			delete(a.missing, s)
		case !missed:
			a.missing[s] = height
		case height >= since+auditBlocks:
			hidden = append(hidden, s)
		}
	}
	// Older packets than these are left to the turns that nodes take.
	first := max(a.sent, next-min(next, maxBacklog), 1)
	for s := first; s < next; s++ {
		a.watched[s] = true
	}
	a.sent = next
	for s := range a.watched {
		if s+maxBacklog < next {
			delete(a.watched, s)
			delete(a.missing, s)
		}
	}
	return hidden, nil
}

// unreceived answers packets that have arrived by a node's word and of which the state has no receipt.
func (a *audit) unreceived(arrived []uint64, height int64, receipt proves) (hidden []uint64, err error) {
	before := a.arrived
	a.arrived = map[uint64]int64{}
	asked := 0
	for _, s := range arrived {
		since, said := before[s]
		if !said {
			since = height
		}
		a.arrived[s] = since
		if height < since+auditBlocks {
			continue
		}
		if asked++; asked > auditProofs {
			continue
		}
		has, err := receipt(s)
		if err != nil {
			return hidden, err
		}
		if !has {
			hidden = append(hidden, s)
		}
	}
	return hidden, nil
}

// received answers packets that have not arrived by a node's word and of which the state has a receipt; denied are those of which the node must have known.
func (a *audit) received(open []uint64, height int64, receipt proves) (arrived, denied []uint64, err error) {
	before := a.open
	a.open = map[uint64]int64{}
	asked := 0
	for _, s := range open {
		since, said := before[s]
		a.open[s] = since
		// What is new is about to be delivered.
		if !said {
			continue
		}
		if asked++; asked > auditProofs {
			continue
		}
		has, err := receipt(s)
		if err != nil {
			return arrived, denied, err
		}
		if !has {
			continue
		}
		arrived = append(arrived, s)
		switch {
		case since == 0:
			a.open[s] = height
		case height >= since+auditBlocks:
			denied = append(denied, s)
		}
	}
	return arrived, denied, nil
}

// Audit holds what the nodes said in the last step against the chains' states. What it finds is delivered by the next step: it runs beside the steps, so that no delivery waits for it.
func (p *Path) Audit(ctx context.Context) error {
	said, ok := p.toAudit()
	if !ok {
		return nil
	}
	hidden, err := p.auditSource(ctx, said.sequences)
	if err != nil {
		return err
	}
	found := round{sequences: hidden}
	// Whether these have arrived is a node's word, which the next audits hold against the state as any other.
	if found.open, err = p.Destination.unreceived(ctx, p.DestinationClient, hidden); err != nil {
		return err
	}
	lost, arrived, err := p.auditDestination(ctx, said)
	for _, s := range slices.Concat(lost, arrived) {
		found.sequences = append(found.sequences, s)
		found.open[s] = slices.Contains(lost, s)
	}
	p.deliverNext(found)
	return err
}

// auditSource answers sequences that wait and that the source's node did not list.
func (p *Path) auditSource(ctx context.Context, listed []uint64) ([]uint64, error) {
	at, err := p.Source.verified(ctx, p.Destination, p.DestinationClient)
	if err != nil {
		return nil, err
	}
	value, _, err := p.Source.proof(ctx, hostv2.NextSequenceSendKey(p.SourceClient), at)
	if err != nil {
		return nil, err
	}
	next := uint64(1)
	switch len(value) {
	case 0: // nothing was sent
	case 8:
		next = binary.BigEndian.Uint64(value)
	default:
		return nil, fmt.Errorf("next sequence of %s on %s has %d bytes", p.SourceClient, p.Source.ChainID(), len(value))
	}
	hidden, err := p.audit.unlisted(listed, next, at.height, func(s uint64) (bool, error) {
		value, _, err := p.Source.proof(ctx, hostv2.PacketCommitmentKey(p.SourceClient, s), at)
		return len(value) > 0, err
	})
	// A full page ends somewhere: what comes after it is not hidden.
	if len(listed) < maxBacklog {
		p.caught(p.Source, "packets", hidden)
	}
	return hidden, err
}

// auditDestination answers which sequences have not arrived and which have, whatever the destination's node says.
func (p *Path) auditDestination(ctx context.Context, said round) (lost, arrived []uint64, err error) {
	var open, over []uint64
	for _, s := range said.sequences {
		if said.open[s] {
			open = append(open, s)
		} else {
			over = append(over, s)
		}
	}
	if len(said.sequences) == 0 {
		p.audit.arrived, p.audit.open = nil, nil
		return nil, nil, nil
	}
	at, err := p.Destination.verified(ctx, p.Source, p.SourceClient)
	if err != nil {
		return nil, nil, err
	}
	receipt := func(s uint64) (bool, error) {
		value, _, err := p.Destination.proof(ctx, hostv2.PacketReceiptKey(p.DestinationClient, s), at)
		return len(value) > 0, err
	}
	if lost, err = p.audit.unreceived(over, at.height, receipt); err != nil {
		return nil, nil, err
	}
	p.caught(p.Destination, "missing receipts", lost)
	arrived, denied, err := p.audit.received(open, at.height, receipt)
	p.caught(p.Destination, "receipts", denied)
	return lost, arrived, err
}

// caught takes the turn from a node that hides something; at is its chain. The relayer goes on with what is proven, even where it has no other node.
func (p *Path) caught(at *Endpoint, what string, hidden []uint64) {
	if len(hidden) == 0 {
		return
	}
	p.Log.Warn("a gRPC node hides what its chain's state proves; the next one is asked: name others in config.yaml, or take this one out", "chain", at.ChainID(), "hidden", what, "sequences", hidden)
	p.Metrics.hidden.WithLabelValues(at.ChainID()).Add(float64(len(hidden)))
	at.Rotate()
}
