package exec

import (
	"context"
	"sync"
	"time"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/loader"
	"github.com/mainstem/mainstem/platform/upstream"
)

type traceKey struct{}

// WithTrace gives a context whose operation tells in `extensions.trace` what was run for it.
func WithTrace(ctx context.Context) context.Context {
	return context.WithValue(ctx, traceKey{}, true)
}

// Traced says whether the context is WithTrace's.
func Traced(ctx context.Context) bool {
	traced, _ := ctx.Value(traceKey{}).(bool)
	return traced
}

// trace is what an answer tells of how it came about. A nil trace collects nothing.
type trace struct {
	began time.Time

	mu    sync.Mutex
	shown traceExtension
}

// traceExtension is `extensions.trace`. Times are milliseconds since the execution began.
type traceExtension struct {
	Executor string       `json:"executor"`         // compiled or gqlgen
	Reason   string       `json:"reason,omitempty"` // why gqlgen
	Shared   bool         `json:"shared,omitempty"` // whether another request's execution was joined
	Duration float64      `json:"duration"`
	Steps    []traceStep  `json:"steps"`
	Batches  []traceBatch `json:"batches"`
	Calls    []traceCall  `json:"calls"`
}

type traceStep struct {
	Path     string  `json:"path"` // aliases, without indices
	Field    string  `json:"field"`
	Objects  int     `json:"objects"`
	Start    float64 `json:"start"`
	Duration float64 `json:"duration"`
	Code     string  `json:"code,omitempty"`
}

type traceBatch struct {
	Loader   string  `json:"loader"`
	Source   string  `json:"source"`
	Keys     int     `json:"keys"`
	Start    float64 `json:"start"`
	Duration float64 `json:"duration"`
	Code     string  `json:"code,omitempty"`
}

type traceCall struct {
	Source    string  `json:"source"`
	Operation string  `json:"operation"`
	Keys      int     `json:"keys,omitempty"`
	Attempts  int     `json:"attempts"`      // that reached the service: 0 of an answer that was kept or shared, and while the breaker is open
	How       string  `json:"how,omitempty"` // it was answered if not by a call of its own: shared, fresh, revalidated or stale
	Start     float64 `json:"start"`
	Duration  float64 `json:"duration"`
	Code      string  `json:"code,omitempty"`
}

func newTrace(ctx context.Context) *trace {
	if !Traced(ctx) {
		return nil
	}
	return &trace{began: time.Now(), shown: traceExtension{Executor: "compiled", Steps: []traceStep{}, Batches: []traceBatch{}, Calls: []traceCall{}}}
}

func (t *trace) decline(why string) {
	if t != nil {
		t.shown.Executor, t.shown.Reason = "gqlgen", why
	}
}

// loaders has batches noted.
func (t *trace) loaders(o loader.Options) loader.Options {
	if t == nil {
		return o
	}
	o.Left = func(b loader.Batch) {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.shown.Batches = append(t.shown.Batches, traceBatch{
			Loader: b.Loader, Source: b.Source, Keys: b.Keys, Start: t.since(b.Start), Duration: milliseconds(b.Duration), Code: string(b.Fault),
		})
	}
	return o
}

// calls has calls of services noted.
func (t *trace) calls(ctx context.Context) context.Context {
	if t == nil {
		return ctx
	}
	return upstream.WithCalls(ctx, func(c upstream.Call) {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.shown.Calls = append(t.shown.Calls, traceCall{
			Source: c.Source, Operation: c.Operation, Keys: c.Keys, Attempts: c.Attempts, How: c.How,
			Start: t.since(c.Start), Duration: milliseconds(c.Duration), Code: string(c.Fault),
		})
	})
}

func (t *trace) since(moment time.Time) float64 { return milliseconds(moment.Sub(t.began)) }

// milliseconds rounds to microseconds.
func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// register puts the trace into the answer.
func (t *trace) register(ctx context.Context) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.shown.Duration = t.since(time.Now())
	shown := t.shown // what is still running may go on noting
	extend(ctx, "trace", shown)
}

// observe tells those who want to know that a step begins. It gives the context that the step runs under, and what to call at its end.
func (s *Step) observe(ctx context.Context, objects int) (context.Context, func(error)) {
	f, t, told := s.field, s.run.trace, s.run.schema.options.Step
	if t == nil && told == nil {
		return ctx, func(error) {}
	}
	ended := func(error) {}
	if told != nil {
		ctx, ended = told(ctx, f, objects)
	}
	began := time.Now()
	return ctx, func(err error) {
		if err == ErrNull { //nolint:errorlint // it is never wrapped
			err = nil
		}
		ended(err)
		if t == nil {
			return
		}
		t.mu.Lock()
		defer t.mu.Unlock()
		t.shown.Steps = append(t.shown.Steps, traceStep{
			Path: f.Path(), Field: f.name(), Objects: objects, Start: t.since(began), Duration: milliseconds(time.Since(began)), Code: codeOfFault(err),
		})
	}
}

func codeOfFault(err error) string {
	if err == nil {
		return ""
	}
	return string(fault.From(err).Code)
}
