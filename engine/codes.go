package engine

import (
	"errors"

	"github.com/topnetwork/top/engine/intake"
	"github.com/topnetwork/top/engine/mempool"
	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/quota"
	"github.com/topnetwork/top/protocol/sendtx"
)

// Codespace of the codes below in transaction results.
const Codespace = "lattice"

// Codes that say that a transaction may be, or is, on its way. They are those of the SDK, which wallets know, as 32 is of wrong sequences.
const (
	CodeSeen = 19
	CodeFull = 20
)

// codes of refusals, append-only: wallets see them.
var codes = []struct {
	code uint32
	err  error
}{
	{2, sendtx.ErrMalformed}, {3, sendtx.ErrOther}, {4, intake.ErrSignature}, {5, lattice.ErrFunds}, {6, lattice.ErrUnknown}, {7, lattice.ErrKey}, {8, lattice.ErrTimeout}, {9, lattice.ErrDeposit},
	{10, quota.ErrQuota}, {11, lattice.ErrNotOwned}, {12, lattice.ErrMalformed}, {13, mempool.ErrWindow}, {14, mempool.ErrKnown}, {15, mempool.ErrStarting}, {16, lattice.ErrEnded}, {17, lattice.ErrSettling},
	{CodeSeen, mempool.ErrSeen}, {CodeFull, mempool.ErrFull}, {32, lattice.ErrSequence},
}

// Code of a refusal; 1 where it has none of its own, 0 for no refusal.
func Code(err error) uint32 {
	if err == nil {
		return 0
	}
	for _, c := range codes {
		if errors.Is(err, c.err) {
			return c.code
		}
	}
	return 1
}
