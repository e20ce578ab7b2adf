// Package sortition plays elections over very many epochs with the rules of protocol/ themselves and holds the outcome against what the design promises. README.md says
// what is asked, and where each bound comes from.
package sortition

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/topnetwork/top/protocol/sortition"
	"github.com/topnetwork/top/protocol/stake"
	"github.com/topnetwork/top/sim/finding"
)

// Rules are those of protocol/ that decide. They are named here so that a test can make one wrong and see a bound break.
type Rules struct {
	Elect         func(sortition.Election) (sortition.Outcome, error)
	ElectZone     func(sortition.Zone) (sortition.ZoneOutcome, error)
	Sealers       func(chainID string, epoch uint64, seed sortition.Seed, candidates []sortition.Candidate, count int) ([]string, error)
	Comprehensive func(p stake.Params, own, delegated, reputation, computing uint64) (uint64, error)
}

// Real are the rules of protocol/.
func Real() Rules {
	return Rules{
		Elect: sortition.Election.Run, ElectZone: sortition.Zone.Run, Sealers: sortition.Sealers, Comprehensive: stake.Params.Comprehensive,
	}
}

// Options of one run.
type Options struct {
	Rules Rules
	// Quick plays fewer epochs; bounds that allow for noise are wider then.
	Quick bool
	// Seed of everything that is drawn.
	Seed uint64
	// Only some questions; none named are all.
	Only []string
}

// epochs to play, of which a quick run plays a part.
func (o Options) epochs(full, quick int) int {
	if o.Quick {
		return quick
	}
	return full
}

// start is the seed in force when a game begins; games of different names have nothing in common.
func (o Options) start(game string) sortition.Seed {
	return sha256.Sum256(binary.BigEndian.AppendUint64([]byte("TOP/sim/"+game+"/"), o.Seed))
}

// report takes one finding; an error of it ends the run.
type report func(finding.Finding) error

var questions = []struct {
	name string
	ask  func(Options, report) error
}{
	{"bias", bias},
	{"fairness", fairness},
	{"splitting", splitting},
	{"odds", odds},
}

// Questions are the names that Options.Only takes.
func Questions() []string {
	names := make([]string, len(questions))
	for i, q := range questions {
		names[i] = q.name
	}
	return names
}

// Run asks the questions, in their order, and reports each figure as soon as it is known.
func Run(o Options, tell func(finding.Finding) error) error {
	for _, name := range o.Only {
		if !slices.Contains(Questions(), name) {
			return fmt.Errorf("unknown question %q; there are %s", name, strings.Join(Questions(), ", "))
		}
	}
	for _, q := range questions {
		if len(o.Only) > 0 && !slices.Contains(o.Only, q.name) {
			continue
		}
		err := q.ask(o, func(f finding.Finding) error {
			f.Conditions["seed"] = o.Seed
			return tell(f)
		})
		if err != nil {
			return fmt.Errorf("%s: %w", q.name, err)
		}
	}
	return nil
}

const (
	chainID = "top-main-1"
	shard   = "top-shard-1"
)

// pool is n candidates with these weights, in turn. Names rise with the index, so the first weight lies first on the line.
func pool(n int, weights ...uint64) []sortition.Candidate {
	candidates := make([]sortition.Candidate, n)
	for i := range candidates {
		candidates[i] = sortition.Candidate{Operator: fmt.Sprintf("node%04d", i), Weight: weights[i%len(weights)]}
	}
	return candidates
}

// colluders are n of the candidates, evenly over the line.
func colluders(candidates []sortition.Candidate, n int) map[string]bool {
	bad := map[string]bool{}
	for i, c := range candidates {
		if i*n%len(candidates) < n {
			bad[c.Operator] = true
		}
	}
	return bad
}

// share names a share in millionths in the name of a finding: 300000 is bad30.
func share(ppm uint64) string { return fmt.Sprintf("bad%d", ppm/10_000) }
