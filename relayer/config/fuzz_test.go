package config

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A file that is accepted holds against every bound.
func FuzzParse(f *testing.F) {
	f.Add([]byte(Example))
	f.Add([]byte("home: [1, 2]\n---\n"))
	f.Add([]byte("a: &a [*a, *a]"))
	f.Fuzz(func(t *testing.T, file []byte) {
		cfg, err := Parse(file)
		if err == nil {
			require.NoError(t, cfg.validate())
		}
	})
}
