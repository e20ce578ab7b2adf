package localchain

import (
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// FlagDir names the folder of a network.
const FlagDir = "output-dir"

// Command is `testnet` with its `start`; a daemon adds its own `init-files`.
func Command(short string, initFiles *cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use: "testnet", Short: short, SuggestionsMinimumDistance: 2,
		// The shared pre-run would write a node's default configuration into --home, which these commands do not use.
		PersistentPreRunE: func(*cobra.Command, []string) error { return nil },
	}
	cmd.AddCommand(initFiles, startCommand())
	return cmd
}

func startCommand() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "start",
		Short: "Run all validators of a test network until interrupted",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			return Run(ctx, dir, cmd.ErrOrStderr())
		},
	}
	cmd.Flags().StringVar(&dir, FlagDir, "./testnet", "directory that init-files wrote")
	return cmd
}
