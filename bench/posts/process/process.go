// Package process is what the programs of the benchmark have in common: they say on standard output where they listen, tell at /stats what
// they have used, and end when whoever started them does.
package process

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"time"
)

// Flags are those of every program.
type Flags struct {
	Stats    string `help:"Where to tell, at /stats, what the process has used, and to be profiled at /debug/pprof; nowhere when left out." placeholder:"HOST:PORT"`
	Attached bool   `help:"End when standard input ends, as it does when whoever started the program is gone."`
}

// Ready is the line of JSON that a program prints once it can be used.
type Ready struct {
	URL      string            `json:"url,omitempty"`
	Services map[string]string `json:"services,omitempty"` // by name, of a program that is several services
	Stats    string            `json:"stats,omitempty"`    // the URL of /stats
	PID      int               `json:"pid"`
}

// Process is a program of the benchmark while it runs.
type Process struct {
	stats    *http.Server // nil for none
	statsURL string
}

// Begin serves /stats if that is asked for. The context that it gives ends with ctx, and for an attached program when whoever started it is
// gone. calls gives how many calls the program has answered, for those that count them; nil for the others. End must be called.
func Begin(ctx context.Context, f Flags, calls func() int64) (context.Context, *Process, error) {
	p := &Process{}
	if f.Stats != "" {
		listener, err := new(net.ListenConfig).Listen(ctx, "tcp", f.Stats)
		if err != nil {
			return nil, nil, err
		}
		p.stats = &http.Server{Handler: statsHandler(calls), ReadHeaderTimeout: time.Second}
		p.statsURL = "http://" + listener.Addr().String() + "/stats"
		go func() { _ = p.stats.Serve(listener) }() // until End
	}
	if f.Attached {
		var cancel context.CancelFunc
		ctx, cancel = context.WithCancel(ctx)
		go func() { // which ends with the process at the latest
			_, _ = io.Copy(io.Discard, os.Stdin)
			cancel()
		}()
	}
	return ctx, p, nil
}

// Ready says where the program is.
func (p *Process) Ready(url string, services map[string]string) error {
	line, err := json.Marshal(Ready{URL: url, Services: services, Stats: p.statsURL, PID: os.Getpid()})
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(append(line, '\n'))
	return err
}

// Serve listens, says that it is Ready at a URL that ends in path, and serves until ctx ends. Closing the listener must end serve.
func (p *Process) Serve(ctx context.Context, listen, path string, serve func(net.Listener) error) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", listen)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = listener.Close() })
	defer stop()
	if err := p.Ready("http://"+listener.Addr().String()+path, nil); err != nil {
		return errors.Join(err, listener.Close())
	}
	err = serve(listener)
	if ctx.Err() != nil && errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// End stops serving /stats.
func (p *Process) End() error {
	if p.stats == nil {
		return nil
	}
	return p.stats.Close()
}

// statsHandler serves /stats and the profiles.
func statsHandler(calls func() int64) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /stats", func(w http.ResponseWriter, _ *http.Request) {
		u := Read()
		if calls != nil {
			u.Calls = calls()
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(u)
	})
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	return mux
}
