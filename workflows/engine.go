package workflows

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/dbos-inc/dbos-transact-golang/dbos"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	tracenoop "go.opentelemetry.io/otel/trace/noop"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/storage"
)

// Options are an engine's.
type Options struct {
	Wait       time.Duration // how long Start waits for the end at most
	Retry      Retry         // of a step, and within a round of what has to be done
	Rounds     Retry         // how long what has to be done rests between rounds: First and Max
	StuckAfter int           // in which round what has to be done is stuck; 1 is the first
	Lease      time.Duration // after how long without a sign of life a process's runs are adopted, where several share the storage

	KeepEvents time.Duration // how long events are kept; 0 for ever
	KeepRuns   time.Duration // how long runs are that have ended; 0 for ever

	Log    *slog.Logger
	Tracer trace.Tracer // nil: no spans
	Meter  metric.Meter // nil: no metrics
}

// Defaults gives the options that suit a gateway.
func Defaults() Options {
	return Options{
		Wait:       3 * time.Second,
		Retry:      Retry{Attempts: 6, First: 100 * time.Millisecond, Max: 5 * time.Second, Timeout: 15 * time.Second},
		Rounds:     Retry{First: 5 * time.Second, Max: 10 * time.Minute},
		StuckAfter: 3,
		Lease:      10 * time.Second,
	}
}

// Engine carries out workflows. Make it by New, Add every workflow, then Launch it. It is safe for concurrent use from then on.
type Engine struct {
	store   *storage.Store
	options Options
	id      string // the executor's: this process
	dbos    dbos.Context
	source  *dbos.DataSource

	known    map[string]carrier // by the workflow's name
	declared []Declaration

	mu       sync.Mutex
	starting map[string]bool  // runs that this process is about to start, by their ids
	working  map[string]*work // what this process carries out now, by the run's id

	running sync.WaitGroup // what works in the background
	stop    context.CancelFunc
	meters  *meters
}

// carrier carries a run out.
type carrier = func(dbos.Context, request) error

// application is the name and the version that the engine's rows have. The version stays the same for all builds of the program, so that
// each goes on with what another began.
const (
	application        = "mainstem"
	applicationVersion = "1"
)

// alone is the id of the only executor of a storage that is not shared.
const alone = "alone"

// New makes an engine on a storage, which it does not close. It fails if the storage cannot be reached.
func New(ctx context.Context, store *storage.Store, o Options) (*Engine, error) {
	if o.Tracer == nil {
		o.Tracer = tracenoop.NewTracerProvider().Tracer("")
	}
	if o.Meter == nil {
		o.Meter = noop.NewMeterProvider().Meter("")
	}
	e := &Engine{store: store, options: o, id: alone, known: map[string]carrier{}, starting: map[string]bool{}, working: map[string]*work{}}
	if store.Shared() {
		e.id = "executor-" + strings.ToLower(rand.Text())
	}
	config := dbos.Config{
		AppName: application, ApplicationVersion: applicationVersion, ExecutorID: e.id,
		Logger: slog.New(quiet{o.Log.Handler()}),
	}
	store.Configure(&config)
	var err error
	if e.dbos, err = dbos.NewContext(context.WithoutCancel(ctx), config); err != nil {
		return nil, fmt.Errorf("workflows: %w", err)
	}
	dbos.RegisterWorkflow(e.dbos, e.carryOut, dbos.WithWorkflowName(application))
	if e.source, err = store.DataSource(e.dbos); err != nil {
		return nil, fmt.Errorf("workflows: %w", err)
	}
	e.meters = newMeters(e)
	return e, nil
}

// Launch begins to carry out runs, first those that were under way when the process, or another that shares the storage, died.
func (e *Engine) Launch(ctx context.Context) error {
	if err := e.store.Renew(ctx, e.id, e.options.Lease); err != nil {
		return fmt.Errorf("workflows: %w", err)
	}
	if err := dbos.Launch(e.dbos); err != nil {
		return fmt.Errorf("workflows: %w", err)
	}
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	e.stop = stop
	e.running.Go(func() { e.renew(background) })
	e.running.Go(func() { e.keepAlive(background) })
	return nil
}

// Stop ends the engine. Runs under way stop where they are, and go on when it, or another that shares the storage, is there again. It fails if
// something of it does not end within grace.
func (e *Engine) Stop(grace time.Duration) error {
	if e.stop != nil {
		e.stop()
	}
	err := dbos.Shutdown(e.dbos, grace)
	e.running.Wait()
	e.meters.stop()
	if e.stop != nil {
		ctx, cancel := context.WithTimeout(context.Background(), grace)
		defer cancel()
		err = errors.Join(err, e.leave(ctx))
	}
	if err != nil {
		return fmt.Errorf("workflows: %w", err)
	}
	return nil
}

// Runner starts and finds the runs of one workflow. It is safe for concurrent use.
type Runner[S any] struct {
	engine   *Engine
	workflow *Workflow[S]
}

// Add has the engine carry out a workflow. It must be added before Launch, in every process, for as long as there are runs of it. It panics if
// the declaration is wrong.
func Add[S any](e *Engine, w Workflow[S]) *Runner[S] {
	r := &Runner[S]{engine: e, workflow: &w}
	if err := check(&w); err != nil {
		panic(fmt.Sprintf("the workflow %q: %v", w.Name, err))
	}
	e.known[w.Name], e.declared = r.carryOut, append(e.declared, declarationOf(&w))
	e.meters.begin(w.Name)
	return r
}

// check says what is wrong with a declaration.
func check[S any](w *Workflow[S]) error {
	if len(w.Steps) == 0 {
		return errors.New("it has no steps")
	}
	var zero S
	if _, err := json.Marshal(zero); err != nil {
		return fmt.Errorf("its state cannot be kept: %w", err)
	}
	seen := map[string]bool{}
	for _, s := range w.Steps {
		if s.Do == nil || s.Name == "" || seen[s.Name] || strings.Trim(s.Name, "abcdefghijklmnopqrstuvwxyz-") != "" || len(s.Name) > 24 {
			return fmt.Errorf("the step %q needs a Do, and a name of its own of at most 24 lower case letters and hyphens", s.Name)
		}
		seen[s.Name] = true
		if s.Undo == nil && len(s.UndoCalls) > 0 {
			return fmt.Errorf("the step %q is never undone, and declares what is called for that", s.Name)
		}
	}
	return nil
}

// carryOut is what the engine below runs, and runs again after a crash: for all workflows the same, since it tells functions apart by names
// that generic ones share. A panic, which nothing above would catch, is a defect that the engine below keeps: the run is stuck then.
func (e *Engine) carryOut(ctx dbos.Context, run request) (_ struct{}, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fault.Recover(ctx, p)
		}
	}()
	defer e.work(run.ID)()
	carryOut, ok := e.known[run.Kind]
	if !ok {
		return struct{}{}, fmt.Errorf("this program does not know the workflow %q", run.Kind)
	}
	err = carryOut(ctx, run)
	if errors.Is(err, dbos.ErrConflictingWorkflowID) {
		// Another process carries the run out too, since it took this one for dead. The engine below would wait here until the run ends, and would not
		// carry it out here again meanwhile, even if the other dies.
		runtime.Goexit()
	}
	return struct{}{}, err
}

// work is a run that is carried out here.
type work struct {
	times int    // at once
	step  string // that is under way; "" before the first
	since time.Time
}

// work notes that a run is carried out here, until what it gives is called.
func (e *Engine) work(id string) (done func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	w := e.working[id]
	if w == nil {
		w = &work{}
		e.working[id] = w
	}
	w.times++
	return func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		if w.times--; w.times == 0 {
			delete(e.working, id)
		}
	}
}

// reaches notes that a run that is carried out here has come to a step.
func (e *Engine) reaches(id, step string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	w := e.working[id]
	w.step, w.since = step, time.Now()
}

// at gives the step of a run that is under way here, and since when; "" if that is not known, such as where another process carries it out.
func (e *Engine) at(id string) (step string, since time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if w := e.working[id]; w != nil {
		return w.step, w.since
	}
	return "", time.Time{}
}

// works says whether a run is carried out here.
func (e *Engine) works(id string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.working[id] != nil
}

func (r *Runner[S]) carryOut(ctx dbos.Context, run request) error {
	s := &saga[S]{ctx: ctx, engine: r.engine, workflow: r.workflow, run: run}
	if err := json.Unmarshal(run.Value, &s.value); err != nil {
		return fmt.Errorf("the input of the workflow %s: %w", run.ID, err)
	}
	return s.carryOut()
}

// launch has a run begin whose row is there, and does not wait for it. What fails is tried again when the lease is renewed.
func (e *Engine) launch(w *storage.Workflow) {
	e.mu.Lock()
	begun := e.starting[w.ID]
	e.starting[w.ID] = true
	e.mu.Unlock()
	if begun {
		return
	}
	e.running.Go(func() {
		defer func() {
			e.mu.Lock()
			delete(e.starting, w.ID)
			e.mu.Unlock()
		}()
		run := request{Kind: w.Kind, ID: w.ID, Owner: w.Owner, Trace: w.TraceParent, Baggage: w.Baggage, Value: w.Input}
		_, err := dbos.RunWorkflow(e.dbos, e.carryOut, run, dbos.WithWorkflowID(w.ID))
		if err != nil && !errors.Is(err, context.Canceled) {
			e.options.Log.Error("a workflow could not begin", slog.String("workflow", w.Kind), slog.String("id", w.ID), slog.Any("error", err))
		}
	})
}

// traceparent gives the trace of a client's request as it is kept.
func traceparent(ctx context.Context) string {
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return carrier["traceparent"]
}

// quiet lets through what the engine below warns of; what it says otherwise is not for operators.
type quiet struct{ slog.Handler }

// Enabled says whether a record of the level is logged.
func (q quiet) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && q.Handler.Enabled(ctx, level)
}

// Handle logs a record, unless it tells of what is in order: that a run that is stuck waited, or that the engine was told to stop.
func (q quiet) Handle(ctx context.Context, r slog.Record) error {
	silent := r.Message == "Recv() timeout reached"
	r.Attrs(func(a slog.Attr) bool {
		err, ok := a.Value.Any().(error)
		silent = silent || ok && errors.Is(err, context.Canceled)
		return !silent
	})
	if silent {
		return nil
	}
	return q.Handler.Handle(ctx, r)
}

// WithAttrs gives the handler with attributes.
func (q quiet) WithAttrs(attrs []slog.Attr) slog.Handler { return quiet{q.Handler.WithAttrs(attrs)} }

// WithGroup gives the handler with a group.
func (q quiet) WithGroup(name string) slog.Handler { return quiet{q.Handler.WithGroup(name)} }
