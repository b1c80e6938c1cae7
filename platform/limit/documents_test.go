package limit_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/mainstem/mainstem/platform/fault"
)

func TestOtherOperationsAreNotChecked(t *testing.T) {
	t.Parallel()
	const query = `
		query Good($n: Int) { page(after: $n) { ...both } }
		query Bad($n: Int) { ...bad page { ...both } }
		fragment bad on Query { least(n: $n) most(n: 6) }
		fragment both on Page { page(first: 7) { total } }`
	for name, wrong := range map[string]bool{"Good": false, "Bad": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			oc, err := operation(query, name, `{"n":-6}`)
			if err != nil {
				t.Fatal(err)
			}
			if err := arguments(scalars).MutateOperationContext(t.Context(), oc); (err != nil) != wrong {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestFragmentsAreCheckedOnce has fragments that, written out, would be 2^60 fields.
func TestFragmentsAreCheckedOnce(t *testing.T) {
	t.Parallel()
	const depth = 60
	var query strings.Builder
	query.WriteString("{ page { ...f0 } }")
	for i := range depth {
		fmt.Fprintf(&query, "\nfragment f%d on Page { named(code: \"A1\") { total } a: page { ...f%d } b: page { ...f%d } }", i, i+1, i+1)
	}
	fmt.Fprintf(&query, "\nfragment f%d on Page { total }", depth)
	oc, err := operation(query.String(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	var checks atomic.Int64
	counting := map[string]func(any) error{"Code": func(any) error {
		checks.Add(1)
		return nil
	}}
	if err := arguments(counting).MutateOperationContext(t.Context(), oc); err != nil {
		t.Fatal(err)
	}
	if n := checks.Load(); n != depth {
		t.Errorf("%d arguments were checked, want %d", n, depth)
	}
}

// TestScalarThatFailsOtherwise has a scalar whose error is no fault: its text may be anything, and stays inside.
func TestScalarThatFailsOtherwise(t *testing.T) {
	t.Parallel()
	oc, err := operation(`{ byCode(code: "A1") { total } }`, "", "")
	if err != nil {
		t.Fatal(err)
	}
	got := arguments(map[string]func(any) error{"Code": func(any) error { return errors.New("secret") }}).MutateOperationContext(t.Context(), oc)
	if f := fault.From(got); f.Code != fault.BadUserInput || strings.Contains(f.Message(), "secret") {
		t.Errorf("got %v", f)
	}
}

// FuzzArguments checks that no document makes the check panic, and that gqlgen can read every argument of what it lets through.
func FuzzArguments(f *testing.F) {
	f.Add(`query($n: Int!, $f: Filter) { page(first: $n) { total } search(filter: $f) }`, `{"n":100,"f":{"and":[{"price":1}]}}`)
	f.Add(`{ ...f any(value: {a: [1, {b: "c"}]}) } fragment f on Query { sized(size: SMALL) grid(ns: [[1]]) }`, ``)
	f.Add(`query($c: [Code!] = ["A1"], $s: Size) { byCodes(codes: $c) sized(sizes: [$s]) share(of: 0.5) }`, `{"c":"A1"}`)
	f.Add(`mutation { page(first: 99999999999999999999) { total } }`, `{}`)
	f.Add(`{ any(value: 99999999999999999999) }`, `{}`)
	check := arguments(scalars)
	f.Fuzz(func(_ *testing.T, query, variables string) {
		if len(query) > 2000 {
			return
		}
		oc, err := operation(query, "", variables)
		if err != nil {
			return
		}
		if check.MutateOperationContext(context.Background(), oc) != nil {
			return
		}
		readArguments(oc.Operation.SelectionSet, oc.Variables, map[string]bool{})
	})
}

// readArguments reads arguments as generated code does, which panics for those that it cannot read.
func readArguments(set ast.SelectionSet, variables map[string]any, seen map[string]bool) {
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			s.ArgumentMap(variables)
			readArguments(s.SelectionSet, variables, seen)
		case *ast.InlineFragment:
			readArguments(s.SelectionSet, variables, seen)
		case *ast.FragmentSpread:
			if !seen[s.Name] {
				seen[s.Name] = true
				readArguments(s.Definition.SelectionSet, variables, seen)
			}
		}
	}
}
