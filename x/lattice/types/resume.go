package types

import (
	"fmt"
	"slices"
)

// Resume what a frozen shard has left, with the name and the first committee of its next generation, as the main chain says them.
func (gs *GenesisState) Resume(heir Members) error {
	if gs.Inherited == nil || len(gs.Shard.Parents) == 0 || len(gs.Settlements) == 0 {
		return fmt.Errorf("nothing was left to it: it goes on from no frozen shard")
	}
	if heir.Term != 1 {
		return fmt.Errorf("members of %s are those of term %d, the shard begins with term 1", heir.Ledger, heir.Term)
	}
	parent, routes := gs.left(), slices.Clone(gs.Routing.Routes)
	at := slices.IndexFunc(routes, func(r Route) bool { return r.Name == parent })
	if at < 0 {
		return fmt.Errorf("the routing table of version %d has no %s", gs.Routing.Version, parent)
	}
	routes[at].Name = heir.Ledger
	gs.Routing.Routes = routes
	gs.Members = append(slices.DeleteFunc(slices.Clone(gs.Members), func(m Members) bool { return m.Ledger == heir.Ledger }), heir)
	return gs.Validate()
}
