package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/topnetwork/top/relayer/config"
)

func configCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "config", Short: "Check or explain the settings"}
	cmd.AddCommand(
		&cobra.Command{
			Use: "check", Short: "Say whether the relayer could start with the home's config.yaml", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				home, err := homeOf(cmd)
				if err != nil {
					return err
				}
				if _, err := config.Check(home); err != nil {
					return err
				}
				_, err = fmt.Fprintf(cmd.OutOrStdout(), "the settings in %s are good\n", home)
				return err
			},
		},
		&cobra.Command{
			Use: "reference", Short: "Print all settings with type, example and meaning as Markdown", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error {
				text, err := config.Reference()
				if err != nil {
					return err
				}
				_, err = fmt.Fprint(cmd.OutOrStdout(), text)
				return err
			},
		},
	)
	return cmd
}
