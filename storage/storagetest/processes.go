package storagetest

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/dbos-inc/dbos-transact-golang/dbos"

	"github.com/mainstem/mainstem/storage"
)

// settle waits until the connection that hears of other processes has been made, which wakes everybody once.
func settle(t *testing.T, s *storage.Store) {
	t.Helper()
	wake, stop := s.Watch("settled")
	defer stop()
	for range 2 { // the first may come of that; the second does not
		inTx(t, s, func(tx storage.Tx) error { return s.Notify(t.Context(), tx, "settled") })
		mustWake(t, wake)
	}
}

func signalsComeAtCommit(t *testing.T, s *storage.Store) {
	ctx := t.Context()
	settle(t, s)
	wake, stop := s.Watch("a", "b")
	defer stop()
	asleep := func() {
		t.Helper()
		select {
		case <-wake:
			t.Error("woken for nothing")
		default:
		}
	}
	inTx(t, s, func(tx storage.Tx) error { return s.Notify(ctx, tx, "c") })
	inTx(t, s, func(tx storage.Tx) error { return s.Notify(ctx, tx) })
	asleep()
	inTx(t, s, func(tx storage.Tx) error {
		if err := s.Notify(ctx, tx, "c", "b"); err != nil {
			return err
		}
		asleep()
		return nil
	})
	mustWake(t, wake)
	err := s.InTx(ctx, func(tx storage.Tx) error {
		return errors.Join(s.Notify(ctx, tx, "a"), s.Append(ctx, tx, []storage.Event{event("a")}), errOnPurpose)
	})
	if !errors.Is(err, errOnPurpose) {
		t.Error(err)
	}
	asleep()
	inTx(t, s, func(tx storage.Tx) error { return s.Append(ctx, tx, []storage.Event{event("c"), event("a")}) })
	mustWake(t, wake)

	create(t, s, workflow("w-1"), event(storage.WorkflowTopic("w-1")))
	mine, stopMine := s.Watch(storage.WorkflowTopic("w-1"))
	defer stopMine()
	if err := s.RequestCancel(ctx, "w-1"); err != nil {
		t.Fatal(err)
	}
	mustWake(t, mine)
	if !read(t, s, "w-1").CancelRequested {
		t.Error("the request is not there")
	}
}

func signalsCoalesce(t *testing.T, s *storage.Store) {
	settle(t, s)
	wake, stop := s.Watch("a", "b")
	other, stopOther := s.Watch("b")
	defer stopOther()
	s.Notified("c")
	s.Notified("a", "b", "a")
	s.Notified("b")
	mustWake(t, wake)
	mustWake(t, other)
	select {
	case <-wake:
		t.Error("there were two")
	case <-other:
		t.Error("there were two")
	default:
	}
	stop()
	stop()
	s.Notified("a", "b")
	mustWake(t, other)
	select {
	case <-wake:
		t.Error("woken after it had stopped")
	default:
	}
}

// adopted calls Expired and gives whom it adopts.
func adopted(t *testing.T, s *storage.Store, self string, fail error) []string {
	t.Helper()
	var executors []string
	err := s.Expired(t.Context(), self, func(_ context.Context, executor string) error {
		executors = append(executors, executor)
		return fail
	})
	if !errors.Is(err, fail) {
		t.Errorf("got %v", err)
	}
	return executors
}

func leasesEnd(t *testing.T, s *storage.Store) {
	renew := func(executor string, ttl time.Duration) {
		t.Helper()
		if err := s.Renew(t.Context(), executor, ttl); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(fail error, want ...string) {
		t.Helper()
		if got := adopted(t, s, "self", fail); !slices.Equal(got, want) {
			t.Errorf("adopted %v", got)
		}
	}
	renew("self", -time.Hour)
	renew("dead", -time.Microsecond)
	renew("late", time.Hour)
	renew("late", -time.Hour)
	expect(errOnPurpose, "dead", "late") // and nobody is forgotten
	expect(nil, "dead", "late")
	expect(nil)

	renew("dead", -time.Hour) // it lives again, and dies again
	expect(nil, "dead")

	renew("left", time.Hour)
	if s.Shared() {
		expect(nil)
	}
	if err := s.Release(t.Context(), "left"); err != nil {
		t.Fatal(err)
	}
	expect(nil, "left")
	if err := s.Release(t.Context(), "left"); err != nil {
		t.Errorf("releasing what is gone: %v", err)
	}
	expect(nil)
	if got := adopted(t, s, "other", nil); !slices.Equal(got, []string{"self"}) {
		t.Errorf("another adopted %v", got)
	}
}

func orphansAreAdopted(t *testing.T, s *storage.Store) {
	if !s.Shared() {
		return // there is one executor
	}
	if err := s.Renew(t.Context(), "alive", time.Hour); err != nil {
		t.Fatal(err)
	}
	for _, executor := range []string{"self", "alive", "orphan", "orphan", "over", "operator:alive"} {
		w := storage.Workflow{ID: rand.Text(), Kind: "order", Key: rand.Text(), Executor: executor, State: storage.Running, CreatedAt: time.Now()}
		create(t, s, w)
		if executor != "over" {
			continue
		}
		w.State, w.EndedAt = storage.Completed, time.Now()
		inTx(t, s, func(tx storage.Tx) error { return s.SaveWorkflow(t.Context(), tx, &w) })
	}
	if got := adopted(t, s, "self", errOnPurpose); !slices.Equal(got, []string{"orphan"}) {
		t.Errorf("adopted %v", got)
	}
	got, err := s.Executors(t.Context())
	if slices.Sort(got); !slices.Equal(got, []string{"alive", "orphan"}) || err != nil {
		t.Errorf("the executors are %v, %v", got, err)
	}
}

func adoptionsAreExclusive(t *testing.T, s *storage.Store) {
	const executors = 5
	for i := range executors {
		if err := s.Renew(t.Context(), string(rune('a'+i)), -time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	var mu sync.Mutex
	var all []string
	var running sync.WaitGroup
	for range 4 {
		running.Go(func() {
			err := s.Expired(t.Context(), "self", func(ctx context.Context, executor string) error {
				mu.Lock()
				all = append(all, executor)
				mu.Unlock()
				return s.Renew(ctx, "self", time.Hour) // the store can be used meanwhile
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	running.Wait()
	slices.Sort(all)
	if want := []string{"a", "b", "c", "d", "e"}; !slices.Equal(all, want) {
		t.Errorf("adopted %v", all)
	}
}

// engineWorks runs workflows of the engine on the store: what its transactions write is there as often as they say.
func engineWorks(t *testing.T, s *storage.Store) {
	c := dbos.Config{AppName: "examined", ApplicationVersion: "1", ExecutorID: "executor-1", Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}
	s.Configure(&c)
	engine, err := dbos.NewContext(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	source, err := s.DataSource(engine)
	if err != nil {
		t.Fatal(err)
	}
	const workflows, steps = 20, 3
	work := func(ctx dbos.Context, topic string) (int, error) {
		for step := range steps {
			if _, err := dbos.RunAsStep(ctx, func(context.Context) (int, error) { return step, nil }); err != nil {
				return 0, err
			}
			failed := false
			_, err := dbos.RunAsTransaction(ctx, source, func(ctx context.Context, tx storage.Tx) (int, error) {
				err := s.Append(ctx, tx, []storage.Event{event(topic)})
				if err == nil && !failed {
					failed = true
					err = errOnPurpose // what it has written is undone
				}
				return 0, err
			}, dbos.WithStepMaxRetries(1), dbos.WithStepBaseInterval(time.Millisecond))
			if err != nil {
				return 0, err
			}
		}
		return steps, nil
	}
	dbos.RegisterWorkflow(engine, work)
	if err := dbos.Launch(engine); err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	for i := range workflows {
		running.Go(func() {
			handle, err := dbos.RunWorkflow(engine, work, "topic/"+string(rune('a'+i)))
			if err != nil {
				t.Error(err)
				return
			}
			if got, err := handle.GetResult(); err != nil || got != steps {
				t.Errorf("got %d, %v", got, err)
			}
		})
	}
	running.Wait()
	if err := dbos.Shutdown(engine, patience); err != nil {
		t.Error(err)
	}
	events := allEvents(t, s)
	if len(events) != workflows*steps || events[len(events)-1].Seq != workflows*steps {
		t.Errorf("there are %d events", len(events))
	}
}
