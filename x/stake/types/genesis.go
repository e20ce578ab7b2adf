package types

import (
	"bytes"
	"cmp"
	"slices"

	errorsmod "cosmossdk.io/errors"

	"github.com/cometbft/cometbft/crypto"

	"github.com/topnetwork/top/protocol/sortition/ecvrf"
)

// DefaultGenesisState has no nodes.
func DefaultGenesisState() *GenesisState {
	return &GenesisState{
		Params: DefaultParams(), Nodes: []GenesisNode{}, Snapshots: []GenesisSnapshot{},
		Misses: []Miss{}, Absences: []Absence{}, PastVrfKeys: []UsedKey{},
	}
}

// Validate checks every record, that references hold, nothing stands twice and sums are those of their parts. Possession of keys needs the chain's id, heights the chain's:
// InitGenesis checks both.
func (gs GenesisState) Validate() error {
	if err := gs.Params.Validate(); err != nil {
		return err
	}
	keys, err := gs.keys()
	if err != nil {
		return err
	}
	operators := map[string]bool{}
	for _, g := range gs.Nodes {
		operators[g.Node.Operator] = true
	}
	for i, a := range gs.Absences {
		if !operators[a.Operator] || a.Count == 0 || (i > 0 && gs.Absences[i-1].Operator >= a.Operator) {
			return errorsmod.Wrapf(ErrInvalid, "%d absences of %q: want at least one, of registered nodes in ascending order", a.Count, a.Operator)
		}
	}
	if err := gs.Tally.Validate(gs.Misses); err != nil {
		return err
	}
	if err := gs.validateCursor(operators); err != nil {
		return err
	}
	return validateSnapshots(gs.Snapshots, keys)
}

// keys are all VRF keys that were ever used, with their operators; no node, hot address or key stands twice.
func (gs GenesisState) keys() (map[string]string, error) {
	operators, hot, keys := map[string]bool{}, map[string]bool{}, map[string]string{}
	for _, g := range gs.Nodes {
		n := g.Node
		if err := n.Validate(); err != nil {
			return nil, err
		}
		if operators[n.Operator] || hot[n.HotAddress] || keys[string(n.VrfKey)] != "" {
			return nil, errorsmod.Wrapf(ErrExists, "node %s, its hot address or its VRF key stands twice", n.Operator)
		}
		operators[n.Operator], hot[n.HotAddress], keys[string(n.VrfKey)] = true, true, n.Operator
	}
	for _, k := range gs.PastVrfKeys {
		if err := ecvrf.CheckKey(k.Key); err != nil {
			return nil, errorsmod.Wrap(ErrInvalid, err.Error())
		}
		if !operators[k.Operator] || keys[string(k.Key)] != "" {
			return nil, errorsmod.Wrapf(ErrInvalid, "a past VRF key of %s stands twice, or its node is not registered", k.Operator)
		}
		keys[string(k.Key)] = k.Operator
	}
	return keys, nil
}

// Running is the last snapshot where it is not complete: its cursor says how far it is.
func (gs GenesisState) Running() (Snapshot, bool) {
	if len(gs.Snapshots) == 0 {
		return Snapshot{}, false
	}
	last := gs.Snapshots[len(gs.Snapshots)-1].Snapshot
	return last, last.Completed == 0
}

func (gs GenesisState) validateCursor(operators map[string]bool) error {
	if gs.Cursor == "" {
		return nil
	}
	if !operators[gs.Cursor] {
		return errorsmod.Wrapf(ErrNotFound, "the cursor's node %s", gs.Cursor)
	}
	if _, running := gs.Running(); !running {
		return errorsmod.Wrapf(ErrInvalid, "the cursor is at %s, and no snapshot is being taken", gs.Cursor)
	}
	return nil
}

func validateSnapshots(snapshots []GenesisSnapshot, keys map[string]string) error {
	for i, s := range snapshots {
		if i > 0 && snapshots[i-1].Snapshot.Epoch >= s.Snapshot.Epoch {
			return errorsmod.Wrap(ErrInvalid, "snapshots are not in ascending order of their epochs")
		}
		if err := s.Snapshot.Params.Validate(); err != nil {
			return errorsmod.Wrapf(err, "the params of the snapshot of epoch %d", s.Snapshot.Epoch)
		}
		if s.Snapshot.Nodes != uint64(len(s.Entries)) {
			return errorsmod.Wrapf(ErrInvariant, "the snapshot of epoch %d has %d entries and says %d", s.Snapshot.Epoch, len(s.Entries), s.Snapshot.Nodes)
		}
		for j, e := range s.Entries {
			if e.Operator == "" || keys[string(e.VrfKey)] != e.Operator || (j > 0 && s.Entries[j-1].Operator >= e.Operator) {
				return errorsmod.Wrapf(ErrInvalid, "entry %d of epoch %d is of %q: want registered nodes in ascending order, with keys of their own", j, s.Snapshot.Epoch, e.Operator)
			}
			if err := e.validateWeights(s.Snapshot.Params); err != nil {
				return errorsmod.Wrapf(err, "%s in epoch %d", e.Operator, s.Snapshot.Epoch)
			}
		}
	}
	return nil
}

// validateWeights makes them again from the factors beside them.
func (e Entry) validateWeights(params Params) error {
	roles := make([]Role, len(e.Weights))
	for i, w := range e.Weights {
		if roles[i] = w.Role; slices.Contains(roles[:i], w.Role) {
			return errorsmod.Wrapf(ErrInvalid, "%s stands twice", w.Role)
		}
	}
	factors := params.Factors.Rule()
	if factors.BoundReputation(e.Reputation) != e.Reputation || factors.BoundComputing(e.Computing) != e.Computing {
		return errorsmod.Wrapf(ErrInvalid, "reputation of %d and computing of %d millionths are out of bounds", e.Reputation, e.Computing)
	}
	weights, err := e.Weigh(params, roles)
	if err != nil {
		return err
	}
	if !slices.Equal(weights, e.Weights) {
		return errorsmod.Wrapf(ErrInvariant, "its factors make the weights %v, not %v", weights, e.Weights)
	}
	return nil
}

// Validate checks orders and sums: of the commits that a validator did not sign, each is one proposer's.
func (t Tally) Validate(misses []Miss) error {
	held := map[string]uint64{}
	left := t.Commits
	for i, p := range t.Proposers {
		if !isAddress(p.Address) || p.Commits == 0 || p.Commits > left || (i > 0 && bytes.Compare(t.Proposers[i-1].Address, p.Address) >= 0) {
			return errorsmod.Wrapf(ErrInvariant, "%d commits by proposer %X of %d in all, or out of order", p.Commits, p.Address, t.Commits)
		}
		left -= p.Commits
		held[string(p.Address)] = p.Commits
	}
	if left != 0 {
		return errorsmod.Wrapf(ErrInvariant, "%d of %d commits are no proposer's", left, t.Commits)
	}
	missed, err := missesOf(misses, held)
	if err != nil {
		return err
	}
	for i, w := range t.Works {
		if !isAddress(w.Address) || w.Done > w.Due || w.Due > t.Commits || (i > 0 && bytes.Compare(t.Works[i-1].Address, w.Address) >= 0) {
			return errorsmod.Wrapf(ErrInvalid, "work of %X: %d of %d in %d commits, or out of order", w.Address, w.Done, w.Due, t.Commits)
		}
		if missed[string(w.Address)] != w.Due-w.Done {
			return errorsmod.Wrapf(ErrInvariant, "%X signed %d of %d commits, and %d lack it", w.Address, w.Done, w.Due, missed[string(w.Address)])
		}
		delete(missed, string(w.Address))
	}
	if len(missed) > 0 {
		return errorsmod.Wrapf(ErrInvariant, "%d validators are missing in commits that they did not owe", len(missed))
	}
	return nil
}

// missesOf each validator, at most as many of a proposer as that has held commits.
func missesOf(misses []Miss, held map[string]uint64) (map[string]uint64, error) {
	missed := map[string]uint64{}
	for i, m := range misses {
		if !isAddress(m.Address) || m.Count == 0 || m.Count > held[string(m.Proposer)] || (i > 0 && compareMisses(misses[i-1], m) >= 0) {
			return nil, errorsmod.Wrapf(ErrInvariant, "%d of %d commits by %X lack %X, or out of order", m.Count, held[string(m.Proposer)], m.Proposer, m.Address)
		}
		missed[string(m.Address)] += m.Count
	}
	return missed, nil
}

func compareMisses(a, b Miss) int {
	return cmp.Or(bytes.Compare(a.Proposer, b.Proposer), bytes.Compare(a.Address, b.Address))
}

// isAddress of a consensus key.
func isAddress(address []byte) bool { return len(address) == crypto.AddressSize }
