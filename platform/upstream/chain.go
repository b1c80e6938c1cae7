package upstream

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"slices"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/mainstem/mainstem/platform/fault"
)

// request is one call on its way through the policies.
type request struct {
	terms     *terms
	operation string
	kind      kind
	key       string        // of a read: who has the same one may have the same answer; empty if nobody may
	personal  bool          // whether the key says who is calling: issuer and subject
	fresh     bool          // whether the caller wants what the service says now
	kept      *kept         // whether no call is to be made, and how old an answer may be that is kept; nil if one may
	deadline  time.Time     // when an answer is of no more use; zero for never
	begin     time.Time     // when a command is not begun any more; zero for never, and of reads
	sent      atomic.Int32  // how many attempts have reached the wire, its copies' too
	attempts  *atomic.Int32 // sent; of a copy that of the original
	how       how           // it was answered
	replaced  *entry        // what was kept before its answer was
	span      trace.Span    // of the call; nil if it has none
	record    *record       // for who wants to be told of it; nil for nobody
	baggage   string        // that attempts carry

	http       *http.Request // of REST
	conditions http.Header   // of REST: what a cached answer is revalidated by. A 304 is a reply then, and no fault.

	method   string // of gRPC: "/package.Service/Method"
	message  []byte
	metadata metadata.MD
	options  []grpc.CallOption
}

// copy gives a request of its own for what is done beside the call. Its attempts are the call's.
func (r *request) copy() *request {
	return &request{
		terms: r.terms, operation: r.operation, kind: r.kind, key: r.key, personal: r.personal, deadline: r.deadline, begin: r.begin, attempts: r.attempts,
		span: r.span, record: r.record, baggage: r.baggage,
		http: r.http, conditions: r.conditions, method: r.method, message: r.message, metadata: r.metadata, options: r.options,
	}
}

// recording says whether what happens to the call is recorded in its span.
func (r *request) recording() bool { return r.span != nil && r.span.IsRecording() }

// reply is what a service answered. Many may be given the same: it is read only.
type reply struct {
	status  int // of HTTP
	header  http.Header
	body    string
	message []byte // of gRPC
}

// kind is what a call may do to the service.
type kind int

const (
	command      kind = iota // may be done twice if it is sent twice
	keyedCommand             // is done once, however often it is sent
	read                     // does nothing
)

// how says how a call was answered: by a call of its own if empty.
type how string

const (
	howShared      how = "shared"      // by a call that was under way
	howFresh       how = "fresh"       // by what is kept, without a call
	howRevalidated how = "revalidated" // by what is kept, as the service said that it is still good
	howStale       how = "stale"       // by what is kept and is not fresh, without a call or after one that failed
	howAbandoned   how = "abandoned"   // not at all: its caller has gone; for metrics alone
)

// call makes a call, as far as the policies before it have let it through. Beside the fault of a call that the service refused, the reply
// holds what it said.
type call func(ctx context.Context, r *request) (*reply, *fault.Error)

// policy gives a call that goes through one more policy. A policy that is not asked for gives next itself.
type policy func(next call) call

// policies gives what every call goes through. The first sees a call first and what comes of it last.
func (b *base) policies() []policy {
	return []policy{
		b.observed, // first: what is traced, measured and told is what the caller waited for
		b.shared,   // before the cache: whoever asks for what is being fetched or revalidated waits for that
		b.cached,   // outside of everything that is about the wire. It is the fallback too: once all else has failed, what is kept may do
		b.waiting,  // here the caller begins to wait for the service, and batches that he cannot add to may leave
		b.retried,  // outside of breaker and limit: each attempt asks them anew, and while it waits for the next, no permit is held
		b.hedged,   // inside of retries: a read and its double are one attempt
		b.broken,   // before the limit: an open breaker answers at once, and takes nobody's place in the queue
		b.limited,  // outside of the timeout: to wait for one's turn is not the service's slowness
	}
}

// through gives what a call goes through before it is on the wire, the attempt's timeout last. A command whose time is over goes nowhere.
func (b *base) through(wire func(ctx context.Context, r *request) (*reply, error)) call {
	next := b.timed(wire)
	for _, p := range slices.Backward(b.policies()) {
		next = p(next)
	}
	return func(ctx context.Context, r *request) (*reply, *fault.Error) {
		if r.late() {
			return nil, fault.Wrap(fault.DeadlineExceeded, errLate).At(b.Name, r.operation)
		}
		return next(ctx, r)
	}
}

// errLate is why a command was not begun.
var errLate = errors.New("its time was over before it began")

// late says whether a command is not to be begun any more: its caller has been told so.
func (r *request) late() bool { return !r.begin.IsZero() && !time.Now().Before(r.begin) }

// unreturned gives the fault of a call that does not return: it panics, or ends its goroutine.
func unreturned() *fault.Error {
	return fault.Wrap(fault.Internal, errors.New("the call did not return"))
}

// panicked gives the fault of a call that has panicked in a goroutine of ours, which has nobody else to recover it.
func panicked(with any) *fault.Error {
	return fault.Wrap(fault.Internal, fmt.Errorf("panic: %v\n%s", with, debug.Stack()))
}
