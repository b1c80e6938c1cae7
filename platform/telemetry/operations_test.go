package telemetry_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/go-cmp/cmp"

	"github.com/mainstem/mainstem/platform/exec"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/graph"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/model"
	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/limit"
	"github.com/mainstem/mainstem/platform/telemetry"
	"github.com/mainstem/mainstem/platform/transport"
)

// trustedName is how all documents begin that a manifest has.
const trustedName = "query Trusted"

// serve serves the pride over HTTP, as a gateway does.
func serve(t *testing.T, tel *telemetry.Telemetry, p pride) *httptest.Server {
	t.Helper()
	config := zoo.Config(model.Faults{})
	p.ResolverRoot = config.Resolvers
	config.Resolvers = p
	limits := limit.Defaults()
	limits.Depth = 5
	engine := transport.NewEngine(graph.NewCompiledSchema(config, exec.Options{Step: tel.Step}), transport.Options{
		Present: fault.Presenter(slog.New(slog.DiscardHandler)), Recover: fault.Recover, Limits: limits,
		Extensions: []graphql.HandlerExtension{tel.GraphQL(), tel.Operations(func(text string) bool { return strings.HasPrefix(text, trustedName) })},
	})
	streams := transport.NewStreams(transport.StreamOptions{})
	server := httptest.NewServer(transport.NewHandler(engine, transport.NewSSE(streams, 0), transport.HTTP{MaxBodyBytes: 1 << 20, Streams: streams}))
	t.Cleanup(func() {
		server.Close()
		if err := streams.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return server
}

// post asks a server, and gives all that it answers.
func post(ctx context.Context, t *testing.T, server *httptest.Server, query, accept string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL, strings.NewReader(fmt.Sprintf(`{"query": %q}`, query)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", accept)
	resp, err := server.Client().Do(r)
	if err != nil {
		return ""
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return ""
	}
	return string(text)
}

// series gives the series of metrics, by a pattern of their names, sorted.
func series(t *testing.T, tel *telemetry.Telemetry, pattern string) []string {
	t.Helper()
	found := regexp.MustCompile(`(?m)^(?:`+pattern+`).*$`).FindAllString(scrape(t, tel), -1)
	slices.Sort(found)
	return found
}

func TestOperationsAreCounted(t *testing.T) {
	t.Parallel()
	down := fault.New(fault.SourceUnavailable, "")
	forbidden := fault.New(fault.Forbidden, "")
	for reason, test := range map[string]struct {
		query, accept string
		owner         error
		want          []string // without what all have
	}{
		"without errors": {
			query: `query Pride { lions(first: 1) { id } }`,
			want:  []string{`s_total{graphql_operation_name="Pride",graphql_operation_type="query",mainstem_outcome="ok"} 1`},
		},
		"without a name": {
			query: `{ lions(first: 1) { id } }`,
			want:  []string{`s_total{graphql_operation_type="query",mainstem_outcome="ok"} 1`},
		},
		"with data and errors": {
			query: `query Pride { lions(first: 2) { owner { id } } }`, owner: down,
			want: []string{
				`_errors_total{graphql_operation_name="Pride",mainstem_code="SOURCE_UNAVAILABLE"} 2`,
				`s_total{graphql_operation_name="Pride",graphql_operation_type="query",mainstem_outcome="partial"} 1`,
			},
		},
		"with data and what the caller may not see": {
			query: `{ lions(first: 1) { owner { id } } }`, owner: forbidden,
			want: []string{`_errors_total{mainstem_code="FORBIDDEN"} 1`, `s_total{graphql_operation_type="query",mainstem_outcome="partial"} 1`},
		},
		"without data, by a defect": {
			query: `query Pride { lions(first: -1) { id } }`,
			want: []string{
				`_errors_total{graphql_operation_name="Pride",mainstem_code="INTERNAL_SERVER_ERROR"} 1`,
				`s_total{graphql_operation_name="Pride",graphql_operation_type="query",mainstem_outcome="failed"} 1`,
			},
		},
		"that cannot be read": {
			query: `query Pride {`,
			want:  []string{`_errors_total{mainstem_code="GRAPHQL_PARSE_FAILED"} 1`, `s_total{mainstem_outcome="refused"} 1`},
		},
		"that do not fit the schema": {
			query: `query Pride { tigers { id } }`,
			want:  []string{`_errors_total{mainstem_code="GRAPHQL_VALIDATION_FAILED"} 1`, `s_total{mainstem_outcome="refused"} 1`},
		},
		"above a limit": {
			query: `{a{a{a{a{a{a}}}}}}`,
			want:  []string{`_errors_total{mainstem_code="LIMIT_EXCEEDED"} 1`, `s_total{mainstem_outcome="refused"} 1`},
		},
		"with a value that is not good": {
			query: `query Pride($n: Int!) { lions(first: $n) { id } }`,
			want: []string{
				`_errors_total{graphql_operation_name="_other",mainstem_code="BAD_USER_INPUT"} 1`,
				`s_total{graphql_operation_name="_other",graphql_operation_type="query",mainstem_outcome="refused"} 1`,
			},
		},
		"in parts": {
			query:  `query Pride { lions(first: 1) { id ... @defer { owner { id } } } }`,
			accept: `multipart/mixed;deferSpec=20220824`, owner: down,
			want: []string{
				`_errors_total{graphql_operation_name="Pride",mainstem_code="SOURCE_UNAVAILABLE"} 1`,
				`s_total{graphql_operation_name="Pride",graphql_operation_type="query",mainstem_outcome="ok"} 1`,
			},
		},
		"of which there are events": {
			query: `subscription Pride { numbers(first: 3) }`, accept: "text/event-stream",
			want: []string{`s_total{graphql_operation_name="Pride",graphql_operation_type="subscription",mainstem_outcome="ok"} 1`},
		},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			tel := measuring(t)
			accept := test.accept
			if accept == "" {
				accept = "application/json"
			}
			answer := post(t.Context(), t, serve(t, tel, pride{owner: func(context.Context, int) error { return test.owner }}), test.query, accept)
			if diff := cmp.Diff(test.want, unprefixed(series(t, tel, `mainstem_operations_total|mainstem_operation_errors_total`))); diff != "" {
				t.Errorf("(-want +got):\n%s\n%s", diff, answer)
			}
		})
	}
}

// unprefixed gives series without how all of them begin.
func unprefixed(series []string) []string {
	for i := range series {
		series[i] = strings.TrimPrefix(series[i], "mainstem_operation")
	}
	return series
}

// TestSubscriptionsAreMeasured: what is open, and what is sent.
func TestSubscriptionsAreMeasured(t *testing.T) {
	t.Parallel()
	tel := measuring(t)
	server := serve(t, tel, pride{})
	post(t.Context(), t, server, `subscription Pride { numbers(first: 3) }`, "text/event-stream")
	want := []string{`mainstem_subscription_events_total{graphql_operation_name="Pride"} 3`, `mainstem_subscriptions_open{graphql_operation_name="Pride"} 0`}
	if diff := cmp.Diff(want, series(t, tel, `mainstem_subscription`)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestWhoHasGone: an operation that nobody waits for has not failed.
func TestWhoHasGone(t *testing.T) {
	t.Parallel()
	tel := measuring(t)
	ctx, cancel := context.WithCancel(t.Context())
	server := serve(t, tel, pride{owner: func(ctx context.Context, _ int) error {
		cancel()
		<-ctx.Done()
		return fault.From(ctx.Err())
	}})
	post(ctx, t, server, `query Pride { lions(first: 1) { owner { id } } }`, "application/json")
	server.Close() // when nothing runs any more
	want := []string{`mainstem_operations_total{graphql_operation_name="Pride",graphql_operation_type="query",mainstem_outcome="cancelled"} 1`}
	if diff := cmp.Diff(want, series(t, tel, `mainstem_operations_total|mainstem_operation_errors_total|mainstem_operation_duration_seconds_count`)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestStepsAndLimitsAreMeasured: by field, and by the limit's name.
func TestStepsAndLimitsAreMeasured(t *testing.T) {
	t.Parallel()
	tel := measuring(t)
	server := serve(t, tel, pride{})
	post(t.Context(), t, server, `{ lions(first: 50) { owner { id } } }`, "application/json")
	post(t.Context(), t, server, `{a{a{a{a{a{a}}}}}}`, "application/json")
	want := []string{
		`mainstem_limit_refusals_total{mainstem_limit="depth"} 1`,
		`mainstem_step_duration_seconds_count{mainstem_field="Lion.owner"} 1`,
		`mainstem_step_duration_seconds_count{mainstem_field="Query.lions"} 1`,
	}
	if diff := cmp.Diff(want, series(t, tel, `mainstem_limit|mainstem_step_duration_seconds_count`)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestExemplarsNameTraces: each bucket that a recorded operation fell into names its trace, for who reads OpenMetrics.
func TestExemplarsNameTraces(t *testing.T) {
	t.Parallel()
	c := telemetry.Defaults()
	c.Prometheus, c.Exporter, c.Console = true, "console", io.Discard
	tel := start(t, c)
	server := serve(t, tel, pride{})
	ctx, span := tel.Tracer("test").Start(t.Context(), "a client")
	defer span.End()
	post(ctx, t, server, trustedName+` { lions(first: 1) { id } }`, "application/json")
	r := httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody)
	r.Header.Set("Accept", "application/openmetrics-text; version=1.0.0")
	page := httptest.NewRecorder()
	tel.Metrics().ServeHTTP(page, r)
	for _, want := range []string{
		`mainstem_operation_duration_seconds_bucket\{graphql_operation_name="Trusted".*\} 1 # \{.*trace_id="[0-9a-f]{32}"`,
		`mainstem_step_duration_seconds_bucket\{.*\} 1 # \{.*trace_id="[0-9a-f]{32}"`,
	} {
		if !regexp.MustCompile(want).MatchString(page.Body.String()) {
			t.Errorf("there is no %s in\n%s", want, page.Body)
		}
	}
}

// TestRequestsAreMeasured: by their route, if they have one, and by the bounds that OpenTelemetry has for it.
func TestRequestsAreMeasured(t *testing.T) {
	t.Parallel()
	tel := measuring(t)
	handler := tel.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		http.NotFound(w, r)
	}), slog.New(slog.DiscardHandler), "/graphql")
	for _, r := range []*http.Request{
		httptest.NewRequest(http.MethodPut, "/", http.NoBody),
		httptest.NewRequest(http.MethodPost, "/graphql?query=secret", http.NoBody),
		httptest.NewRequest(http.MethodGet, "/made-up", http.NoBody),
		httptest.NewRequest("MADEUP", "/made-up-too", http.NoBody),
	} {
		handler.ServeHTTP(httptest.NewRecorder(), r)
	}
	const name = `http_server_request_duration_seconds_count`
	want := []string{
		name + `{error_type="503",http_request_method="PUT",http_response_status_code="503",url_scheme="http"} 1`,
		name + `{http_request_method="GET",http_response_status_code="404",url_scheme="http"} 1`,
		name + `{http_request_method="POST",http_response_status_code="404",http_route="/graphql",url_scheme="http"} 1`,
		name + `{http_request_method="_OTHER",http_response_status_code="404",url_scheme="http"} 1`,
	}
	if diff := cmp.Diff(want, series(t, tel, name)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	buckets := strings.Join(series(t, tel, `http_server_request_duration_seconds_bucket`), "\n")
	for _, bound := range []string{"0.005", "0.01", "0.025", "0.05", "0.075", "0.1", "0.25", "0.5", "0.75", "1", "2.5", "5", "7.5", "10"} {
		if !strings.Contains(buckets, `le="`+bound+`"`) {
			t.Errorf("there is no bound of %s", bound)
		}
	}
}
