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
	"syscall"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/version"

	"github.com/topnetwork/top/relayer/config"
	"github.com/topnetwork/top/relayer/ibc"
	"github.com/topnetwork/top/relayer/keys"
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
		Use: "relayer", Short: "Everything off chain: IBC packets, service nodes", SilenceErrors: true, SilenceUsage: true, Version: version.Version,
	}
	home := ".relayer"
	if dir, err := os.UserHomeDir(); err == nil {
		home = filepath.Join(dir, ".relayer")
	}
	cmd.PersistentFlags().String("home", home, "directory of config.yaml, keys and data")
	cmd.AddCommand(initCommand(), keysCommand(), configCommand(), linkCommand(), startCommand())
	return cmd
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

func keysCommand() *cobra.Command {
	var mnemonicFile string
	add := &cobra.Command{
		Use: "add NAME", Short: "Store a key: a new one, or that of a mnemonic; prints the address", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			home, err := homeOf(cmd)
			if err != nil {
				return err
			}
			var mnemonic string
			if mnemonicFile != "" {
				bz, err := os.ReadFile(mnemonicFile)
				if err != nil {
					return fmt.Errorf("--mnemonic-file: %w", err)
				}
				if mnemonic = string(bz); len(bz) == 0 {
					return fmt.Errorf("--mnemonic-file %s is empty", mnemonicFile)
				}
			}
			s, err := keys.Add(home, args[0], mnemonic)
			if err != nil {
				return err
			}
			return json.NewEncoder(cmd.OutOrStdout()).Encode(map[string]string{"name": args[0], "address": s.Address})
		},
	}
	add.Flags().StringVar(&mnemonicFile, "mnemonic-file", "", "file with an existing mnemonic")
	show := &cobra.Command{
		Use: "show NAME", Short: "Print a key's address", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			home, err := homeOf(cmd)
			if err != nil {
				return err
			}
			key, err := keys.Load(home, args[0])
			if err != nil {
				return err
			}
			return json.NewEncoder(cmd.OutOrStdout()).Encode(map[string]string{"name": args[0], "address": key.Address()})
		},
	}
	cmd := &cobra.Command{Use: "keys", Short: "The relayer's account keys"}
	cmd.AddCommand(add, show)
	return cmd
}

func linkCommand() *cobra.Command {
	return &cobra.Command{
		Use: "link", Short: "Join a service chain to the main chain: clients, counterparties, registration; prints the clients as JSON", Args: cobra.NoArgs,
		Long: "Join a service chain to the main chain: clients, counterparties, registration; prints the clients as JSON.\n" +
			"ibc.key must be the operator's key, that of `topserviced launch`. Run it again after an interruption; a finished link changes nothing.",
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
				return fmt.Errorf("chains.main: %w", err)
			}
			service, err := ibc.Connect(cmd.Context(), cfg.Chains.Service, key)
			if err != nil {
				return fmt.Errorf("chains.service: %w", err)
			}
			clients, err := ibc.Link(cmd.Context(), main, service)
			if err != nil {
				return err
			}
			return json.NewEncoder(cmd.OutOrStdout()).Encode(clients)
		},
	}
}
