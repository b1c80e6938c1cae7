package telemetry

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
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
	send   func(*brief)

	open  atomic.Int64 // traces that are not decided about
	bytes atomic.Int64 // of their spans

	keptFailed, keptSlow                         atomic.Int64 // traces
	droppedTraces, droppedSpans, droppedForBytes atomic.Int64 // spans; traces for the first
}

// recorded is a trace, as far as it is this process's: what is below one local root.
type recorded struct {
	send func(*brief)
	tail *tail // nil if it was sampled
	root *brief

	state   atomic.Int32
	mu      sync.Mutex // of all that its spans are
	ended   []*brief   // while it is undecided
	bytes   int64
	patient bool // whether the root may take long
}

// What is known of a trace. One that was sampled is kept from the beginning.
const (
	undecided int32 = iota
	kept
	dropped
)

// begin begins to remember a trace; nil if there are too many, or none is to be.
func (t *tail) begin(root *brief) *recorded {
	if !t.limits.Enabled {
		return nil
	}
	if t.open.Add(1) > int64(t.limits.Traces) {
		t.open.Add(-1)
		t.droppedTraces.Add(1)
		return nil
	}
	return &recorded{send: t.send, tail: t, root: root}
}

// finish takes a span that has ended, and decides if it is known by it what becomes of the trace. u.mu is held.
func (u *recorded) finish(s *brief) {
	switch u.state.Load() {
	case kept:
		u.send(s)
		return
	case dropped:
		return
	}
	operation := s.operation()
	failed := s.status.Code == codes.Error && (s == u.root || operation != "")
	u.patient = u.patient || operation == "subscription"
	slow := u.tail.slow > 0 && (operation != "" && operation != "subscription" && s.ended.Sub(s.began) >= u.tail.slow ||
		!u.patient && s.ended.Sub(u.root.began) >= u.tail.slow)
	u.remember(s)
	switch {
	case failed:
		u.tail.keptFailed.Add(1)
		u.decide(kept)
	case slow:
		u.tail.keptSlow.Add(1)
		u.decide(kept)
	case s == u.root:
		u.decide(dropped)
	}
}

// remember keeps a span until there is a decision, if there is room for it.
func (u *recorded) remember(s *brief) {
	t := u.tail
	if len(u.ended) >= t.limits.Spans && s != u.root {
		t.droppedSpans.Add(1)
		return
	}
	size := s.size()
	if t.bytes.Add(size) > int64(t.limits.Bytes) {
		t.bytes.Add(-size)
		t.droppedForBytes.Add(1)
		return
	}
	u.bytes += size
	u.ended = append(u.ended, s)
}

// decide sends what is remembered, or forgets it. Spans that end later have the same fate.
func (u *recorded) decide(state int32) {
	if state == kept {
		for _, s := range u.ended {
			u.send(s)
		}
	}
	u.state.Store(state)
	u.tail.bytes.Add(-u.bytes)
	u.tail.open.Add(-1)
	u.ended, u.bytes = nil, 0
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
	for _, a := range s.attributes {
		if a.Key == names.OperationType.Key {
			return a.Value.AsString()
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

// size gives about how much memory a span takes.
func (s *brief) size() int64 {
	const base, perEvent, perLink = 480, 96, 96
	size := base + len(s.name) + perLink*len(s.links) + sizeOf(s.attributes)
	for _, e := range s.events {
		size += perEvent + sizeOf(e.Attributes)
	}
	return int64(size)
}

func sizeOf(list []attribute.KeyValue) int {
	const each = 64
	size := each * cap(list)
	for _, a := range list {
		switch a.Value.Type() {
		case attribute.STRING:
			size += len(a.Value.AsString())
		case attribute.STRINGSLICE:
			for _, v := range a.Value.AsStringSlice() {
				size += 16 + len(v)
			}
		default:
		}
	}
	return size
}
