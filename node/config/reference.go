package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	cmtcfg "github.com/cometbft/cometbft/config"

	"github.com/topnetwork/top/internal/reference"
)

// Reference is all of a daemon's settings as Markdown: keys and types from the structs, defaults and meanings from the files that `init` writes.
func Reference(daemon string, app *App, comet *cmtcfg.Config) (string, error) {
	dir, err := os.MkdirTemp("", "config-reference")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	// By default a node is called like its machine, which is no property of the program.
	comet.Moniker = ""
	var b strings.Builder
	fmt.Fprintf(&b, "# Settings of %s\n", daemon)
	fmt.Fprintf(&b, "Written by `%s config reference`. Files in HOME/config; a flag or an environment variable of the same name goes before the file\n", daemon)
	fmt.Fprintf(&b, "(`--api.enable`, `%s_API_ENABLE`). Unknown keys and settings that cannot work together are refused at `start`; `%s config check` tells before.\n",
		strings.ToUpper(daemon), daemon)
	for _, f := range []struct {
		name  string
		keys  []reference.Key
		write func(string)
	}{
		{AppFile, appKeys(), app.Write},
		{CometFile, cometKeys(), func(path string) { cmtcfg.WriteConfigFile(path, comet) }},
	} {
		path := filepath.Join(dir, f.name)
		f.write(path)
		bz, err := os.ReadFile(path)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "\n## %s\n%s", f.name, reference.Table(rows(f.keys, parseCommented(string(bz)))))
	}
	return b.String(), nil
}

// rows joins keys of the struct with what the file says about them.
func rows(keys []reference.Key, file map[string]entry) []reference.Row {
	var out []reference.Row
	for _, k := range keys {
		e := file[k.Path]
		if e.comment == "" {
			e.comment = meanings[k.Path]
		}
		out = append(out, reference.Row{Key: k.Path, Type: reference.TypeName(k.Type), Default: e.value, Text: e.comment})
	}
	return out
}

// entry of a commented TOML file.
type entry struct{ value, comment string }

// parseCommented reads values and the comments above them from a TOML file as the SDK's and CometBFT's templates write it, by dotted key.
func parseCommented(text string) map[string]entry {
	out := map[string]entry{}
	section, key := "", ""
	var comment []string
	detached := false
	for line := range strings.Lines(text) {
		trimmed := strings.TrimSpace(line)
		switch {
		case key != "": // inside of a list that spans lines
			e := out[key]
			e.value += " " + trimmed
			out[key] = e
			if balanced(e.value) {
				key = ""
			}
		case trimmed == "":
			detached = true
		case strings.HasPrefix(trimmed, "##"):
			comment = nil
		case strings.HasPrefix(trimmed, "#"):
			if detached {
				comment = nil
			}
			detached = false
			comment = append(comment, strings.TrimSpace(strings.TrimPrefix(trimmed, "#")))
		case strings.HasPrefix(trimmed, "["):
			section, comment = strings.Trim(trimmed, "[]")+".", nil
		default:
			name, value, ok := strings.Cut(trimmed, "=")
			if !ok {
				continue
			}
			path := section + strings.TrimSpace(name)
			out[path] = entry{value: strings.TrimSpace(value), comment: strings.Join(comment, " ")}
			if !balanced(value) {
				key = path
			}
			comment = nil
		}
	}
	return out
}

func balanced(value string) bool { return strings.Count(value, "[") == strings.Count(value, "]") }
