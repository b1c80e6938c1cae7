package upstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/upstream/internal/rfc9111"
)

// errNotKept is why a call failed that may not be made.
var errNotKept = errors.New("no answer is kept")

// cached answers reads by what is kept, as long as that is fresh. Then it has the service say whether it is still good, and if the service
// cannot, lets it stand in for an answer where the service has allowed it.
func (b *base) cached(next call) call {
	if !b.Policy.Cache.Enabled {
		return func(ctx context.Context, r *request) (*reply, *fault.Error) {
			if r.kept != nil {
				return nil, fault.Wrap(fault.SourceUnavailable, errNotKept)
			}
			return next(ctx, r)
		}
	}
	c := newCache(b.Policy.Cache, b.Return)
	b.cache = c
	refreshed := b.observed(func(ctx context.Context, r *request) (*reply, *fault.Error) {
		return c.ask(ctx, r, c.get(r.key), readable(next))
	})
	return func(ctx context.Context, r *request) (*reply, *fault.Error) {
		switch {
		case r.kept != nil:
			return c.answerKept(r)
		case r.kind != read:
			defer c.written.Add(1) // what was asked for before may be from before
			return next(ctx, r)
		case r.key == "":
			return next(ctx, r)
		}
		e := c.get(r.key)
		if how := c.atOnce(e); how != "" && !r.fresh {
			r.how = how
			if how == howStale {
				b.refresh(ctx, r, refreshed)
			}
			return e.reply, nil
		}
		answer, f := c.ask(ctx, r, e, next)
		if f == nil || e == nil || r.fresh || !cannotSay(f) || ctx.Err() != nil {
			return answer, f
		}
		age := e.age(c.now())
		if !e.terms.StandsIn(age) {
			return answer, f
		}
		b.note(f)
		b.acted(ctx, r, actStale, "age", age.Truncate(time.Millisecond).String(), "code", string(f.Code))
		r.how = howStale
		return e.reply, nil
	}
}

// atOnce says how an entry answers without a call being waited for: it is fresh, or is to be revalidated after that. It is empty if neither.
func (c *cache) atOnce(e *entry) how {
	if e == nil || e.written != c.written.Load() {
		return ""
	}
	switch age := e.age(c.now()); {
	case e.terms.Fresh(age):
		return howFresh
	case e.terms.FreshEnough(age):
		return howStale
	default:
		return ""
	}
}

// ready says whether the answer to r is kept so that no call is waited for.
func (c *cache) ready(r *request) bool {
	if c == nil {
		return false
	}
	kept, ok := c.entries.GetEntryQuietly(r.key)
	return ok && c.atOnce(kept.Value) != ""
}

// refresh asks the service in the background, unless it is being asked already.
func (b *base) refresh(ctx context.Context, r *request, refreshed call) {
	if _, asked := b.cache.refreshing.LoadOrStore(r.key, nil); asked {
		return
	}
	var from []trace.Link // none if nobody would see it
	if r.recording() {
		from = []trace.Link{{SpanContext: r.span.SpanContext()}}
	}
	begun := b.background.run(ctx, r, func(ctx context.Context, r *request) {
		defer b.cache.refreshing.Delete(r.key)
		defer func() {
			if p := recover(); p != nil { // nobody else does
				b.Log.ErrorContext(ctx, "revalidating panicked", "source", b.Name, "operation", r.operation, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			}
		}()
		r.attempts = &r.sent // the caller does not wait for them
		ctx, span := b.apart(ctx, "refresh "+b.Name, from)
		defer span.End()
		_, _ = refreshed(ctx, r)
	})
	if !begun {
		b.cache.refreshing.Delete(r.key)
	}
}

// readable fails for answers that are no JSON: in the background nobody else reads them before they take the place of what is kept.
func readable(next call) call {
	return func(ctx context.Context, r *request) (*reply, *fault.Error) {
		answer, f := next(ctx, r)
		if f == nil && r.http != nil && answer.body != "" && !json.Valid([]byte(answer.body)) {
			return nil, Violation("the answer is not JSON")
		}
		return answer, f
	}
}

// answerKept answers a call that may not be made. What is no read has no key.
func (c *cache) answerKept(r *request) (*reply, *fault.Error) {
	if e := c.get(r.key); e != nil {
		if age := e.age(c.now()); age <= r.kept.maxAge {
			r.kept.note(age)
			r.how = howStale
			return e.reply, nil
		}
	}
	return nil, fault.Wrap(fault.SourceUnavailable, errNotKept)
}

// ask calls the service and keeps what it says. What is kept already is sent along to be confirmed, if it can be.
func (c *cache) ask(ctx context.Context, r *request, e *entry, next call) (*reply, *fault.Error) {
	asked := entry{requested: c.now(), written: c.written.Load()}
	var conditions http.Header
	if e != nil {
		conditions = rfc9111.Conditions(e.header)
	}
	answer, f := conditionally(ctx, r, conditions, next)
	asked.received = c.now()
	switch {
	case f != nil:
		if gone(f) {
			c.drop(r.key, asked.requested)
		}
		return answer, f
	case conditions == nil || answer.status != http.StatusNotModified:
		c.keep(r, asked, answer)
		return answer, nil
	case !rfc9111.Confirms(e.header, answer.header): // it speaks of something that is not kept
		c.drop(r.key, asked.requested)
		return c.ask(ctx, r, nil, next)
	default:
		r.how = howRevalidated
		confirmed := *e.reply
		confirmed.header = rfc9111.Updated(e.header, answer.header, c.returned)
		c.keep(r, asked, &confirmed)
		return &confirmed, nil
	}
}

// conditionally makes a call with conditions. The request has them that it is made by, and not r, which may be sent without them next: of two
// calls at once, one may go on when the other has answered.
func conditionally(ctx context.Context, r *request, conditions http.Header, next call) (*reply, *fault.Error) {
	if conditions == nil {
		return next(ctx, r)
	}
	own := r.copy()
	own.conditions = conditions
	return next(ctx, own)
}

// cannotSay says whether a call failed so that the service has not said anything about what was asked for.
func cannotSay(f *fault.Error) bool {
	switch f.Code {
	case fault.SourceUnavailable, fault.SourceTimeout, fault.SourceFailed, fault.DeadlineExceeded, fault.Overloaded, fault.RateLimited:
		return true
	default:
		return false
	}
}

// gone says whether a service has refused what it once gave: it is not there any more, or not for this caller.
func gone(f *fault.Error) bool {
	switch f.Code {
	case fault.NotFound, fault.Forbidden, fault.Unauthenticated:
		return true
	default:
		return false
	}
}
