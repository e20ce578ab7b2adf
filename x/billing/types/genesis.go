package types

import (
	"encoding/hex"
	"strconv"

	errorsmod "cosmossdk.io/errors"

	"github.com/topnetwork/top/x/internal/account"
)

// maxEpochBlocks: an epoch of a week in one-second blocks is beyond use.
const maxEpochBlocks = 1_000_000

// DefaultEpochBlocks is ten minutes of one-second blocks.
const DefaultEpochBlocks = 600

// DefaultGenesisState has no escrows.
func DefaultGenesisState() *GenesisState {
	return &GenesisState{
		Params: DefaultParams(), EpochBlocks: DefaultEpochBlocks, Escrows: []Escrow{}, CreditLines: []CreditLine{}, Pools: []Pool{},
		Payouts: []Payout{}, Settlements: []Settlement{}, Disputes: []Dispute{}, Equivocations: []Equivocation{}, Announcements: []Announcement{},
		EndedKeys: []EndedKey{},
	}
}

// Validate checks every record and that the books add up. That they match the bank's is checked at InitGenesis.
func (gs GenesisState) Validate() error {
	if err := gs.Params.Validate(); err != nil {
		return err
	}
	if gs.EpochBlocks == 0 || gs.EpochBlocks > maxEpochBlocks {
		return errorsmod.Wrapf(ErrInvalid, "epoch_blocks is %d, want 1 to %d", gs.EpochBlocks, maxEpochBlocks)
	}
	seen := map[string]bool{}
	once := func(key string) error {
		if seen[key] {
			return errorsmod.Wrapf(ErrInvalid, "%s stands twice", key)
		}
		seen[key] = true
		return nil
	}
	for _, e := range gs.Escrows {
		if err := account.Check(ErrInvalid, "owner", e.Owner); err != nil {
			return err
		}
		if err := once("escrow " + e.Owner); err != nil {
			return err
		}
		for _, k := range e.SessionKeys {
			if err := k.Validate(); err != nil {
				return err
			}
		}
	}
	for _, k := range gs.EndedKeys {
		if err := account.Check(ErrInvalid, "owner", k.Owner); err != nil {
			return err
		}
		if err := k.Key.Validate(); err != nil {
			return err
		}
		if err := once("ended key " + k.Owner + " " + hex.EncodeToString(k.Key.Key)); err != nil {
			return err
		}
	}
	for _, l := range gs.CreditLines {
		if err := once("credit line " + l.Owner + " " + l.ChainId); err != nil {
			return err
		}
		if !seen["escrow "+l.Owner] {
			return errorsmod.Wrapf(ErrInvalid, "credit line of %s without an escrow", l.Owner)
		}
	}
	for _, p := range gs.Payouts {
		cancelled := p.Status == PayoutStatus_PAYOUT_STATUS_CANCELLED
		if cancelled && p.Amount > 0 || p.Amount == 0 && !cancelled && p.Status != PayoutStatus_PAYOUT_STATUS_DISPUTED || p.Fee > p.Amount {
			return errorsmod.Wrapf(ErrInvalid, "payout of %d utop with a fee of %d is %s", p.Amount, p.Fee, p.Status)
		}
	}
	for _, d := range gs.Disputes {
		if err := once("dispute " + d.ChainId + "/" + strconv.FormatUint(d.Epoch, 10) + "/" + d.ID()); err != nil {
			return err
		}
	}
	_, err := gs.Books().Check()
	return err
}

// Books are all amounts that the module accounts for.
type Books struct {
	Escrows  []Escrow
	Lines    []CreditLine
	Pools    []Pool
	Payouts  []Payout
	Disputes []Dispute
}

// Books of a genesis.
func (gs GenesisState) Books() Books {
	return Books{Escrows: gs.Escrows, Lines: gs.CreditLines, Pools: gs.Pools, Payouts: gs.Payouts, Disputes: gs.Disputes}
}

// Check holds every pool against its credit lines and sums what the module account must hold:
// Σ (free + reserve + withdrawals) + Σ pools + Σ payouts not yet paid + Σ bonds of open disputes, in utop.
func (b Books) Check() (uint64, error) {
	var total uint64
	add := func(v uint64) (err error) {
		total, err = Add(total, v)
		return err
	}
	for _, e := range b.Escrows {
		for _, v := range append([]uint64{e.Free, e.Reserve}, withdrawalAmounts(e)...) {
			if err := add(v); err != nil {
				return 0, err
			}
		}
	}
	drawn := map[string]uint64{}
	for _, l := range b.Lines {
		open, err := l.Open()
		if err != nil {
			return 0, err
		}
		if l.InFlight > open {
			return 0, errorsmod.Wrapf(ErrInvariant, "line of %s on %s: %d in flight of %d", l.Owner, l.ChainId, l.InFlight, open)
		}
		if drawn[l.ChainId], err = Add(drawn[l.ChainId], open); err != nil {
			return 0, err
		}
	}
	pools := map[string]bool{}
	for _, p := range b.Pools {
		pools[p.ChainId] = true
		held, err := Add(p.Amount, p.Settled)
		if err != nil {
			return 0, err
		}
		if p.WrittenOff > p.Settled {
			return 0, errorsmod.Wrapf(ErrInvariant, "pool of %s: %d written off of %d settled", p.ChainId, p.WrittenOff, p.Settled)
		}
		if held != drawn[p.ChainId] {
			return 0, errorsmod.Wrapf(ErrInvariant, "pool of %s: %d held + %d settled, its lines are %d", p.ChainId, p.Amount, p.Settled, drawn[p.ChainId])
		}
		if err := add(p.Amount); err != nil {
			return 0, err
		}
	}
	for _, l := range b.Lines {
		if !pools[l.ChainId] {
			return 0, errorsmod.Wrapf(ErrInvariant, "line of %s on %s has no pool", l.Owner, l.ChainId)
		}
	}
	paidOut := map[string]uint64{}
	for _, p := range b.Payouts {
		var err error
		if paidOut[p.ChainId], err = Add(paidOut[p.ChainId], p.Amount); err != nil {
			return 0, err
		}
		if p.Status == PayoutStatus_PAYOUT_STATUS_PAID {
			continue
		}
		if err := add(p.Amount); err != nil {
			return 0, err
		}
	}
	for _, p := range b.Pools {
		if p.Settled != paidOut[p.ChainId] {
			return 0, errorsmod.Wrapf(ErrInvariant, "pool of %s settled %d, its payouts are %d", p.ChainId, p.Settled, paidOut[p.ChainId])
		}
	}
	open := map[string]uint32{}
	for _, d := range b.Disputes {
		if d.Status != DisputeStatus_DISPUTE_STATUS_OPEN {
			continue
		}
		open[payoutName(d.ChainId, d.Epoch, d.Provider)]++
		if err := add(d.Bond); err != nil {
			return 0, err
		}
	}
	for _, p := range b.Payouts {
		disputed := p.Status == PayoutStatus_PAYOUT_STATUS_DISPUTED
		if n := open[payoutName(p.ChainId, p.Epoch, p.Provider)]; n != p.OpenDisputes || disputed != (n > 0) {
			return 0, errorsmod.Wrapf(ErrInvariant, "payout %s is %s with %d open disputes, there are %d", payoutName(p.ChainId, p.Epoch, p.Provider), p.Status, p.OpenDisputes, n)
		}
	}
	return total, nil
}

func payoutName(chainID string, epoch uint64, provider string) string {
	return chainID + "/" + strconv.FormatUint(epoch, 10) + "/" + provider
}

func withdrawalAmounts(e Escrow) []uint64 {
	out := make([]uint64, len(e.Withdrawals))
	for i, w := range e.Withdrawals {
		out[i] = w.Amount
	}
	return out
}
