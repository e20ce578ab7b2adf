// Package cli is the relayer's command line.
package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/version"

	"github.com/topnetwork/top/relayer/config"
	"github.com/topnetwork/top/relayer/ibc"
	"github.com/topnetwork/top/relayer/keys"
	"github.com/topnetwork/top/sdk/chain"
	"github.com/topnetwork/top/sdk/keyfile"
)

// Main runs the relayer and returns its exit code.
func Main() int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := root().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "Error:", err)
		return 1
	}
	return 0
}

func root() *cobra.Command {
	cmd := &cobra.Command{
		Use: "relayer", Short: "Everything off chain: IBC packets, receipts between shards, service nodes, the wallets' address", SilenceErrors: true, SilenceUsage: true, Version: version.Version,
	}
	home := ".relayer"
	if dir, err := os.UserHomeDir(); err == nil {
		home = filepath.Join(dir, ".relayer")
	}
	cmd.PersistentFlags().String("home", home, "directory of config.yaml, keys and data")
	// Printed by `version`.
	version.Name, version.AppName = cmd.Name(), cmd.Name()
	cmd.AddCommand(initCommand(), keysCommand(), configCommand(), linkCommand(), startCommand(), checkCommand(), version.NewVersionCommand())
	refuseUnknown(cmd)
	return cmd
}

// refuseUnknown makes every command that only groups others refuse what it does not know, and say what there is; cobra would print help and succeed. So a script that leaves out what to check does not pass. The program alone prints its help.
func refuseUnknown(cmd *cobra.Command) {
	for _, sub := range cmd.Commands() {
		refuseUnknown(sub)
	}
	if !cmd.HasSubCommands() || cmd.Runnable() {
		return
	}
	cmd.Args = cobra.ArbitraryArgs
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 && !cmd.HasParent() {
			return cmd.Help()
		}
		var names []string
		for _, sub := range cmd.Commands() {
			if sub.IsAvailableCommand() {
				names = append(names, sub.Name())
			}
		}
		are := "there are "
		if len(names) == 1 {
			are = "there is "
		}
		are += strings.Join(names, ", ")
		if len(args) == 0 {
			return fmt.Errorf("%q alone does nothing: %s", cmd.CommandPath(), are)
		}
		return fmt.Errorf("unknown command %q for %q: %s", args[0], cmd.CommandPath(), are)
	}
}

func homeOf(cmd *cobra.Command) (string, error) { return cmd.Flags().GetString("home") }

func initCommand() *cobra.Command {
	return &cobra.Command{
		Use: "init", Short: "Write a commented config.yaml", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			home, err := homeOf(cmd)
			if err != nil {
				return err
			}
			path := filepath.Join(home, config.FileName)
			if _, err := os.Stat(path); err == nil {
				return fmt.Errorf("%s exists: edit it, or remove it first", path)
			}
			if err := keyfile.Write(path, []byte(config.Example)); err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), path)
			return nil
		},
	}
}

func linkCommand() *cobra.Command {
	var trusting time.Duration
	cmd := &cobra.Command{
		Use: "link", Short: "Join a service chain to the main chain: clients, counterparties, registration; prints the clients as JSON", Args: cobra.NoArgs,
		Long: "Join a service chain to the main chain: clients, counterparties, registration; prints the clients as JSON.\n" +
			"ibc.key must be the operator's key, that of `topserviced launch`. Run it again after an interruption: it goes on with the clients by\n" +
			"which one of the chains is linked, whatever their trusting period; a finished link changes nothing.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			home, err := homeOf(cmd)
			if err != nil {
				return err
			}
			cfg, err := config.Load(home)
			if err != nil {
				return err
			}
			if cfg.IBC == nil {
				return errors.New("config.yaml has no ibc section: its key signs the link")
			}
			key, err := keys.Load(home, cfg.IBC.Key)
			if err != nil {
				return err
			}
			main, err := ibc.Connect(cmd.Context(), cfg.Chains.Main, key)
			if err != nil {
				return unreached("chains.main", err)
			}
			service, err := ibc.Connect(cmd.Context(), cfg.Chains.Service, key)
			if err != nil {
				return unreached("chains.service", err)
			}
			clients, err := ibc.Link(cmd.Context(), main, service, trusting)
			if err != nil {
				return err
			}
			return json.NewEncoder(cmd.OutOrStdout()).Encode(clients)
		},
	}
	cmd.Flags().DurationVar(&trusting, "trusting-period", ibc.DefaultTrusting,
		"how long clients that it creates trust a header: shorter than either chain's time of unbonding; a client that is not refreshed for so long is lost")
	return cmd
}

// unreached says what to do about a chain that does not answer; `start` waits for it and link does not.
func unreached(setting string, err error) error {
	if errors.Is(err, chain.ErrUnreachable) {
		return fmt.Errorf("%s: %w; start its node, or correct the address in config.yaml, and run it again", setting, err)
	}
	return fmt.Errorf("%s: %w", setting, err)
}
