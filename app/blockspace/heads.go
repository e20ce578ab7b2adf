package blockspace

import (
	"cmp"
	"container/heap"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

// shares of the places in a proposal: every class finds room in every block, proofs twice as much, for nothing may be larger than checkSize allows. A place that a class
// leaves free goes to the next one.
var shares = [blockParts]class{proof, relay, ordinary, proof}

// heads are the next transactions of all accounts, by class.
type heads [ordinary + 1]headHeap

// head is the next transaction of an account of which round others have been taken.
type head struct {
	queue *queue
	round int
}

func newHeads(queues map[string]*queue) *heads {
	h := &heads{}
	for _, q := range queues { //determinism: heaps order them, turns are unique
		h.push(head{queue: q})
	}
	return h
}

func (h *heads) push(x head) {
	if x.round < len(x.queue.txs) {
		heap.Push(&h[x.queue.txs[x.round].class], x)
	}
}

// next takes one, of a class if there is any of it, else of the first class that has one.
func (h *heads) next(of class) sdk.Tx {
	for c := proof; h[of].Len() == 0; c++ {
		of = c
	}
	x := heap.Pop(&h[of]).(head)
	tx := x.queue.txs[x.round].tx
	x.round++
	h.push(x)
	return tx
}

// headHeap orders by rounds, then by turns.
type headHeap []head

func (h headHeap) Len() int { return len(h) }

func (h headHeap) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(h[i].round, h[j].round), cmp.Compare(h[i].queue.turn, h[j].queue.turn)) < 0
}

func (h headHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

// Push is heap.Push's.
func (h *headHeap) Push(x any) { *h = append(*h, x.(head)) }

// Pop is heap.Pop's.
func (h *headHeap) Pop() any {
	last := len(*h) - 1
	x := (*h)[last]
	*h = (*h)[:last]
	return x
}
