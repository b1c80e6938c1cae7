// Package authn says who calls: it verifies bearer tokens (JWT, RFC 7519) and keeps the caller in the request's context.
package authn

import (
	"context"
	"slices"
	"time"
)

// Caller is who asks. A caller is named by issuer and subject together; the zero value is anonymous.
type Caller struct {
	Issuer  string
	Subject string
	Scopes  []string  // what the token allows
	Expires time.Time // from when on the token is not good any more; zero if it is for ever
}

// HasScopes says whether the caller has every one of the scopes.
func (c Caller) HasScopes(scopes ...string) bool {
	return !slices.ContainsFunc(scopes, func(scope string) bool { return !slices.Contains(c.Scopes, scope) })
}

type callerKey struct{}

// With gives a context that carries the caller. A caller without a subject stays anonymous.
func With(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// From gives the caller; false is anonymous.
func From(ctx context.Context) (Caller, bool) {
	c, _ := ctx.Value(callerKey{}).(Caller)
	return c, c.Subject != ""
}
