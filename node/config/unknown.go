package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	cmtcfg "github.com/cometbft/cometbft/config"
	"github.com/pelletier/go-toml/v2"

	"github.com/topnetwork/top/internal/reference"
)

// CheckFiles refuses keys in a home's app.toml, config.toml and client.toml that no setting has: a misspelt key would silently leave the default in force. The error
// lists all of them.
func CheckFiles(home string) error {
	var errs []error
	for _, f := range []struct {
		name  string
		known []reference.Key
	}{{AppFile, appKeys()}, {CometFile, cometKeys()}, {ClientFile, clientKeys()}} {
		path := filepath.Join(home, "config", f.name)
		bz, err := os.ReadFile(path)
		if f.name == ClientFile && errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		unknown, err := unknownKeys(bz, f.known)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		for _, key := range unknown {
			errs = append(errs, fmt.Errorf("%s: unknown key %q%s: correct or remove it; `config reference` lists all keys", path, key, suggestion(key, f.known)))
		}
	}
	return errors.Join(errs...)
}

// Keys are the dotted names of all settings.
func Keys() []string {
	var names []string
	for _, k := range slices.Concat(appKeys(), cometKeys(), clientKeys()) {
		names = append(names, k.Path)
	}
	return names
}

// Nearest is the known name nearest to what was written, if it is near, else empty.
func Nearest(written string, known []string) string {
	best, distance := "", 1+len(written)/3
	for _, name := range known {
		if d := editDistance(strings.ToLower(written), strings.ToLower(name)); d < distance {
			best, distance = name, d
		}
	}
	return best
}

func appKeys() []reference.Key {
	keys := reference.Keys(reflect.TypeFor[App](), "mapstructure")
	// The SDK reads this one by hand.
	return append(keys, reference.Key{Path: "grpc.historical-grpc-address-block-range", Type: reflect.TypeFor[string]()})
}

func cometKeys() []reference.Key {
	return reference.Keys(reflect.TypeFor[cmtcfg.Config](), "mapstructure")
}

// unknownKeys are the dotted keys of a TOML document that are not in known, sorted.
func unknownKeys(doc []byte, known []reference.Key) ([]string, error) {
	var tree map[string]any
	if err := toml.Unmarshal(doc, &tree); err != nil {
		return nil, err
	}
	var out []string
	walk(tree, "", func(path string) bool {
		for _, k := range known {
			if strings.EqualFold(path, k.Path) {
				return true
			}
		}
		return false
	}, func(path string) bool {
		return slices.ContainsFunc(known, func(k reference.Key) bool {
			return len(k.Path) > len(path) && strings.EqualFold(k.Path[:len(path)+1], path+".")
		})
	}, &out)
	slices.Sort(out)
	return out, nil
}

func walk(tree map[string]any, prefix string, leaf, section func(string) bool, unknown *[]string) {
	for name, value := range tree {
		path := prefix + name
		sub, isTable := value.(map[string]any)
		switch {
		case leaf(path):
		case isTable && section(path):
			walk(sub, path+".", leaf, section, unknown)
		default:
			*unknown = append(*unknown, path)
		}
	}
}

// suggestion is the known key nearest to what was written, if it is near.
func suggestion(key string, known []reference.Key) string {
	names := make([]string, len(known))
	for i, k := range known {
		names[i] = k.Path
	}
	if best := Nearest(key, names); best != "" {
		return fmt.Sprintf(" (did you mean %q?)", best)
	}
	return ""
}

// editDistance is Levenshtein's: the least number of inserted, removed or replaced bytes.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
