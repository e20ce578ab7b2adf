package config

import (
	"fmt"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/topnetwork/top/internal/reference"
)

// Reference is all of the relayer's settings as Markdown: keys and types from the structs, examples and meanings from the file that `relayer init` writes.
func Reference() (string, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(uncomment(Example)), &doc); err != nil {
		return "", fmt.Errorf("the example configuration: %w", err)
	}
	file := map[string]entry{}
	collect(doc.Content[0], "", file)
	var rows []reference.Row
	for _, k := range reference.Keys(reflect.TypeFor[Config](), "yaml") {
		e := file[k.Path]
		rows = append(rows, reference.Row{Key: k.Path, Type: reference.TypeName(k.Type), Default: e.value, Text: e.comment})
	}
	var b strings.Builder
	b.WriteString("# Settings of relayer\nWritten by `relayer config reference`. The file is HOME/config.yaml, which `relayer init` writes with the values shown here.\n" +
		"Unknown keys and settings that cannot work together are refused at `start`; `relayer config check` tells before.\n")
	b.WriteString(reference.Table(rows))
	return b.String(), nil
}

// uncomment turns on the sections that the example leaves off: lines that are "# " and YAML.
func uncomment(text string) string {
	var b strings.Builder
	off := false
	for line := range strings.Lines(text) {
		rest, commented := strings.CutPrefix(line, "# ")
		switch {
		case !commented:
			off = false
		case strings.HasSuffix(strings.TrimSpace(rest), ":") && !strings.HasPrefix(rest, " ") && !strings.Contains(strings.TrimSpace(rest), " "):
			off = true
		}
		if commented && off {
			line = rest
		}
		b.WriteString(line)
	}
	return b.String()
}

// entry is a value and the comment beside or above it.
type entry struct{ value, comment string }

func collect(node *yaml.Node, prefix string, out map[string]entry) {
	if node.Kind != yaml.MappingNode {
		return
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		path := prefix + key.Value
		out[path] = entry{value: inline(value), comment: comments(key, value)}
		collect(value, path+".", out)
	}
}

// inline is a value as one line of YAML.
func inline(node *yaml.Node) string {
	switch node.Kind {
	case yaml.ScalarNode:
		return node.Value
	case yaml.SequenceNode:
		parts := make([]string, len(node.Content))
		for i, n := range node.Content {
			parts[i] = inline(n)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case yaml.MappingNode:
		var parts []string
		for i := 0; i+1 < len(node.Content); i += 2 {
			parts = append(parts, node.Content[i].Value+": "+inline(node.Content[i+1]))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	default:
		return node.Value
	}
}

func comments(nodes ...*yaml.Node) string {
	var parts []string
	for _, n := range nodes {
		for _, text := range []string{n.HeadComment, n.LineComment} {
			for line := range strings.Lines(text) {
				if line = strings.TrimSpace(strings.TrimLeft(strings.TrimSpace(line), "#")); line != "" {
					parts = append(parts, line)
				}
			}
		}
	}
	return strings.Join(parts, " ")
}
