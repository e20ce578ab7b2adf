package daemon

import (
	"fmt"
	"runtime"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/topnetwork/top/app/base"
)

// What an app or the SDK refuses becomes a message; a bug keeps its stack trace.
func TestPanicsOverBadInputAreErrors(t *testing.T) {
	run := func(cause func()) (err error) {
		defer func() { panicError(recover(), &err) }()
		cause()
		return nil
	}
	refused := new(base.BinaryError)
	require.ErrorIs(t, run(func() { panic(fmt.Errorf("start: %w", refused)) }), refused)
	require.EqualError(t, run(func() { panic("invalid minimum gas prices") }), "invalid minimum gas prices")
	require.NoError(t, run(func() {}))
	var nothing *base.BinaryError
	var bug runtime.Error
	func() {
		defer func() { require.ErrorAs(t, recover().(error), &bug) }()
		_ = run(func() { _ = nothing.Error() })
	}()
}

func TestLockedDatabaseNamesTheRemedy(t *testing.T) {
	require.ErrorContains(t, remedied(fmt.Errorf("failed to initialize database: %w", syscall.EAGAIN)), "stop it first")
	other := fmt.Errorf("read tcp: %w", syscall.EAGAIN)
	require.Equal(t, other, remedied(other))
	require.NoError(t, remedied(nil))
}
