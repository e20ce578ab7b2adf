package daemon

import (
	"errors"
	"fmt"
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/cosmos/cosmos-sdk/client/flags"
	"github.com/cosmos/cosmos-sdk/version"

	"github.com/topnetwork/top/app/base"
)

// refusing is code that panics over settings, genesis files and states that it refuses: its message is for the operator. Whatever else panics is a bug.
const refusing = "github.com/cosmos/cosmos-sdk/"

// panicError turns what a command panics with into an error. A refusal becomes its message, without a stack trace, which would hide it; a bug keeps its trace and
// says what to do with it. It is called by a deferred function.
func panicError(recovered any, err *error) {
	if recovered == nil {
		return
	}
	cause, isError := recovered.(error)
	if !isError {
		cause = fmt.Errorf("%v", recovered)
	}
	*err = cause
	fault := runtime.Error(nil)
	known := new(base.BinaryError)
	if !errors.As(cause, &known) && (errors.As(cause, &fault) || !strings.HasPrefix(panicked(), refusing)) {
		*err = fmt.Errorf("%w\n\n%s\nThis is a bug of %s %s: please report these lines and the command, as SECURITY.md says if it could be used against a node", cause, debug.Stack(), version.Name, version.Version)
	}
}

// panicked is the name of the function that panicked.
func panicked() string {
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(1, pcs)])
	for found := false; ; {
		frame, more := frames.Next()
		// Beside panic itself there are the runtime's own, e.g. of a nil pointer.
		if found && !strings.HasPrefix(frame.Function, "runtime.") || !more {
			return frame.Function
		}
		found = found || frame.Function == "runtime.gopanic"
	}
}

var (
	// sourceLine is where an error was made: [/path/to/file.go:123] or [owner/module@v1/file.go:123].
	sourceLine = regexp.MustCompile(`\s*\[[^\]\s]*\.go:\d+\]`)
	// doubledRPC is an RPC error around another, whose code is the cause's.
	doubledRPC = regexp.MustCompile(`(?:rpc error: code = \w+ desc = )+(rpc error: code = \w+ desc = )`)
	// positional is an argument that the library binds to a flag named by its place, from 0.
	positional = regexp.MustCompile(`(invalid argument "[^"]*") for "--\d+" flag`)
	// unparsed is what Go says of text that should be a number.
	unparsed = regexp.MustCompile(`strconv\.Parse(Uint|Int): parsing "[^"]*": (invalid syntax|value out of range)`)
)

// plainError is an error as an operator reads it.
type plainError struct {
	text  string
	cause error
}

func (e plainError) Error() string { return e.text }
func (e plainError) Unwrap() error { return e.cause }

// plain leaves out of a library's error what only its authors need, and adds what to do where it does not say it.
func plain(err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	// LevelDB's lock, whose error comes through libraries that do not wrap; a connection that would block says the same of no database.
	if strings.Contains(text, "database: "+syscall.EAGAIN.Error()) {
		text += ": a node or another command uses this home's database; stop it first"
	}
	text = doubledRPC.ReplaceAllString(sourceLine.ReplaceAllString(text, ""), "$1")
	text = positional.ReplaceAllString(text, "$1")
	text = unparsed.ReplaceAllStringFunc(text, func(found string) string {
		switch m := unparsed.FindStringSubmatch(found); {
		case m[2] != "invalid syntax":
			return "the number is too large or too small"
		case m[1] == "Uint":
			return "want a whole number, 0 or more"
		default:
			return "want a whole number"
		}
	})
	return plainError{text: text, cause: err}
}

// guided adds to the error of a command what depends on it: by which flag it finds a node, where an argument is explained.
func guided(cmd *cobra.Command, err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	if positional.MatchString(text) {
		return fmt.Errorf("%w; see %s --help", err, cmd.CommandPath())
	}
	// The address is in the text. Errors of clients are not wrapped all the way.
	if !strings.Contains(text, "dial tcp") {
		return err
	}
	// A node that starts asks others, by its settings.
	switch {
	case cmd.Flags().Lookup(flags.FlagGRPC) != nil && cmd.Flags().Changed(flags.FlagGRPC):
		return fmt.Errorf("%w; no node answers there: start it (%s start), or name another with --%s HOST:PORT", err, cmd.Root().Name(), flags.FlagGRPC)
	case cmd.Flags().Lookup(flags.FlagNode) != nil:
		return fmt.Errorf("%w; no node answers there: start it (%s start), or name another with --%s tcp://HOST:PORT", err, cmd.Root().Name(), flags.FlagNode)
	}
	return err
}
