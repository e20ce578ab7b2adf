package ibc

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

// A node that does not list a packet is found out by the state, once the packet cannot be merely new to it; packets that are over are asked for once.
func TestAuditFindsPacketsThatANodeHides(t *testing.T) {
	var a audit
	waiting := map[uint64]bool{}
	asked := map[uint64]int{}
	waits := func(s uint64) (bool, error) {
		asked[s]++
		return waiting[s], nil
	}
	height := int64(10)
	round := func(next uint64, listed ...uint64) []uint64 {
		t.Helper()
		height++
		hidden, err := a.unlisted(listed, next, height, waits)
		require.NoError(t, err)
		return hidden
	}
	require.Empty(t, round(1), "nothing was sent")
	for s := range uint64(4) {
		waiting[s+1] = true
	}
	require.Empty(t, round(5, 1, 2), "3 and 4 may be new")
	require.Empty(t, round(5, 1, 2), "3 and 4 may be over in a block that the state does not have yet")
	require.Empty(t, round(5, 1, 2))
	require.Equal(t, []uint64{3, 4}, round(5, 1, 2))
	require.Empty(t, round(5, 1, 2, 3, 4), "another node lists them")
	require.Empty(t, round(5))
	require.Empty(t, round(5))
	require.Equal(t, []uint64{1, 2, 3, 4}, round(5), "what was listed once is not forgotten")
	clear(waiting)
	clear(asked)
	require.Empty(t, round(5))
	require.Empty(t, round(5))
	require.Equal(t, map[uint64]int{1: 1, 2: 1, 3: 1, 4: 1}, asked)

	failing := errors.New("no proof")
	a.watched[9] = true
	_, err := a.unlisted(nil, 10, 99, func(uint64) (bool, error) { return false, failing })
	require.ErrorIs(t, err, failing)
	require.True(t, a.watched[9], "it is asked again")
}

func TestAuditIsBounded(t *testing.T) {
	var a audit
	asked := 0
	over := func(uint64) (bool, error) { asked++; return false, nil }
	const next = 1_000_000
	for range 2 {
		_, err := a.unlisted(nil, next, 5, over)
		require.NoError(t, err)
	}
	require.Equal(t, auditProofs, asked)
	for range maxBacklog / auditProofs {
		_, err := a.unlisted(nil, next, 5, over)
		require.NoError(t, err)
	}
	require.Equal(t, maxBacklog, asked)
	require.Empty(t, a.watched)

	full := make([]uint64, maxBacklog)
	for i := range full {
		full[i] = uint64(i + 1)
	}
	a = audit{watched: map[uint64]bool{maxBacklog + 1: true}, missing: map[uint64]int64{maxBacklog + 1: 1}}
	hidden, err := a.unlisted(full, maxBacklog+2, 5, func(uint64) (bool, error) { return true, nil })
	require.NoError(t, err)
	require.Equal(t, []uint64{maxBacklog + 1}, hidden, "it waits by proof, and is delivered, whatever the page is full of")
	a = audit{watched: map[uint64]bool{3: true}, missing: map[uint64]int64{3: 1}}
	_, err = a.unlisted(nil, 4+maxBacklog, 5, func(uint64) (bool, error) { return true, nil })
	require.NoError(t, err)
	require.Len(t, a.watched, maxBacklog)
	require.Empty(t, a.missing, "old ones are left to the turns of nodes")
}

// A node that says that a packet has arrived is believed until a state must have the receipt, then it is asked.
func TestAuditFindsArrivalsThatAreNone(t *testing.T) {
	var a audit
	receipts := map[uint64]bool{7: true}
	has := func(s uint64) (bool, error) { return receipts[s], nil }
	for height := int64(1); height <= auditBlocks; height++ {
		hidden, err := a.unreceived([]uint64{7, 8}, height, has)
		require.NoError(t, err)
		require.Empty(t, hidden)
	}
	hidden, err := a.unreceived([]uint64{7, 8, 9}, 1+auditBlocks, has)
	require.NoError(t, err)
	require.Equal(t, []uint64{8}, hidden)
}

// A node that says that a packet waits of which the state has the receipt is not believed, and blamed once it must have known.
func TestAuditFindsArrivalsThatAreDenied(t *testing.T) {
	var a audit
	receipts := map[uint64]bool{7: true}
	asked := 0
	has := func(s uint64) (bool, error) { asked++; return receipts[s], nil }
	round := func(height int64, open ...uint64) (arrived, denied []uint64) {
		t.Helper()
		arrived, denied, err := a.received(open, height, has)
		require.NoError(t, err)
		return arrived, denied
	}
	arrived, denied := round(10, 7, 8)
	require.Empty(t, append(arrived, denied...), "new ones are about to be delivered")
	require.Zero(t, asked)
	arrived, denied = round(11, 7, 8)
	require.Equal(t, []uint64{7}, arrived)
	require.Empty(t, denied, "it may have arrived since the node was asked")
	arrived, denied = round(12, 7, 8)
	require.Equal(t, []uint64{7}, arrived)
	require.Empty(t, denied, "nodes are not all at the same block")
	arrived, denied = round(13, 7, 8)
	require.Equal(t, []uint64{7}, arrived)
	require.Equal(t, []uint64{7}, denied)
	arrived, denied = round(14, 8)
	require.Empty(t, arrived)
	require.Empty(t, denied)

	many := make([]uint64, maxBacklog)
	for i := range many {
		many[i] = uint64(100 + i)
	}
	asked = 0
	round(20, many...)
	round(21, many...)
	require.Equal(t, auditProofs, asked)
}

// What an audit finds is delivered by the next step, once, and outweighs what the nodes say; what a step was told is audited once.
func TestFindingsAreDeliveredByTheNextStep(t *testing.T) {
	p := &Path{}
	_, ok := p.toAudit()
	require.False(t, ok, "no step yet")
	said := round{[]uint64{1, 2, 3}, map[uint64]bool{1: true, 2: true}}
	require.Equal(t, said, p.next(said))
	audited, ok := p.toAudit()
	require.True(t, ok)
	require.Equal(t, said, audited)
	_, ok = p.toAudit()
	require.False(t, ok, "an old word is no news")
	p.deliverNext(round{[]uint64{2, 3, 4, 5}, map[uint64]bool{3: true, 4: true}})
	require.Equal(t, round{[]uint64{1, 2, 3, 4, 5}, map[uint64]bool{1: true, 3: true, 4: true}}, p.next(said))
	require.Equal(t, said, p.next(said))
	require.Equal(t, round{[]uint64{1, 2, 3}, map[uint64]bool{1: true, 2: true}}, said)
}
