package exec

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/mainstem/mainstem/platform/fault"
)

type (
	traceKey  struct{} // whether the operation is traced
	noteKey   struct{} // of the *trace that what a context runs is noted in
	insideKey struct{} // of the id of the step that a context runs in
)

// WithTrace gives a context whose operation tells in `extensions.trace` what was run for it.
func WithTrace(ctx context.Context) context.Context {
	return context.WithValue(ctx, traceKey{}, true)
}

// Traced says whether the context is WithTrace's.
func Traced(ctx context.Context) bool {
	traced, _ := ctx.Value(traceKey{}).(bool)
	return traced
}

// Admission is what extensions.trace tells of how an operation's document was had. Who admits operations notes it by Admit.
type Admission struct {
	DocumentKept bool   // whether it was parsed and validated before
	Persisted    string // how the request named it: known if it sent the name alone, sent if the text too; empty if it has no name
}

// The names by which an operation keeps what its trace tells later.
const (
	admissionStats = "trace admission"
	missedStats    = "trace plan"
)

// Admit notes how an operation's document was had. It is called before the operation is executed.
func Admit(oc *graphql.OperationContext, a Admission) { oc.Stats.SetExtension(admissionStats, a) }

// TraceRun notes in the trace, if there is one, that a field has started a run of a workflow, or found the one that an earlier request has started. It is safe for
// concurrent use.
func TraceRun(ctx context.Context, workflow, id, state string) {
	t, _ := ctx.Value(noteKey{}).(*trace)
	if t == nil {
		return
	}
	step, _ := ctx.Value(insideKey{}).(int)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.has(len(t.shown.Workflows), &t.more.Workflows) {
		t.shown.Workflows = append(t.shown.Workflows, traceRun{Workflow: workflow, Run: id, State: state, Step: step})
	}
}

// maxTraced is how many entries of each kind a trace has. Of more it tells how many there are.
const maxTraced = 500

// trace is what an answer tells of how it came about. A nil trace collects nothing.
type trace struct {
	began time.Time

	mu    sync.Mutex
	shown traceExtension
	more  traceMore
	steps map[*Field]int    // their ids
	parts map[*deferral]int // their ids
}

// traceExtension is `extensions.trace`. Times are milliseconds since the execution began. Steps, batches and parts have ids, from 1 on.
type traceExtension struct {
	Executor  string          `json:"executor"`           // compiled or gqlgen
	Reason    string          `json:"reason,omitzero"`    // why gqlgen
	Document  string          `json:"document,omitzero"`  // hit if it was parsed and validated before, else miss
	Plan      string          `json:"plan,omitzero"`      // hit if it was planned before, else miss
	Persisted string          `json:"persisted,omitzero"` // known if the request sent its name alone, sent if the text too
	Shareable bool            `json:"shareable,omitzero"` // whether it would have been executed once with equal ones, had it not been traced
	Duration  float64         `json:"duration"`
	Steps     []traceStep     `json:"steps"`
	Batches   []traceBatch    `json:"batches"`
	Calls     []traceCall     `json:"calls"`
	Parts     []tracePart     `json:"parts,omitempty"` // what @defer has come later, in the order in which they were begun
	Workflows []traceRun      `json:"workflows,omitzero"`
	Degraded  []traceDegraded `json:"degraded,omitzero"`
	More      *traceMore      `json:"more,omitzero"`
}

// traceMore is how many entries are not shown.
type traceMore struct {
	Steps     int `json:"steps,omitzero"`
	Batches   int `json:"batches,omitzero"`
	Calls     int `json:"calls,omitzero"`
	Parts     int `json:"parts,omitzero"`
	Workflows int `json:"workflows,omitzero"`
}

// traceSpan is when something ran, and what came of it.
type traceSpan struct {
	Start    float64 `json:"start"`
	Duration float64 `json:"duration"`
	Code     string  `json:"code,omitzero"`
	Open     bool    `json:"open,omitzero"` // whether it had not ended
}

type traceStep struct {
	ID      int    `json:"id"`
	Parent  int    `json:"parent,omitzero"` // the step that has given its objects
	Path    string `json:"path"`            // aliases, without indices
	Field   string `json:"field"`
	Objects int    `json:"objects"`
	Parts   []int  `json:"parts,omitzero"` // that it was run for; none for the first answer
	traceSpan
}

type traceBatch struct {
	ID     int    `json:"id"`
	Loader string `json:"loader"`
	Source string `json:"source"`
	Keys   int    `json:"keys"`
	Steps  []int  `json:"steps,omitzero"` // that have asked for them
	traceSpan
}

type traceCall struct {
	Source    string         `json:"source"`
	Operation string         `json:"operation"`
	Keys      int            `json:"keys,omitzero"`
	Step      int            `json:"step,omitzero"`  // that has made it
	Batch     int            `json:"batch,omitzero"` // that has made it
	Cache     string         `json:"cache,omitzero"` // hit, miss, revalidated or stale; nothing where no answer may be kept
	Shared    bool           `json:"shared,omitzero"`
	Attempts  []traceAttempt `json:"attempts"`
	Decisions []traceDecided `json:"decisions,omitzero"`
	Breaker   string         `json:"breaker,omitzero"` // closed, half-open, or open: refused
	Limiter   *traceTurn     `json:"limiter,omitzero"` // if it had to wait
	Left      float64        `json:"left,omitzero"`    // of the request's time, when it began
	traceSpan
}

type traceAttempt struct {
	Start     float64 `json:"start"`
	Duration  float64 `json:"duration"`
	Status    string  `json:"status,omitzero"` // as HTTP or gRPC have it
	Code      string  `json:"code,omitzero"`
	Hedge     bool    `json:"hedge,omitzero"`     // whether it is the second of two at once
	Abandoned bool    `json:"abandoned,omitzero"` // whether its answer was not waited for
}

type traceDecided struct {
	Action string  `json:"action"` // retry, hedge, refuse, budget, late or stale
	At     float64 `json:"at"`
}

type traceTurn struct {
	Waited  float64 `json:"waited"`
	Queue   int64   `json:"queue"` // how many others waited
	Limit   int     `json:"limit"`
	Refused bool    `json:"refused,omitzero"`
}

type tracePart struct {
	ID      int    `json:"id"`
	Label   string `json:"label,omitzero"`
	Path    string `json:"path"` // of the objects, without indices; empty for the root
	Objects int    `json:"objects"`
	traceSpan
}

type traceRun struct {
	Workflow string `json:"workflow"`
	Run      string `json:"run"`
	State    string `json:"state"`
	Step     int    `json:"step,omitzero"`
}

// traceDegraded is a field that has degraded values.
type traceDegraded struct {
	Path   string `json:"path"`
	Field  string `json:"field"`
	Source string `json:"source,omitzero"`
	How    string `json:"how"`
	Values int    `json:"values"`
}

// newTrace begins the trace of an operation, if one is asked for.
func newTrace(ctx context.Context, oc *graphql.OperationContext) *trace {
	if !Traced(ctx) {
		return nil
	}
	t := &trace{began: time.Now(), steps: map[*Field]int{}, parts: map[*deferral]int{}}
	t.shown = traceExtension{Executor: "compiled", Plan: hitOrMiss(oc.Stats.GetExtension(missedStats) == nil), Steps: []traceStep{}, Batches: []traceBatch{}, Calls: []traceCall{}}
	if a, ok := oc.Stats.GetExtension(admissionStats).(Admission); ok {
		t.shown.Document, t.shown.Persisted = hitOrMiss(a.DocumentKept), a.Persisted
	}
	return t
}

func hitOrMiss(hit bool) string {
	if hit {
		return "hit"
	}
	return "miss"
}

// decline notes why gqlgen's executor answers.
func (t *trace) decline(why string) {
	if t != nil {
		t.shown.Executor, t.shown.Reason, t.shown.Plan = "gqlgen", why, ""
	}
}

// has says whether there is room for an entry more, and counts it if there is none. t.mu is held.
func (t *trace) has(known int, more *int) bool {
	if known < maxTraced {
		return true
	}
	*more++
	return false
}

func (t *trace) since(moment time.Time) float64 { return milliseconds(moment.Sub(t.began)) }

// milliseconds rounds to microseconds.
func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// register puts the trace into the answer. What has not ended is shown as it is now, and may go on being noted.
func (t *trace) register(ctx context.Context) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.shown.Duration = t.since(time.Now())
	shown := t.shown
	shown.Steps, shown.Batches, shown.Calls = slices.Clone(shown.Steps), slices.Clone(shown.Batches), slices.Clone(shown.Calls)
	shown.Parts, shown.Workflows, shown.Degraded = slices.Clone(shown.Parts), slices.Clone(shown.Workflows), slices.Clone(shown.Degraded)
	for i := range shown.Steps {
		shown.Steps[i].until(shown.Duration)
	}
	for i := range shown.Batches {
		shown.Batches[i].until(shown.Duration)
	}
	for i := range shown.Parts {
		shown.Parts[i].until(shown.Duration)
	}
	if t.more != (traceMore{}) {
		more := t.more
		shown.More = &more
	}
	extend(ctx, "trace", shown)
}

// until has a span that is open last until now.
func (s *traceSpan) until(now float64) {
	if s.Open {
		s.Duration = float64(int64((now-s.Start)*1000+0.5)) / 1000
	}
}

func codeOfFault(err error) string {
	if err == nil {
		return ""
	}
	return string(fault.From(err).Code)
}
