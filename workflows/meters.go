package workflows

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/mainstem/mainstem/platform/telemetry/names"
	"github.com/mainstem/mainstem/storage"
)

// meters measure runs and their steps.
type meters struct {
	started, endedRuns, stuckRuns, retries metric.Int64Counter
	duration                               metric.Float64Histogram

	sets *names.Sets[measured]
	runs []metric.Registration
}

// measured is what runs and steps are told apart by. What does not matter is empty.
type measured struct {
	workflow, step, code string
	state                storage.WorkflowState
}

func newMeters(e *Engine) *meters {
	meter := e.options.Meter
	attributes := func(m measured) []attribute.KeyValue {
		return []attribute.KeyValue{
			names.Workflow.String(m.workflow), names.WorkflowStep.String(m.step), names.ErrorCode.String(m.code), names.WorkflowState.String(string(m.state)),
		}
	}
	return &meters{
		started: names.WorkflowsStarted.Counter(meter), endedRuns: names.WorkflowsEnded.Counter(meter), stuckRuns: names.WorkflowsStuck.Counter(meter),
		retries: names.WorkflowStepRetries.Counter(meter), duration: names.WorkflowStepDuration.Histogram(meter),
		sets: names.NewSets(attributes),
		runs: []metric.Registration{e.store.Observe(names.WorkflowRuns, meter, e.tellRuns), e.store.Observe(names.WorkflowsOldest, meter, e.tellOldest)},
	}
}

// tellRuns tells how many runs are in each state.
func (e *Engine) tellRuns(ctx context.Context, tell names.Tell) error {
	counts, err := e.store.CountWorkflows(ctx)
	if err != nil {
		return err
	}
	for _, state := range []storage.WorkflowState{Running, Undoing, Stuck, Completed, Refused, Failed, Abandoned} {
		tell(float64(counts[state]), names.WorkflowState.String(string(state)))
	}
	return nil
}

// tellOldest tells for how long the oldest run is under way.
func (e *Engine) tellOldest(ctx context.Context, tell names.Tell) error {
	created, err := e.store.OldestWorkflow(ctx, Running, Undoing)
	switch {
	case err != nil:
		return err
	case created.IsZero():
		tell(0)
	default:
		tell(time.Since(created).Seconds())
	}
	return nil
}

// begin has what is counted of a workflow begin with nothing, so that the first of each is seen to be one more.
func (m *meters) begin(workflow string) {
	ctx := context.Background()
	of := m.sets.Of(measured{workflow: workflow}).Add
	m.started.Add(ctx, 0, of...)
	m.stuckRuns.Add(ctx, 0, of...)
	for _, state := range []storage.WorkflowState{Completed, Refused, Failed, Abandoned} {
		m.endedRuns.Add(ctx, 0, m.sets.Of(measured{workflow: workflow, state: state}).Add...)
	}
}

func (m *meters) start(ctx context.Context, workflow string) {
	m.started.Add(ctx, 1, m.sets.Of(measured{workflow: workflow}).Add...)
}

func (m *meters) stuck(ctx context.Context, workflow string) {
	m.stuckRuns.Add(ctx, 1, m.sets.Of(measured{workflow: workflow}).Add...)
}

func (m *meters) ended(ctx context.Context, workflow string, state storage.WorkflowState) {
	m.endedRuns.Add(ctx, 1, m.sets.Of(measured{workflow: workflow, state: state}).Add...)
}

// step measures a step, or its undoing, that was tried.
func (m *meters) step(ctx context.Context, workflow, step string, took time.Duration, attempts int, f *Fault) {
	of := measured{workflow: workflow, step: step}
	m.retries.Add(ctx, int64(max(attempts-1, 0)), m.sets.Of(of).Add...)
	if f != nil {
		of.code = string(f.Code)
	}
	m.duration.Record(ctx, took.Seconds(), m.sets.Of(of).Record...)
}

// stop has nothing observed any more.
func (m *meters) stop() {
	for _, r := range m.runs {
		_ = r.Unregister() // which cannot fail
	}
}
