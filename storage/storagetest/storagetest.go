// Package storagetest examines storage: one suite for both of its databases. It also gives tests a PostgreSQL.
package storagetest

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/mainstem/mainstem/storage"
)

// Run examines the stores that open gives: a new one, on an empty database, each time. open sees to it that they are closed.
func Run(t *testing.T, open func(t *testing.T) *storage.Store) {
	t.Helper()
	examinations := map[string]func(t *testing.T, s *storage.Store){
		"a transaction that fails leaves nothing":                   transactionsRollBack,
		"a transaction that is given up lets others go on":          transactionsAreGivenUp,
		"an event comes back as it was":                             eventsComeBack,
		"events are numbered without holes":                         numbersHaveNoHoles,
		"a topic is something that can be told of":                  topicsAreChecked,
		"a reader never sees a smaller number later":                readersSeeNoHoles,
		"who follows gets each event once and in order":             followersMissNothing,
		"who follows from a number gets what comes after it":        followersGoOn,
		"following ends with its context, and with the store":       followingEnds,
		"an event is neither changed nor deleted while it is young": eventsStay,
		"what is old goes, from the beginning on":                   oldEventsGo,
		"an export begins at a time":                                exportsBegin,
		"the log does what a list does":                             logIsAList,
		"a signal comes at the commit":                              signalsComeAtCommit,
		"signals that nobody has taken are one":                     signalsCoalesce,
		"a workflow comes back as it was":                           workflowsComeBack,
		"a key leads to one workflow":                               keysAreUnique,
		"a key that many use at once leads to one workflow":         keysAreUniqueAtOnce,
		"a workflow changes in one transaction at a time":           workflowsAreLocked,
		"workflows are found by what is asked":                      workflowsAreFound,
		"what is not there is said not to be":                       absenceIsSaid,
		"a workflow is claimed once":                                claimsAreExclusive,
		"ended workflows go with their steps":                       oldWorkflowsGo,
		"steps are in the order in which they began":                stepsAreOrdered,
		"an executor whose lease is over is adopted":                leasesEnd,
		"an executor without a lease is adopted":                    orphansAreAdopted,
		"an executor is adopted by one at a time":                   adoptionsAreExclusive,
		"the engine's transactions are the store's":                 engineWorks,
	}
	for name, examine := range examinations {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			examine(t, open(t))
		})
	}
}

// inTx runs f in a transaction that must succeed.
func inTx(t *testing.T, s *storage.Store, f func(tx storage.Tx) error) {
	t.Helper()
	if err := s.InTx(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

// add appends events in a transaction of their own.
func add(t *testing.T, s *storage.Store, events ...storage.Event) {
	t.Helper()
	inTx(t, s, func(tx storage.Tx) error { return s.Append(t.Context(), tx, events) })
}

// event makes an event of a topic.
func event(topic string) storage.Event {
	return storage.Event{Kind: "examined", Topic: topic, Actor: storage.Actor{Subject: "storagetest"}, Version: 1, Payload: json.RawMessage(`{}`)}
}

// allEvents gives the whole log.
func allEvents(t *testing.T, s *storage.Store) []storage.Event {
	t.Helper()
	var events []storage.Event
	for e, err := range s.Export(t.Context(), time.Time{}) {
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
	return events
}

// table gives a table's name in the store's database.
func table(s *storage.Store, name string) string {
	if s.Shared() {
		return "mainstem." + name
	}
	return "mainstem_" + name
}

// mustWake fails unless a signal comes.
func mustWake(t *testing.T, wake <-chan struct{}) {
	t.Helper()
	select {
	case <-wake:
	case <-time.After(patience):
		t.Fatal("nobody was woken")
	}
}

var errOnPurpose = errors.New("on purpose")

func transactionsRollBack(t *testing.T, s *storage.Store) {
	ctx := t.Context()
	err := s.InTx(ctx, func(tx storage.Tx) error {
		if err := s.Append(ctx, tx, []storage.Event{event("a")}); err != nil {
			return err
		}
		return errOnPurpose
	})
	if !errors.Is(err, errOnPurpose) {
		t.Errorf("got %v", err)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		_ = s.InTx(ctx, func(tx storage.Tx) error {
			if err := s.Append(ctx, tx, []storage.Event{event("a")}); err != nil {
				return err
			}
			panic("on purpose")
		})
	}()
	add(t, s, event("b"))
	events := allEvents(t, s)
	if len(events) != 1 || events[0].Seq != 1 || events[0].Topic != "b" {
		t.Errorf("got %+v", events)
	}
}

func transactionsAreGivenUp(t *testing.T, s *storage.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	appendTo := func(ctx context.Context, topic string, then func() error) error {
		return s.InTx(ctx, func(tx storage.Tx) error {
			if err := s.Append(ctx, tx, []storage.Event{event(topic)}); err != nil {
				return err
			}
			return then()
		})
	}
	err := appendTo(ctx, "a", func() error {
		waiting, giveUp := context.WithTimeout(ctx, time.Millisecond)
		defer giveUp()
		if err := appendTo(waiting, "b", func() error { return nil }); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("while another has the log, got %v", err)
		}
		cancel()
		return ctx.Err()
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if err := s.InTx(ctx, func(storage.Tx) error { return nil }); err == nil {
		t.Error("a transaction began after its context had ended")
	}
	add(t, s, event("c"))
	if events := allEvents(t, s); len(events) != 1 || events[0].Topic != "c" {
		t.Errorf("got %+v", events)
	}
}
