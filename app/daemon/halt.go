package daemon

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/topnetwork/top/app/base"
)

// halt ends the node in order, once, for a reason that Main reports last.
type halt struct {
	mu     sync.Mutex
	reason error
}

// linger is how long a node that does not execute a block stays with its peers: those that lack votes for the block get them from it and halt at the same
// height. Without it, the first to halt would leave the others waiting below a quorum.
const linger = 15 * time.Second

// stop reports the reason and ends the process after linger. For a halt that the operator set it does not return: the block is never begun, so that the state of
// the one before is whole, and the process succeeds. For any other reason it returns at once, for the block that cannot be executed still holds the app, and lets this
// process end as its operator would end it.
func (h *halt) stop(reason error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.reason != nil {
		return
	}
	h.reason = reason
	wanted := new(base.HaltReached)
	if errors.As(reason, &wanted) {
		fmt.Fprintf(os.Stderr, "%s\nThis node makes no more blocks and ends in %s.\n", reason, linger)
		time.Sleep(linger) //nolint:forbidigo // holds consensus before the block; its routines go on to serve peers
		os.Exit(0)
	}
	fmt.Fprintf(os.Stderr, "Error: %s\nThis node makes no more blocks and ends in %s.\n", reason, linger)
	time.AfterFunc(linger, func() { _ = syscall.Kill(os.Getpid(), syscall.SIGTERM) })
}

// err is why the node was stopped; nil when it was not.
func (h *halt) err() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.reason
}
