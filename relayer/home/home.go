// Package home is the folder of one relayer: what lies where, and that nobody else uses it meanwhile.
package home

import "path/filepath"

// Within places a relative path below a home.
func Within(home, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(home, path)
}
