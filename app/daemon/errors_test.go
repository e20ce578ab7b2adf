package daemon

import (
	"errors"
	"fmt"
	"runtime"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cosmos/cosmos-sdk/baseapp"
	sdk "github.com/cosmos/cosmos-sdk/types"

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
	require.NoError(t, run(func() {}))

	err := run(func() { baseapp.SetMinGasPrices("nothing")(nil) })
	require.ErrorContains(t, err, "invalid minimum gas prices")
	require.NotContains(t, err.Error(), "goroutine", "what the SDK refuses has no trace")

	var nothing *base.BinaryError
	var fault runtime.Error
	bug := run(func() { _ = nothing.Error() })
	require.ErrorAs(t, bug, &fault)
	for _, err := range []error{bug, run(func() { panic("ours") }), run(func() { _ = sdk.AccAddress(nil)[1] })} {
		require.ErrorContains(t, err, "errors_test.go", "a bug keeps its trace")
		require.ErrorContains(t, err, "This is a bug")
		require.ErrorContains(t, err, "SECURITY.md")
	}
}

func TestLockedDatabaseNamesTheRemedy(t *testing.T) {
	require.ErrorContains(t, plain(fmt.Errorf("failed to initialize database: %w", syscall.EAGAIN)), "stop it first")
	other := fmt.Errorf("read tcp: %w", syscall.EAGAIN)
	require.ErrorIs(t, plain(other), syscall.EAGAIN)
	require.EqualError(t, plain(other), other.Error())
	require.NoError(t, plain(nil))
}

func TestErrorsAreForOperators(t *testing.T) {
	for given, want := range map[string]string{
		"rpc error: code = Unknown desc = rpc error: code = NotFound desc = account top1 not found":         "rpc error: code = NotFound desc = account top1 not found",
		"out of gas [/root/go/pkg/mod/github.com/cosmos/cosmos-sdk@v0.54.4/baseapp/baseapp.go:123]":         "out of gas",
		"a [cosmos/cosmos-sdk@v0.54.4/x/auth/ante/sigverify.go:7] with gas used: '5': unauthorized":         "a with gas used: '5': unauthorized",
		`invalid argument "x" for "--0" flag: invalid address`:                                              `invalid argument "x": invalid address`,
		`invalid argument "x" for "--1" flag: strconv.ParseUint: parsing "x": invalid syntax; see a --help`: `invalid argument "x": want a whole number, 0 or more; see a --help`,
		`invalid argument "1.5" for "--page" flag: strconv.ParseInt: parsing "1.5": invalid syntax`:         `invalid argument "1.5" for "--page" flag: want a whole number`,
		`strconv.ParseUint: parsing "18446744073709551616": value out of range`:                             "the number is too large or too small",
		"list [1 2] of peers": "list [1 2] of peers",
	} {
		require.EqualError(t, plain(errors.New(given)), want)
	}
}
