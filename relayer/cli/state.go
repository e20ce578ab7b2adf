package cli

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"sync"

	"github.com/topnetwork/top/relayer/edge"
	"github.com/topnetwork/top/sdk/keyfile"
)

// status tells scripts what started.
type status struct {
	PID     int      `json:"pid"`
	PeerID  string   `json:"peer_id,omitempty"`
	Listen  []string `json:"listen,omitempty"`
	Metrics string   `json:"metrics,omitempty"`
	Address string   `json:"address,omitempty"`
	// Edge says where it serves.
	Edge *edge.Addresses `json:"edge,omitempty"`
	// Idle says by role why it does not do its work.
	Idle map[string]string `json:"idle,omitempty"`
	// Warnings say by role what it works without.
	Warnings map[string]string `json:"warnings,omitempty"`
}

// state is what the process tells of itself: in the status file and at /healthz.
type state struct {
	path string // of the status file, "" without one
	log  *slog.Logger

	mu sync.Mutex
	status
}

// change the status and write it; it is only advice, so failing to write it stops nothing.
func (s *state) change(f func(*status)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&s.status)
	if s.path == "" {
		return
	}
	bz, err := json.Marshal(s.status)
	if err == nil {
		err = keyfile.Write(s.path, bz)
	}
	if err != nil {
		s.log.Error("status file", "error", err)
	}
}

// idle notes why a role does not do its work, or with "" that it does.
func (s *state) idle(role, reason string) {
	s.change(func(st *status) { st.Idle = with(st.Idle, role, reason) })
}

// warn notes what a role works without, or with "" that it lacks nothing.
func (s *state) warn(role, text string) {
	s.change(func(st *status) { st.Warnings = with(st.Warnings, role, text) })
}

// with is a copy in which a role has a text, or with "" none.
func with(texts map[string]string, role, text string) map[string]string {
	changed := maps.Clone(texts)
	if changed == nil {
		changed = map[string]string{}
	}
	if changed[role] = text; text == "" {
		delete(changed, role)
	}
	return changed
}

// ServeHTTP answers /healthz: 200 while all roles do their work, be it with warnings, 503 with reasons while one does not.
func (s *state) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	idle, warnings := s.Idle, s.Warnings
	s.mu.Unlock()
	answer := struct {
		Status   string            `json:"status"`
		Idle     map[string]string `json:"idle,omitempty"`
		Warnings map[string]string `json:"warnings,omitempty"`
	}{"running", idle, warnings}
	w.Header().Set("Content-Type", "application/json")
	if len(idle) > 0 {
		answer.Status = "idle"
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	bz, err := json.Marshal(answer)
	if err != nil {
		return
	}
	_, _ = fmt.Fprintln(w, string(bz))
}
