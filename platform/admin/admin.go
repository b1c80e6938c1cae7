// Package admin serves what only those may see who look after a gateway, on a listener of its own: profiles, what is under way, the settings, and the
// log's level, which can be changed.
package admin

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"strings"

	"github.com/mainstem/mainstem/platform/telemetry"
	"github.com/mainstem/mainstem/platform/telemetry/live"
)

// Options are what is shown. What is nil is not.
type Options struct {
	Token   string              // that every request has to bring; none if empty
	Live    *live.Registry      // what is under way
	Level   *telemetry.Level    // of the log
	Metrics http.Handler        // as Prometheus reads them
	Config  func() any          // the settings, without secrets
	Changed func(c LevelChange) // is told of a change of the level; nobody if nil
}

// LevelChange is a change of the log's level.
type LevelChange struct {
	Context            context.Context // of the request that asks for it
	Level, Usual, Past string
	For                string // how long; empty for good
}

// New makes the handler. It is safe for concurrent use.
func New(o Options) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	mux.HandleFunc("GET /debug/runtime", showRuntime)
	pages := []string{"/debug/pprof/", "/debug/runtime"}
	if o.Live != nil {
		mux.HandleFunc("GET /debug/requests", showRequests(o.Live))
		pages = append(pages, "/debug/requests")
	}
	if o.Config != nil {
		mux.HandleFunc("GET /debug/config", func(w http.ResponseWriter, _ *http.Request) { answer(w, o.Config()) })
		pages = append(pages, "/debug/config")
	}
	if o.Level != nil {
		mux.HandleFunc("GET /log/level", func(w http.ResponseWriter, _ *http.Request) { answer(w, stateOf(o.Level)) })
		mux.HandleFunc("PUT /log/level", setLevel(o))
		pages = append(pages, "/log/level")
	}
	if o.Metrics != nil {
		mux.Handle("GET /metrics", o.Metrics)
		pages = append(pages, "/metrics")
	}
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { text(w, http.StatusOK, strings.Join(pages, "\n")) })
	return guarded(mux, o.Token)
}

// guarded refuses who does not bring the token, and web pages: a browser on the same machine would reach what listens there for any page.
func guarded(next http.Handler, token string) http.Handler {
	want := sha256.Sum256([]byte(token))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		site := r.Header.Get("Sec-Fetch-Site")
		if r.Header.Get("Origin") != "" || site != "" && site != "none" && site != "same-origin" {
			text(w, http.StatusForbidden, "Web pages may not ask here.")
			return
		}
		if token == "" {
			if !isLocal(r.Host) { // a name that a page's owner could let mean this machine
				text(w, http.StatusForbidden, "Ask by the address of the machine, or as localhost.")
				return
			}
			next.ServeHTTP(w, r)
			return
		}
		scheme, brought, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		got := sha256.Sum256([]byte(brought)) // so that the comparison takes the same time for every length
		if !strings.EqualFold(scheme, "Bearer") || subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			w.Header().Set("WWW-Authenticate", "Bearer")
			text(w, http.StatusUnauthorized, "Bring the token: Authorization: Bearer …")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// isLocal says whether a Host is an address, or this machine by its name.
func isLocal(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.Trim(name, "[]")
	return strings.EqualFold(name, "localhost") || net.ParseIP(name) != nil
}

// IsLoopback says whether an address to listen at can be reached from this machine alone.
func IsLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// answer shows a value as JSON, for people.
func answer(w http.ResponseWriter, value any) {
	body, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		text(w, http.StatusInternalServerError, "It cannot be shown.")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(body, '\n')) // who asks may have gone
}

func text(w http.ResponseWriter, status int, says string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = fmt.Fprintln(w, says) // likewise
}
