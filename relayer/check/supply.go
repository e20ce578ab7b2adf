// Package check holds live networks against what must be true of them at any time.
package check

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	latticetypes "github.com/topnetwork/top/x/lattice/types"
)

// Reading of a shard: its head and ledgers, asked twice. Between two shards an inbox that was read before the outbox that feeds it can only be behind: so every inbox is of Before, and every outbox of After, which was asked once Before was there of all shards.
type Reading struct {
	Name string
	// Shard says what its accounts are, and whose they were.
	Shard         latticetypes.Shard
	Head          latticetypes.Head
	Before, After *latticetypes.QueryLedgersResponse
	// Silent says why the shard does not answer; then nothing else is known but its prefix.
	Silent error
}

// Sums of one denomination over all shards.
type Sums struct {
	Denom string `json:"denom"`
	// Issued at genesis, and Exited since from the main chain to shards more than came back there; Held by accounts, which follows from the rest; InFlight between shards and from and to the main chain: sent and not taken. Outboxes and inboxes count utop alone: what is in flight of other denominations is in Held.
	Issued   math.Int `json:"issued"`
	Exited   math.Int `json:"exited"`
	Held     math.Int `json:"held"`
	InFlight math.Int `json:"in_flight"`
	Burned   math.Int `json:"burned"`
	Lost     math.Int `json:"lost"`
	// Overdrawn by what frozen shards had sent and their next generations could not debit.
	Overdrawn math.Int `json:"overdrawn"`
}

// Supply of a network.
type Supply struct {
	OK     bool   `json:"ok"`
	Shards int    `json:"shards"`
	Sums   []Sums `json:"sums"`
	// Settling are frozen shards whose next generations have not debited yet what was sent after the last audited block: what others took of it is held twice until then.
	Settling []string `json:"settling,omitempty"`
	// Main chain of the network, where it was asked.
	Main *Gate `json:"main,omitempty"`
	// Broken says what does not hold.
	Broken []string `json:"broken,omitempty"`
}

// Err is what does not hold, as one error.
func (s Supply) Err() error {
	if s.OK {
		return nil
	}
	return errors.New("the network's supply does not hold:\n" + strings.Join(s.Broken, "\n"))
}

// signed amounts by denomination: what should not be may be less than nothing.
type signed map[string]math.Int

func (s signed) add(coins sdk.Coins, sign int64) {
	for _, c := range coins {
		n, ok := s[c.Denom]
		if !ok {
			n = math.ZeroInt()
		}
		s[c.Denom] = n.Add(c.Amount.MulRaw(sign))
	}
}

func (s signed) of(denom string) math.Int {
	if n, ok := s[denom]; ok {
		return n
	}
	return math.ZeroInt()
}

// pair of a source and whom its batches are addressed to.
type pair struct{ source, destination string }

// Add up what shards say, and the main chain where there is one: nobody has taken more than was sent to it, and no shard holds less than nothing.
func Add(readings []Reading, main *MainReading) Supply {
	out := Supply{Shards: len(readings)}
	broken := func(format string, args ...any) { out.Broken = append(out.Broken, fmt.Sprintf(format, args...)) }
	issued, exited, burned, lost, overdrawn, inflight := signed{}, signed{}, signed{}, signed{}, signed{}, signed{}
	sent, taken := map[pair]sdk.Coins{}, map[pair]sdk.Coins{}
	read := map[string]bool{}
	for _, r := range readings {
		read[r.Name] = true
		own := signed{}
		issued.add(r.Head.Issued, 1)
		lost.add(r.Head.Lost, 1)
		own.add(r.Head.Issued, 1)
		own.add(r.Head.Lost, -1)
		overdrawn.add(r.Head.Overdrawn, 1)
		own.add(r.Head.Overdrawn, 1)
		for _, s := range r.After.Settlements {
			out.Settling = append(out.Settling, s.Parent)
		}
		gone := sdk.NewCoins(sdk.NewCoin(utop, math.NewIntFromUint64(r.Head.Burned)))
		burned.add(gone, 1)
		own.add(gone, -1)
		for _, l := range r.Before.Ledgers {
			p := inboxPair(l.Name, r.Name)
			taken[p] = taken[p].Add(l.Inbox.Total...)
		}
		for _, l := range r.After.Ledgers {
			p := outboxPair(r.Name, l.Name)
			read[p.source] = true
			sent[p] = sent[p].Add(l.Outbox.Total...)
			// Both of one state; the head is an earlier one, at which less was burned.
			own.add(l.Inbox.Total, 1)
			own.add(l.Outbox.Total, -1)
		}
		for _, denom := range slices.Sorted(maps.Keys(own)) {
			if n := own[denom]; n.IsNegative() {
				broken("%s: its accounts would hold %s%s: it has sent more than it ever had", r.Name, n, denom)
			}
		}
	}
	if main != nil {
		read[main.Chain] = true
		for _, l := range main.Before {
			p := pair{l.Name, main.Chain}
			taken[p] = taken[p].Add(l.Inbox.Total...)
			exited.add(l.Inbox.Total, -1)
		}
		for _, l := range main.After {
			p := pair{main.Chain, l.Name}
			sent[p] = sent[p].Add(l.Outbox.Total...)
			exited.add(l.Outbox.Total, 1)
		}
		out.Main = main.gate(issued.of(utop), broken)
	}
	for _, p := range pairs(sent, taken) {
		flying := signed{}
		flying.add(sent[p], 1)
		flying.add(taken[p], -1)
		for _, denom := range slices.Sorted(maps.Keys(flying)) {
			n := flying[denom]
			switch {
			case n.IsNegative() && slices.Contains(out.Settling, p.source):
			case n.IsNegative() && !read[p.source]:
				broken("%s%s came from %s, which was not asked: name its nodes, too", n.Neg(), denom, p.source)
			case n.IsNegative():
				broken("%s%s more came from %s for %s than it has sent: %s were sent, %s taken", n.Neg(), denom, p.source, p.destination, sent[p], taken[p])
			}
		}
		inflight.add(sent[p], 1)
		inflight.add(taken[p], -1)
	}
	denoms := map[string]bool{}
	for _, s := range []signed{issued, exited, burned, lost, overdrawn, inflight} {
		for denom := range s {
			denoms[denom] = true
		}
	}
	for _, denom := range slices.Sorted(maps.Keys(denoms)) {
		s := Sums{Denom: denom, Issued: issued.of(denom), Exited: exited.of(denom), Burned: burned.of(denom), Lost: lost.of(denom), Overdrawn: overdrawn.of(denom), InFlight: inflight.of(denom)}
		s.Held = s.Issued.Add(s.Exited).Add(s.Overdrawn).Sub(s.Burned).Sub(s.Lost).Sub(s.InFlight)
		out.Sums = append(out.Sums, s)
	}
	out.OK = len(out.Broken) == 0
	return out
}

const utop = "utop"

// inboxPair of an inbox by its name: one that was taken over from a parent is of batches addressed to the parent (x/lattice: InboxName).
func inboxPair(name, taker string) pair {
	if source, destination, inherited := strings.Cut(name, ">"); inherited {
		return pair{source, destination}
	}
	return pair{name, taker}
}

// outboxPair of an outbox by its name: one that was taken over from a parent is of what the parent has sent (x/lattice: Bequeath).
func outboxPair(sender, name string) pair {
	if source, destination, inherited := strings.Cut(name, ">"); inherited {
		return pair{source, destination}
	}
	return pair{sender, name}
}

func pairs(lists ...map[pair]sdk.Coins) []pair {
	all := map[pair]bool{}
	for _, list := range lists {
		for p := range list {
			all[p] = true
		}
	}
	return slices.SortedFunc(maps.Keys(all), func(a, b pair) int {
		if a.source != b.source {
			return strings.Compare(a.source, b.source)
		}
		return strings.Compare(a.destination, b.destination)
	})
}
