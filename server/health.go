package server

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"github.com/mainstem/mainstem/platform/upstream"
)

// alive says that the process runs.
func (s *Server) alive(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("ok\n"))
}

// probeTimeout bounds how long /readyz waits for a service.
const probeTimeout = 500 * time.Millisecond

// readiness is what /readyz answers.
type readiness struct {
	Ready   bool                      `json:"ready"`
	Reason  string                    `json:"reason,omitempty"`
	Sources map[string]upstream.State `json:"sources"`
}

// ready says whether the gateway can serve: it is not stopping, and at least one service can be reached. A gateway whose services are
// partly down is ready, since it answers with what the others have.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), probeTimeout)
	defer cancel()
	answer := readiness{Sources: make(map[string]upstream.State, len(s.clients.made))}
	var mu sync.Mutex
	var probes sync.WaitGroup
	for name, c := range s.clients.made {
		if s.config.Sources[name].URL == NoService {
			continue // nobody waits for it
		}
		probes.Go(func() {
			state := c.State(ctx)
			mu.Lock()
			defer mu.Unlock()
			answer.Sources[name] = state
			answer.Ready = answer.Ready || state.Reachable
		})
	}
	probes.Wait()
	if !answer.Ready {
		answer.Reason = "no service can be reached"
	}
	if s.stopping.Load() {
		answer.Ready, answer.Reason = false, "the gateway is stopping"
	}
	status := http.StatusOK
	if !answer.Ready {
		status = http.StatusServiceUnavailable
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer)
}
