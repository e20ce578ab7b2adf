package reference

import (
	"regexp"
	"strings"

	"github.com/spf13/cobra"
)

var (
	fenced = regexp.MustCompile("(?s)```.*?```")
	inline = regexp.MustCompile("`([^`]+)`")
)

// Inline are the texts that Markdown quotes within its sentences, each on one line.
func Inline(markdown string) []string {
	var out []string
	for _, found := range inline.FindAllStringSubmatch(fenced.ReplaceAllString(markdown, ""), -1) {
		out = append(out, strings.Join(strings.Fields(found[1]), " "))
	}
	return out
}

// HasCommand tells whether the words of a line up to the first argument or flag are a command of a program, and its flags there. Arguments are written in capitals or as variables.
func HasCommand(root *cobra.Command, line string) bool {
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
		if cmd.HasSubCommands() || (strings.ToUpper(word) != word && !strings.HasPrefix(word, "$") && cmd.ValidateArgs([]string{word}) != nil) {
			return false
		}
	}
	return true
}
