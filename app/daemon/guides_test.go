package daemon_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	fenced = regexp.MustCompile("(?s)```.*?```")
	inline = regexp.MustCompile("`(?:(topchaind|topserviced) )?((?:tx|query|genesis|config|start|rollback|launch) [^`\n]+)`")
	// said are texts of errors that begin like a command.
	said = []string{"tx timeout height"}
)

// What the guides name within a sentence is a command, with the flags that stand there: blocks of commands are run by tests/process.
func TestGuidesNameCommandsThatExist(t *testing.T) {
	guides, err := filepath.Glob("../../docs/guides/*.md")
	require.NoError(t, err)
	named := 0
	for _, guide := range guides {
		bz, err := os.ReadFile(guide)
		require.NoError(t, err)
		for _, found := range inline.FindAllStringSubmatch(fenced.ReplaceAllString(string(bz), ""), -1) {
			program, line := found[1], found[2]
			if line == said[0] {
				continue
			}
			named++
			exists := false
			for _, c := range both() {
				exists = exists || (program == "" || program == c.Name) && hasCommand(t, c.Name, line)
			}
			require.True(t, exists, "%s names `%s`", guide, line)
		}
	}
	require.Greater(t, named, 20)
}

// hasCommand tells whether the words of a line up to the first argument or flag are a command's, and its flags there.
func hasCommand(t *testing.T, program, line string) bool {
	t.Helper()
	for _, c := range both() {
		if c.Name != program {
			continue
		}
		root, err := c.Root()
		require.NoError(t, err)
		cmd, left, err := root.Find(strings.Fields(line))
		if err != nil || cmd == root {
			return false
		}
		for _, word := range left {
			if flag, ok := strings.CutPrefix(word, "--"); ok {
				name, _, _ := strings.Cut(flag, "=")
				if cmd.Flags().Lookup(name) == nil && cmd.InheritedFlags().Lookup(name) == nil {
					return false
				}
				continue
			}
			// Arguments are written in capitals or as variables.
			if cmd.HasSubCommands() || (strings.ToUpper(word) != word && !strings.HasPrefix(word, "$") && cmd.ValidateArgs([]string{word}) != nil) {
				return false
			}
		}
		return true
	}
	return false
}
