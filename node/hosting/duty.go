// Package hosting runs the shards that a node's operator is drawn for: one child process for each, beside the node of the main chain. README.md is the specification.
package hosting

import (
	"slices"
	"strings"

	shardstypes "github.com/topnetwork/top/x/shards/types"
)

// Duty is why a host runs a shard.
type Duty struct {
	ChainID string
	// Role that weighs most: a member's before a standby's before an auditor's.
	Role shardstypes.Role
	// Audits: the host's word on the shard's headers counts now.
	Audits bool
	Status shardstypes.Status
}

// RoleName as people write it: member, standby, auditor.
func (d Duty) RoleName() string {
	return strings.ToLower(strings.TrimPrefix(d.Role.String(), "ROLE_"))
}

// dutiesOf an operator's assignments, one for each shard.
func dutiesOf(list []shardstypes.Assignment) map[string]Duty {
	duties := map[string]Duty{}
	for _, a := range list {
		d, known := duties[a.Shard]
		if !known {
			d = Duty{ChainID: a.Shard, Role: a.Role}
		}
		// Roles are numbered by their weight.
		d.Role, d.Status = min(d.Role, a.Role), a.Status
		d.Audits = d.Audits || a.Role == shardstypes.Role_ROLE_AUDITOR && a.Running
		duties[a.Shard] = d
	}
	return duties
}

// lingering is a shard that is not needed any more.
type lingering struct {
	duty Duty
	// since the last height of the main chain at which it was needed.
	since int64
}

// plan says which shards run at a height of the main chain: those that are needed, and those that were needed a few blocks ago. Others may still lack the last blocks of a term that has ended.
type plan struct {
	linger int64
	last   map[string]lingering
}

func newPlan(linger int64) *plan { return &plan{linger: linger, last: map[string]lingering{}} }

// at a height the shards that run, by what is needed there.
func (p *plan) at(height int64, needed map[string]Duty) map[string]Duty {
	run := make(map[string]Duty, len(needed))
	for name, d := range needed {
		p.last[name] = lingering{duty: d, since: height}
		run[name] = d
	}
	for name, l := range p.last {
		if _, is := needed[name]; is {
			continue
		}
		if height-l.since > p.linger {
			delete(p.last, name)
			continue
		}
		l.duty.Audits = false
		run[name] = l.duty
	}
	return run
}

// names of shards in their order.
func names[T any](of map[string]T) []string {
	list := make([]string, 0, len(of))
	for name := range of {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}
