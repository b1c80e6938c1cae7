package e2e

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mainstem/mainstem/demo/breaking"
)

// TestAnswersAtTheDeadline: services need about as long as the request may take, so that anything can be ready or not when the answer is
// written. What is there is what would be there in the end; what is not has one error, which says so. With -race, this is also where
// results would be published too late.
func TestAnswersAtTheDeadline(t *testing.T) {
	t.Parallel()
	healthy := must[map[string]any](t, start(t, options{}), "support", everything, nil)
	slow := map[string]breaking.Break{}
	for _, service := range services {
		slow[service] = breaking.Break{Jitter: 300 * time.Millisecond}
	}
	s := start(t, options{broken: slow, config: "requestTimeout: 500ms"})
	late := 0
	for range 4 {
		asked := make([]<-chan outcome, 10)
		for i := range asked {
			own := http.Header{"Cache-Control": {"no-cache"}}
			asked[i] = question{caller: "support", query: everything, header: own}.begin(t.Context(), t, s)
		}
		for _, answer := range asked {
			o := <-answer
			if o.status == http.StatusGatewayTimeout {
				continue // its time was over before it could be executed: a busy machine
			}
			if o.err != nil || o.status != http.StatusOK {
				t.Fatalf("got %v, %d and %s", o.err, o.status, o.body)
			}
			got, errs := decode[any](t, o.body)
			open := map[string]bool{}
			for _, e := range errs {
				at := steps(e.Path)
				if e.Extensions.Code != "DEADLINE_EXCEEDED" || !e.Extensions.Retryable || open[at] {
					t.Errorf("%v: got %+v", e.Path, e)
				}
				open[at] = true
			}
			late += len(open)
			finished(t, healthy, got, open, nil)
			for at := range open {
				t.Errorf("%s has an error, and is not null", at)
			}
		}
	}
	if late == 0 {
		t.Error("nothing was late")
	}
}

// steps gives a path as a text that the texts of all paths below begin with.
func steps(path []any) string {
	text := ""
	for _, step := range path {
		text += fmt.Sprint(step) + "/"
	}
	return text
}

// finished compares what is there with what would be there in the end. It takes the errors that explain what is not from open: those of the
// place itself, or of what must not be null below it.
func finished(t *testing.T, whole, got any, open map[string]bool, path []any) {
	t.Helper()
	if got == nil {
		before := len(open)
		maps.DeleteFunc(open, func(at string, _ bool) bool { return strings.HasPrefix(at, steps(path)) })
		if whole != nil && len(open) == before {
			t.Errorf("%v: got null without an error, want %v", path, whole)
		}
		return
	}
	switch whole := whole.(type) {
	case map[string]any:
		for name, value := range whole {
			finished(t, value, got.(map[string]any)[name], open, append(slices.Clone(path), name))
		}
	case []any:
		for i, value := range whole {
			finished(t, value, got.([]any)[i], open, append(slices.Clone(path), i))
		}
	default:
		if whole != got {
			t.Errorf("%v: got %v, want %v", path, got, whole)
		}
	}
}
