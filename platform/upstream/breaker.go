package upstream

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"

	"github.com/mainstem/mainstem/platform/fault"
)

// errOpen is why a call was not made that a breaker has stopped.
var errOpen = errors.New("the circuit breaker is open")

// breaker is failsafe-go's: it counts what we tell it.
type breaker struct {
	circuitbreaker.CircuitBreaker[any]
	telling sync.Mutex // whoever hears that it has opened reads what it counts
}

// breakers are the breakers of a source: one, or one for each operation that was called.
type breakers struct {
	policy  BreakerPolicy
	changed func(operation string, e circuitbreaker.StateChangedEvent)

	mu  sync.RWMutex
	all map[string]*breaker // by operation; "" is the whole source's
}

// broken makes no call while the breaker is open. Once it has been open for long enough, a few calls are let through as probes.
func (b *base) broken(next call) call {
	if !b.Policy.Breaker.Enabled {
		return next
	}
	return func(ctx context.Context, r *request) (*reply, *fault.Error) {
		breaker := b.breakers.of(r.operation)
		if !breaker.TryAcquirePermit() {
			asked(r, circuitbreaker.OpenState)
			return nil, refusalOf(breaker)
		}
		if breaker.IsHalfOpen() {
			asked(r, circuitbreaker.HalfOpenState)
			// A probe is everybody's: it is not to be cut off because its caller has little time, or goes.
			return b.background.apart(ctx, r, func(ctx context.Context, r *request) (*reply, *fault.Error) {
				return counted(ctx, r, next, breaker, true)
			})
		}
		asked(r, circuitbreaker.ClosedState)
		return counted(ctx, r, next, breaker, false)
	}
}

// refusalOf gives the fault of a call that a breaker has stopped.
func refusalOf(b *breaker) *fault.Error {
	f := fault.Wrap(fault.SourceUnavailable, errOpen)
	f.RetryAfter = max(b.RemainingDelay(), time.Second)
	return f
}

// refusal gives the fault of a call that asks for no permit, if the operation's breaker is open; else nil.
func (s *breakers) refusal(operation string) *fault.Error {
	if !s.policy.Enabled {
		return nil
	}
	if b := s.of(operation); b.IsOpen() && b.RemainingDelay() > 0 {
		return refusalOf(b)
	}
	return nil
}

// counted makes a call and tells the breaker how it went.
func counted(ctx context.Context, r *request, next call, b *breaker, probe bool) (answer *reply, f *fault.Error) {
	healthy, known := false, false // unless next returns
	defer func() { b.tell(healthy, known, probe) }()
	answer, f = next(ctx, r)
	healthy, known = health(f)
	return answer, f
}

// tell tells the breaker how a call went. What says nothing of the service is not told, except of a probe: its permit comes back with what is
// told. While there are probes, nothing else is: calls that were begun before it opened show how the service was then.
func (b *breaker) tell(healthy, known, probe bool) {
	b.telling.Lock()
	defer b.telling.Unlock()
	switch {
	case !probe && (!known || b.IsHalfOpen()):
	case healthy:
		b.RecordSuccess()
	default:
		b.RecordFailure()
	}
}

// health says whether the outcome of a call shows a healthy service or a sick one, or is not known to show either. A service that
// refuses a call works.
func health(f *fault.Error) (healthy, known bool) {
	if f == nil {
		return true, true
	}
	switch f.Code {
	case fault.SourceUnavailable, fault.SourceTimeout, fault.SourceFailed:
		return false, true
	case fault.DeadlineExceeded:
		return false, errors.Is(f, errSlow)
	case fault.Overloaded, fault.Internal:
		return false, false
	default:
		return true, true
	}
}

// of gives the breaker of an operation.
func (s *breakers) of(operation string) *breaker {
	if !s.policy.PerOperation {
		operation = ""
	}
	s.mu.RLock()
	found := s.all[operation]
	s.mu.RUnlock()
	if found != nil {
		return found
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all[operation] == nil {
		if s.all == nil {
			s.all = map[string]*breaker{}
		}
		s.all[operation] = s.make(operation)
	}
	return s.all[operation]
}

func (s *breakers) make(operation string) *breaker {
	p := s.policy
	return &breaker{CircuitBreaker: circuitbreaker.NewBuilder[any]().
		WithFailureRateThreshold(p.FailureRate, uint(p.MinCalls), p.Window.Std()).
		WithSuccessThreshold(uint(p.Probes)).
		WithDelay(p.Delay.Std()).
		OnStateChanged(func(e circuitbreaker.StateChangedEvent) { s.changed(operation, e) }).
		Build()}
}

// states gives the state of each breaker by operation, "" for the whole source's.
func (s *breakers) states() map[string]circuitbreaker.State {
	s.mu.RLock()
	all := maps.Clone(s.all)
	s.mu.RUnlock()
	states := make(map[string]circuitbreaker.State, len(all))
	for operation, b := range all {
		states[operation] = b.State()
	}
	return states
}

// worst gives the state of the breaker that lets the fewest calls through.
func (s *breakers) worst() circuitbreaker.State {
	worst := circuitbreaker.ClosedState
	for _, state := range s.states() {
		if state == circuitbreaker.OpenState || worst == circuitbreaker.ClosedState {
			worst = state
		}
	}
	return worst
}
