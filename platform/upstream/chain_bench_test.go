package upstream

import (
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	sdkmetric "go.opentelemetry.io/otel/sdk/metric"

	"github.com/mainstem/mainstem/platform/config"
)

// bare is what a client does that has no policy: it makes a request, sends it, and reads the answer.
func bare(ctx context.Context, transport http.RoundTripper) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	req, err := getPosts("http://shop/")
	if err != nil {
		return err
	}
	resp, err := transport.RoundTrip(req.WithContext(ctx))
	if err != nil {
		return err
	}
	_, err = io.ReadAll(resp.Body)
	if e := resp.Body.Close(); err == nil {
		err = e
	}
	return err
}

// chained gives a call through the default policies, measured and within a deadline; those that are not asked for by default too if all.
func chained(tb testing.TB, transport http.RoundTripper, all bool) func(ctx context.Context) error {
	tb.Helper()
	policy := DefaultPolicy()
	if all {
		policy.Hedge.Enabled, policy.Concurrency.Adaptive = true, true
		policy.Cache = CachePolicy{Enabled: true, MaxBytes: 1 << 20, MaxAge: config.Duration(0)}
	}
	meter := sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewManualReader())).Meter("test")
	h, err := NewHTTP(Options{Name: "shop", URL: "http://shop", Policy: policy, Meter: meter}, Inputs{Claims: []string{"sub"}})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = h.Close() })
	h.transport = transport
	return func(ctx context.Context) error {
		_, err := h.Do(ctx, "ListPosts", getPosts)
		return err
	}
}

// asRequested gives the context of a client's request.
func asRequested(tb testing.TB) context.Context {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), time.Hour)
	tb.Cleanup(cancel)
	return WithRequest(ctx, Request{Claims: map[string]string{"iss": "issuer", "sub": "ada"}, Reserve: time.Millisecond})
}

// BenchmarkPolicies tells what the policies cost over a bare call of a healthy service: the difference to "bare".
func BenchmarkPolicies(b *testing.B) {
	const answer = canned(`{"id":1}`)
	for name, call := range map[string]func(ctx context.Context) error{
		"bare":      func(ctx context.Context) error { return bare(ctx, answer) },
		"default":   chained(b, answer, false),
		"all of it": chained(b, answer, true),
	} {
		b.Run(name, func(b *testing.B) {
			ctx := asRequested(b)
			b.ReportAllocs()
			for b.Loop() {
				if err := call(ctx); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestPoliciesAllocateLittle: a call through the default policies makes at most 25 allocations more than a bare one.
func TestPoliciesAllocateLittle(t *testing.T) { // not parallel: all allocations of the process count
	const answer = canned(`{"id":1}`)
	ctx := asRequested(t)
	call := chained(t, answer, false)
	of := func(call func(ctx context.Context) error) float64 {
		return testing.AllocsPerRun(200, func() {
			if err := call(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	more := of(call) - of(func(ctx context.Context) error { return bare(ctx, answer) })
	if more > 25 {
		t.Errorf("%.0f allocations more", more)
	}
}
