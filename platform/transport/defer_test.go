package transport_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mainstem/mainstem/platform/exec"
	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/transport"
)

// deferring answers with a fragment that is delivered and two that have failed, all of them with so many errors.
func deferring(errs int) func(context.Context) graphql.ResponseHandler {
	list := func() (l gqlerror.List) {
		for range errs {
			l = append(l, gqlerror.Errorf("broken"))
		}
		return l
	}
	return func(context.Context) graphql.ResponseHandler {
		first := true
		return func(ctx context.Context) *graphql.Response {
			i := exec.IncrementalOf(ctx)
			if first {
				first = false
				*i = exec.Incremental{HasNext: true, Pending: []exec.Pending{{ID: "1"}, {ID: "2"}, {ID: "3"}}}
				return &graphql.Response{Data: []byte(`{}`)}
			}
			*i = exec.Incremental{
				Parts:     []exec.Part{{ID: "1", Data: []byte(`{"name":null}`), Errors: list()}},
				Completed: []exec.Completed{{ID: "1"}, {ID: "2", Errors: list()}, {ID: "3", Errors: list()}},
			}
			return &graphql.Response{}
		}
	}
}

// payload is what of a part of an answer tests look at, in either format.
type payload struct {
	Incremental, Completed []struct {
		Data   json.RawMessage
		Errors []any
	}
	HasNext    bool
	Extensions map[string]any
}

// payloads reads the parts of an answer.
func payloads(t *testing.T, body string) []payload {
	t.Helper()
	body, whole := strings.CutSuffix(body, "\r\n-----\r\n")
	texts := strings.Split(body, "\r\n---\r\nContent-Type: application/json; charset=utf-8\r\n\r\n")
	if !whole || texts[0] != "" {
		t.Fatalf("these are no parts: %.500s", body)
	}
	var all []payload
	for _, text := range texts[1:] {
		var p payload
		if err := json.Unmarshal([]byte(text), &p); err != nil {
			t.Fatalf("%v in %.500s", err, text)
		}
		all = append(all, p)
	}
	return all
}

// TestManyErrorsOfWhatIsDeferred: a part tells as many as an answer does, and a fragment that has failed says so whatever was told before.
func TestManyErrorsOfWhatIsDeferred(t *testing.T) {
	t.Parallel()
	for accept, failed := range map[string]func(p payload) int{
		"multipart/mixed;deferSpec=20220824":      func(p payload) int { return len(p.Incremental[1].Errors) + len(p.Incremental[2].Errors) },
		"multipart/mixed;incrementalSpec=v0.2":    func(p payload) int { return len(p.Completed[1].Errors) + len(p.Completed[2].Errors) },
		"multipart/mixed; deferSpec=\"20220824\"": func(p payload) int { return len(p.Incremental[1].Errors) + len(p.Incremental[2].Errors) },
	} {
		for errs, want := range map[int]struct {
			failed     int
			suppressed any
		}{1: {2, nil}, 400: {600, 200.0}, 2000: {2, 4998.0}} {
			es := &graphql.ExecutableSchemaMock{SchemaFunc: func() *ast.Schema { return schema }, ExecFunc: deferring(errs)}
			engine := transport.NewEngine(es, transport.Options{Present: fault.Presenter(slog.New(slog.DiscardHandler)), Recover: fault.Recover})
			r := post(`{"query":"{name}"}`)
			r.Header.Set("Accept", accept)
			w := httptest.NewRecorder()
			transport.NewHandler(engine, transport.HTTP{MaxBodyBytes: maxBody, Streams: transport.NewStreams(transport.StreamOptions{})}).ServeHTTP(w, r)
			all := payloads(t, w.Body.String())
			if len(all) != 2 || !all[0].HasNext || all[1].HasNext {
				t.Fatalf("%s: there are %d parts: %.500s", accept, len(all), w.Body)
			}
			p := all[1]
			if n := len(p.Incremental[0].Errors); n != min(errs, 1000) || failed(p) != want.failed || p.Extensions["suppressed"] != want.suppressed {
				t.Errorf("%s, %d errors each: %d of the first, %d of the others, %v suppressed", accept, errs, n, failed(p), p.Extensions["suppressed"])
			}
		}
	}
}
