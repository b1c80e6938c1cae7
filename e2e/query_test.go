package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/mainstem/mainstem/demo/world"
	"github.com/mainstem/mainstem/sources"
)

// problem is an error of an answer.
type problem struct {
	Message    string
	Path       []any
	Extensions struct {
		Code, Source, Operation string
		Retryable               bool
	}
}

// at gives the path as a text.
func (p problem) at() string { return pathText(p.Path) }

func pathText(path []any) string { return fmt.Sprint(path...) }

// globalID is an id as an answer has it.
type globalID struct{ sources.ID }

// UnmarshalText reads the form on the wire.
func (id *globalID) UnmarshalText(text []byte) (err error) {
	id.ID, err = sources.ParseID(string(text))
	return err
}

// ask sends a query and gives its data and errors. Ids in the document may be placeholders.
func ask[T any](t *testing.T, s *stack, caller, query string, variables map[string]any) (T, []problem) {
	t.Helper()
	encoded, err := json.Marshal(variables)
	if err != nil {
		t.Fatal(err)
	}
	r, err := queryRequest(s.url, query, string(encoded))
	if err != nil {
		t.Fatal(err)
	}
	if token := s.token(t, caller); token != "" {
		r.Header.Set("Authorization", token)
	}
	answer := s.send(t, r)
	if answer.status != http.StatusOK {
		t.Fatalf("status %d: %s", answer.status, answer.body)
	}
	return decode[T](t, answer.body)
}

func decode[T any](t *testing.T, body []byte) (T, []problem) {
	t.Helper()
	var answer struct {
		Data   T
		Errors []problem
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		t.Fatalf("%v in %.500s", err, body)
	}
	return answer.Data, answer.Errors
}

// must is ask for an answer that has no errors.
func must[T any](t *testing.T, s *stack, caller, query string, variables map[string]any) T {
	t.Helper()
	data, errs := ask[T](t, s, caller, query, variables)
	if len(errs) > 0 {
		t.Fatalf("%d errors, the first: %+v", len(errs), errs[0])
	}
	return data
}

// shop gives the data that every stack starts with.
func shop() *world.World {
	return world.Generate(world.Options{Products: products, Seed: seed})
}
