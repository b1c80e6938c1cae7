package server

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/mainstem/mainstem/platform/authn"
)

// identity gives what the answer of a query depends on beside its text and variables: the caller, whom resolvers can see, and what the
// sources that it reaches pass on of the request, and the time that its client gives it. Requests that ask for an answer of their own are not shared.
func (s *Server) identity(ctx context.Context, sources []string) (string, bool) {
	if noCache(graphql.GetOperationContext(ctx).Headers.Values("Cache-Control")) || s.returns(sources) { // headers are each answer's own
		return "", false
	}
	var b strings.Builder
	if asked, ok := ctx.Value(timeoutKey{}).(time.Duration); ok {
		b.WriteString(asked.String()) // what is not ready by then is not in the answer. It is not quoted, and so no issuer
	}
	if caller, known := authn.From(ctx); known {
		for _, part := range append([]string{caller.Issuer, caller.Subject}, slices.Sorted(slices.Values(caller.Scopes))...) {
			b.WriteString(strconv.Quote(part))
		}
	}
	b.WriteByte('|') // where no quoted part is: what follows is no scope
	for _, source := range sources {
		s.clients.inputs[source].Each(ctx, func(name, value string) {
			b.WriteString(strconv.Quote(name + ":" + value))
		})
	}
	return b.String(), true
}

// noCache says whether Cache-Control headers have no-cache or no-store (RFC 9111, section 5.2.1).
func noCache(headers []string) bool {
	for _, header := range headers {
		for directive := range strings.SplitSeq(header, ",") {
			switch strings.ToLower(strings.TrimSpace(directive)) {
			case "no-cache", "no-store":
				return true
			}
		}
	}
	return false
}
