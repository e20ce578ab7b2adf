package types

import (
	"bytes"

	errorsmod "cosmossdk.io/errors"

	"github.com/topnetwork/top/protocol/sortition/ecvrf"
)

// DefaultGenesisState has no nodes.
func DefaultGenesisState() *GenesisState {
	return &GenesisState{
		Params: DefaultParams(), Nodes: []GenesisNode{}, Snapshots: []GenesisSnapshot{},
		Misses: []Miss{}, Absences: []Absence{}, PastVrfKeys: []UsedKey{},
	}
}

// Validate checks every record, that references hold and nothing stands twice. Possession of keys needs the chain's id: InitGenesis checks it.
func (gs GenesisState) Validate() error {
	if err := gs.Params.Validate(); err != nil {
		return err
	}
	operators, hot, keys := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, g := range gs.Nodes {
		n := g.Node
		if err := n.Validate(); err != nil {
			return err
		}
		if operators[n.Operator] || hot[n.HotAddress] || keys[string(n.VrfKey)] {
			return errorsmod.Wrapf(ErrExists, "node %s, its hot address or its VRF key stands twice", n.Operator)
		}
		operators[n.Operator], hot[n.HotAddress], keys[string(n.VrfKey)] = true, true, true
	}
	for _, k := range gs.PastVrfKeys {
		if err := ecvrf.CheckKey(k.Key); err != nil {
			return errorsmod.Wrap(ErrInvalid, err.Error())
		}
		if !operators[k.Operator] || keys[string(k.Key)] {
			return errorsmod.Wrapf(ErrInvalid, "a past VRF key of %s stands twice, or its node is not registered", k.Operator)
		}
		keys[string(k.Key)] = true
	}
	if gs.Cursor != "" && !operators[gs.Cursor] {
		return errorsmod.Wrapf(ErrNotFound, "the cursor's node %s", gs.Cursor)
	}
	for _, a := range gs.Absences {
		if !operators[a.Operator] || a.Count == 0 {
			return errorsmod.Wrapf(ErrInvalid, "%d absences of %q: want at least one, of a registered node", a.Count, a.Operator)
		}
	}
	if err := gs.Tally.Validate(); err != nil {
		return err
	}
	return validateSnapshots(gs.Snapshots, operators)
}

func validateSnapshots(snapshots []GenesisSnapshot, operators map[string]bool) error {
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
			if !operators[e.Operator] || (j > 0 && s.Entries[j-1].Operator >= e.Operator) {
				return errorsmod.Wrapf(ErrInvalid, "entry %d of epoch %d is of %q: want registered nodes in ascending order", j, s.Snapshot.Epoch, e.Operator)
			}
		}
	}
	return nil
}

// Validate checks orders and sums.
func (t Tally) Validate() error {
	for i, w := range t.Works {
		if w.Done > w.Due || w.Due > t.Commits || (i > 0 && bytes.Compare(t.Works[i-1].Address, w.Address) >= 0) {
			return errorsmod.Wrapf(ErrInvalid, "work of %X: %d of %d in %d commits, or out of order", w.Address, w.Done, w.Due, t.Commits)
		}
	}
	var sum uint64
	for i, p := range t.Proposers {
		if sum += p.Commits; i > 0 && bytes.Compare(t.Proposers[i-1].Address, p.Address) >= 0 {
			return errorsmod.Wrapf(ErrInvalid, "proposer %X is out of order", p.Address)
		}
	}
	if sum != t.Commits {
		return errorsmod.Wrapf(ErrInvariant, "%d commits by proposer, %d in all", sum, t.Commits)
	}
	return nil
}
