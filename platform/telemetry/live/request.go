package live

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"go.opentelemetry.io/otel/trace"

	"github.com/mainstem/mainstem/platform/authn"
)

// Request is what is known of a request while it is answered. A nil one knows nothing. It is safe for concurrent use.
type Request struct {
	id    string
	trace string
	began time.Time
	link  link[*Request]

	mu         sync.Mutex
	client     client
	kind       string // of a stream; empty for a request with one answer
	reason     string // why a stream has ended; of a request with one answer, why that was not wanted
	first      *Operation
	operations int
	events     int
	codes      codes // of what was refused
	known      bool  // whether somebody is signed in
	logged     bool
}

// client is what a client calls itself.
type client struct{ name, version string }

type requestKey struct{}

// The headers by which clients say what they are.
var (
	nameHeaders    = []string{"Apollographql-Client-Name", "Graphql-Client-Name"}
	versionHeaders = []string{"Apollographql-Client-Version", "Graphql-Client-Version"}
)

// WithRequest gives a context of a request that begins, and what is known of it.
func WithRequest(ctx context.Context, id string, header http.Header) (context.Context, *Request) {
	r := &Request{id: id, began: time.Now(), client: clientOf(header)}
	r.link.of = r
	return context.WithValue(ctx, requestKey{}, r), r
}

// Introduce notes what the client of a context's request calls itself, if header says it: clients that can set no headers of requests send them otherwise.
func Introduce(ctx context.Context, header http.Header) {
	r := requestOf(ctx)
	if r == nil {
		return
	}
	if c := clientOf(header); c != (client{}) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.client = c
	}
}

func requestOf(ctx context.Context) *Request {
	r, _ := ctx.Value(requestKey{}).(*Request)
	return r
}

func clientOf(header http.Header) client {
	return client{said(header, nameHeaders), said(header, versionHeaders)}
}

const maxSaid = 64

// said gives what a client says by one of these headers, without what has no place in a name.
func said(header http.Header, names []string) string {
	for _, name := range names {
		values := header[name]
		if len(values) == 0 {
			continue
		}
		value := strings.Map(func(r rune) rune {
			switch {
			case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', strings.ContainsRune(" ._-+/:@()", r):
				return r
			default:
				return -1
			}
		}, values[0][:min(len(values[0]), maxSaid)])
		if value = strings.TrimSpace(value); value != "" {
			return value
		}
	}
	return ""
}

// runs notes that an operation of the request is executed.
func (r *Request) runs(ctx context.Context, op *Operation) {
	if r == nil {
		return
	}
	_, known := authn.From(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known = r.known || known
	if r.trace == "" {
		r.trace = traceOf(ctx)
	}
	r.operations++
	if r.first == nil {
		r.first = op
	}
}

func traceOf(ctx context.Context) string {
	if sc := trace.SpanContextFromContext(ctx); sc.HasTraceID() {
		return sc.TraceID().String()
	}
	return ""
}

// gone is why a request was answered for nobody, as streams have it.
const gone = "the client has gone"

// awaited notes of a request with one answer, once that is there, if nobody waits for it any more.
func (r *Request) awaited(ctx context.Context) {
	if r == nil || !errors.Is(ctx.Err(), context.Canceled) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.kind == "" {
		r.reason = gone
	}
}

// answers counts an answer of an operation.
func (r *Request) answers() {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events++
}

// refuses notes an operation that is not executed.
func (r *Request) refuses(ctx context.Context, op *Operation) {
	if r == nil {
		return
	}
	_, known := authn.From(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known = r.known || known
	for _, code := range op.codes {
		r.codes.addCode(code)
	}
	if r.first == nil && graphql.HasOperationContext(ctx) {
		r.first = op
	}
}

// Refused notes that a request was refused before anybody has read it, with a code.
func Refused(ctx context.Context, code string) {
	if r := requestOf(ctx); r != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.codes.addCode(code)
	}
}

// End notes that a request was answered, and has its line. What still runs for it has one of its own.
func (r *Request) End() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.logged = true
}

// untold says whether an operation of the request needs a line of its own.
func (r *Request) untold() bool {
	if r == nil {
		return true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.logged || r.kind != ""
}

// codes are those of errors, each once, in the order of their names.
type codes []string

const maxCodes = 16

func (c *codes) add(err *gqlerror.Error) {
	code, _ := err.Extensions["code"].(string)
	c.addCode(code)
}

func (c *codes) addCode(code string) {
	if at, known := slices.BinarySearch(*c, code); !known && code != "" && len(*c) < maxCodes {
		*c = slices.Insert(*c, at, code)
	}
}
