package server

import (
	"context"
	"errors"
	"time"

	"github.com/mainstem/mainstem/platform/config"
	"github.com/mainstem/mainstem/storage"
	"github.com/mainstem/mainstem/workflows"
)

// WorkflowsConfig is how operations that change several services are carried out. docs/workflows.md says more.
type WorkflowsConfig struct {
	Wait       config.Duration `yaml:"wait" desc:"How long a mutation waits for its workflow's end, at most; then it answers PENDING, and the workflow goes on."`
	Retry      RetryConfig     `yaml:"retry" desc:"How often a step is tried while its service fails, before the workflow turns back; in a round, if the step has to be done."`
	Rounds     RoundsConfig    `yaml:"rounds" desc:"How long what has to be done or undone rests between rounds."`
	StuckAfter int             `yaml:"stuckAfter" desc:"After how many rounds a workflow is stuck, and an operator is told. It is tried all the same."`
	Lease      config.Duration `yaml:"lease" desc:"After how long without a sign of life the workflows of a gateway are adopted by others that share its storage."`
}

// RetryConfig is how often a step is tried.
type RetryConfig struct {
	Attempts int             `yaml:"attempts" desc:"How often, at most."`
	First    config.Duration `yaml:"first" desc:"How long after the first attempt the second is; the next are twice as far apart each time."`
	Max      config.Duration `yaml:"max" desc:"The longest time between two."`
	Timeout  config.Duration `yaml:"timeout" desc:"How long one attempt may take, with all that the source's own policy does in it."`
}

// RoundsConfig is how long what has to be done rests between rounds.
type RoundsConfig struct {
	First config.Duration `yaml:"first" desc:"After the first; the next are twice as far apart each time."`
	Max   config.Duration `yaml:"max" desc:"The longest time between two."`
}

func defaultWorkflows() WorkflowsConfig {
	o := workflows.Defaults()
	return WorkflowsConfig{
		Wait: config.Duration(o.Wait),
		Retry: RetryConfig{
			Attempts: o.Retry.Attempts, First: config.Duration(o.Retry.First), Max: config.Duration(o.Retry.Max), Timeout: config.Duration(o.Retry.Timeout),
		},
		Rounds:     RoundsConfig{First: config.Duration(o.Rounds.First), Max: config.Duration(o.Rounds.Max)},
		StuckAfter: o.StuckAfter,
		Lease:      config.Duration(o.Lease),
	}
}

// Validate gives config.Problems for settings that no engine can have.
func (c WorkflowsConfig) Validate() error {
	var wrong problems
	wrong.check(c.Wait >= 0, "wait", "must not be less than nothing")
	wrong.check(c.Retry.Attempts >= 1, "retry.attempts", "must be 1 or more")
	wrong.check(c.Retry.First > 0, "retry.first", "must be longer than nothing")
	wrong.check(c.Retry.Max >= c.Retry.First, "retry.max", "must not be shorter than retry.first")
	wrong.check(c.Retry.Timeout > 0, "retry.timeout", "must be longer than nothing")
	wrong.check(c.Rounds.First > 0, "rounds.first", "must be longer than nothing")
	wrong.check(c.Rounds.Max >= c.Rounds.First, "rounds.max", "must not be shorter than rounds.first")
	wrong.check(c.StuckAfter >= 1, "stuckAfter", "must be 1 or more")
	wrong.check(c.Lease >= config.Duration(time.Second), "lease", "must be 1s or more")
	return wrong.err()
}

// openStorage opens what the gateway remembers, and makes the engine of its workflows.
func (s *Server) openStorage(ctx context.Context) (err error) {
	if s.store, err = storage.Open(ctx, s.config.Storage, s.log); err != nil {
		return err
	}
	if meter := s.tracing.Meter(scope); meter != nil {
		s.store.Measure(meter) //nolint:contextcheck // what is measured is read later
	}
	c, kept := s.config.Workflows, s.config.Storage.Retention
	s.engine, err = workflows.New(ctx, s.store, workflows.Options{
		Wait: c.Wait.Std(),
		Retry: workflows.Retry{
			Attempts: c.Retry.Attempts, First: c.Retry.First.Std(), Max: c.Retry.Max.Std(), Timeout: c.Retry.Timeout.Std(),
		},
		Rounds:     workflows.Retry{First: c.Rounds.First.Std(), Max: c.Rounds.Max.Std()},
		StuckAfter: c.StuckAfter, Lease: c.Lease.Std(), KeepEvents: kept.Events.Std(), KeepRuns: kept.Workflows.Std(),
		Log: s.log, Tracer: s.tracing.Tracer(scope), Meter: s.tracing.Meter(scope),
	})
	return err
}

// stopping is how long the engine has to stop where no time is given.
const stopping = 5 * time.Second

// closeStorage stops workflows where they are, and closes what they are kept in.
func (s *Server) closeStorage(ctx context.Context) error {
	grace := stopping
	if deadline, ok := ctx.Deadline(); ok {
		grace = max(time.Until(deadline), time.Second)
	}
	var errs []error
	if s.engine != nil {
		errs = append(errs, s.engine.Stop(grace)) //nolint:contextcheck // it has grace instead
	}
	if s.store != nil {
		errs = append(errs, s.store.Close())
	}
	return errors.Join(errs...)
}
