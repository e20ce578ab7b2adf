package bench

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/google/pprof/profile"
)

// Functions by which a sample of a provider's CPU time is known.
const (
	inMetering = "github.com/topnetwork/top/relayer/metering."
	inVoucher  = "github.com/topnetwork/top/protocol/voucher."
	// inCharge books a message and writes it down in one step; what it costs beyond the write, chargeCost measures.
	inCharge = inMetering + "(*Sessions).Charge"
	// inAnswer hands a frame to the network, also the bill that answers a charge: chargeCost makes it and does not send it.
	inAnswer = inMetering + "(*conversation).write"
	// inTransport has a loop that writes the frames of all streams of a connection, one system call each, and one that reads them.
	inTransport = "github.com/libp2p/go-yamux/"

	// framesSent are the writes of a provider per message on its clients' connections, counted with strace: two streams' openings, answers and ends, a delivery, and metering's. framesMetering of them
	// are, by localnet's prices and terms, the bill, a ninth of a bill for a tick, and per 91 messages a countersigned voucher, its bill and the request for it.
	framesSent     = 13
	framesMetering = 1.15
)

// attribution tells by samples of its stacks what a process spent CPU time for.
type attribution struct {
	// samples of everything. metering is without charges, sending the loop that writes frames, other what is known to be for something else. No cause is to be seen in the rest: the loop that reads
	// frames, the scheduler, the collector.
	samples, metering, sending, other int64
	// by is metering's samples by what they were in: the innermost function of the session's or the voucher's code.
	by map[string]int64
}

// share of metering in what has a cause.
func (a attribution) share() float64 {
	return (float64(a.metering) + float64(a.sending)*framesMetering/framesSent) / float64(a.metering+a.sending+a.other)
}

// attribute sorts the samples of a CPU profile.
func attribute(p *profile.Profile) attribution {
	a := attribution{by: map[string]int64{}}
	for _, s := range p.Sample {
		n, stack := s.Value[0], functionsOf(s)
		a.samples += n
		within := func(prefix string) bool {
			return slices.ContainsFunc(stack, func(f string) bool { return strings.HasPrefix(f, prefix) })
		}
		innermost := slices.IndexFunc(stack, func(f string) bool { return strings.HasPrefix(f, inMetering) || strings.HasPrefix(f, inVoucher) })
		switch {
		case innermost >= 0 && (!within(inCharge) || within(inAnswer)):
			a.metering += n
			a.by[stack[innermost]] += n
		case loops(stack, "sendLoop"):
			a.sending += n
		case loops(stack, "recvLoop"):
		case slices.ContainsFunc(stack, func(f string) bool { return !ofRuntime(f) }):
			a.other += n
		}
	}
	return a
}

// functionsOf a sample's stack, the innermost first.
func functionsOf(s *profile.Sample) (stack []string) {
	for _, l := range s.Location {
		for _, line := range l.Line {
			stack = append(stack, line.Function.Name)
		}
	}
	return stack
}

// loops tells the transport's loop of that name from calls of a stream, which are for whoever calls.
func loops(stack []string, name string) bool {
	return slices.ContainsFunc(stack, func(f string) bool {
		return strings.HasPrefix(f, inTransport) && strings.HasSuffix(f, ".(*Session)."+name)
	})
}

// ofRuntime tells the runtime's functions. A stack of nothing else is the scheduler's or the collector's, for whatever it was.
func ofRuntime(function string) bool {
	return strings.HasPrefix(function, "runtime.") || strings.HasPrefix(function, "runtime/") || strings.HasPrefix(function, "internal/runtime/")
}

// readProfile of a process that has ended.
func readProfile(path string) (p *profile.Profile, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if p, err = profile.Parse(f); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}

// most names the functions with the largest shares of metering, in percent of it.
func (a attribution) most(n int) []string {
	names := slices.SortedFunc(maps.Keys(a.by), func(x, y string) int { return cmp.Or(cmp.Compare(a.by[y], a.by[x]), cmp.Compare(x, y)) })
	var out []string
	for _, name := range names[:min(n, len(names))] {
		out = append(out, fmt.Sprintf("%s %.0f %%", name[strings.LastIndex(name, "/")+1:], 100*float64(a.by[name])/float64(a.metering)))
	}
	return out
}
