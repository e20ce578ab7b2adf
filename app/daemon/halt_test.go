package daemon

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/app/base"
)

// Only the refusal of an app becomes a message; a bug keeps its stack trace.
func TestBinaryErrorLeavesOtherPanics(t *testing.T) {
	run := func(cause any) (err error) {
		defer func() { binaryError(recover(), &err) }()
		panic(cause)
	}
	refused := new(base.BinaryError)
	require.ErrorIs(t, run(refused), refused)
	require.ErrorIs(t, run(fmt.Errorf("start: %w", refused)), refused)
	require.Panics(t, func() { _ = run(errors.New("a bug")) })
	require.Panics(t, func() { _ = run("a bug") })
	func() {
		var err error
		defer func() { require.NoError(t, err) }()
		defer func() { binaryError(recover(), &err) }()
	}()
}
