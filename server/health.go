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

// probeAge is how long what was found out of the services is good: however often it is asked for, they are not.
const probeAge = time.Second

// readiness is what /readyz answers.
type readiness struct {
	Ready   bool                      `json:"ready"`
	Reason  string                    `json:"reason,omitempty"`
	Sources map[string]upstream.State `json:"sources"`
}

// probes keeps what was found out last.
type probes struct {
	mu   sync.Mutex // held while services are asked, so that they are asked once
	at   time.Time
	last readiness
}

// ready says whether the gateway can serve: at least one service can be reached. A gateway whose services are partly down is ready, since it
// answers with what the others have.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	answer := s.probe(r.Context())
	status := http.StatusOK
	if !answer.Ready {
		status = http.StatusServiceUnavailable
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer)
}

func (s *Server) probe(ctx context.Context) readiness {
	s.probes.mu.Lock()
	defer s.probes.mu.Unlock()
	if time.Since(s.probes.at) < probeAge {
		return s.probes.last
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), probeTimeout) // the answer is for others too
	defer cancel()
	answer := readiness{Reason: "no service can be reached", Sources: make(map[string]upstream.State, len(s.clients.made))}
	var mu sync.Mutex
	var all sync.WaitGroup
	for name, c := range s.clients.made {
		if s.config.Sources[name].URL == NoService {
			continue // nobody waits for it
		}
		all.Go(func() {
			state := c.State(ctx)
			mu.Lock()
			defer mu.Unlock()
			answer.Sources[name] = state
			if state.Reachable {
				answer.Ready, answer.Reason = true, ""
			}
		})
	}
	all.Wait()
	s.probes.last, s.probes.at = answer, time.Now()
	return answer
}
