package fault_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"go.opentelemetry.io/otel/trace"

	"github.com/mainstem/mainstem/platform/fault"
)

var schema = gqlparser.MustLoadSchema(&ast.Source{Input: `
	type Query { shop(first: Int, filter: Filter): Shop shops: [Shop!] }
	type Shop { name: String }
	input Filter { names: [String!], not: Filter, price: Int! }`})

// secret is in what must not reach clients.
const secret = "10.0.0.7:5432 s3cr3t"

// said is what a client reads of one error.
type said struct {
	Message    string              `json:"message"`
	Path       []any               `json:"path"`
	Locations  []gqlerror.Location `json:"locations"`
	Extensions map[string]any      `json:"extensions"`
}

// line is one line of the log.
type line struct{ Level, Msg, Code, Source, Operation, Path, Cause string }

// answer runs one request through gqlgen's executor and gives the errors that its client reads and what was logged. If the operation is
// executed, fields runs in place of its resolvers, with the context of the field shop.
func answer(t *testing.T, params graphql.RawParams, fields func(context.Context)) ([]said, []line) {
	t.Helper()
	var log lockedBuffer
	exec := executor.New(&graphql.ExecutableSchemaMock{
		SchemaFunc: func() *ast.Schema { return schema },
		ExecFunc: func(context.Context) graphql.ResponseHandler {
			return func(ctx context.Context) *graphql.Response {
				fields(fieldContext(ctx))
				return &graphql.Response{Data: []byte(`{}`)}
			}
		},
	})
	exec.SetErrorPresenter(fault.Presenter(slog.New(slog.NewJSONHandler(&log, nil))))
	exec.SetRecoverFunc(fault.Recover)
	ctx := graphql.StartOperationTrace(t.Context())
	oc, errs := exec.CreateOperationContext(ctx, &params)
	var response *graphql.Response
	if errs != nil {
		response = exec.DispatchError(graphql.WithOperationContext(ctx, oc), errs)
	} else {
		respond, ctx := exec.DispatchOperation(ctx, oc)
		response = respond(ctx)
	}
	body, err := json.Marshal(response.Errors)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(body), "s3cr3t") {
		t.Errorf("the client reads what is for the log alone: %s", body)
	}
	var errors []said
	if err := json.Unmarshal(body, &errors); err != nil {
		t.Fatal(err)
	}
	return errors, log.lines(t)
}

func fieldContext(ctx context.Context) context.Context {
	f := graphql.GetOperationContext(ctx).Operation.SelectionSet[0].(*ast.Field)
	return graphql.WithFieldContext(ctx, &graphql.FieldContext{Object: "Query", Field: graphql.CollectedField{Field: f}})
}

// lockedBuffer is safe for concurrent use.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) lines(t *testing.T) (lines []line) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for text := range bytes.Lines(l.b.Bytes()) {
		var one line
		if err := json.Unmarshal(text, &one); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, one)
	}
	return lines
}

func TestRefusedRequests(t *testing.T) {
	t.Parallel()
	parse, validation := string(fault.ParseFailed), string(fault.ValidationFailed)
	at := func(line, column int) []gqlerror.Location { return []gqlerror.Location{{Line: line, Column: column}} }
	for reason, test := range map[string]struct {
		query, operation string
		code, message    string
		locations        []gqlerror.Location
	}{
		"no GraphQL":              {"{ shop {\n", "", parse, "Expected Name, found <EOF>", at(2, 1)},
		"no operation":            {"fragment f on Shop { name }", "", validation, "no operation provided", nil},
		"an unknown field":        {"{ shop {\n  nam } }", "", validation, `Cannot query field "nam" on type "Shop". Did you mean "name"?`, at(2, 3)},
		"an unknown operation":    {"query A { shop { name } }", "B", validation, "operation B not found", nil},
		"a literal that is wrong": {`{ shop(first: "x") { name } }`, "", validation, `Int cannot represent non-integer value: "x"`, at(1, 16)},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			params := graphql.RawParams{Query: test.query, OperationName: test.operation}
			errors, log := answer(t, params, func(context.Context) { t.Error("the operation was executed") })
			want := []said{{Message: test.message, Locations: test.locations, Extensions: map[string]any{"code": test.code, "retryable": false}}}
			if diff := cmp.Diff(want, errors); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if len(log) != 0 {
				t.Errorf("what is the client's mistake was logged: %v", log)
			}
		})
	}
}

func TestFieldErrors(t *testing.T) {
	t.Parallel()
	hidden := errors.New(secret)
	everything := func() error {
		f := fault.Wrap(fault.BadUserInput, hidden)
		f.RetryAfter, f.Limit, f.Reason = 1500*time.Millisecond, "bytes", secret
		f.Violations = []fault.Violation{{Field: "email", Message: secret}}
		return f.At("customers", "update")
	}
	internal := said{Message: "Something went wrong on our side.", Extensions: map[string]any{"code": "INTERNAL_SERVER_ERROR", "retryable": false}}
	for reason, test := range map[string]struct {
		err  error
		want said
		log  []line
	}{
		"a fault with everything": {everything(),
			said{Message: "A value was not accepted.", Extensions: map[string]any{
				"code": "BAD_USER_INPUT", "retryable": false, "source": "customers", "operation": "update", "retryAfter": 2.0, "limit": "bytes",
				"violations": []any{map[string]any{"field": "email"}},
			}},
			[]line{{"WARN", "fault", "BAD_USER_INPUT", "customers", "update", "shop", secret}}},
		"a fault with a detail": {fault.New(fault.NotFound, "No such shop."),
			said{Message: "No such shop.", Extensions: map[string]any{"code": "NOT_FOUND", "retryable": false}}, nil},
		"a fault that may be tried again": {fault.Wrap(fault.SourceTimeout, hidden).At("shops", "get"),
			said{Message: fault.SourceTimeout.Doc().Message, Extensions: map[string]any{"code": "SOURCE_TIMEOUT", "retryable": true, "source": "shops", "operation": "get"}},
			[]line{{"WARN", "fault", "SOURCE_TIMEOUT", "shops", "get", "shop", secret}}},
		"a fault of a command without a key": {fault.Wrap(fault.SourceTimeout, hidden).At("shops", "add").Keyless(),
			said{Message: fault.SourceTimeout.Doc().Message, Extensions: map[string]any{"code": "SOURCE_TIMEOUT", "retryable": false, "source": "shops", "operation": "add"}},
			[]line{{"WARN", "fault", "SOURCE_TIMEOUT", "shops", "add", "shop", secret}}},
		"a fault that is wrapped": {fmt.Errorf("%s: %w", secret, fault.New(fault.Conflict, "Taken.")),
			said{Message: "Taken.", Extensions: map[string]any{"code": "CONFLICT", "retryable": false}}, nil},
		"a defect":             {fault.Wrap(fault.Internal, hidden), internal, []line{{"ERROR", "fault", "INTERNAL_SERVER_ERROR", "", "", "shop", secret}}},
		"an error of any kind": {hidden, internal, []line{{"ERROR", "fault", "INTERNAL_SERVER_ERROR", "", "", "shop", secret}}},
		"the request's end": {context.Canceled,
			said{Message: fault.DeadlineExceeded.Doc().Message, Extensions: map[string]any{"code": "DEADLINE_EXCEEDED", "retryable": true}},
			[]line{{"WARN", "fault", "DEADLINE_EXCEEDED", "", "", "shop", "context canceled"}}},
		"a mistake that a resolver names": {gqlerror.Errorf("One at a time."),
			said{Message: "One at a time.", Extensions: map[string]any{"code": "BAD_USER_INPUT", "retryable": false}}, nil},
		"a null that is not allowed": {fmt.Errorf("must not be null"), internal,
			[]line{{"ERROR", "fault", "INTERNAL_SERVER_ERROR", "", "", "shop", "must not be null"}}},
		"an error that has extensions": {&gqlerror.Error{Err: hidden, Message: secret, Extensions: map[string]any{"code": "MINE", "secret": secret}}, internal,
			[]line{{"ERROR", "fault", "INTERNAL_SERVER_ERROR", "", "", "shop", secret}}},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			errors, log := answer(t, graphql.RawParams{Query: "{\n  shop { name }\n}"}, func(ctx context.Context) { graphql.AddError(ctx, test.err) })
			want := test.want
			want.Locations = []gqlerror.Location{{Line: 2, Column: 3}}
			if want.Path == nil {
				want.Path = []any{"shop"}
			}
			if diff := cmp.Diff([]said{want}, errors); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			for i := range log {
				log[i].Cause = strings.TrimPrefix(log[i].Cause, "input: shop ") // what gqlgen puts before what was no fault
			}
			if diff := cmp.Diff(test.log, log); diff != "" {
				t.Errorf("the log: -want +got:\n%s", diff)
			}
		})
	}
}

// TestWhoHasGone: what was given up because nobody waits for it is no warning; what fails in spite of that is.
func TestWhoHasGone(t *testing.T) {
	t.Parallel()
	for code, want := range map[fault.Code]int{fault.DeadlineExceeded: 0, fault.SourceFailed: 1} {
		_, log := answer(t, graphql.RawParams{Query: "{ shop { name } }"}, func(ctx context.Context) {
			ctx, cancel := context.WithCancel(ctx)
			cancel()
			graphql.AddError(ctx, fault.Wrap(code, ctx.Err()))
		})
		if len(log) != want {
			t.Errorf("%s: the log has %v", code, log)
		}
	}
}

func TestPanics(t *testing.T) {
	t.Parallel()
	for reason, panicked := range map[string]any{"with a text": secret, "with an error": errors.New(secret), "with a fault": fault.New(fault.NotFound, secret)} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			errors, log := answer(t, graphql.RawParams{Query: "{ shop { name } }"}, func(ctx context.Context) {
				defer func() { graphql.AddError(ctx, graphql.Recover(ctx, recover())) }()
				panic(panicked)
			})
			if len(errors) != 1 || errors[0].Extensions["code"] != string(fault.Internal) || fmt.Sprint(errors[0].Path) != "[shop]" {
				t.Errorf("the client reads %+v", errors)
			}
			if len(log) != 1 || log[0].Level != "ERROR" || !strings.Contains(log[0].Cause, secret) || !strings.Contains(log[0].Cause, "present_test.go") {
				t.Errorf("the log has %+v, want the panic and its stack", log)
			}
		})
	}
}

func TestSharedFaultIsLoggedOnce(t *testing.T) {
	t.Parallel()
	shared := fault.Wrap(fault.SourceUnavailable, errors.New(secret)).At("shops", "batchGet")
	other := fault.Wrap(fault.SourceUnavailable, errors.New(secret)).At("shops", "batchGet")
	errors, log := answer(t, graphql.RawParams{Query: "{ shops { name } }"}, func(ctx context.Context) {
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() { graphql.AddError(graphql.WithFieldContext(ctx, &graphql.FieldContext{Index: &i}), shared) })
			all.Go(func() { graphql.AddError(ctx, shared.At("shops", "get")) })
		}
		all.Wait()
		graphql.AddError(ctx, other)
	})
	if len(errors) != 41 {
		t.Errorf("the client reads %d errors, want one for each path", len(errors))
	}
	paths := map[string]bool{}
	for _, e := range errors {
		paths[fmt.Sprint(e.Path)] = true
		if e.Extensions["code"] != string(fault.SourceUnavailable) || e.Message != fault.SourceUnavailable.Doc().Message {
			t.Errorf("the client reads %+v", e)
		}
	}
	if len(paths) != 21 || !paths["[shops 7]"] {
		t.Errorf("the paths are %v", paths)
	}
	if len(log) != 2 {
		t.Errorf("%d lines were logged, want one for each fault: %v", len(log), log)
	}
}

func TestElementsOfListsSayWhere(t *testing.T) {
	t.Parallel()
	errors, _ := answer(t, graphql.RawParams{Query: "{\n  shops { name }\n}"}, func(ctx context.Context) {
		i := 3
		graphql.AddError(graphql.WithFieldContext(ctx, &graphql.FieldContext{Index: &i}), fault.New(fault.NotFound, ""))
	})
	if len(errors) != 1 || fmt.Sprint(errors[0].Path) != "[shops 3]" {
		t.Fatalf("the client reads %+v", errors)
	}
	if diff := cmp.Diff([]gqlerror.Location{{Line: 2, Column: 3}}, errors[0].Locations); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestTraceIDIsShown(t *testing.T) {
	t.Parallel()
	const id = "0af7651916cd43dd8448eb211c80319c"
	traceID, err := trace.TraceIDFromHex(id)
	if err != nil {
		t.Fatal(err)
	}
	traced := trace.ContextWithSpanContext(t.Context(), trace.NewSpanContext(trace.SpanContextConfig{TraceID: traceID, SpanID: trace.SpanID{7}}))
	present := fault.Presenter(slog.New(slog.DiscardHandler))
	if got := present(traced, fault.New(fault.NotFound, "")).Extensions["traceId"]; got != id {
		t.Errorf("traceId is %v, want %s", got, id)
	}
	if got, there := present(t.Context(), fault.New(fault.NotFound, "")).Extensions["traceId"]; there {
		t.Errorf("without a trace, traceId is %v", got)
	}
}
