package server

import (
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/mainstem/mainstem/platform/upstream"
)

// HeadersConfig is which headers pass between clients and a service. Nothing else of either does.
type HeadersConfig struct {
	Forward []string `yaml:"forward" desc:"The headers of clients' requests that the service is given, beside those that the source declares. Clients who differ in one share nothing."`
	Return  []string `yaml:"return" desc:"The headers of the service's answers that clients are given. Queries that reach the service are not shared then, though its answers may be."`
}

// Validate gives config.Problems for headers that must not pass.
func (c HeadersConfig) Validate() error {
	var wrong problems
	for _, name := range c.Forward {
		if err := upstream.CheckForwarded(name); err != nil {
			wrong.check(false, "forward", "%s", err)
		}
	}
	for _, name := range c.Return {
		if err := upstream.CheckReturned(name); err != nil {
			wrong.check(false, "return", "%s", err)
		}
	}
	return wrong.err()
}

// with gives what a source is given of a request: what it declares, and what the configuration adds.
func (c HeadersConfig) with(declared upstream.Inputs) upstream.Inputs {
	all := slices.Clone(declared.Headers)
	for _, name := range c.Forward {
		if !slices.ContainsFunc(all, func(known string) bool { return strings.EqualFold(known, name) }) {
			all = append(all, name)
		}
	}
	return upstream.Inputs{Headers: all, Claims: declared.Claims}
}

// returned gives the headers of services' answers that clients are given.
func (c Config) returned() []string {
	var names []string
	for _, s := range c.Sources {
		for _, name := range s.Headers.Return {
			names = append(names, http.CanonicalHeaderKey(name))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// forwarded gives the headers of clients' requests that any source is given.
func (c *clients) forwarded() []string {
	var names []string
	for _, in := range c.inputs {
		names = append(names, in.Headers...)
	}
	return names
}

// returns says whether any of the sources gives clients headers of its answers.
func (s *Server) returns(sources []string) bool {
	return slices.ContainsFunc(sources, func(name string) bool { return len(s.config.Sources[name].Headers.Return) > 0 })
}

// returnHeaders gives clients those headers of services' answers that they may have.
func (s *Server) returnHeaders(next http.Handler) http.Handler {
	if len(s.config.returned()) == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := &returning{ResponseWriter: w}
		next.ServeHTTP(answer, r.WithContext(upstream.WithReturned(r.Context(), answer.note)))
	})
}

// returning is an answer to a client that has headers of services when it begins.
type returning struct {
	http.ResponseWriter

	mu     sync.Mutex
	found  http.Header
	values int
	begun  bool
}

// maxReturned bounds how many values of services' headers a client is given: a page may be made of hundreds of calls.
const maxReturned = 32

// note keeps a header of a service's answer. Of several calls that say the same, it is kept once.
func (w *returning) note(name, value string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.begun || w.values == maxReturned || slices.Contains(w.found[name], value) {
		return
	}
	if w.found == nil {
		w.found = http.Header{}
	}
	w.found[name] = append(w.found[name], value)
	w.values++
}

// WriteHeader begins the answer. What it has of its own is not replaced.
func (w *returning) WriteHeader(status int) {
	w.begin()
	w.ResponseWriter.WriteHeader(status)
}

// Write begins the answer if it has not begun.
func (w *returning) Write(b []byte) (int, error) {
	w.begin()
	return w.ResponseWriter.Write(b)
}

// Unwrap gives what the answer is written to, for http.ResponseController.
func (w *returning) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *returning) begin() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.begun {
		return
	}
	w.begun = true
	header := w.Header()
	for name, values := range w.found {
		if _, own := header[name]; !own {
			slices.Sort(values) // calls end in any order
			header[name] = values
		}
	}
}
