package upstream

import (
	"fmt"
	"time"

	"github.com/mainstem/mainstem/platform/config"
)

// Policy is what a source's calls go through, beside its limits of time and size. The zero value is no policy: each call is made once.
// docs/resilience.md says of each setting when to change it.
type Policy struct {
	Share       bool          `yaml:"share" desc:"Whether equal reads in flight are one call. What is equal: the operation, its arguments, and what of the request the source is given."`
	Retry       RetryPolicy   `yaml:"retry" desc:"Calling again after transient faults: reads, and commands with an idempotency key."`
	Hedge       HedgePolicy   `yaml:"hedge" desc:"Calling a second time when a read takes longer than most."`
	Breaker     BreakerPolicy `yaml:"breaker" desc:"Not calling a service that fails most of the time."`
	Concurrency LimitPolicy   `yaml:"concurrency" desc:"How many calls may be under way at once."`
	Cache       CachePolicy   `yaml:"cache" desc:"Keeping answers, as HTTP says how long (RFC 9111)."`
}

// RetryPolicy is when a call is made again. A service's Retry-After or RetryInfo is honoured, and no call is begun that the deadline would
// cut off at once.
type RetryPolicy struct {
	Max     int             `yaml:"max" desc:"How many times a call is made again; 0 for never." jsonschema:"minimum=0,maximum=10"`
	Base    config.Duration `yaml:"base" desc:"What the first wait is drawn from: between nothing and this. Each further one may be twice as long."`
	Longest config.Duration `yaml:"longest" desc:"The longest wait, and the longest that a service is waited for that says when to call again."`
	Budget  float64         `yaml:"budget" desc:"How many retries there may be for each call, in the long run: 0.2 is one for five." jsonschema:"minimum=0,maximum=1"`
	Floor   float64         `yaml:"floor" desc:"How many retries a second there may be, whatever the budget." jsonschema:"minimum=0"`
}

// HedgePolicy is when a read is made a second time while the first is under way. The first answer wins, and the other call is cancelled.
type HedgePolicy struct {
	Enabled  bool    `yaml:"enabled" desc:"Whether slow reads are made a second time."`
	Quantile float64 `yaml:"quantile" desc:"Which part of the reads must be faster for one to be slow." jsonschema:"exclusiveMinimum=0,exclusiveMaximum=1"`
	MinCalls int     `yaml:"minCalls" desc:"How many reads must have been seen before one is slow." jsonschema:"minimum=1"`
	Budget   float64 `yaml:"budget" desc:"Which part of the reads under way may be second ones." jsonschema:"minimum=0,maximum=1"`
}

// BreakerPolicy is when a source is not called at all. Faults of the source count: 5xx and their like, lost connections and timeouts.
type BreakerPolicy struct {
	Enabled      bool            `yaml:"enabled" desc:"Whether there is a breaker."`
	FailureRate  float64         `yaml:"failureRate" desc:"Which part of the calls must fail for the breaker to open." jsonschema:"exclusiveMinimum=0,maximum=1"`
	MinCalls     int             `yaml:"minCalls" desc:"How many calls there must be in the window for the breaker to open." jsonschema:"minimum=1"`
	Window       config.Duration `yaml:"window" desc:"How far back calls count."`
	Delay        config.Duration `yaml:"delay" desc:"How long an open breaker waits before it lets probes through."`
	Probes       int             `yaml:"probes" desc:"How many calls are let through then, all of which must succeed for the breaker to close." jsonschema:"minimum=1"`
	PerOperation bool            `yaml:"perOperation" desc:"Whether each operation of the service has a breaker of its own."`
}

// LimitPolicy is how many calls of a source may be under way at once, over all requests.
type LimitPolicy struct {
	Max      int  `yaml:"max" desc:"How many calls may be under way; 0 for any number." jsonschema:"minimum=0"`
	Queue    int  `yaml:"queue" desc:"How many calls may wait for their turn. More are refused with OVERLOADED." jsonschema:"minimum=0"`
	Adaptive bool `yaml:"adaptive" desc:"Whether the limit follows how fast the service answers; max is then the highest that it may be."`
}

// CachePolicy is what is kept of a source's answers to reads.
type CachePolicy struct {
	Enabled  bool            `yaml:"enabled" desc:"Whether answers are kept."`
	MaxBytes config.Bytes    `yaml:"maxBytes" desc:"How much is kept. What was not asked for in a long time goes first."`
	MaxAge   config.Duration `yaml:"maxAge" desc:"How long an answer is fresh that does not say how long it is, such as all of gRPC. 0 is not at all: it is kept for fields that may be stale."`
	Stale    config.Duration `yaml:"stale" desc:"How long an answer is kept after it was fresh, to be revalidated, and for fields that may be stale."`
}

// DefaultPolicy gives what a source's calls go through unless its settings say otherwise.
func DefaultPolicy() Policy {
	return Policy{
		Share:       true,
		Retry:       RetryPolicy{Max: 2, Base: config.Duration(50 * time.Millisecond), Longest: config.Duration(time.Second), Budget: 0.2, Floor: 2},
		Hedge:       HedgePolicy{Quantile: 0.95, MinCalls: 100, Budget: 0.1},
		Breaker:     BreakerPolicy{Enabled: true, FailureRate: 0.5, MinCalls: 20, Window: config.Duration(10 * time.Second), Delay: config.Duration(5 * time.Second), Probes: 3},
		Concurrency: LimitPolicy{Max: 256, Queue: 4096},
		Cache:       CachePolicy{MaxBytes: 64 << 20, Stale: config.Duration(10 * time.Minute)},
	}
}

// Validate gives config.Problems for settings that no source can have.
func (p Policy) Validate() error {
	var problems config.Problems
	check := func(ok bool, path, format string, args ...any) {
		if !ok {
			problems = append(problems, config.Problem{Path: path, Message: fmt.Sprintf(format, args...)})
		}
	}
	r := p.Retry
	check(r.Max >= 0 && r.Max <= 10, "retry.max", "must be from 0 to 10")
	check(r.Base <= r.Longest, "retry.base", "must not be more than longest, %s", r.Longest)
	check(r.Budget >= 0 && r.Budget <= 1, "retry.budget", "must be from 0 to 1")
	check(r.Floor >= 0 && r.Floor <= maxFloor, "retry.floor", "must be from 0 to %d", maxFloor)
	if h := p.Hedge; h.Enabled {
		check(h.Quantile > 0 && h.Quantile < 1, "hedge.quantile", "must be between 0 and 1, such as 0.95")
		check(h.MinCalls > 0, "hedge.minCalls", "must be 1 or more")
		check(h.Budget > 0 && h.Budget <= 1, "hedge.budget", "must be more than 0, and 1 at most")
	}
	if b := p.Breaker; b.Enabled {
		check(b.FailureRate > 0 && b.FailureRate <= 1, "breaker.failureRate", "must be more than 0, and 1 at most")
		check(b.MinCalls > 0, "breaker.minCalls", "must be 1 or more")
		check(b.Window >= config.Duration(10*time.Millisecond), "breaker.window", "must be 10ms or more")
		check(b.Delay > 0, "breaker.delay", "must be longer than nothing")
		check(b.Probes > 0, "breaker.probes", "must be 1 or more")
	}
	c := p.Concurrency
	check(c.Max >= 0 && c.Max <= maxConcurrency, "concurrency.max", "must be from 0 to %d", maxConcurrency)
	check(c.Queue >= 0 && c.Queue <= maxConcurrency, "concurrency.queue", "must be from 0 to %d", maxConcurrency)
	check(!c.Adaptive || c.Max > 0, "concurrency.max", "must be 1 or more, for adaptive to stay below")
	if p.Cache.Enabled {
		check(p.Cache.MaxBytes > 0, "cache.maxBytes", "must be more than nothing")
	}
	if len(problems) == 0 {
		return nil
	}
	return problems
}

const (
	maxFloor       = 10_000
	maxConcurrency = 1 << 20
)
