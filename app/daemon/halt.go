package daemon

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"

	"github.com/topnetwork/top/app/base"
)

// halt ends the node in order, once, for a reason that Main reports last.
type halt struct {
	mu     sync.Mutex
	reason error
}

// stop asks this process to end as its operator would; it returns at once, for the block that cannot be executed still holds the app.
func (h *halt) stop(reason error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.reason != nil {
		return
	}
	h.reason = reason
	if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
		h.reason = fmt.Errorf("%w (and the node cannot be stopped: %w)", reason, err)
	}
}

// err is why the node was stopped; nil when it was not.
func (h *halt) err() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.reason
}

// binaryError turns the panic of an app that refuses its state into an error: the message says what to do, a stack trace would hide it.
func binaryError(recovered any, err *error) {
	var refused *base.BinaryError
	if e, ok := recovered.(error); ok && errors.As(e, &refused) {
		*err = refused
		return
	}
	if recovered != nil {
		panic(recovered)
	}
}
