package types

import (
	"bytes"

	errorsmod "cosmossdk.io/errors"

	"github.com/topnetwork/top/protocol/voucher"
	"github.com/topnetwork/top/x/internal/account"
)

// Limits of a packet.
const (
	maxPacket = 1 << 20
	// MaxSettlementEntries is the most totals, and the most releases, of one settlement packet.
	MaxSettlementEntries = 2_000
)

// EncodePacket writes the value of an IBC payload.
func EncodePacket(p *PacketData) ([]byte, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	return p.Marshal()
}

// DecodePacket reads and validates the value of an IBC payload. Only the canonical encoding is accepted: what is not understood must not be skipped.
func DecodePacket(bz []byte) (*PacketData, error) {
	if len(bz) > maxPacket {
		return nil, errorsmod.Wrapf(ErrPacket, "%d bytes, at most %d", len(bz), maxPacket)
	}
	var p PacketData
	if err := p.Unmarshal(bz); err != nil {
		return nil, errorsmod.Wrap(ErrPacket, err.Error())
	}
	again, err := p.Marshal()
	if err != nil {
		return nil, errorsmod.Wrap(ErrPacket, err.Error())
	}
	if !bytes.Equal(bz, again) {
		return nil, errorsmod.Wrap(ErrPacket, "not the canonical encoding: unknown, repeated or reordered fields")
	}
	return &p, p.Validate()
}

// Validate checks the packet's form.
func (p *PacketData) Validate() error {
	switch d := p.Data.(type) {
	case *PacketData_Credit:
		return d.Credit.Validate()
	case *PacketData_Provider:
		return d.Provider.Validate()
	case *PacketData_Settlement:
		return d.Settlement.Validate()
	default:
		return errorsmod.Wrap(ErrPacket, "no data")
	}
}

// Validate checks owner and keys.
func (p *CreditPacket) Validate() error {
	if err := account.Check(ErrInvalid, "owner", p.Owner); err != nil {
		return err
	}
	if len(p.SessionKeys) > maxListed {
		return errorsmod.Wrapf(ErrPacket, "%d session keys, at most %d", len(p.SessionKeys), maxListed)
	}
	seen := map[string]bool{}
	for _, k := range p.SessionKeys {
		if err := k.Validate(); err != nil {
			return err
		}
		if seen[string(k.Key)] {
			return errorsmod.Wrapf(ErrPacket, "session key %x stands twice", k.Key)
		}
		seen[string(k.Key)] = true
	}
	return nil
}

// Validate checks address, key, prices and that an active provider may claim every epoch.
func (p *ProviderPacket) Validate() error {
	if err := account.Check(ErrInvalid, "provider", p.Address); err != nil {
		return err
	}
	if err := ValidateKey(p.Key); err != nil {
		return err
	}
	if len(p.Prices) > voucher.MaxMeasures {
		return errorsmod.Wrapf(ErrPacket, "%d prices, at most %d", len(p.Prices), voucher.MaxMeasures)
	}
	if p.Active && p.LastEpoch != 0 {
		return errorsmod.Wrapf(ErrPacket, "provider %s is active, and claims until epoch %d", p.Address, p.LastEpoch)
	}
	return nil
}

// Validate checks order, addresses and that totals sum without overflow.
func (p *SettlementPacket) Validate() error {
	if p.ChainId == "" || len(p.ChainId) > 64 {
		return errorsmod.Wrapf(ErrPacket, "chain id %q", p.ChainId)
	}
	if len(p.Totals) > MaxSettlementEntries || len(p.Releases) > MaxSettlementEntries {
		return errorsmod.Wrapf(ErrPacket, "%d totals and %d releases, at most %d of each", len(p.Totals), len(p.Releases), MaxSettlementEntries)
	}
	if len(p.DebitRoot) != 32 {
		return errorsmod.Wrapf(ErrPacket, "debit root has %d bytes, want 32", len(p.DebitRoot))
	}
	last := ""
	for _, t := range p.Totals {
		if err := checkEntry("total", t.Provider, last, t.Amount); err != nil {
			return err
		}
		last = t.Provider
	}
	last = ""
	for _, r := range p.Releases {
		if err := checkEntry("release", r.Owner, last, r.Amount); err != nil {
			return err
		}
		last = r.Owner
	}
	_, _, err := p.Sums()
	return err
}

func checkEntry(what, addr, last string, amount uint64) error {
	if err := account.Check(ErrInvalid, what, addr); err != nil {
		return err
	}
	if addr <= last {
		return errorsmod.Wrapf(ErrPacket, "%ss are not sorted, or %s stands twice", what, addr)
	}
	if amount == 0 {
		return errorsmod.Wrapf(ErrPacket, "%s of 0 utop for %s", what, addr)
	}
	return nil
}

// Sums of the totals and of the releases, in utop.
func (p *SettlementPacket) Sums() (total, released uint64, err error) {
	for _, t := range p.Totals {
		if total, err = Add(total, t.Amount); err != nil {
			return 0, 0, err
		}
	}
	for _, r := range p.Releases {
		if released, err = Add(released, r.Amount); err != nil {
			return 0, 0, err
		}
	}
	_, err = Add(total, released)
	return total, released, err
}
