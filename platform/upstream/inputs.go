package upstream

import (
	"context"
	"fmt"
	"net/http"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Inputs declares what of a client's request a source is given. It receives nothing else of it, so its answers depend on nothing
// else: these inputs are what shared and cached answers are keyed by.
type Inputs struct {
	Headers []string // passed on under their own names, such as "Accept-Language"
	Claims  []string // passed on as "Caller-" and the claim's name: "sub" as "Caller-Sub"
}

// secretHeaders are headers that no source may declare: what they hold opens other doors too.
var secretHeaders = []string{"Authorization", "Proxy-Authorization", "Cookie"}

// callsOwn are headers that each call has of its own, or that are of its connection. No client may say them.
var callsOwn = []string{
	"Accept", "Accept-Encoding", "Connection", "Content-Encoding", "Content-Length", "Content-Type", "Expect", "Host", "Idempotency-Key", "If-Match", "If-Modified-Since",
	"If-None-Match", "If-Range", "If-Unmodified-Since", "Keep-Alive", "Range", "Te", "Trailer", "Traceparent", "Tracestate", "Transfer-Encoding", "Upgrade", timeoutHeader,
}

// CheckForwarded says of a header's name whether a source may be given it of a client's request.
func CheckForwarded(name string) error {
	switch canonical := http.CanonicalHeaderKey(name); {
	case strings.HasPrefix(canonical, "Caller-"):
		return fmt.Errorf("the header %s must not be passed on: a client could say that it is anybody", name)
	case slices.Contains(secretHeaders, canonical):
		return fmt.Errorf("the header %s must not be passed on: declare claims in its place", name)
	case slices.Contains(callsOwn, canonical) || strings.HasPrefix(canonical, "Grpc-"):
		return fmt.Errorf("the header %s must not be passed on: each call has its own", name)
	}
	return checkHeaderName(name)
}

// check fails for headers that must not be passed on.
func (in Inputs) check() error {
	for _, name := range in.Headers {
		if err := CheckForwarded(name); err != nil {
			return err
		}
	}
	return nil
}

// Request is what calls know of the client's request that they are made for.
type Request struct {
	Header  http.Header       // of which sources pass on what they declare
	Claims  map[string]string // the verified claims: "iss" and "sub"
	Reserve time.Duration     // how long before the request's deadline calls end, so that an answer can be written
	Fresh   bool              // whether nothing is to be answered by what is kept or what others have asked for

	// Baggage is what calls carry as such, as W3C has it written. Equal calls under way are one, and answers are kept, whatever their baggage is: no answer may
	// depend on it.
	Baggage string
}

// WithRequest gives a context whose calls pass on what their sources declare of r.
func WithRequest(ctx context.Context, r Request) context.Context {
	return withTerms(ctx, func(t *terms) { t.client = &r })
}

// RequestOf gives what calls know of the client's request; nothing if the context has none.
func RequestOf(ctx context.Context) Request {
	return *termsOf(ctx).client
}

// maxInputBytes bounds a header that is passed on.
const maxInputBytes = 4 << 10

// Each gives the declared headers and claims that the request of ctx has, as they are passed on. Those that no header can hold are left out.
func (in Inputs) Each(ctx context.Context, set func(name, value string)) {
	in.each(termsOf(ctx).client, set)
}

func (in Inputs) each(r *Request, set func(name, value string)) {
	for _, name := range in.Headers {
		if v := r.Header.Get(name); v != "" && validHeaderValue(v) {
			set(name, v)
		}
	}
	for _, claim := range in.Claims {
		if v := r.Claims[claim]; v != "" && validHeaderValue(v) {
			set(claimHeader(claim), v)
		}
	}
}

// claimHeader gives the header that a claim is passed on by.
func claimHeader(claim string) string {
	switch claim { // those that there nearly always are
	case "sub":
		return "Caller-Sub"
	case "iss":
		return "Caller-Iss"
	}
	return textproto.CanonicalMIMEHeaderKey("Caller-" + claim)
}

// take begins a call with what it has of the client's request: its deadline, and what the source declares, which set passes on. With the latter
// key becomes the call's, if it is not empty. A subject without its issuer says nothing: who declares one has both in the key.
func (b *base) take(ctx context.Context, t *terms, r *request, key []byte, set func(name, value string)) {
	r.terms, r.attempts = t, &r.sent
	client := t.client
	if deadline, ok := ctx.Deadline(); ok {
		r.deadline = deadline.Add(-client.Reserve)
		if r.kind != read {
			r.begin = r.deadline
		}
	}
	r.fresh, r.kept, r.baggage = client.Fresh, t.kept, client.Baggage
	keyed := len(key) > 0
	b.inputs.each(client, func(name, value string) {
		set(name, value)
		if keyed {
			key = append(append(append(append(key, 0), name...), ':'), value...)
		}
	})
	if !keyed {
		return
	}
	if sub := client.Claims["sub"]; sub != "" && validHeaderValue(sub) && slices.Contains(b.inputs.Claims, "sub") {
		r.personal = true
		key = strconv.AppendQuote(append(key, 0), client.Claims["iss"])
	}
	r.key = string(append(append(key, 0, 0), r.message...)) // two zeros are nowhere before it: whatever its bytes are, none of them is an input
}

// validHeaderValue says whether v is printable ASCII of a bounded size, without spaces around. Claims come from tokens and may be anything; with
// a header that has more, gRPC would refuse the whole call, and HTTP leaves spaces out: "ann " would be taken for "ann".
func validHeaderValue(v string) bool {
	for i := range len(v) {
		if v[i] < 0x20 || v[i] > 0x7e {
			return false
		}
	}
	return len(v) <= maxInputBytes && strings.Trim(v, " ") == v
}
