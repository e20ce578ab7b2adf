package daemon

import (
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"
)

// halt ends the node in order, once, for a reason that Main reports last.
type halt struct {
	mu     sync.Mutex
	reason error
}

// linger is how long a node that cannot execute a block stays with its peers: those that lack votes for the block get them from it and halt at the same
// height. Without it, the first to halt would leave the others waiting below a quorum.
const linger = 15 * time.Second

// stop reports the reason and lets this process end as its operator would end it, after linger. It returns at once, for the block that cannot be executed
// still holds the app.
func (h *halt) stop(reason error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.reason != nil {
		return
	}
	h.reason = reason
	fmt.Fprintf(os.Stderr, "Error: %s\nThis node makes no more blocks and ends in %s.\n", reason, linger)
	time.AfterFunc(linger, func() { _ = syscall.Kill(os.Getpid(), syscall.SIGTERM) })
}

// err is why the node was stopped; nil when it was not.
func (h *halt) err() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.reason
}
