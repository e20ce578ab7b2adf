package types

import (
	errorsmod "cosmossdk.io/errors"

	"github.com/topnetwork/top/protocol/audit"
	"github.com/topnetwork/top/x/internal/account"
)

// DefaultGenesisState begins the shards of x/zones' routes; without routes it does nothing.
func DefaultGenesisState() *GenesisState {
	return &GenesisState{
		Params: DefaultParams(), Shards: []Shard{}, Committees: []Committee{}, Auditors: []Auditors{}, Anchors: []Anchor{}, Audited: []Audited{}, Headers: []Header{}, Loads: []Load{}, Works: []Work{}, Covered: []Covered{},
	}
}

// Validate checks every record and their order: the bounds of a devnet, which are the wider ones.
func (gs GenesisState) Validate() error {
	if err := gs.Params.Validate(true); err != nil {
		return err
	}
	terms := map[string]uint64{}
	for i, s := range gs.Shards {
		if i > 0 && gs.Shards[i-1].Name >= s.Name {
			return errorsmod.Wrap(ErrInvalid, "shards are not in ascending order of names")
		}
		if err := s.Validate(); err != nil {
			return err
		}
		terms[s.Name] = s.Term
	}
	if err := gs.checkCommittees(terms); err != nil {
		return err
	}
	for i, a := range gs.Auditors {
		if i > 0 && !(gs.Auditors[i-1].Zone < a.Zone || gs.Auditors[i-1].Zone == a.Zone && gs.Auditors[i-1].Epoch < a.Epoch) {
			return errorsmod.Wrap(ErrInvalid, "auditors are not in ascending order of zones and epochs")
		}
		if err := checkMembers(a.Members); err != nil {
			return err
		}
	}
	if err := gs.checkHeaders(terms); err != nil {
		return err
	}
	for i, c := range gs.Covered {
		if i > 0 && gs.Covered[i-1].Shard >= c.Shard {
			return errorsmod.Wrap(ErrInvalid, "covered is not in ascending order of shards")
		}
		if _, known := terms[c.Shard]; !known || c.Utop.IsNil() || !c.Utop.IsPositive() {
			return errorsmod.Wrapf(ErrInvalid, "covered are %s utop of %q: want a recorded shard, and more than nothing", c.Utop, c.Shard)
		}
	}
	for i, w := range gs.Works {
		if i > 0 && !(gs.Works[i-1].Epoch < w.Epoch || gs.Works[i-1].Epoch == w.Epoch && gs.Works[i-1].Operator < w.Operator) {
			return errorsmod.Wrap(ErrInvalid, "works are not in ascending order of epochs and operators")
		}
		if err := account.Check(ErrInvalid, "operator", w.Operator); err != nil {
			return err
		}
		if w.Signed > w.Due {
			return errorsmod.Wrapf(ErrInvalid, "%s signed %d commits of %d due in epoch %d", w.Operator, w.Signed, w.Due, w.Epoch)
		}
	}
	return nil
}

// checkCommittees: those of recorded shards end with the newest; of a network that is to begin there is the first one of each shard, or none.
func (gs GenesisState) checkCommittees(terms map[string]uint64) error {
	last := map[string]uint64{}
	for i, c := range gs.Committees {
		if i > 0 && !(gs.Committees[i-1].Shard < c.Shard || gs.Committees[i-1].Shard == c.Shard && gs.Committees[i-1].Term < c.Term) {
			return errorsmod.Wrap(ErrInvalid, "committees are not in ascending order of shards and terms")
		}
		if err := checkShard(c.Shard); err != nil {
			return err
		}
		if err := c.Validate(); err != nil {
			return err
		}
		last[c.Shard] = c.Term
	}
	if len(gs.Shards) == 0 {
		return nil
	}
	for _, s := range gs.Shards {
		if last[s.Name] != terms[s.Name] {
			return errorsmod.Wrapf(ErrInvalid, "%s is in term %d, the last of its committees has term %d", s.Name, terms[s.Name], last[s.Name])
		}
	}
	for _, c := range gs.Committees {
		if _, known := terms[c.Shard]; !known {
			return errorsmod.Wrapf(ErrInvalid, "there is a committee of %s, and no such shard", c.Shard)
		}
	}
	return nil
}

// checkHeaders, anchored and audited.
func (gs GenesisState) checkHeaders(terms map[string]uint64) error {
	fault := func(shard string, height uint64, hash []byte) error {
		if _, known := terms[shard]; !known || height == 0 || len(hash) != audit.HashSize {
			return errorsmod.Wrapf(ErrInvalid, "a header of %q at height %d with a hash of %d bytes: want a recorded shard, heights from 1 on, %d bytes", shard, height, len(hash), audit.HashSize)
		}
		return nil
	}
	for i, a := range gs.Anchors {
		if i > 0 && gs.Anchors[i-1].Shard >= a.Shard {
			return errorsmod.Wrap(ErrInvalid, "anchors are not in ascending order of shards")
		}
		if err := fault(a.Shard, a.Height, a.HeaderHash); err != nil {
			return err
		}
		if a.Term == 0 || a.Term > a.NextTerm || a.NextTerm > terms[a.Shard] {
			return errorsmod.Wrapf(ErrInvalid, "the anchor of %s is of term %d, the header after it of term %d, the newest term is %d", a.Shard, a.Term, a.NextTerm, terms[a.Shard])
		}
	}
	for i, a := range gs.Audited {
		if i > 0 && gs.Audited[i-1].Shard >= a.Shard {
			return errorsmod.Wrap(ErrInvalid, "audited headers are not in ascending order of shards")
		}
		if err := fault(a.Shard, a.Height, a.HeaderHash); err != nil {
			return err
		}
	}
	for i, h := range gs.Headers {
		if i > 0 && !(gs.Headers[i-1].Shard < h.Shard || gs.Headers[i-1].Shard == h.Shard && gs.Headers[i-1].Height < h.Height) {
			return errorsmod.Wrap(ErrInvalid, "headers are not in ascending order of shards and heights")
		}
		if err := fault(h.Shard, h.Height, h.HeaderHash); err != nil {
			return err
		}
		if h.Overdrawn != nil && (h.Overdrawn.IsNil() || h.Overdrawn.IsNegative()) {
			return errorsmod.Wrapf(ErrInvalid, "at height %d of %s %s utop are overdrawn, want 0 or more", h.Height, h.Shard, h.Overdrawn)
		}
	}
	for i, l := range gs.Loads {
		if i > 0 && gs.Loads[i-1].Shard >= l.Shard {
			return errorsmod.Wrap(ErrInvalid, "loads are not in ascending order of shards")
		}
		if _, known := terms[l.Shard]; !known {
			return errorsmod.Wrapf(ErrInvalid, "there is a load of %q, and no such shard", l.Shard)
		}
	}
	return nil
}
