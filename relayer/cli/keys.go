package cli

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/topnetwork/top/relayer/keys"
)

// maxMnemonic bounds what is read as one, in bytes: 24 words take 215.
const maxMnemonic = 4096

func keysCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "keys", Short: "The relayer's account keys"}
	cmd.AddCommand(addKeyCommand(), listKeysCommand(), showKeyCommand())
	return cmd
}

func addKeyCommand() *cobra.Command {
	var mnemonicFile string
	var recovered bool
	cmd := &cobra.Command{
		Use: "add NAME", Short: "Store a key: a new one, or that of a mnemonic; prints the address", Args: cobra.ExactArgs(1),
		Long: "Store a key: a new one, or that of a mnemonic; prints the address.\n" +
			"A new key's mnemonic is shown once, on stderr: write it down, for whoever has it has the account, and without it a lost disk is a lost account.",
		RunE: func(cmd *cobra.Command, args []string) error {
			home, err := homeOf(cmd)
			if err != nil {
				return err
			}
			var mnemonic string
			switch {
			case recovered:
				fmt.Fprintln(cmd.ErrOrStderr(), "The mnemonic, in one line:")
				mnemonic, err = readMnemonic(cmd.InOrStdin(), "stdin")
			case mnemonicFile != "":
				mnemonic, err = mnemonicIn(mnemonicFile)
			}
			if err != nil {
				return err
			}
			s, err := keys.Add(home, args[0], mnemonic)
			if err != nil {
				return err
			}
			if mnemonic == "" {
				fmt.Fprintf(cmd.ErrOrStderr(), "The mnemonic of %q, shown only now: write it down and keep it apart from this machine.\n\n%s\n\n", args[0], s.Mnemonic)
			}
			return printKey(cmd.OutOrStdout(), keys.Named{Name: args[0], Address: s.Address})
		},
	}
	cmd.Flags().StringVar(&mnemonicFile, "mnemonic-file", "", "file with an existing mnemonic")
	cmd.Flags().BoolVar(&recovered, "recover", false, "read an existing mnemonic from stdin")
	cmd.MarkFlagsMutuallyExclusive("mnemonic-file", "recover")
	return cmd
}

func listKeysCommand() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "Print names and addresses of all keys, one per line", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			home, err := homeOf(cmd)
			if err != nil {
				return err
			}
			all, err := keys.List(home)
			if err != nil {
				return err
			}
			if len(all) == 0 {
				fmt.Fprintf(cmd.ErrOrStderr(), "there is no key in %s: add one with `relayer keys add NAME --home %s`\n", home, home)
			}
			for _, key := range all {
				if err := printKey(cmd.OutOrStdout(), key); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

func showKeyCommand() *cobra.Command {
	return &cobra.Command{
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
			return printKey(cmd.OutOrStdout(), keys.Named{Name: args[0], Address: key.Address()})
		},
	}
}

func printKey(w io.Writer, key keys.Named) error { return json.NewEncoder(w).Encode(key) }

func mnemonicIn(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("--mnemonic-file: %w", err)
	}
	defer file.Close()
	return readMnemonic(file, "--mnemonic-file "+path)
}

func readMnemonic(r io.Reader, source string) (string, error) {
	line, err := bufio.NewReader(io.LimitReader(r, maxMnemonic)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("%s: %w", source, err)
	}
	if line == "" || line == "\n" {
		return "", fmt.Errorf("%s is empty: give a mnemonic of 12 to 24 words in one line", source)
	}
	return line, nil
}
