package daemon

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/cosmos/cosmos-sdk/client/flags"
	"github.com/cosmos/cosmos-sdk/server"

	"github.com/topnetwork/top/app/base"
	"github.com/topnetwork/top/app/localchain"
	"github.com/topnetwork/top/node/config"
)

// flagRules hold the values of flags that libraries would take and ignore, or stumble over late.
var flagRules = []struct {
	name string
	test func(*cobra.Command, *pflag.Flag) error
}{
	{flags.FlagGas, func(_ *cobra.Command, f *pflag.Flag) error {
		_, err := flags.ParseGasSetting(f.Value.String())
		return err
	}},
	{flags.FlagOutput, func(_ *cobra.Command, f *pflag.Flag) error {
		// The flag of a format; other commands name a file with it.
		if f.DefValue == "text" || f.DefValue == "json" {
			return oneOf(f, "text", "json")
		}
		return nil
	}},
	{flags.FlagBroadcastMode, func(_ *cobra.Command, f *pflag.Flag) error {
		return oneOf(f, flags.BroadcastSync, flags.BroadcastAsync)
	}},
	{flags.FlagChainID, func(_ *cobra.Command, f *pflag.Flag) error { return base.CheckChainID(f.Value.String()) }},
	{"transport", func(_ *cobra.Command, f *pflag.Flag) error { return oneOf(f, "socket", "grpc") }},
	{server.FlagInvCheckPeriod, func(*cobra.Command, *pflag.Flag) error {
		return errors.New("does nothing, leave it out: `query billing invariants` and `query usage invariants` check the books at any height")
	}},
	{"ip", func(_ *cobra.Command, f *pflag.Flag) error {
		if host := f.Value.String(); config.CheckHost(host) != nil || host != "localhost" && !strings.ContainsAny(host, ".:") {
			return errors.New("other nodes need this one's IP address or full host name, e.g. 203.0.113.7 or node.example.com")
		}
		return nil
	}},
	{flags.FlagHome, func(cmd *cobra.Command, _ *pflag.Flag) error {
		// Who has a --home of its own reads it, and writes elsewhere.
		if cmd.Flags().Lookup(localchain.FlagDir) != nil && cmd.LocalNonPersistentFlags().Lookup(flags.FlagHome) == nil {
			return errors.New("does nothing here: the folder of a network's nodes is --" + localchain.FlagDir)
		}
		return nil
	}},
	{"proxy_app", func(*cobra.Command, *pflag.Flag) error { return errInProcess }},
	{"abci", func(*cobra.Command, *pflag.Flag) error { return errInProcess }},
}

// errInProcess refuses what would tell CometBFT where the application is.
var errInProcess = errors.New("does nothing, leave it out: the application runs inside the node")

func oneOf(f *pflag.Flag, choice ...string) error {
	for _, c := range choice {
		if f.Value.String() == c {
			return nil
		}
	}
	return fmt.Errorf("choose %s", strings.Join(choice, " or "))
}

// checkFlags tests the flags that a command line sets.
func checkFlags(cmd *cobra.Command) error {
	var errs []error
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if f.Value.Type() == "duration" && strings.HasPrefix(f.Value.String(), "-") {
			errs = append(errs, fmt.Errorf("--%s is %s: a pause or period is not negative", f.Name, f.Value))
		}
		for _, r := range flagRules {
			if r.name != f.Name {
				continue
			}
			if err := r.test(cmd, f); err != nil {
				errs = append(errs, fmt.Errorf("--%s %q: %w; see %s --help", f.Name, f.Value.String(), err, cmd.CommandPath()))
			}
		}
	})
	return errors.Join(errs...)
}

// checkEnvironment refuses variables with the daemon's prefix that are no setting: a misspelt one would leave the default in force.
func checkEnvironment(root *cobra.Command, environment []string) error {
	prefix := strings.ToUpper(root.Name()) + "_"
	known := knownVariables(root, prefix)
	var errs []error
	for _, entry := range environment {
		name, _, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, prefix) || known[name] {
			continue
		}
		err := fmt.Errorf("environment variable %s is no setting of %s: unset it; its settings are in `%s config reference`", name, root.Name(), root.Name())
		names := make([]string, 0, len(known))
		for n := range known { //determinism: a command line, not a state machine
			names = append(names, n)
		}
		if near := config.Nearest(name, names); near != "" {
			err = fmt.Errorf("%w (did you mean %s?)", err, near)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// knownVariables are those of all settings and flags.
func knownVariables(root *cobra.Command, prefix string) map[string]bool {
	known := map[string]bool{}
	add := func(name string) {
		known[prefix+strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(name))] = true
	}
	for _, key := range config.Keys() {
		add(key)
	}
	var visit func(*cobra.Command)
	visit = func(cmd *cobra.Command) {
		for _, set := range []*pflag.FlagSet{cmd.Flags(), cmd.PersistentFlags()} {
			set.VisitAll(func(f *pflag.Flag) { add(f.Name) })
		}
		for _, sub := range cmd.Commands() {
			visit(sub)
		}
	}
	visit(root)
	return known
}

// checkLine makes every command refuse a bad command line before it touches anything: environment, flags, and a wrong number of arguments with how it is used. What it fails with
// is guided.
func checkLine(cmd *cobra.Command) {
	count := cmd.Args
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if count != nil {
			if err := count(cmd, args); err != nil {
				return fmt.Errorf("%w; usage: %s", err, cmd.UseLine())
			}
		}
		if err := checkEnvironment(cmd.Root(), os.Environ()); err != nil {
			return err
		}
		return checkFlags(cmd)
	}
	if run := cmd.RunE; run != nil {
		cmd.RunE = func(cmd *cobra.Command, args []string) error { return guided(cmd, run(cmd, args)) }
	}
	for _, sub := range cmd.Commands() {
		checkLine(sub)
	}
}
