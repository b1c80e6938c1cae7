package exectest

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mainstem/mainstem/platform/exec"
)

// Answer is one of an operation's incremental answers.
type Answer struct {
	exec.Incremental

	Response *graphql.Response
}

// AskIncrementally executes an operation for a client that takes incremental answers, of whole fragments or of what is new in each. A request that
// is refused has one answer.
func AskIncrementally(ctx context.Context, e *executor.Executor, o Operation, whole bool) []Answer {
	into := exec.Incremental{Whole: whole}
	ctx = exec.WithIncremental(graphql.StartOperationTrace(ctx), &into)
	operation, errs := e.CreateOperationContext(ctx, &graphql.RawParams{
		Query: o.Query, OperationName: o.OperationName, Variables: sent(o.Variables),
	})
	if errs != nil {
		return []Answer{{Response: &graphql.Response{Errors: errs}}}
	}
	respond, ctx := e.DispatchOperation(ctx, operation)
	var answers []Answer
	for {
		response := respond(ctx)
		if response == nil {
			return answers
		}
		answers = append(answers, Answer{Incremental: into, Response: response})
		if operation.Operation.Operation == ast.Subscription {
			return answers // there may be no end to them
		}
	}
}

// Merge puts incremental answers together as a client does, and checks that they keep the rules: what is pending is completed once, nothing
// is delivered twice, or before what it belongs to.
func Merge(answers []Answer) (*Merged, error) {
	if len(answers) == 0 {
		return nil, errors.New("there is no answer")
	}
	data, err := read(answers[0].Response.Data)
	if err != nil {
		return nil, fmt.Errorf("the first answer's data: %w", err)
	}
	m := &Merged{data: data, pending: map[string]exec.Pending{}, known: map[string]bool{}, delivered: map[string]bool{}}
	m.errors = slices.Clone(answers[0].Response.Errors)
	for i, a := range answers {
		if err := m.add(i, a); err != nil {
			return nil, fmt.Errorf("answer %d: %w", i, err)
		}
		if more := i < len(answers)-1; a.HasNext != more {
			return nil, fmt.Errorf("answer %d of %d says %v of whether there is another one", i, len(answers), a.HasNext)
		}
		if a.HasNext != (len(m.pending) > 0) {
			return nil, fmt.Errorf("answer %d: %d are pending, and there being more is %v", i, len(m.pending), a.HasNext)
		}
	}
	return m, nil
}

// Merged is what incremental answers say together.
type Merged struct {
	data    *value
	errors  gqlerror.List
	pending map[string]exec.Pending
	known   map[string]bool  // ids
	failed  []exec.Completed // with errors

	delivered map[string]bool // ids of whole fragments
	taken     []ast.Path      // where such fragments say null, or others have said it, and there is something
}

// Failed gives how many deferred fragments were not delivered.
func (m *Merged) Failed() int { return len(m.failed) }

func (m *Merged) add(i int, a Answer) error {
	if i == 0 && len(a.Parts)+len(a.Completed) > 0 {
		return errors.New("what is deferred comes with the first answer")
	}
	if i > 0 && (a.Response.Data != nil || a.Response.Errors != nil || len(a.Completed) == 0) {
		return fmt.Errorf("it completes %d, and has data or %d errors beside", len(a.Completed), len(a.Response.Errors))
	}
	for _, p := range a.Pending {
		if m.known[p.ID] {
			return fmt.Errorf("%s is pending twice", p.ID)
		}
		m.known[p.ID] = true
		m.pending[p.ID] = p
	}
	for _, p := range a.Parts {
		if err := m.part(p, a.Whole); err != nil {
			return fmt.Errorf("%s of %s: %w", p.Path, p.ID, err)
		}
	}
	for _, p := range a.Pending { // which may be in what has come with it
		if object := m.data.at(p.Path); (object == nil || object.kind != '{') && !m.took(p.Path) {
			return fmt.Errorf("there is no object that %s can be pending for", p.Path)
		}
	}
	for _, c := range a.Completed {
		p, ok := m.pending[c.ID]
		if !ok || p.Label != c.Label || !slices.Equal(p.Path, c.Path) {
			return fmt.Errorf("%s is completed, and was not pending so", c.ID)
		}
		delete(m.pending, c.ID)
		if len(c.Errors) > 0 {
			m.failed = append(m.failed, c)
			m.errors = append(m.errors, c.Errors...)
		}
	}
	return nil
}

// part merges a part into its object.
func (m *Merged) part(p exec.Part, whole bool) error {
	pending, ok := m.pending[p.ID]
	if !ok || pending.Label != p.Label || !slices.Equal(slices.Concat(pending.Path, p.SubPath), p.Path) {
		return errors.New("it was not pending so")
	}
	object := m.data.at(p.Path)
	if object == nil || object.kind != '{' {
		if m.took(p.Path) {
			m.errors = append(m.errors, p.Errors...)
			return nil
		}
		return errors.New("there is no such object")
	}
	data, err := read(p.Data)
	if err != nil {
		return err
	}
	if data.kind != '{' {
		return fmt.Errorf("it is %s", data)
	}
	if whole {
		if err := m.whole(p, object, data); err != nil {
			return err
		}
	} else if err := object.merge(data); err != nil {
		return err
	}
	for _, err := range p.Errors {
		if len(err.Path) < len(p.Path) || !slices.Equal(err.Path[:len(p.Path)], p.Path) {
			return fmt.Errorf("it has an error at %s", err.Path)
		}
	}
	m.errors = append(m.errors, p.Errors...)
	return nil
}

// merge adds the fields of an object that has none of them.
func (v *value) merge(data *value) error {
	for i, key := range data.keys {
		if slices.Contains(v.keys, key) {
			return fmt.Errorf("%q is there already", key)
		}
		v.keys = append(v.keys, key)
		v.children = append(v.children, data.children[i])
	}
	return nil
}

// at gives what stands at a path; nil if nothing does.
func (v *value) at(path ast.Path) *value {
	for _, element := range path {
		next := -1
		switch element := element.(type) {
		case ast.PathName:
			next = slices.Index(v.keys, string(element))
		case ast.PathIndex:
			next = int(element)
		}
		if next < 0 || next >= len(v.children) {
			return nil
		}
		v = v.children[next]
	}
	return v
}

// CompareMerged says how merged answers differ from the operation's whole answer, nil if they do not: data and errors are equal, but for the
// order of keys, and except for what a deferred fragment that was not delivered explains.
func CompareMerged(o Operation, whole *graphql.Response, m *Merged) error {
	inside, err := wrappedIn(o)
	if err != nil {
		return err
	}
	data, err := read(whole.Data)
	if err != nil {
		return fmt.Errorf("wanted data: %w", err)
	}
	c := comparison{merged: m, inside: inside}
	return errors.Join(c.compare(nil, data, m.data), c.errors(whole.Errors))
}

type comparison struct {
	merged *Merged
	inside wrapped
}

// compare gives the first difference of what stands at a path.
func (c *comparison) compare(path ast.Path, want, got *value) error {
	if want.text == "<nil>" && got.kind != 0 && c.tookBack(path) {
		return nil
	}
	if want.kind != got.kind || want.text != got.text {
		return fmt.Errorf("%s: want %s, got %s", path, want, got)
	}
	if want.kind == '[' {
		if len(want.children) != len(got.children) {
			return fmt.Errorf("%s: want %s, got %s", path, want, got)
		}
		for i := range want.children {
			if err := c.compare(slices.Concat(path, ast.Path{ast.PathIndex(i)}), want.children[i], got.children[i]); err != nil {
				return err
			}
		}
		return nil
	}
	for _, key := range got.keys {
		if !slices.Contains(want.keys, key) {
			return fmt.Errorf("%s: nobody wants %q", path, key)
		}
	}
	for i, key := range want.keys {
		below := slices.Concat(path, ast.Path{ast.PathName(key)})
		at := slices.Index(got.keys, key)
		if at < 0 {
			if !c.withheld(below) {
				return fmt.Errorf("%s is missing", below)
			}
			continue
		}
		if err := c.compare(below, want.children[i], got.children[at]); err != nil {
			return err
		}
	}
	return nil
}

// tookBack says whether a null that stops at a deferred fragment would have gone on to a path, or farther.
func (c *comparison) tookBack(path ast.Path) bool {
	if slices.ContainsFunc(c.merged.taken, func(taken ast.Path) bool { return slices.Equal(taken, path) }) {
		return true
	}
	return slices.ContainsFunc(c.merged.failed, func(f exec.Completed) bool {
		return slices.ContainsFunc(f.Errors, func(err *gqlerror.Error) bool { return under(path, err.Path) })
	})
}

// withheld says whether a field stands in a fragment that was not delivered.
func (c *comparison) withheld(path ast.Path) bool {
	return slices.ContainsFunc(c.merged.failed, func(f exec.Completed) bool {
		return under(f.Path, path) && c.inside.has(f.Label, path)
	})
}

func under(path, deeper ast.Path) bool {
	return len(path) <= len(deeper) && slices.Equal(path, deeper[:len(path)])
}

// errors compares errors. Those of fragments that were not delivered may be told by each; those of what is deferred within what a null has
// taken are not told.
func (c *comparison) errors(want gqlerror.List) error {
	counts := map[string]int{}
	for _, err := range c.merged.errors {
		counts[err.Path.String()+" "+Class(err)]++
	}
	known := map[string]bool{}
	for _, err := range want {
		key := err.Path.String() + " " + Class(err)
		known[key] = true
		if counts[key]--; counts[key] < 0 && !c.untold(err.Path) {
			return fmt.Errorf("missing error: %s", key)
		}
	}
	for key, n := range counts {
		again := len(c.merged.failed) > 0 || len(c.merged.delivered) > 0
		if n > 0 && (!again || !known[key]) {
			return fmt.Errorf("unexpected error (%d×): %s", n, key)
		}
	}
	return nil
}

// untold says whether an error at a path may be left out: it is of something deferred within what is null, or was not delivered.
func (c *comparison) untold(path ast.Path) bool {
	if c.merged.took(path) {
		return c.inside.any(path)
	}
	for n := range len(path) {
		v := c.merged.data.at(path[:n])
		if v == nil {
			return c.withheld(path[:n])
		}
		if v.text == "<nil>" {
			return c.inside.any(path)
		}
	}
	return c.merged.data.at(path) == nil && c.withheld(path)
}
