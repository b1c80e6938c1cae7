package authz_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/mainstem/mainstem/platform/authn"
	"github.com/mainstem/mainstem/platform/authz"
	"github.com/mainstem/mainstem/platform/fault"
)

var (
	anonymous = authn.Caller{}
	customer  = authn.Caller{Issuer: "i", Subject: "customer-7"}
	agent     = authn.Caller{Issuer: "i", Subject: "agent-1", Scopes: []string{"orders:read", "customers:read"}}
)

func TestDecideAndDirectives(t *testing.T) {
	t.Parallel()
	email, place, watch := authz.Field{Object: "Customer", Name: "email"}, authz.Field{Object: "Mutation", Name: "placeOrder"}, authz.Field{Object: "Subscription", Name: "stockChanged"}
	tests := map[string]struct {
		caller authn.Caller
		scopes []string
		field  authz.Field
		code   fault.Code
		want   string
	}{
		"a caller without demands":         {customer, nil, email, "", ""},
		"a caller with the scope":          {agent, []string{"orders:read"}, email, "", ""},
		"a caller with all scopes":         {agent, []string{"customers:read", "orders:read"}, email, "", ""},
		"an anonymous caller reads":        {anonymous, nil, email, fault.Unauthenticated, "You must be signed in to read `email`."},
		"an anonymous caller calls":        {anonymous, nil, place, fault.Unauthenticated, "You must be signed in to call `placeOrder`."},
		"an anonymous caller subscribes":   {anonymous, nil, watch, fault.Unauthenticated, "You must be signed in to subscribe to `stockChanged`."},
		"an anonymous caller, scopes":      {anonymous, []string{"orders:read"}, email, fault.Unauthenticated, "You must be signed in to read `email`."},
		"scopes without a subject":         {authn.Caller{Scopes: []string{"orders:read"}}, []string{"orders:read"}, email, fault.Unauthenticated, "You must be signed in to read `email`."},
		"a missing scope":                  {customer, []string{"orders:read"}, email, fault.Forbidden, "You may not read `email`: the scope `orders:read` is missing."},
		"one of two scopes is missing":     {agent, []string{"orders:read", "orders:write"}, place, fault.Forbidden, "You may not call `placeOrder`: the scope `orders:write` is missing."},
		"several scopes are missing":       {customer, []string{"a", "b"}, email, fault.Forbidden, "You may not read `email`: the scopes `a`, `b` are missing."},
		"a part of a scope is not enough":  {agent, []string{"orders"}, email, fault.Forbidden, "You may not read `email`: the scope `orders` is missing."},
		"an empty scope is none":           {agent, []string{""}, email, fault.Forbidden, "You may not read `email`: the scope `` is missing."},
		"a place that has no field's name": {anonymous, nil, authz.Field{}, fault.Unauthenticated, "You must be signed in to do this."},
	}
	for reason, test := range tests {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			decided := authz.Decide(test.caller, test.caller.Subject != "", test.scopes, test.field)
			check(t, decided, test.code, test.want)

			ctx := authn.With(t.Context(), test.caller)
			if test.field.Name != "" {
				collected := graphql.CollectedField{Field: &ast.Field{Name: test.field.Name, Alias: "alias"}}
				ctx = graphql.WithFieldContext(ctx, &graphql.FieldContext{Object: test.field.Object, Field: collected})
			}
			called := false
			next := func(context.Context) (any, error) { called = true; return "value", nil }
			got, err := authz.RequiresScopes(ctx, nil, next, test.scopes)
			if called != (test.code == "") || called && (got != "value" || err != nil) {
				t.Errorf("next was called: %v, got %v, %v", called, got, err)
			}
			if !called {
				f, _ := errors.AsType[*fault.Error](err)
				check(t, f, test.code, test.want)
			}
		})
	}
}

func check(t *testing.T, f *fault.Error, code fault.Code, message string) {
	t.Helper()
	if code == "" && f == nil {
		return
	}
	if f == nil || f.Code != code || f.Message() != message {
		t.Errorf("got %v, want %s: %s", f, code, message)
	}
}

func TestAuthenticated(t *testing.T) {
	t.Parallel()
	next := func(context.Context) (any, error) { return "value", nil }
	if got, err := authz.Authenticated(t.Context(), nil, next); got != nil || fault.From(err).Code != fault.Unauthenticated {
		t.Errorf("an anonymous caller got %v, %v", got, err)
	}
	if got, err := authz.Authenticated(authn.With(t.Context(), customer), nil, next); got != "value" || err != nil {
		t.Errorf("a customer got %v, %v", got, err)
	}
}

func ExampleDecide() {
	caller, authenticated := authn.From(context.Background())
	fmt.Println(authz.Decide(caller, authenticated, nil, authz.Field{Object: "Customer", Name: "email"}))
	// Output: UNAUTHENTICATED: You must be signed in to read `email`.
}

func BenchmarkDecide(b *testing.B) {
	for b.Loop() {
		_ = authz.Decide(agent, true, []string{"orders:read"}, authz.Field{Object: "Query", Name: "orders"})
	}
}
