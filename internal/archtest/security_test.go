package archtest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// docs/security.md names a test for every attack; each must exist where it says.
func TestNamedAttacksAreTested(t *testing.T) {
	doc, err := os.ReadFile("../../docs/security.md")
	require.NoError(t, err)
	named := regexp.MustCompile("`([a-z0-9/]+)\\.((?:Test|Fuzz)[A-Za-z0-9]+)`").FindAllStringSubmatch(string(doc), -1)
	require.NotEmpty(t, named)
	for _, n := range named {
		files, err := filepath.Glob(filepath.Join("../..", n[1], "*_test.go"))
		require.NoError(t, err)
		found := false
		for _, file := range files {
			source, err := os.ReadFile(file)
			require.NoError(t, err)
			found = found || strings.Contains(string(source), "func "+n[2]+"(")
		}
		require.True(t, found, "%s has no %s", n[1], n[2])
	}
}

// attacks that every state machine and every committee must stand: each has a row in docs/security.md, with its outcome and with tests.
var attacks = []string{
	"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15", "16", "18", "19", "20", "21", "22", "23", "24", "25", "26", "27", "28", "29", "30", "31", "32", "33", "34",
	"35", "36", "37", "39", "40", "41", "42", "43", "44", "45", "46", "47", "48", "49", "50", "51", "52", "53", "56", "57",
}

func TestAttacksHaveRows(t *testing.T) {
	doc, err := os.ReadFile("../../docs/security.md")
	require.NoError(t, err)
	for _, number := range attacks {
		row := regexp.MustCompile(`(?m)^\| ` + number + ` \| [^|]+ \| [^|]+ \| .*\.(Test|Fuzz)[A-Za-z0-9]+.* \|$`)
		require.Regexp(t, row, string(doc), "attack %s", number)
	}
}
