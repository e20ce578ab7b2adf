package blockspace

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

type named struct {
	sdk.Tx
	name string
}

// waitingTxs of an account that joined in a turn, one per class given.
func waitingTxs(account string, turn uint64, classes ...class) *queue {
	q := &queue{turn: turn}
	for i, c := range classes {
		q.txs = append(q.txs, waiting{named{name: fmt.Sprint(account, i)}, uint64(i), c})
	}
	return q
}

func order(queues ...*queue) []string {
	p := &Pool{queues: map[string]*queue{}}
	for i, q := range queues {
		p.queues[fmt.Sprint(i)] = q
		p.count += len(q.txs)
	}
	var names []string
	for it := p.Select(context.Background(), nil); it != nil; it = it.Next() {
		names = append(names, it.Tx().(named).name)
	}
	return names
}

// However many proofs and relays wait, each class has its place in each block of four.
func TestEveryClassHasItsShare(t *testing.T) {
	names := order(
		waitingTxs("proof a", 1, slices.Repeat([]class{proof}, 50)...), waitingTxs("proof b", 2, slices.Repeat([]class{proof}, 50)...),
		waitingTxs("relay ", 3, slices.Repeat([]class{relay}, 50)...), waitingTxs("vote ", 4, ordinary, ordinary),
	)
	require.Equal(t, []string{"proof a0", "relay 0", "vote 0", "proof b0", "proof a1", "relay 1", "vote 1", "proof b1"}, names[:8])
	require.Len(t, names, 152)
}

// Places that a class leaves free are for the others, and an account's transactions keep their order.
func TestSequencesRise(t *testing.T) {
	require.Equal(t, []string{"a0", "a1", "a2"}, order(waitingTxs("a", 1, ordinary, proof, relay)))
	require.Equal(t, []string{"a0", "b0", "a1", "a2", "b1"}, order(waitingTxs("a", 1, ordinary, ordinary, proof), waitingTxs("b", 2, ordinary, ordinary)))
	require.Empty(t, order())
}
