package telemetry_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/mainstem/mainstem/platform/exec"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/graph"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/model"
	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/telemetry"
)

// pride is the zoo where lions are as many as are asked for, and their owners and dens what a test says. What it does not say, is nil.
type pride struct {
	graph.ResolverRoot
	owner func(ctx context.Context, lions int) error
	home  func(ctx context.Context) error

	numbers error // in place of numbers, if it is one
}

func (p pride) Query() graph.QueryResolver { return herd{p.ResolverRoot.Query()} }
func (p pride) Lion() graph.LionResolver   { return lions{p.ResolverRoot.Lion(), p} }

func (p pride) Subscription() graph.SubscriptionResolver {
	if p.numbers != nil {
		return deaf{p.ResolverRoot.Subscription(), p.numbers}
	}
	return p.ResolverRoot.Subscription()
}

type herd struct{ graph.QueryResolver }

func (herd) Lions(_ context.Context, first int) ([]model.Lion, error) {
	return make([]model.Lion, first), nil
}

type lions struct {
	graph.LionResolver
	pride pride
}

func (l lions) Owner(ctx context.Context, objs []*model.Lion) ([]*model.Keeper, error) {
	owners := make([]*model.Keeper, len(objs))
	for i := range owners {
		owners[i] = &model.Keeper{}
	}
	if l.pride.owner == nil {
		return owners, nil
	}
	return owners, l.pride.owner(ctx, len(objs))
}

func (l lions) Home(ctx context.Context, _ *model.Lion) (*model.Den, error) {
	if l.pride.home == nil {
		return nil, nil
	}
	return nil, l.pride.home(ctx)
}

// ask has the compiled executor answer a query of the pride. What respond makes of the response, if it is not nil, is what is sent.
func ask(ctx context.Context, t testing.TB, tel *telemetry.Telemetry, query string, p pride, respond graphql.ResponseMiddleware) *graphql.Response {
	t.Helper()
	config := zoo.Config(model.Faults{})
	p.ResolverRoot = config.Resolvers
	config.Resolvers = p
	e := executor.New(graph.NewCompiledSchema(config, exec.Options{Step: tel.Step}))
	e.SetRecoverFunc(fault.Recover)
	e.Use(tel.GraphQL())
	if respond != nil {
		e.AroundResponses(respond)
	}
	ctx = graphql.StartOperationTrace(ctx)
	oc, errs := e.CreateOperationContext(ctx, &graphql.RawParams{Query: query})
	if errs != nil {
		t.Fatal(errs)
	}
	handle, ctx := e.DispatchOperation(ctx, oc)
	return handle(ctx)
}

// tree writes the spans as the paths of their names, sorted.
func tree(spans []sdktrace.ReadOnlySpan) []string {
	byID := map[trace.SpanID]sdktrace.ReadOnlySpan{}
	for _, span := range spans {
		byID[span.SpanContext().SpanID()] = span
	}
	var paths []string
	for _, span := range spans {
		path := span.Name()
		for parent, ok := byID[span.Parent().SpanID()]; ok; parent, ok = byID[parent.Parent().SpanID()] {
			path = parent.Name() + " > " + path
		}
		paths = append(paths, path)
	}
	slices.Sort(paths)
	return paths
}

func named(t *testing.T, spans *tracetest.SpanRecorder, name string) sdktrace.ReadOnlySpan {
	t.Helper()
	for _, span := range spans.Ended() {
		if span.Name() == name {
			return span
		}
	}
	t.Fatalf("no span %q in %v", name, tree(spans.Ended()))
	return nil
}

func TestOneSpanPerStep(t *testing.T) {
	t.Parallel()
	tel, spans := record(t)
	var mu sync.Mutex
	asked := map[trace.SpanID]int{} // by the span in which owners were resolved: for so many lions
	owner := func(ctx context.Context, lions int) error {
		mu.Lock()
		defer mu.Unlock()
		asked[trace.SpanContextFromContext(ctx).SpanID()] += lions
		return nil
	}
	ctx, server := tel.Tracer("test").Start(t.Context(), "POST /graphql")
	ask(ctx, t, tel, "query Pride { lions(first: 50) { id note { text } home { depth } owner { boss { id } } second: owner { id } } }", pride{owner: owner}, nil)
	server.End()

	want := []string{
		"POST /graphql",
		"POST /graphql > query Pride",
		"POST /graphql > query Pride > Keeper.boss",
		"POST /graphql > query Pride > Lion.home",
		"POST /graphql > query Pride > Lion.owner",
		"POST /graphql > query Pride > Lion.owner",
		"POST /graphql > query Pride > Query.lions",
	}
	if diff := cmp.Diff(want, tree(spans.Ended())); diff != "" {
		t.Errorf("spans (-want +got):\n%s", diff)
	}
	operation := named(t, spans, "query Pride")
	var paths []string
	for _, span := range spans.Ended() {
		attributes := attributesOf(span)
		path, isStep := attributes["graphql.field.path"].(string)
		if !isStep {
			continue
		}
		paths = append(paths, path)
		if span.EndTime().After(operation.EndTime()) || span.EndTime().Before(span.StartTime()) {
			t.Errorf("%s ends outside the operation", path)
		}
		if span.Name() == "Lion.owner" &&
			(asked[span.SpanContext().SpanID()] != 50 || attributes["graphql.field.object"] != "Lion" || attributes["graphql.field.name"] != "owner") {
			t.Errorf("%d of 50 lions were resolved in the span %v", asked[span.SpanContext().SpanID()], attributes)
		}
	}
	slices.Sort(paths)
	if diff := cmp.Diff([]string{"lions", "lions.home", "lions.owner", "lions.owner.boss", "lions.second"}, paths); diff != "" {
		t.Errorf("paths (-want +got):\n%s", diff)
	}
}

func TestOperationSpan(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		document, name string
		errors         gqlerror.List
		codes          []string
	}{
		"a name":      {"query Pride { lions { id } }", "query Pride", nil, nil},
		"no name":     {"{ lions { id } }", "query", nil, nil},
		"mutation":    {"mutation Go { step { number } }", "mutation Go", nil, nil},
		"a long name": {"query " + strings.Repeat("a", 300) + " { lions { id } }", "query " + strings.Repeat("a", 100), nil, nil},
		"errors": {"query Pride { lions { id } }", "query Pride", gqlerror.List{
			{Message: "private", Extensions: map[string]any{"code": "SOURCE_TIMEOUT"}},
			{Message: "private", Extensions: map[string]any{"code": "FORBIDDEN"}},
			{Message: "private", Extensions: map[string]any{"code": "SOURCE_TIMEOUT"}},
			{Message: "private"},
		}, []string{"FORBIDDEN", "SOURCE_TIMEOUT"}},
	}
	for reason, test := range tests {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			tel, spans := record(t)
			ask(t.Context(), t, tel, test.document, pride{}, func(ctx context.Context, next graphql.ResponseHandler) *graphql.Response {
				response := next(ctx)
				response.Errors = test.errors
				return response
			})
			span := named(t, spans, test.name)
			attributes := attributesOf(span)
			kind, name, _ := strings.Cut(test.name, " ")
			if attributes["graphql.operation.type"] != kind || len(attributes["graphql.document.hash"].(string)) != 64 {
				t.Errorf("span %q, attributes %v", span.Name(), attributes)
			}
			if got, ok := attributes["graphql.operation.name"]; ok != (name != "") || ok && got != name {
				t.Errorf("the operation's name is %v", got)
			}
			if failed := span.Status().Code == codes.Error; failed != (test.errors != nil) {
				t.Errorf("the status is %v", span.Status())
			}
			if test.errors != nil {
				if diff := cmp.Diff(test.codes, attributes["graphql.error.codes"]); diff != "" || attributes["graphql.error.count"] != int64(4) {
					t.Errorf("attributes %v", attributes)
				}
			}
		})
	}
}

func TestStepSpanHasTheCodeOfItsFault(t *testing.T) {
	t.Parallel()
	timeout := fault.Wrap(fault.SourceTimeout, errors.New("http://private"))
	tests := map[string]struct {
		pride      pride
		name, code string
	}{
		"of all":            {pride{owner: func(context.Context, int) error { return timeout }}, "Lion.owner", "SOURCE_TIMEOUT"},
		"of one":            {pride{owner: func(context.Context, int) error { return graphql.BatchErrorList{nil, timeout, nil} }}, "Lion.owner", "SOURCE_TIMEOUT"},
		"of each":           {pride{home: func(context.Context) error { return timeout }}, "Lion.home", "SOURCE_TIMEOUT"},
		"of a plural panic": {pride{owner: func(context.Context, int) error { panic("http://private") }}, "Lion.owner", "INTERNAL_SERVER_ERROR"},
		"of a panic":        {pride{home: func(context.Context) error { panic("http://private") }}, "Lion.home", "INTERNAL_SERVER_ERROR"},
		"no fault":          {pride{}, "Lion.owner", ""},
	}
	for reason, test := range tests {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			tel, spans := record(t)
			ask(t.Context(), t, tel, "{ lions { owner { id } home { depth } } }", test.pride, nil)
			status := named(t, spans, test.name).Status()
			if (status.Code == codes.Error) != (test.code != "") || status.Description != test.code {
				t.Errorf("the status is %v", status)
			}
		})
	}
}

func TestOperationWithoutResponseEnds(t *testing.T) {
	t.Parallel()
	tel, spans := record(t)
	response := ask(t.Context(), t, tel, "{ lions { id } }", pride{}, func(context.Context, graphql.ResponseHandler) *graphql.Response {
		return nil // as when the request was over before
	})
	if response != nil {
		t.Error("there is a response")
	}
	named(t, spans, "query")
}

func TestNothingIsRecordedWithoutExporter(t *testing.T) {
	t.Parallel()
	tel := start(t, telemetry.Config{})
	called := false
	response := ask(fromCaller(t.Context(), "01"), t, tel, "{ lions { owner { id } } }", pride{owner: func(ctx context.Context, _ int) error {
		called = true
		if span := trace.SpanFromContext(ctx); span.IsRecording() || traceID(ctx) != callerTrace {
			t.Errorf("recording: %t; the trace is %s", span.IsRecording(), traceID(ctx))
		}
		return nil
	}}, nil)
	if !called || response == nil || response.Errors != nil {
		t.Errorf("called: %t; response %v", called, response)
	}
}

func TestAStepIsFreeWithoutExporter(t *testing.T) { // AllocsPerRun wants to be alone
	tel := start(t, telemetry.Config{})
	ctx, _ := tel.Tracer("test").Start(t.Context(), "request")
	f := &exec.Field{}
	if n := testing.AllocsPerRun(100, func() {
		_, ended := tel.Step(ctx, f, 1)
		ended(nil)
	}); n != 0 {
		t.Errorf("it allocates %v times", n)
	}
}

// BenchmarkStep is what an operation costs with three steps: without telemetry, and with it.
func BenchmarkStep(b *testing.B) {
	recording, _ := record(b)
	off := start(b, telemetry.Config{})
	for name, step := range map[string]func(context.Context, *exec.Field, int) (context.Context, func(error)){
		"none": nil, "off": off.Step, "recording": recording.Step,
	} {
		b.Run(name, func(b *testing.B) {
			config := zoo.Config(model.Faults{})
			config.Resolvers = pride{ResolverRoot: config.Resolvers}
			e := executor.New(graph.NewCompiledSchema(config, exec.Options{Step: step}))
			ctx, span := recording.Tracer("test").Start(b.Context(), "request")
			defer span.End()
			if name == "off" {
				ctx, _ = off.Tracer("test").Start(b.Context(), "request")
			}
			ctx = graphql.StartOperationTrace(ctx)
			oc, errs := e.CreateOperationContext(ctx, &graphql.RawParams{Query: "{ lions { home { depth } owner { id } } }"})
			if errs != nil {
				b.Fatal(errs)
			}
			b.ReportAllocs()
			for b.Loop() {
				handle, ctx := e.DispatchOperation(ctx, oc)
				handle(ctx)
			}
		})
	}
}
