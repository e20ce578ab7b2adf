package daemon

import (
	"fmt"
	"runtime"
	"strings"
	"syscall"
)

// panicError turns what a command panics with into an error: the SDK panics over settings, genesis files and states that it refuses, and a stack trace would hide
// what it says. A fault of the runtime, such as a nil pointer, is a bug and keeps its trace.
func panicError(recovered any, err *error) {
	switch cause := recovered.(type) {
	case nil:
	case runtime.Error:
		panic(cause)
	case error:
		*err = cause
	default:
		*err = fmt.Errorf("%v", cause)
	}
}

// remedied adds what to do to errors of libraries that do not say it.
func remedied(err error) error {
	// LevelDB's lock, whose error comes through libraries that do not wrap; a connection that would block says the same of no database.
	if err != nil && strings.Contains(err.Error(), "database: "+syscall.EAGAIN.Error()) {
		return fmt.Errorf("%w: a node or another command uses this home's database; stop it first", err)
	}
	return err
}
