package reference_test

import (
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/internal/reference"
)

func TestUnexplained(t *testing.T) {
	require.Equal(t, []string{"bare", "empty"}, reference.Unexplained(reference.Table([]reference.Row{
		{Key: "a.good", Type: "text", Default: "x", Text: "what it is"}, {Key: "a.bare", Type: "text", Default: "x"},
		{Key: "b.empty", Type: "text"}, {Key: "b.told", Type: "text", Text: "no default"},
	})))
}

func TestInline(t *testing.T) {
	require.Equal(t, []string{"keys add NAME", "start", "over two lines"}, reference.Inline("Say `keys add NAME`:\n```sh\n`not this`\n```\nthen `start`, or `over\ntwo  lines`; a lone ` ends nothing"))
}

func TestHasCommand(t *testing.T) {
	root, keys := &cobra.Command{Use: "program"}, &cobra.Command{Use: "keys"}
	add := &cobra.Command{Use: "add NAME", Args: cobra.ExactArgs(1), Run: func(*cobra.Command, []string) {}}
	list := &cobra.Command{Use: "list", Args: cobra.NoArgs, Run: func(*cobra.Command, []string) {}}
	root.PersistentFlags().String("home", "", "")
	add.Flags().Bool("recover", false, "")
	root.AddCommand(keys)
	keys.AddCommand(add, list)
	for line, want := range map[string]bool{
		"keys add": true, "keys add NAME": true, "keys add NAME --recover": true, "keys add --home $HOME NAME": true, "keys list --home=X": true, "keys list NAME": true,
		"": false, "keys ad NAME": false, "key add": false, "keys list --recover": false, "keys list ann": false, "keys ann": false, "keys add --recovr NAME": false,
	} {
		require.Equal(t, want, reference.HasCommand(root, line), "%q", line)
	}
}
