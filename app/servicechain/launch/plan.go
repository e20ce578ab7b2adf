package launch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/topnetwork/top/app/servicechain"
	"github.com/topnetwork/top/node/home"
)

const planFile = "launch.json"

// plan is what a launch has decided before it makes anything; kept in the chain's directory.
type plan struct {
	MainChainID string `json:"main_chain_id"`
	// Options by flag, which later runs repeat.
	Options map[string][]string `json:"options"`
	Ports   []home.Ports        `json:"ports"`
}

// decided are the options that a launch fixes, as they are written on a command line.
func (o Options) decided() []option {
	accounts := slices.Compact(slices.Sorted(slices.Values(o.GenesisAccounts)))
	return []option{
		{"--chain-id", []string{o.ChainID}},
		{"--type", []string{o.Type}},
		{"--validators", []string{strconv.Itoa(o.Validators)}},
		{"--base-port", []string{strconv.Itoa(o.BasePort)}},
		{"--genesis-account", accounts},
		{"--timeout-commit", []string{o.TimeoutCommit.String()}},
		{"--voting-period", []string{o.VotingPeriod.String()}},
		{"--deposit", []string{strconv.FormatUint(o.Deposit, 10)}},
	}
}

type option struct {
	flag   string
	values []string
}

// String is the option on a command line.
func (o option) String() string {
	if len(o.values) == 0 {
		return "no " + o.flag
	}
	return o.flag + " " + strings.Join(o.values, " "+o.flag+" ")
}

// readPlan of an earlier run, nil if there is none. Options other than those it was begun with would be ignored: they are refused.
func readPlan(opts Options) (*plan, error) {
	file := filepath.Join(opts.Dir, planFile)
	bz, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // no plan is an answer
	}
	if err != nil {
		return nil, err
	}
	var p plan
	if err := json.Unmarshal(bz, &p); err != nil {
		return nil, fmt.Errorf("%s is damaged (%w): remove it and the node folders beside it to start over", file, err)
	}
	var errs []error
	for _, given := range opts.decided() {
		stored := option{given.flag, p.Options[given.flag]}
		if !slices.Equal(given.values, stored.values) {
			errs = append(errs, fmt.Errorf("%s was begun with %s, not with %s: repeat it as it was begun, or choose another --home for another chain", opts.Dir, stored, given))
		}
	}
	return &p, errors.Join(errs...)
}

// checkMain refuses another main chain than the plan's.
func (p *plan) checkMain(opts Options, f *founder) error {
	if p.MainChainID != f.mainChainID {
		return fmt.Errorf("%s was begun for the main chain %s, and %s is a node of %s: name one of %s with --main-grpc, or choose another --home for another chain",
			opts.Dir, p.MainChainID, opts.MainGRPC, f.mainChainID, p.MainChainID)
	}
	return nil
}

// makePlan keeps the options, once nothing in them is known to be in the way: what is refused before can be corrected in the same directory.
func makePlan(ctx context.Context, app *servicechain.App, opts Options, f *founder) (*plan, error) {
	if _, err := f.registered(ctx, opts); err != nil {
		return nil, err
	}
	if _, err := f.deposit(ctx, opts); err != nil {
		return nil, err
	}
	if err := checkDocument(app, opts, f); err != nil {
		return nil, err
	}
	ports, err := home.Allocate(opts.Validators, opts.BasePort)
	if err != nil {
		return nil, err
	}
	p := &plan{MainChainID: f.mainChainID, Options: map[string][]string{}, Ports: ports}
	for _, o := range opts.decided() {
		p.Options[o.flag] = o.values
	}
	if err := os.MkdirAll(opts.Dir, 0o700); err != nil {
		return nil, err
	}
	return p, writeJSON(filepath.Join(opts.Dir, planFile), p)
}
