// Package sim is the program topsim: it plays the rules of protocol/ over very many epochs and holds what comes out against the bounds that the design promises, and networks of more shards than a machine can run.
package sim

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/topnetwork/top/sim/finding"
	"github.com/topnetwork/top/sim/sortition"
)

// ErrBroken says that a figure is above its bound.
var ErrBroken = errors.New("bounds do not hold")

const (
	usageSortition = `topsim sortition [-quick] [-seed N] [-only bias,fairness,splitting,odds]
    how far the draw of committees can be bent, whether seats follow stake, whether splitting pays, how often committees are stalled or captured

One JSON line {name, value, bound, conditions} per figure on stdout, the same as a table on stderr. The exit code is 1 when a value is above its bound.
The same seed gives the same lines.
`
	usageNetwork = `topsim network [-bench FILE] [-json] [-page FILE] [-seed N] [-world world] [-one-way MS] [-members 21] [-auditors 21] [-main-members 100] [-cores 16] [-gbps 1] [-gib 64]
               [-cross 0.5] [-accounts 60000000] [-rates 300000,1000000] [-shards 100] [-sweep 2000] [-most 400] [-latencies=false]
    what a network of many shards takes, and where it breaks: a discrete-event model whose constants are read from FILE, the output of make bench

A page for people on stdout; with -json it goes to stderr, and one JSON line {name, value, unit, conditions} per figure to stdout.
`
	usage = usageSortition + "\n" + usageNetwork
)

// Run does what the arguments say: lines for programs go to out, the table and messages for people to people.
func Run(args []string, out, people io.Writer) error {
	command := "help"
	if len(args) > 0 {
		command = args[0]
	}
	switch command {
	case "sortition":
		return runSortition(sortition.Real(), args[1:], out, people)
	case "network":
		return runNetwork(args[1:], out, people)
	case "help", "-h", "--help":
		_, err := io.WriteString(out, usage)
		return err
	default:
		return fmt.Errorf("unknown simulation %q\n%s", command, usage)
	}
}

func runSortition(rules sortition.Rules, args []string, out, people io.Writer) error {
	options := sortition.Options{Rules: rules}
	flags := flag.NewFlagSet("topsim sortition", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.BoolVar(&options.Quick, "quick", false, "fewer epochs: less than a minute on one core")
	flags.Uint64Var(&options.Seed, "seed", 1, "another number is another run; the same one gives the same lines")
	only := flags.String("only", "", "some of the questions, with commas: "+strings.Join(sortition.Questions(), ","))
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		_, err = io.WriteString(out, usageSortition)
		return err
	} else if err != nil {
		return fmt.Errorf("%w\n%s", err, usageSortition)
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("too many arguments: %q\n%s", flags.Args(), usageSortition)
	}
	if *only != "" {
		options.Only = strings.Split(*only, ",")
	}
	var broken []string
	err := sortition.Run(options, func(f finding.Finding) error {
		if f.Broken() {
			broken = append(broken, f.Name)
		}
		return f.Write(out, people)
	})
	if err != nil {
		return err
	}
	if len(broken) > 0 {
		return fmt.Errorf("%w: %s", ErrBroken, strings.Join(broken, ", "))
	}
	return nil
}
