package upstream

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/mainstem/mainstem/platform/fault"
)

// Call says how one call of a service went.
type Call struct {
	Source, Operation string
	Keys              int    // that it asked for; 0 where it asks for none
	Attempts          int    // that were made on the wire
	How               string // it was answered if not by a call of its own: shared, fresh, revalidated or stale
	Start             time.Time
	Duration          time.Duration
	Fault             fault.Code // empty if there was none

	Left      time.Duration // how much time the request had when the call began; 0 where it has no deadline
	Cacheable bool          // whether the answer is one that may be kept
	Tries     []Attempt     // in the order of their beginning
	Decisions []Decision    // of policies, in their order
	Breaker   string        // when it was asked last: closed, open or half-open; empty if there is none, or it was not asked
	Turn      *Turn         // the longest wait for the source's limit; nil if none was necessary
}

// Attempt says how a call went on the wire once.
type Attempt struct {
	Start     time.Time
	Duration  time.Duration
	Hedge     bool       // whether it was made beside one that was slow
	Status    string     // as HTTP or gRPC have it; empty if none came
	Fault     fault.Code // empty if there was none
	Abandoned bool       // whether nobody waits for it any more, such as for the slower one of two
}

// Decision is what a policy did with a call: retry, hedge, refuse (its limit and its queue are full), budget (there are no retries left), late (a
// retry would come too late), or stale.
type Decision struct {
	Action string
	At     time.Time
}

// Turn says how a call came to its turn under the source's limit.
type Turn struct {
	Limit   int   // how many may be under way
	Queue   int64 // how many others waited
	Waited  time.Duration
	Refused bool // whether it got none
}

// WithCalls gives a context whose calls are reported to note when they have ended, by the goroutines that make them.
func WithCalls(ctx context.Context, note func(Call)) context.Context {
	return withTerms(ctx, func(t *terms) { t.calls = note })
}

// report reports a call that has begun at start.
func (b *base) report(ctx context.Context, r *request, note func(Call), start time.Time, took time.Duration, f *fault.Error) {
	c := Call{
		Source: b.Name, Operation: r.operation, Attempts: int(r.attempts.Load()), How: string(r.how),
		Start: start, Duration: took, Cacheable: b.cache != nil && r.kind == read && r.key != "",
	}
	if !r.deadline.IsZero() {
		c.Left = max(r.deadline.Sub(start), 0)
	}
	c.Keys, _ = ctx.Value(keysKey{}).(int)
	if f != nil {
		c.Fault = f.Code
	}
	r.record.fill(&c)
	note(c)
}

// record is what a call has gone through so far, for who wants to be told. A nil one, of nearly all calls, keeps nothing.
type record struct {
	mu        sync.Mutex // attempts may run at the same time, and outlast the call
	tries     []*Attempt
	decisions []Decision
	breaker   string
	turn      *Turn
}

// fill puts what is known by now into a call. Attempts that have not ended are of no more use to it.
func (t *record) fill(c *Call) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, a := range t.tries {
		done := *a
		if done.Duration < 0 {
			done.Duration, done.Abandoned = time.Since(a.Start), true
		}
		c.Tries = append(c.Tries, done)
	}
	c.Decisions, c.Breaker, c.Turn = slices.Clone(t.decisions), t.breaker, t.turn
}

type (
	attemptKey struct{} // of the *Attempt that is under way
	hedgeKey   struct{} // of whether an attempt is a second one
)

// begin notes an attempt, which end is to be called of. ctx is for the wire.
func (t *record) begin(ctx context.Context) (context.Context, *Attempt) {
	if t == nil {
		return ctx, nil
	}
	a := &Attempt{Start: time.Now(), Duration: -1}
	a.Hedge, _ = ctx.Value(hedgeKey{}).(bool)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.tries = append(t.tries, a)
	return context.WithValue(ctx, attemptKey{}, a), a
}

// end notes what came of an attempt. abandoned says whether it was ended by us.
func (t *record) end(a *Attempt, f *fault.Error, abandoned bool) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	a.Duration, a.Abandoned = time.Since(a.Start), abandoned
	if f != nil && !abandoned {
		a.Fault = f.Code
	}
}

// answered notes the status that the attempt of a context was answered with.
func (t *record) answered(ctx context.Context, status string) {
	if a, ok := ctx.Value(attemptKey{}).(*Attempt); ok {
		t.mu.Lock()
		defer t.mu.Unlock()
		a.Status = status
	}
}

// asHedge gives the context of a second attempt.
func asHedge(ctx context.Context) context.Context {
	return context.WithValue(ctx, hedgeKey{}, true)
}

// decided notes what a policy does.
func (t *record) decided(action string) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.decisions = append(t.decisions, Decision{Action: action, At: time.Now()})
}

// asked notes the state that a breaker is in.
func (t *record) asked(state string) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.breaker = state
}

// waited notes a wait under a limit.
func (t *record) waited(w Turn) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.turn == nil || w.Refused || w.Waited > t.turn.Waited {
		kept := w // else there would be one on the heap for the nil record too
		t.turn = &kept
	}
}
