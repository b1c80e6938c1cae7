package server

import (
	"context"
	"log/slog"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/mainstem/mainstem/platform/exec"
	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/telemetry/names"
	"github.com/mainstem/mainstem/platform/transport"
)

// meters measure what the parts of a gateway count themselves, and who is refused. A nil one measures nothing.
type meters struct {
	refusals metric.Int64Counter
	byCode   *names.Sets[fault.Code]
	observed []metric.Registration
}

// measure begins to measure what executes operations, if anybody wants to know.
func (s *Server) measure(schema *exec.Schema, engine *transport.Engine) {
	meter := s.tracing.Meter(scope)
	if meter == nil {
		return
	}
	m := &meters{refusals: names.AuthRefusals.Counter(meter), byCode: names.NewSets(codeAttributes)}
	for _, code := range []fault.Code{fault.Unauthenticated, fault.SourceUnavailable, fault.DeadlineExceeded} {
		m.refusals.Add(context.Background(), 0, m.byCode.Of(code).Add...) // so that the first is seen to be one more
	}
	observe := func(of names.Metric, observe func(tell names.Tell)) {
		m.observed = append(m.observed, of.Observe(meter, func(_ context.Context, tell names.Tell) { observe(tell) }))
	}
	caches := func(each func(name string, l exec.Lookups)) {
		stats := schema.Stats()
		each("documents", engine.Documents())
		each("scans", stats.Scans)
		each("plans", stats.Plans)
	}
	observe(names.CacheLookups, func(tell names.Tell) {
		caches(func(name string, l exec.Lookups) {
			tell(float64(l.Hits), names.Cache.String(name), names.Result.String("hit"))
			tell(float64(l.Misses), names.Cache.String(name), names.Result.String("miss"))
		})
	})
	observe(names.CacheEntries, func(tell names.Tell) {
		caches(func(name string, l exec.Lookups) { tell(float64(l.Entries), names.Cache.String(name)) })
	})
	observe(names.OperationsDeclined, func(tell names.Tell) { tell(float64(schema.Declined())) })
	observe(names.OperationsShared, func(tell names.Tell) {
		stats := schema.Stats()
		tell(float64(stats.Led), names.Result.String("led"))
		tell(float64(stats.Joined), names.Result.String("joined"))
	})
	observe(names.Streams, func(tell names.Tell) {
		for kind, n := range s.streams.OpenByKind() {
			tell(float64(n), names.Transport.String(kind))
		}
	})
	s.measureKnown(observe)
	s.meters = m
}

// measureKnown measures documents that clients need not send.
func (s *Server) measureKnown(observe func(of names.Metric, observe func(tell names.Tell))) {
	observe(names.PersistedRequests, func(tell names.Tell) {
		stats := s.known.Stats()
		for result, n := range map[string]int64{
			"trusted": stats.Trusted, "registered": stats.Registered, "missing": stats.Missing,
			"unsupported": stats.Unsupported, "mismatch": stats.Mismatch, "forbidden": stats.Forbidden,
		} {
			tell(float64(n), names.Result.String(result))
		}
	})
	observe(names.PersistedRegistrations, func(tell names.Tell) { tell(float64(s.known.Stats().Registrations)) })
	observe(names.PersistedDocuments, func(tell names.Tell) {
		stats := s.known.Stats()
		tell(float64(stats.InManifest), names.Result.String("trusted"))
		tell(float64(stats.RegisteredNow), names.Result.String("registered"))
	})
}

func codeAttributes(code fault.Code) []attribute.KeyValue {
	return []attribute.KeyValue{names.ErrorCode.String(string(code))}
}

// refused measures who is refused for her token.
func (m *meters) refused(ctx context.Context, code fault.Code) {
	if m != nil {
		m.refusals.Add(ctx, 1, m.byCode.Of(code).Add...)
	}
}

// tokenRefused counts a caller who is refused for her token, and logs why: it stands in her answer alone otherwise, which operators do not see.
func (s *Server) tokenRefused(ctx context.Context, f *fault.Error) {
	s.meters.refused(ctx, f.Code)
	s.log.LogAttrs(ctx, slog.LevelInfo, "token refused", slog.String("code", string(f.Code)), slog.String("cause", f.Error()))
}

// stop has nothing observed any more.
func (m *meters) stop() {
	if m == nil {
		return
	}
	for _, r := range m.observed {
		_ = r.Unregister() // which cannot fail
	}
}
