package authn

import (
	"context"
	"net/http"
	"strings"

	"github.com/mainstem/mainstem/platform/fault"
)

// Middleware puts the caller into the context of requests that carry a good token. A request without an Authorization header is
// anonymous. Any other is refused with the fault that says why: a request never goes on as somebody else than it claims.
// A nil Verifier refuses every token.
func (v *Verifier) Middleware(next http.Handler, refuse func(http.ResponseWriter, *http.Request, *fault.Error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		headers := r.Header.Values("Authorization")
		if len(headers) == 0 {
			next.ServeHTTP(w, r)
			return
		}
		caller, err := v.VerifyHeaders(r.Context(), headers)
		if err != nil {
			f := fault.From(err)
			if f.Code == fault.Unauthenticated {
				w.Header().Set("WWW-Authenticate", "Bearer")
			}
			refuse(w, r, f)
			return
		}
		next.ServeHTTP(w, r.WithContext(With(r.Context(), caller)))
	})
}

// VerifyHeaders gives the caller that the values of Authorization headers name, of which there must be one. It fails as Verify does.
func (v *Verifier) VerifyHeaders(ctx context.Context, headers []string) (Caller, error) {
	if len(headers) > 1 {
		return Caller{}, fault.New(fault.Unauthenticated, "There is more than one Authorization header.")
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return Caller{}, fault.New(fault.Unauthenticated, "The Authorization header is not of the form `Bearer …`.")
	}
	return v.Verify(ctx, strings.TrimSpace(token))
}
