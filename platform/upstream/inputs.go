package upstream

import (
	"context"
	"fmt"
	"net/http"
	"net/textproto"
	"slices"
)

// Inputs declares what of a client's request a source is given. It receives nothing else of it, so its answers depend on nothing
// else: these inputs are what shared and cached answers are keyed by.
type Inputs struct {
	Headers []string // passed on under their own names, such as "Accept-Language"
	Claims  []string // passed on as "Caller-" and the claim's name: "sub" as "Caller-Sub"
}

// secretHeaders are headers that no source may declare: what they hold opens other doors too.
var secretHeaders = []string{"Authorization", "Proxy-Authorization", "Cookie"}

// check fails for headers that must not be passed on.
func (in Inputs) check() error {
	for _, name := range in.Headers {
		if slices.Contains(secretHeaders, http.CanonicalHeaderKey(name)) {
			return fmt.Errorf("the header %s must not be passed on: declare claims in its place", name)
		}
	}
	return nil
}

// Request is what of a client's request may be passed on, by those sources that declare it.
type Request struct {
	Header http.Header
	Claims map[string]string // the verified claims: "iss" and "sub"
}

type requestKey struct{}

// WithRequest gives a context whose calls pass on what their sources declare of r.
func WithRequest(ctx context.Context, r Request) context.Context {
	return context.WithValue(ctx, requestKey{}, r)
}

// maxInputBytes bounds a header that is passed on.
const maxInputBytes = 4 << 10

// Each gives the declared headers and claims that the request of ctx has, as they are passed on. Those that no header can hold are left out.
func (in Inputs) Each(ctx context.Context, set func(name, value string)) {
	r, ok := ctx.Value(requestKey{}).(Request)
	if !ok {
		return
	}
	for _, name := range in.Headers {
		if v := r.Header.Get(name); v != "" && validHeaderValue(v) {
			set(name, v)
		}
	}
	for _, claim := range in.Claims {
		if v := r.Claims[claim]; v != "" && validHeaderValue(v) {
			set(textproto.CanonicalMIMEHeaderKey("Caller-"+claim), v)
		}
	}
}

// validHeaderValue says whether v is printable ASCII of a bounded size. Claims come from tokens and may be anything; with a header that
// has more, gRPC would refuse the whole call.
func validHeaderValue(v string) bool {
	for i := range len(v) {
		if v[i] < 0x20 || v[i] > 0x7e {
			return false
		}
	}
	return len(v) <= maxInputBytes
}
