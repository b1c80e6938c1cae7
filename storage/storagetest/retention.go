package storagetest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/mainstem/mainstem/storage"
)

func eventsStay(t *testing.T, s *storage.Store) {
	old := event("old")
	old.At = time.Now().Add(-48 * time.Hour)
	add(t, s, old, event("young"))
	before := allEvents(t, s)

	events, position := table(s, "events"), table(s, "event_position")
	refused := map[string]string{
		"changed":                "UPDATE " + events + " SET kind = 'other' WHERE seq = 2",
		"changed, and old":       "UPDATE " + events + " SET kind = 'other' WHERE seq = 1",
		"made older":             "UPDATE " + events + " SET at = 1",
		"deleted":                "DELETE FROM " + events + " WHERE seq = 2",
		"deleted with old ones":  "DELETE FROM " + events,
		"numbered anew":          "UPDATE " + position + " SET seq = 0",
		"without a number":       "DELETE FROM " + position,
		"changed when added":     "INSERT INTO " + events + " SELECT * FROM " + events + " WHERE seq = 2",
		"changed by an upsert":   "INSERT INTO " + events + " SELECT * FROM " + events + " WHERE seq = 2 ON CONFLICT (seq) DO UPDATE SET kind = 'other'",
		"another row of numbers": "INSERT INTO " + position + " (one, seq) VALUES (2, 0)",
	}
	if s.Shared() {
		refused["cleared"] = "TRUNCATE " + events
		refused["cleared of numbers"] = "TRUNCATE " + position
	} else {
		refused["replaced"] = "INSERT OR REPLACE INTO " + events + " SELECT seq, at, 'other', topic, actor_issuer, actor_subject, trace_id, version, payload FROM " + events + " WHERE seq = 2"
		refused["replaced by REPLACE"] = "REPLACE INTO " + events + " SELECT seq, at, 'other', topic, actor_issuer, actor_subject, trace_id, version, payload FROM " + events + " WHERE seq = 1"
		refused["changed or replaced"] = "UPDATE OR REPLACE " + events + " SET seq = 1 WHERE seq = 2"
	}
	for reason, statement := range refused {
		err := s.InTx(t.Context(), func(tx storage.Tx) error {
			_, err := tx.Exec(t.Context(), statement)
			return err
		})
		if err == nil {
			t.Errorf("%s: the database let it be", reason)
		}
	}
	if after := allEvents(t, s); !slices.EqualFunc(before, after, sameEvent) {
		t.Errorf("got %+v", after)
	}
	if n, err := s.Prune(t.Context(), time.Now()); err == nil {
		t.Errorf("%d events were deleted, young ones among them", n)
	}
}

func sameEvent(a, b storage.Event) bool {
	return a.Seq == b.Seq && a.At.Equal(b.At) && a.Kind == b.Kind && a.Topic == b.Topic && string(a.Payload) == string(b.Payload)
}

func oldEventsGo(t *testing.T, s *storage.Store) {
	const days = 24 * time.Hour
	at := func(age time.Duration, n int) []storage.Event {
		events := make([]storage.Event, n)
		for i := range events {
			events[i] = event("a")
			events[i].At = time.Now().Add(-age)
		}
		return events
	}
	add(t, s, at(30*days, 1200)...) // more than one transaction deletes
	add(t, s, at(20*days, 10)...)
	add(t, s, at(30*days, 5)...) // a clock that went wrong
	add(t, s, at(0, 1)...)

	steps := []struct {
		age   time.Duration
		gone  int64
		first int64
	}{{40 * days, 0, 1}, {25 * days, 1200, 1201}, {25 * days, 0, 1201}, {10 * days, 15, 1216}, {2 * days, 0, 1216}}
	for _, step := range steps {
		gone, err := s.Prune(t.Context(), time.Now().Add(-step.age))
		if err != nil || gone != step.gone {
			t.Errorf("%v: %d went, and not %d; %v", step.age, gone, step.gone, err)
		}
		if events := allEvents(t, s); len(events) == 0 || events[0].Seq != step.first {
			t.Errorf("%v: %d are left", step.age, len(events))
		}
	}
	add(t, s, event("b"))
	if events := allEvents(t, s); events[len(events)-1].Seq != 1217 {
		t.Error("numbers began anew")
	}
}

func exportsBegin(t *testing.T, s *storage.Store) {
	start := time.Now().Add(-100 * time.Hour).Truncate(time.Microsecond)
	for i := range 450 {
		e := event("a")
		e.At = start.Add(time.Duration(i) * time.Minute)
		add(t, s, e)
	}
	cases := map[string]struct {
		since time.Time
		first int64
		n     int
	}{
		"before everything": {start.Add(-time.Hour), 1, 450},
		"at an event":       {start.Add(100 * time.Minute), 101, 350},
		"between events":    {start.Add(100*time.Minute + time.Second), 102, 349},
		"after everything":  {start.Add(500 * time.Minute), 0, 0},
		"ever":              {time.Time{}, 1, 450},
	}
	for reason, c := range cases {
		var first int64
		n := 0
		for e, err := range s.Export(t.Context(), c.since) {
			if err != nil {
				t.Fatal(err)
			}
			if n == 0 {
				first = e.Seq
			}
			n++
		}
		if first != c.first || n != c.n {
			t.Errorf("%s: %d events from %d", reason, n, first)
		}
	}
}

// list is what a log must be like.
type list struct {
	events []storage.Event
	last   int64
}

// logIsAList does at random what can be done, to the log and to a list, which must stay the same.
func logIsAList(t *testing.T, s *storage.Store) {
	var l list
	rapid.Check(t, func(r *rapid.T) {
		for range rapid.IntRange(1, 8).Draw(r, "steps") {
			switch rapid.SampledFrom([]string{"append", "append", "rollback", "prune", "read"}).Draw(r, "step") {
			case "append":
				l.append(t, r, s, nil)
			case "rollback":
				l.append(t, r, s, errOnPurpose)
			case "prune":
				l.prune(t, r, s)
			case "read":
				l.read(t, r, s)
			}
		}
		if got := allEvents(t, s); !slices.EqualFunc(l.events, got, sameEvent) {
			r.Fatalf("got %d events for %d", len(got), len(l.events))
		}
		if got, err := s.LastSeq(t.Context()); err != nil || got != l.last {
			r.Fatalf("the last is %d, and not %d; %v", got, l.last, err)
		}
	})
}

var someTopic = rapid.SampledFrom([]string{"a", "b", "c"})

// append adds events, in a transaction that ends with an error if one is given.
func (l *list) append(t *testing.T, r *rapid.T, s *storage.Store, fail error) {
	events := make([]storage.Event, rapid.IntRange(0, 4).Draw(r, "n"))
	for i := range events {
		events[i] = event(someTopic.Draw(r, "topic"))
		age := rapid.SampledFrom([]time.Duration{25, 48, 72}).Draw(r, "age") * time.Hour
		events[i].At = time.Now().Add(-age).Truncate(time.Microsecond)
	}
	err := s.InTx(t.Context(), func(tx storage.Tx) error {
		if err := s.Append(t.Context(), tx, events); err != nil {
			return err
		}
		return fail
	})
	if !errors.Is(err, fail) {
		r.Fatal(err)
	}
	if fail != nil {
		return
	}
	for i, e := range events {
		if e.Seq != l.last+int64(i)+1 {
			r.Fatalf("the number after %d is %d", l.last+int64(i), e.Seq)
		}
	}
	l.events = append(l.events, events...)
	l.last += int64(len(events))
}

func (l *list) prune(t *testing.T, r *rapid.T, s *storage.Store) {
	before := time.Now().Add(-rapid.SampledFrom([]time.Duration{36, 60}).Draw(r, "age") * time.Hour)
	keep := slices.IndexFunc(l.events, func(e storage.Event) bool { return !e.At.Before(before) })
	if keep < 0 {
		keep = len(l.events)
	}
	if n, err := s.Prune(t.Context(), before); err != nil || int(n) != keep {
		r.Fatalf("%d went, and not %d; %v", n, keep, err)
	}
	l.events = slices.Clone(l.events[keep:])
}

func (l *list) read(t *testing.T, r *rapid.T, s *storage.Store) {
	topic, after, limit := someTopic.Draw(r, "topic"), rapid.Int64Range(0, l.last).Draw(r, "after"), rapid.IntRange(1, 10).Draw(r, "limit")
	var want []storage.Event
	for _, e := range l.events {
		if e.Topic == topic && e.Seq > after && len(want) < limit {
			want = append(want, e)
		}
	}
	if got, err := s.EventsAfter(t.Context(), topic, after, limit); err != nil || !slices.EqualFunc(want, got, sameEvent) {
		r.Fatalf("got %+v for %+v; %v", got, want, err)
	}
}
