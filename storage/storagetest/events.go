package storagetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mainstem/mainstem/storage"
)

func eventsComeBack(t *testing.T, s *storage.Store) {
	before := time.Now().Add(-time.Minute)
	sent := []storage.Event{
		{
			Kind: "order.created", Topic: "workflow/ü-1", Actor: storage.Actor{Issuer: "https://issuer.example", Subject: "customer-1"}, TraceID: "4bf92f3577b34da6a3ce929d0e0e4736",
			Version: 3, Payload: json.RawMessage(`{"b": 1, "a": "\u0000 ☂ \ud83d\ude00", "n": 12345678901234567890.0}`), At: time.Date(2020, 2, 29, 1, 2, 3, 456789000, time.UTC),
		},
		{Kind: "order.paid", Topic: "workflow/ü-1"},
	}
	add(t, s, sent...) // sets Seq and At
	got, err := s.EventsAfter(t.Context(), "workflow/ü-1", 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sent, got); diff != "" {
		t.Error(diff)
	}
	if at := got[1].At; at.Before(before) || at.After(time.Now().Add(time.Minute)) {
		t.Errorf("the database's clock gave %v", at)
	}
	if string(got[0].Payload) != string(sent[0].Payload) {
		t.Errorf("the payload was written anew: %s", got[0].Payload)
	}
}

func numbersHaveNoHoles(t *testing.T, s *storage.Store) {
	ctx := t.Context()
	if last, err := s.LastSeq(ctx); err != nil || last != 0 {
		t.Errorf("before the first, the last is %d, %v", last, err)
	}
	inTx(t, s, func(tx storage.Tx) error { return s.Append(ctx, tx, nil) })
	many := make([]storage.Event, 451) // more than one statement takes
	for i := range many {
		many[i] = event(fmt.Sprintf("topic/%d", i%2))
	}
	add(t, s, many...)
	inTx(t, s, func(tx storage.Tx) error {
		for range 2 {
			if err := s.Append(ctx, tx, []storage.Event{event("topic/0")}); err != nil {
				return err
			}
		}
		return nil
	})
	for i, e := range allEvents(t, s) {
		if e.Seq != int64(i+1) {
			t.Fatalf("event %d has the number %d", i, e.Seq)
		}
	}
	if last, err := s.LastSeq(ctx); err != nil || last != 453 {
		t.Errorf("the last is %d, %v", last, err)
	}
	got, err := s.EventsAfter(ctx, "topic/0", 449, 3)
	if err != nil || len(got) != 3 || got[0].Seq != 451 || got[1].Seq != 452 || got[2].Seq != 453 {
		t.Errorf("got %+v, %v", got, err)
	}
	if got, err = s.EventsAfter(ctx, "topic/1", 0, 1); err != nil || len(got) != 1 || got[0].Seq != 2 {
		t.Errorf("got %+v, %v", got, err)
	}
}

func topicsAreChecked(t *testing.T, s *storage.Store) {
	for reason, topic := range map[string]string{"empty": "", "too long": strings.Repeat("x", 513), "with NUL": "a\x00b", "not UTF-8": "\xff"} {
		err := s.InTx(t.Context(), func(tx storage.Tx) error { return s.Append(t.Context(), tx, []storage.Event{event(topic)}) })
		if err == nil {
			t.Errorf("%s: an event was added", reason)
		}
		if err := s.InTx(t.Context(), func(tx storage.Tx) error { return s.Notify(t.Context(), tx, topic) }); err == nil {
			t.Errorf("%s: it was notified", reason)
		}
	}
	add(t, s, event(strings.Repeat("ü", 256)))
}

// writers append events of topics at once, some in transactions that are rolled back. They give how many each topic has got.
func writers(t *testing.T, s *storage.Store, topics int) []int {
	t.Helper()
	const each, atOnce = 30, 8
	counts := make([]int, topics)
	var mu sync.Mutex
	var running sync.WaitGroup
	for writer := range atOnce {
		running.Go(func() {
			random := rand.New(rand.NewPCG(uint64(writer), 1))
			for range each {
				events := make([]storage.Event, 1+random.IntN(3))
				for i := range events {
					events[i] = event(fmt.Sprintf("topic/%d", random.IntN(topics)))
				}
				fail := random.IntN(4) == 0
				err := s.InTx(t.Context(), func(tx storage.Tx) error {
					if err := s.Append(t.Context(), tx, events); err != nil || !fail {
						return err
					}
					return errOnPurpose
				})
				if fail && errors.Is(err, errOnPurpose) {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				for _, e := range events {
					var topic int
					_, _ = fmt.Sscanf(e.Topic, "topic/%d", &topic)
					counts[topic]++
				}
				mu.Unlock()
			}
		})
	}
	running.Wait()
	return counts
}

func readersSeeNoHoles(t *testing.T, s *storage.Store) {
	var running sync.WaitGroup
	over := make(chan struct{})
	for range 3 {
		running.Go(func() {
			after := int64(0)
			for ended := false; !ended; {
				select {
				case <-over:
					ended = true // and look once more
				default:
				}
				events, err := s.EventsAfter(t.Context(), "topic/0", after, 1000)
				if err != nil {
					t.Error(err)
					return
				}
				for _, e := range events {
					if e.Seq != after+1 {
						t.Errorf("after %d came %d", after, e.Seq)
						return
					}
					after = e.Seq
				}
				if last, err := s.LastSeq(t.Context()); err != nil || last < after {
					t.Errorf("after %d was seen, the last is %d, %v", after, last, err)
				}
			}
		})
	}
	want := writers(t, s, 1)[0]
	close(over)
	running.Wait()
	if last, err := s.LastSeq(t.Context()); err != nil || last != int64(want) {
		t.Errorf("of %d events the last is %d; %v", want, last, err)
	}
}

func followersMissNothing(t *testing.T, s *storage.Store) {
	const topics = 3
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var running sync.WaitGroup
	got := make([]int, topics)
	for topic := range topics {
		running.Go(func() {
			last := int64(0)
			for e, err := range s.Follow(ctx, fmt.Sprintf("topic/%d", topic), 0) {
				if err != nil {
					t.Error(err)
					return
				}
				if e.Kind == "end" {
					return
				}
				if e.Seq <= last {
					t.Errorf("topic %d: after %d came %d", topic, last, e.Seq)
				}
				last = e.Seq
				got[topic]++
			}
			t.Errorf("topic %d: nothing more came", topic)
		})
	}
	want := writers(t, s, topics)
	for topic := range topics {
		end := event(fmt.Sprintf("topic/%d", topic))
		end.Kind = "end"
		add(t, s, end)
	}
	running.Wait()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func followersGoOn(t *testing.T, s *storage.Store) {
	for range 500 { // more than a page
		add(t, s, event("a"))
	}
	want := int64(250)
	for e, err := range s.Follow(t.Context(), "a", want) {
		if err != nil {
			t.Fatal(err)
		}
		if want++; want == 501 {
			want++ // the other topic's
		}
		if e.Seq != want {
			t.Fatalf("got %d for %d", e.Seq, want)
		}
		if want == 500 {
			add(t, s, event("b"), event("a"))
		}
		if want == 502 {
			break
		}
	}
}

func followingEnds(t *testing.T, s *storage.Store) {
	add(t, s, event("a"))
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 0
	for _, err := range s.Follow(ctx, "a", 0) {
		if err != nil {
			t.Fatal(err)
		}
		n++
		cancel()
	}
	if n != 1 {
		t.Errorf("got %d events", n)
	}
	for _, err := range s.Follow(t.Context(), "a", 0) {
		if err == nil {
			go func() {
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}()
			continue
		}
		if !errors.Is(err, storage.ErrClosed) {
			t.Errorf("got %v", err)
		}
	}
	for _, err := range s.Follow(t.Context(), "a", 0) {
		if !errors.Is(err, storage.ErrClosed) {
			t.Errorf("after that, got %v", err)
		}
	}
	if err := s.Close(); err != nil {
		t.Errorf("closing it again: %v", err)
	}
}
