package sortition

import "slices"

// Zone is one election of all committees of a zone: its auditors and its shards.
type Zone struct {
	Epoch      uint64
	Seed       Seed
	Candidates []Candidate
	Auditors   Committee
	Shards     []Committee
}

// ZoneOutcome has the shards' outcomes in the order of Zone.Shards.
type ZoneOutcome struct {
	Auditors Outcome
	Shards   []Outcome
}

// Run elects so that no auditor, standbys included, is a member or standby of a shard it audits. Auditors come first and are drawn beside all who sit in a shard; shards
// are drawn beside the new auditors. So nobody is forced out of one seat by a draw for another, and committees that were disjoint stay so, held members included. One
// operator may sit in several shards.
func (z Zone) Run() (ZoneOutcome, error) {
	var sitting []string
	for _, s := range z.Shards {
		sitting = append(sitting, s.Sitting...)
	}
	elect := func(c Committee, exclude []string) (Outcome, error) {
		return Election{Committee: c, Epoch: z.Epoch, Seed: z.Seed, Candidates: z.Candidates, Exclude: exclude}.Run()
	}
	auditors, err := elect(z.Auditors, sitting)
	if err != nil {
		return ZoneOutcome{}, err
	}
	out := ZoneOutcome{Auditors: auditors}
	exclude := slices.Concat(auditors.Members, auditors.Standbys)
	for _, s := range z.Shards {
		shard, err := elect(s, exclude)
		if err != nil {
			return ZoneOutcome{}, err
		}
		out.Shards = append(out.Shards, shard)
	}
	return out, nil
}
