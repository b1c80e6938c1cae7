package telemetry

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/mainstem/mainstem/platform/config"
	"github.com/mainstem/mainstem/platform/telemetry/names"
)

// TailConfig bounds what is remembered of traces that were not sampled, until it is known whether they are kept all the same.
type TailConfig struct {
	Enabled bool         `yaml:"enabled" desc:"Whether traces that were not sampled are kept all the same if the operation fails, or is slow."`
	Traces  int          `yaml:"traces" desc:"Of how many at a time the spans are remembered." jsonschema:"minimum=0"`
	Spans   int          `yaml:"spans" desc:"How many spans of each." jsonschema:"minimum=0"`
	Bytes   config.Bytes `yaml:"bytes" desc:"How much memory they have together, about."`
}

// tail decides about traces that were not sampled when they began, when it is known what came of them.
type tail struct {
	slow   time.Duration // 0: nothing is too slow
	limits TailConfig

	open  atomic.Int64 // traces that are not decided about
	bytes atomic.Int64 // of their spans

	keptFailed, keptSlow                         atomic.Int64 // traces
	droppedTraces, droppedSpans, droppedForBytes atomic.Int64 // spans; traces for the first
}

// recorded is a trace, as far as it is this process's: what is below one local root.
type recorded struct {
	send  func(*brief)
	tail  *tail
	ids   trace.SpanContext // of the root
	above trace.SpanContext // what the root is below, in another process; invalid if nothing
	began time.Time
	state atomic.Int32
	root  brief

	mu          sync.Mutex // of all that its spans are
	room        []brief    // for those to come
	first, last *brief     // that have ended, while it is undecided
	number      int        // of them
	bytes       int64      // that they take
	patient     bool       // whether the root may take long
}

// What is known of a trace. One that was sampled is kept from the beginning, and of one that is dropped nothing is recorded.
const (
	undecided int32 = iota
	kept
	dropped
)

// begin says whether another trace is remembered until it is known what came of it.
func (t *tail) begin() bool {
	if !t.limits.Enabled {
		return false
	}
	if t.open.Add(1) > int64(t.limits.Traces) {
		t.open.Add(-1)
		t.droppedTraces.Add(1)
		return false
	}
	return true
}

// context gives the ids of one of the trace's spans.
func (r *recorded) context(id trace.SpanID) trace.SpanContext {
	own := r.ids.WithSpanID(id)
	if r.state.Load() == kept {
		own = own.WithTraceFlags(own.TraceFlags().WithSampled(true))
	}
	return own
}

// manySpans are made at once, since a trace has some more often than one: 512 bytes, up to which Go's allocator needs no header beside them.
const manySpans = 4

// span makes a span of the trace.
func (r *recorded) span() *brief {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.room) == 0 {
		r.room = make([]brief, manySpans)
	}
	s := &r.room[0]
	r.room = r.room[1:]
	s.trace, s.id = r, newSpanID()
	return s
}

// finish takes a span that has ended, and decides if it is known by it what becomes of the trace. r.mu is held.
func (r *recorded) finish(s *brief) {
	switch r.state.Load() {
	case kept:
		r.send(s)
		return
	case dropped:
		return
	}
	operation := s.operation()
	failed := codes.Code(s.code) == codes.Error && (s == &r.root || operation != "")
	slow := r.tail.slow > 0 && (operation != "" && operation != "subscription" && s.took >= r.tail.slow || !r.patient && s.began+s.took-r.root.began >= r.tail.slow)
	r.remember(s)
	switch {
	case failed:
		r.tail.keptFailed.Add(1)
		r.decide(kept)
	case slow:
		r.tail.keptSlow.Add(1)
		r.decide(kept)
	case s == &r.root, operation == "subscription": // which has begun: its events have traces of their own, and its request may last for days
		r.decide(dropped)
	}
}

// remember keeps a span until there is a decision, if there is room for it.
func (r *recorded) remember(s *brief) {
	t := r.tail
	if r.number >= t.limits.Spans && s != &r.root {
		t.droppedSpans.Add(1)
		return
	}
	size := s.size()
	if t.bytes.Add(size) > int64(t.limits.Bytes) {
		t.bytes.Add(-size)
		t.droppedForBytes.Add(1)
		return
	}
	r.bytes += size
	r.number++
	if r.last == nil {
		r.first = s
	} else {
		r.last.next = s
	}
	r.last = s
}

// decide sends what is remembered, or forgets it. Spans that end later have the same fate.
func (r *recorded) decide(state int32) {
	r.state.Store(state)
	if state == kept {
		for s := r.first; s != nil; s = s.next {
			r.send(s)
		}
	}
	r.tail.bytes.Add(-r.bytes)
	r.tail.open.Add(-1)
	r.first, r.last, r.bytes = nil, nil, 0
}

// observe has the meter tell what became of traces that were not sampled.
func (t *tail) observe(meter metric.Meter) {
	names.TracesKept.Observe(meter, func(_ context.Context, tell names.Tell) {
		tell(float64(t.keptFailed.Load()), names.Result.String("failed"))
		tell(float64(t.keptSlow.Load()), names.Result.String("slow"))
	})
	names.TracesForgotten.Observe(meter, func(_ context.Context, tell names.Tell) {
		tell(float64(t.droppedTraces.Load()), names.Result.String("traces"))
		tell(float64(t.droppedSpans.Load()), names.Result.String("spans"))
		tell(float64(t.droppedForBytes.Load()), names.Result.String("bytes"))
	})
}

// operation gives the type of the operation that the span is of; "" if it is of none.
func (s *brief) operation() string {
	if list := s.details().attributes; len(list) > 0 {
		if i := at(list, names.OperationType.Key); i >= 0 {
			return list[i].Value.AsString()
		}
	}
	return ""
}

// withPatience says that the context's trace is of something that may take long, such as a stream, so that it is not kept for being slow.
func withPatience(ctx context.Context) {
	if s, ok := trace.SpanFromContext(ctx).(*brief); ok {
		s.change(func() { s.trace.patient = true })
	}
}

// size gives about how much memory a span takes, with texts as long as most are.
func (s *brief) size() int64 {
	const base, perAttribute, perEvent, perLink = 256, 96, 256, 96
	more := s.details()
	return int64(base + perAttribute*len(more.attributes) + perEvent*len(more.events) + perLink*len(more.links))
}
