package live_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mainstem/mainstem/platform/exec"
	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/telemetry/live"
)

// registry gives one that logs to a buffer.
func registry(slow time.Duration) (*live.Registry, *bytes.Buffer) {
	var out bytes.Buffer
	return live.New(live.Options{Log: slog.New(slog.NewJSONHandler(&out, nil)), Slow: slow}), &out
}

// operating gives a context in which an operation is dispatched.
func operating(ctx context.Context, kind ast.Operation, name string) context.Context {
	ctx = graphql.StartOperationTrace(ctx)
	return graphql.WithOperationContext(ctx, &graphql.OperationContext{RawQuery: "{a}", Operation: &ast.OperationDefinition{Operation: kind, Name: name}})
}

// run dispatches an operation that does something and has these errors.
func run(ctx context.Context, r *live.Registry, name string, do func(ctx context.Context), errs ...*gqlerror.Error) {
	var inner context.Context
	respond := r.InterceptOperation(operating(ctx, ast.Query, name), func(ctx context.Context) graphql.ResponseHandler {
		inner = ctx
		return func(ctx context.Context) *graphql.Response {
			do(ctx)
			return &graphql.Response{Data: []byte("{}"), Errors: errs}
		}
	})
	respond(inner)
}

func coded(code fault.Code) *gqlerror.Error {
	return &gqlerror.Error{Extensions: map[string]any{"code": string(code)}}
}

func step(ctx context.Context, _ *exec.Field, _ int) (context.Context, func(error)) {
	return ctx, func(error) {}
}

func TestWhatIsLoggedOfOperations(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		slow time.Duration
		err  *gqlerror.Error
		want string // what is said; nothing if empty
	}{
		"a fast one":                      {time.Hour, nil, ""},
		"a slow one":                      {1, nil, "slow operation"},
		"one that takes what it likes":    {0, nil, ""},
		"one that fails":                  {time.Hour, coded(fault.SourceUnavailable), "failed operation"},
		"one that fails slowly":           {1, coded(fault.Internal), "failed operation"},
		"one whose caller is wrong":       {time.Hour, coded(fault.NotFound), ""},
		"one whose caller asks too often": {time.Hour, coded(fault.RateLimited), ""},
		"one that has an unknown error":   {time.Hour, &gqlerror.Error{}, "failed operation"},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			r, out := registry(test.slow)
			ctx, request := live.WithRequest(t.Context(), "r-1", http.Header{})
			var errs []*gqlerror.Error
			if test.err != nil {
				errs = append(errs, test.err)
			}
			run(ctx, r, "Q", func(ctx context.Context) { live.Call(ctx, "orders", "get")(2, "shared", fault.Internal) }, errs...)
			if got := out.String(); test.want == "" && got != "" || !strings.Contains(got, test.want) ||
				test.want != "" && !strings.Contains(got, `"source":"orders","operation":"get","attempts":2,"how":"shared","code":"INTERNAL_SERVER_ERROR"`) {
				t.Errorf("got %s", got)
			}
			line := fmt.Sprint(request.Line(nil))
			if !strings.Contains(line, "operation_name=Q") || !strings.Contains(line, "calls=1") {
				t.Errorf("the request's line is %s", line)
			}
		})
	}
}

// TestWhoHasGone: what is not answered since nobody waits for it has not failed, and the line of its request says so.
func TestWhoHasGone(t *testing.T) {
	t.Parallel()
	r, out := registry(time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	ctx, request := live.WithRequest(ctx, "r-1", http.Header{})
	run(ctx, r, "Q", func(context.Context) { cancel() }, coded(fault.SourceUnavailable))
	if out.Len() > 0 {
		t.Errorf("got %s", out)
	}
	if line := fmt.Sprint(request.Line(nil)); !strings.Contains(line, "reason=the client has gone") {
		t.Errorf("the request's line is %s", line)
	}
}

// TestWhoIsRefused: of an operation that is not executed, the line of its request tells; over a stream, where that comes late, one of its own.
func TestWhoIsRefused(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"", "websocket"} {
		r, out := registry(time.Hour)
		ctx, request := live.WithRequest(t.Context(), "r-1", http.Header{})
		if kind != "" {
			r.Stream(ctx, kind)
			out.Reset()
		}
		r.InterceptResponse(operating(ctx, ast.Query, "No"), func(context.Context) *graphql.Response {
			return &graphql.Response{Errors: gqlerror.List{coded(fault.ValidationFailed)}}
		})
		if got := out.String(); kind == "" && got != "" ||
			kind != "" && (!strings.Contains(got, `"msg":"operation"`) || !strings.Contains(got, `"answers":0,"calls":0,"codes":["GRAPHQL_VALIDATION_FAILED"]`)) {
			t.Errorf("over %q: got %s", kind, got)
		}
		if line := fmt.Sprint(request.Line(nil)); !strings.Contains(line, "codes=[GRAPHQL_VALIDATION_FAILED]") {
			t.Errorf("over %q: the request's line is %s", kind, line)
		}
	}
}

// TestPanics: an operation that panics is not under way any more.
func TestPanics(t *testing.T) {
	t.Parallel()
	r, _ := registry(0)
	func() {
		defer func() { _ = recover() }()
		run(t.Context(), r, "Q", func(context.Context) { panic("p") })
	}()
	if v := r.View(10); len(v.Operations) != 0 {
		t.Errorf("got %+v", v)
	}
}

// TestManySteps: what is kept and logged of an operation is bounded, and what has failed is told rather than others.
func TestManySteps(t *testing.T) {
	t.Parallel()
	r, out := registry(1)
	run(t.Context(), r, "Q", func(ctx context.Context) {
		for i := range 1000 {
			code := fault.Code("")
			if i == 150 {
				code = fault.NotFound
			}
			live.Call(ctx, "orders", fmt.Sprint("get", i))(1, "", code)
		}
	})
	var line struct {
		Calls int
		Steps []struct {
			Start     float64
			Operation string
			More      int
		}
	}
	if err := json.Unmarshal(out.Bytes()[:bytes.IndexByte(out.Bytes(), '\n')], &line); err != nil {
		t.Fatal(err)
	}
	found, before := false, 0.0
	for _, s := range line.Steps[:50] {
		found = found || s.Operation == "get150"
		if s.Start < before {
			t.Error("the rows are not in their order")
		}
		before = s.Start
	}
	if line.Calls != 1000 || len(line.Steps) != 51 || line.Steps[50].More != 950 || !found {
		t.Errorf("got %d rows of %d calls, and the one that failed: %t", len(line.Steps), line.Calls, found)
	}
}

// TestEventsOfASubscription are told apart: what has failed is logged with what was run for that event, and nobody has to ask for the last.
func TestEventsOfASubscription(t *testing.T) {
	t.Parallel()
	synctest.Test(t, testEvents)
}

func testEvents(t *testing.T) {
	r, out := registry(1)
	ctx, cancel := context.WithCancel(t.Context())
	ctx, _ = live.WithRequest(ctx, "r-1", http.Header{})
	ended := r.Stream(ctx, "websocket")
	var inner context.Context
	event := 0
	var late func(int, string, fault.Code)
	respond := r.InterceptOperation(operating(ctx, ast.Subscription, "S"), func(ctx context.Context) graphql.ResponseHandler {
		inner = ctx
		return func(ctx context.Context) *graphql.Response {
			event++
			if late != nil {
				late(1, "", fault.Internal) // of the event before
			}
			late = live.Call(ctx, "orders", fmt.Sprint("event", event))
			response := &graphql.Response{Data: []byte("{}")}
			if event == 2 {
				response.Errors = append(response.Errors, coded(fault.SourceFailed))
			}
			return response
		}
	})
	for range 3 {
		respond(inner)
	}
	if v := r.View(10); len(v.Operations) != 1 || v.Operations[0].Answers != 3 || len(v.Streams) != 1 || v.Streams[0].Events != 3 || v.Streams[0].Operations != 1 {
		t.Errorf("got %+v", v)
	}
	if strings.Count(out.String(), "failed event") != 1 || !strings.Contains(out.String(), "event2") || strings.Contains(out.String(), "event1") {
		t.Errorf("got %s", out)
	}
	cancel()
	synctest.Wait()
	ended("the client has gone")
	if v := r.View(10); len(v.Streams) != 0 || len(v.Operations) != 0 {
		t.Errorf("got %+v", v)
	}
}

// TestManyAtOnce: whatever begins and ends at the same time, nothing stays.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	r, _ := registry(0)
	observed := live.Steps(step)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			for i := range 50 {
				ctx, request := live.WithRequest(t.Context(), "r", http.Header{})
				run(ctx, r, fmt.Sprint("Q", i), func(ctx context.Context) {
					var inside sync.WaitGroup
					for range 4 {
						inside.Go(func() {
							ended := live.Call(ctx, "a", "b")
							inner, done := observed(ctx, nil, 1)
							live.Call(inner, "c", "d")(1, "", "")
							done(errors.New("x"))
							ended(1, "", "")
						})
					}
					_ = r.View(5)
					inside.Wait()
				})
				request.Line(nil)
			}
		})
	}
	all.Wait()
	if v := r.View(10); len(v.Operations) != 0 || v.More.Operations != 0 {
		t.Errorf("got %+v", v)
	}
}

func TestWhatClientsCallThemselves(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		header http.Header
		want   string
	}{
		"nothing":                  {http.Header{}, "[]"},
		"by Apollo's headers":      {http.Header{"Apollographql-Client-Name": {"web"}, "Apollographql-Client-Version": {"1"}}, "[client_name=web client_version=1]"},
		"by the others":            {http.Header{"Graphql-Client-Name": {"ios"}, "Graphql-Client-Version": {"2"}}, "[client_name=ios client_version=2]"},
		"more than has room":       {http.Header{"Graphql-Client-Name": {strings.Repeat("a", 100)}}, "[client_name=" + strings.Repeat("a", 64) + "]"},
		"what has no place in it":  {http.Header{"Graphql-Client-Name": {" <w\ne\x00b>ü "}}, "[client_name=web]"},
		"nothing but that":         {http.Header{"Graphql-Client-Name": {"<>"}}, "[]"},
		"by a header without text": {http.Header{"Apollographql-Client-Name": {""}, "Graphql-Client-Name": {"ios"}}, "[client_name=ios]"},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			ctx, _ := live.WithRequest(t.Context(), "r", test.header)
			if got := fmt.Sprint(live.Attrs(ctx, nil)); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

// BenchmarkOperation has ten steps, of which five call a service, thirty contexts deep: what is kept of it.
func BenchmarkOperation(b *testing.B) {
	r, _ := registry(time.Hour)
	observed := live.Steps(step)
	type key int
	b.ReportAllocs()
	for b.Loop() {
		ctx, request := live.WithRequest(context.Background(), "r", http.Header{})
		run(ctx, r, "Q", func(ctx context.Context) {
			for i := range 30 {
				ctx = context.WithValue(ctx, key(i), i)
			}
			for i := range 10 {
				inner, done := observed(ctx, nil, 1)
				if i%2 == 0 {
					live.Call(inner, "orders", "get")(1, "", "")
				}
				done(nil)
			}
		})
		request.End()
	}
}
