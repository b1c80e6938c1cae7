// Package authz decides what a caller may have: the schema's @authenticated and @requiresScopes.
package authz

import (
	"context"
	"strings"

	"github.com/99designs/gqlgen/graphql"

	"github.com/mainstem/mainstem/platform/authn"
	"github.com/mainstem/mainstem/platform/fault"
)

// Field names what is asked for: a field by its name in the schema, and the type that has it.
type Field struct{ Object, Name string }

// Decide says whether a caller may have a field that is for signed-in callers, and for those with all of the scopes where there
// are some. caller and authenticated are what authn.From gives. The fault is Unauthenticated or Forbidden; nil is yes. The
// answer depends on nothing else, so an executor may ask once for all parents of a field.
func Decide(caller authn.Caller, authenticated bool, scopes []string, field Field) *fault.Error {
	if !authenticated {
		return fault.Newf(fault.Unauthenticated, "You must be signed in to %s.", field.access())
	}
	if caller.HasScopes(scopes...) {
		return nil
	}
	var missing []string
	for _, scope := range scopes {
		if !caller.HasScopes(scope) {
			missing = append(missing, "`"+scope+"`")
		}
	}
	if len(missing) == 1 {
		return fault.Newf(fault.Forbidden, "You may not %s: the scope %s is missing.", field.access(), missing[0])
	}
	return fault.Newf(fault.Forbidden, "You may not %s: the scopes %s are missing.", field.access(), strings.Join(missing, ", "))
}

// access words what is done with the field.
func (f Field) access() string {
	switch {
	case f.Name == "":
		return "do this"
	case f.Object == "Mutation":
		return "call `" + f.Name + "`"
	case f.Object == "Subscription":
		return "subscribe to `" + f.Name + "`"
	}
	return "read `" + f.Name + "`"
}

// Authenticated is the directive @authenticated for gqlgen: without a caller next is not called, and the error is a fault.
func Authenticated(ctx context.Context, obj any, next graphql.Resolver) (any, error) {
	return RequiresScopes(ctx, obj, next, nil)
}

// RequiresScopes is the directive @requiresScopes for gqlgen: unless the caller has all of the scopes next is not called, and the
// error is a fault. Without scopes any caller will do, but an anonymous one.
func RequiresScopes(ctx context.Context, _ any, next graphql.Resolver, scopes []string) (any, error) {
	var field Field
	if fc := graphql.GetFieldContext(ctx); fc != nil {
		field.Object = fc.Object
		if fc.Field.Field != nil {
			field.Name = fc.Field.Name
		}
	}
	caller, authenticated := authn.From(ctx)
	if refused := Decide(caller, authenticated, scopes, field); refused != nil {
		return nil, refused
	}
	return next(ctx)
}
