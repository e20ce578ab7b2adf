package types

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/topnetwork/top/protocol/lattice"
	"github.com/topnetwork/top/protocol/trie"
)

// Join what two siblings have left, the left one first, to the shard that goes on from both, whose first committee the main chain says.
func Join(left, right *GenesisState, heir Members) (*GenesisState, error) {
	halves := [2]*GenesisState{left, right}
	if err := checkHalves(halves); err != nil {
		return nil, err
	}
	if heir.Term != 1 {
		return nil, fmt.Errorf("members of %s are those of term %d, the shard begins with term 1", heir.Ledger, heir.Term)
	}
	own := left.Shard.Prefix()
	own = lattice.Prefix{Bits: own.Bits >> 1, Len: own.Len - 1}
	gs := &GenesisState{Params: left.Params, Burned: left.Burned + right.Burned, Lost: left.Lost.Add(right.Lost...)}
	if gs.Burned < left.Burned {
		return nil, fmt.Errorf("burned: %d and %d are more than there can be", left.Burned, right.Burned)
	}
	gs.Shard = Shard{Network: left.Shard.Network, PrefixBits: own.Bits, PrefixLen: uint32(own.Len), Parents: slices.Clone(left.Shard.Parents)}
	for _, name := range right.Shard.Parents {
		if !slices.Contains(gs.Shard.Parents, name) {
			gs.Shard.Parents = append(gs.Shard.Parents, name)
		}
	}
	root := lattice.NodeOf(lattice.Hash(left.Inherited.Root), lattice.Hash(right.Inherited.Root))
	gs.Inherited = &Inherited{Root: root[:], Accounts: left.Inherited.Accounts + right.Inherited.Accounts}
	var err error
	if gs.Routing, err = joinRouting(halves, own, heir.Ledger); err != nil {
		return nil, err
	}
	if gs.Inboxes, err = joinInboxes(halves); err != nil {
		return nil, err
	}
	gs.Outboxes = joinOutboxes(halves)
	gs.Standings = joinStandings(halves)
	gs.Unaudited = joinUnaudited(halves, gs.Standings)
	gs.Members = append(joinMembers(halves, heir.Ledger), heir)
	gs.Shard.Restarts = max(left.Shard.Restarts, right.Shard.Restarts)
	gs.Returned, gs.Overdrawn = joinReturned(halves), left.Overdrawn.Add(right.Overdrawn...)
	return gs, gs.Validate()
}

// left tells whose state it is: who leaves one is the last of its parents.
func (gs *GenesisState) left() string { return gs.Shard.Parents[len(gs.Shard.Parents)-1] }

func checkHalves(halves [2]*GenesisState) error {
	var params [2][]byte
	for i, gs := range halves {
		if gs.Inherited == nil || len(gs.Shard.Parents) == 0 {
			return fmt.Errorf("half %d was not left by a shard that has ended", i)
		}
		if err := gs.Validate(); err != nil {
			return fmt.Errorf("what %s has left: %w", gs.left(), err)
		}
		var err error
		if params[i], err = gs.Params.Marshal(); err != nil {
			return err
		}
	}
	left, right := halves[0].Shard.Prefix(), halves[1].Shard.Prefix()
	switch {
	case left.Len == 0 || left.Len != right.Len || left.Bits&1 == 1 || right.Bits != left.Bits|1:
		return fmt.Errorf("%s of bits %s and %s of bits %s are not the two halves of one prefix, the left one first", halves[0].left(), trie.Bits(left), halves[1].left(), trie.Bits(right))
	case halves[0].Shard.Network != halves[1].Shard.Network || !bytes.Equal(params[0], params[1]):
		return fmt.Errorf("%s and %s are of different networks or parameters", halves[0].left(), halves[1].left())
	}
	return nil
}

// joinRouting: the newer table, with the one shard in the place of both. It may name who was there before one of them, which was frozen after the other had ended.
func joinRouting(halves [2]*GenesisState, own lattice.Prefix, name string) (RoutingTable, error) {
	newer := halves[0].Routing
	if halves[1].Routing.Version > newer.Version {
		newer = halves[1].Routing
	}
	table := newer.Table()
	is := func(i int, r trie.Route) bool {
		return r.Prefix == halves[i].Shard.Prefix() && slices.Contains(halves[i].Shard.Parents, r.Name)
	}
	at := slices.IndexFunc(table, func(r trie.Route) bool { return is(0, r) })
	if at < 0 || at+1 >= len(table) || !is(1, table[at+1]) {
		return newer, fmt.Errorf("the routing table of version %d has no %s beside %s", newer.Version, halves[0].left(), halves[1].left())
	}
	joined := RoutingOf(slices.Replace(table, at, at+2, trie.Route{Prefix: own, Name: name}))
	joined.Version = newer.Version
	return joined, nil
}

// joinInboxes under the names that batches still bear. Of what was addressed to a parent of both, each half has taken its own accounts': where one of them is behind, both go on from there, and a part says up to where the accounts of the
// other are ahead, so that no receipt is credited to them again. At one height there is one cursor: a source that has told each half something else is not believed by the right one's word.
func joinInboxes(halves [2]*GenesisState) ([]NamedInbox, error) {
	boxes, parts := map[string][2]Inbox{}, map[string]Inbox{}
	ahead := func(name string, taken Cursor) {
		if taken.Height > parts[name].Taken.Height {
			parts[name] = Inbox{Taken: taken}
		}
	}
	for i, gs := range halves {
		for _, in := range gs.Inboxes {
			name, _, part, err := CutPart(in.Source)
			if err != nil {
				return nil, err
			}
			if _, to, ok := strings.Cut(name, ">"); !ok || !slices.Contains(gs.Shard.Parents, to) {
				return nil, fmt.Errorf("inboxes: %q of %s is of nothing that was addressed to a parent", in.Source, gs.left())
			}
			if part {
				ahead(in.Source, in.Inbox.Taken)
				continue
			}
			pair := boxes[name]
			pair[i] = in.Inbox
			boxes[name] = pair
		}
	}
	var joined []NamedInbox
	for _, name := range slices.Sorted(maps.Keys(boxes)) {
		pair := boxes[name]
		_, to, _ := strings.Cut(name, ">")
		for i, gs := range halves {
			if !slices.Contains(gs.Shard.Parents, to) {
				// What was addressed to one half alone, or to whom it comes from, was never the other's.
				pair[i].Taken = pair[1-i].Taken
			}
		}
		behind := pair[0].Taken
		if pair[1].Taken.Height < behind.Height {
			behind = pair[1].Taken
		}
		for i, gs := range halves {
			if pair[i].Taken.Height > behind.Height {
				ahead(PartName(name, gs.Shard.Prefix()), pair[i].Taken)
			}
		}
		joined = append(joined, NamedInbox{Source: name, Inbox: Inbox{Taken: behind, Total: pair[0].Total.Add(pair[1].Total...)}})
	}
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		joined = append(joined, NamedInbox{Source: name, Inbox: parts[name]})
	}
	return joined, nil
}

// joinOutboxes: totals of what both, and who was before them, ever sent. The batches are in the states with which they have ended.
func joinOutboxes(halves [2]*GenesisState) (joined []NamedOutbox) {
	boxes := map[string]Outbox{}
	for _, gs := range halves {
		for _, o := range gs.Outboxes {
			boxes[o.Destination] = Outbox{Total: boxes[o.Destination].Total.Add(o.Outbox.Total...)}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(boxes)) {
		joined = append(joined, NamedOutbox{Destination: name, Outbox: boxes[name]})
	}
	return joined
}

// joinStandings: of each ledger what the main chain has said last.
func joinStandings(halves [2]*GenesisState) (joined []Standing) {
	known := map[string]Standing{}
	for _, gs := range halves {
		for _, s := range gs.Standings {
			now, ok := known[s.Ledger]
			if !ok {
				known[s.Ledger] = s
				continue
			}
			if s.Ended && (!now.Ended || len(now.Children) == 0) {
				now.Ended, now.FinalHeight, now.FinalHash, now.Children = true, s.FinalHeight, s.FinalHash, s.Children
			}
			// Each half has said what its own accounts took.
			now.Taken = append(slices.Clone(now.Taken), s.Taken...)
			if s.AuditedHeight > now.AuditedHeight {
				now.AuditedHeight, now.AuditedHash = s.AuditedHeight, s.AuditedHash
			}
			known[s.Ledger] = now
		}
	}
	for _, name := range slices.Sorted(maps.Keys(known)) {
		joined = append(joined, known[name])
	}
	return joined
}

// joinReturned: receipts that a frozen parent of both has returned are each half's own, by the accounts that could not take them.
func joinReturned(halves [2]*GenesisState) (joined []Returned) {
	for _, gs := range halves {
		for _, r := range gs.Returned {
			if at := slices.IndexFunc(joined, func(known Returned) bool { return bytes.Equal(known.Receipt, r.Receipt) }); at >= 0 {
				joined[at].Times += r.Times
			} else {
				joined = append(joined, r)
			}
		}
	}
	return joined
}

// joinUnaudited: what both have taken and neither has heard to be audited.
func joinUnaudited(halves [2]*GenesisState, standings []Standing) (joined []Unaudited) {
	audited := map[string]uint64{}
	for _, s := range standings {
		audited[s.Ledger] = s.AuditedHeight
	}
	for _, gs := range halves {
		for _, u := range gs.Unaudited {
			at := slices.IndexFunc(joined, func(known Unaudited) bool { return known.Source == u.Source && known.Height == u.Height })
			switch {
			case u.Height <= audited[u.Source]:
			case at < 0:
				joined = append(joined, u)
			default:
				joined[at].Utop += u.Utop
			}
		}
	}
	slices.SortFunc(joined, func(a, b Unaudited) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Height, b.Height))
	})
	return joined
}

// joinMembers of other ledgers, both halves among them: what each had sent the other is proven by its last committee. Of a term that both know counts who knows where it began.
func joinMembers(halves [2]*GenesisState, heir string) (joined []Members) {
	for _, gs := range halves {
		for _, m := range gs.Members {
			at := slices.IndexFunc(joined, func(known Members) bool { return known.Ledger == m.Ledger && known.Term == m.Term })
			switch {
			case m.Ledger == heir:
			case at < 0:
				joined = append(joined, m)
			case joined[at].FirstHeight == 0:
				joined[at] = m
			}
		}
	}
	slices.SortFunc(joined, func(a, b Members) int {
		return cmp.Or(cmp.Compare(a.Ledger, b.Ledger), cmp.Compare(a.Term, b.Term))
	})
	return joined
}
