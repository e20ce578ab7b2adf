package faults

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFaultIsToldOnceUntilItIsOver(t *testing.T) {
	var told Told
	down, full := errors.New("connection refused"), errors.New("mempool is full")
	require.False(t, told.News("a", nil))
	for i, c := range []struct {
		subject string
		err     error
		want    bool
	}{
		{"a", down, true},
		{"a", down, false},
		{"b", down, true},
		{"a", full, true},
		{"a", down, false},
		{"a", full, false},
		{"a", nil, false},
		{"b", down, false},
		{"a", down, true},
		{"a", fmt.Errorf("height %d of 0123456789ABCDEF, 2s old", 7), true},
		{"a", fmt.Errorf("height %d of 0123456789ABCDEE, 3s old", 80), false},
	} {
		require.Equal(t, c.want, told.News(c.subject, c.err), i)
	}
}

func TestFaultsAreBounded(t *testing.T) {
	var told Told
	for i := range 10 * maxTold {
		require.True(t, told.News("a", errors.New(string(rune('a'+i%26))+fmt.Sprint(i)+string(make([]rune, i)))))
		require.LessOrEqual(t, len(told.told["a"]), maxTold)
	}
}
