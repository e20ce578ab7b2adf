package reference_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/internal/reference"
)

func TestUnexplained(t *testing.T) {
	require.Equal(t, []string{"bare", "empty"}, reference.Unexplained(reference.Table([]reference.Row{
		{Key: "a.good", Type: "text", Default: "x", Text: "what it is"}, {Key: "a.bare", Type: "text", Default: "x"},
		{Key: "b.empty", Type: "text"}, {Key: "b.told", Type: "text", Text: "no default"},
	})))
}
