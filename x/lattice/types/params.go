package types

import (
	"fmt"
	"time"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/quota"
)

// maxDeposit in utop: a tenth of a million TOP locks everyone out.
const maxDeposit = 100_000_000_000

// DefaultParams ask a tenth of a TOP for an account, epochs of an hour.
func DefaultParams() Params {
	q := quota.Default()
	return Params{Deposit: 100_000, EpochSeconds: 3600, Quota: Quota{
		PerTop: q.PerTop, Floor: q.Floor, FloorBalance: q.FloorBalance, Cap: q.Cap,
		Transfer: q.Price.Transfer, Byte: q.Price.Byte, Ed25519: q.Price.Ed25519, Secp256K1: q.Price.Secp256k1, Create: q.Price.Create, Receipt: q.Price.Receipt, Fee: q.Fee,
	}}
}

// Rules of quota.
func (q Quota) Rules() quota.Params {
	return quota.Params{
		PerTop: q.PerTop, Floor: q.Floor, FloorBalance: q.FloorBalance, Cap: q.Cap,
		Price: quota.Price{Transfer: q.Transfer, Byte: q.Byte, Ed25519: q.Ed25519, Secp256k1: q.Secp256K1, Create: q.Create, Receipt: q.Receipt}, Fee: q.Fee,
	}
}

// Validate tells whether a shard can run with them.
func (p Params) Validate() error {
	switch {
	case p.Deposit == 0 || p.Deposit > maxDeposit:
		return fmt.Errorf("deposit is %d utop, want 1 to %d", p.Deposit, uint64(maxDeposit))
	case p.EpochSeconds == 0 || p.EpochSeconds > 7*24*3600:
		return fmt.Errorf("epoch_seconds is %d, want a second to a week", p.EpochSeconds)
	}
	return p.Quota.Rules().Check()
}

// Rules of a block.
func (p Params) Rules(height int64, at time.Time, community lattice.Address) lattice.Rules {
	return lattice.Rules{
		Epoch: uint64(at.Unix()) / p.EpochSeconds, Now: at.UnixNano(), Height: uint64(height), Deposit: p.Deposit, Community: community, Quota: p.Quota.Rules(),
	}
}
