package storage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"
	"unicode/utf8"
)

// Actor is who did something: a caller, by the issuer of her token and its subject. Without an issuer the subject is the gateway's own word, such
// as "operator" for the command line.
type Actor struct{ Issuer, Subject string }

// Event is something that has happened.
type Event struct {
	Seq     int64           // its place in the one order of all events; Append gives it
	At      time.Time       // Append gives it by the database's clock, unless it is set
	Kind    string          // such as "order.created"
	Topic   string          // what it happened to, such as "workflow/<id>": 1 to 512 bytes
	Actor   Actor           // who did it
	TraceID string          // of the request that it is a part of, if it is
	Version int             // of the payload's schema
	Payload json.RawMessage // nil for none
}

const (
	eventsPage = 200  // how many events are read at once
	prunePage  = 1000 // how many events one transaction deletes
	maxTopic   = 512  // bytes; PostgreSQL cannot tell of names of 8000
)

// checkTopic says what is wrong with the name of something that can be waited for.
func checkTopic(name string) error {
	if name == "" || len(name) > maxTopic || !utf8.ValidString(name) || strings.ContainsRune(name, 0) {
		return fmt.Errorf("storage: %.40q is not a topic: it must be of 1 to %d bytes of UTF-8 without NUL", name, maxTopic)
	}
	return nil
}

// Append adds events to the log within tx and numbers them: Seq and At are set in events. Numbers have no holes, and no event is seen before one
// with a smaller number. That takes a lock, which tx holds until it ends: call it last. Those who watch the topics are woken when tx commits.
func (s *Store) Append(ctx context.Context, tx Tx, events []Event) error {
	if len(events) == 0 {
		return nil
	}
	topics := make([]string, 0, len(events))
	for _, e := range events {
		if err := checkTopic(e.Topic); err != nil {
			return err
		}
		topics = append(topics, e.Topic)
	}
	var last, now int64
	row := s.in(tx).QueryRow(ctx, `UPDATE mainstem.event_position SET seq = seq + $1 RETURNING seq, mainstem.now()`, len(events))
	if err := row.Scan(&last, &now); err != nil {
		return fmt.Errorf("storage: events cannot be numbered: %w", err)
	}
	first := last - int64(len(events)) + 1
	for i := range events {
		events[i].Seq = first + int64(i)
		if events[i].At.IsZero() {
			events[i].At = timeOf(now)
		}
	}
	if err := s.insertEvents(ctx, tx, events); err != nil {
		return fmt.Errorf("storage: events cannot be added: %w", err)
	}
	s.db.appended(last, topics)
	return nil
}

// insertEvents adds events by as few statements as there can be, since the lock is held meanwhile.
func (s *Store) insertEvents(ctx context.Context, tx Tx, events []Event) error {
	const columns = 9
	for start := 0; start < len(events); start += eventsPage {
		page := events[start:min(start+eventsPage, len(events))]
		var text strings.Builder
		text.WriteString(`INSERT INTO mainstem.events (seq, at, kind, topic, actor_issuer, actor_subject, trace_id, version, payload) VALUES `)
		args := make([]any, 0, len(page)*columns)
		for i, e := range page {
			if i > 0 {
				text.WriteString(", ")
			}
			writePlaceholders(&text, len(args), columns)
			args = append(args, e.Seq, micros(e.At), e.Kind, e.Topic, e.Actor.Issuer, e.Actor.Subject, e.TraceID, e.Version, jsonText(e.Payload))
		}
		if _, err := s.in(tx).Exec(ctx, text.String(), args...); err != nil {
			return err
		}
	}
	return nil
}

// writePlaceholders writes ($5, $6, $7) for 3 values after 4 others.
func writePlaceholders(b *strings.Builder, before, n int) {
	b.WriteByte('(')
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(b, "$%d", before+i+1)
	}
	b.WriteByte(')')
}

// EventsAfter gives the events of a topic whose numbers are greater than after, in order, and at most limit of them.
func (s *Store) EventsAfter(ctx context.Context, topic string, after int64, limit int) ([]Event, error) {
	return s.events(ctx, `WHERE topic = $1 AND seq > $2 ORDER BY seq LIMIT $3`, topic, after, limit)
}

func (s *Store) events(ctx context.Context, where string, args ...any) ([]Event, error) {
	var events []Event
	rows, err := s.outside().Query(ctx, `SELECT seq, at, kind, topic, actor_issuer, actor_subject, trace_id, version, payload FROM mainstem.events `+where, args...)
	err = scan(rows, err, func(scan func(...any) error) error {
		var e Event
		var at int64
		var payload []byte
		if err := scan(&e.Seq, &at, &e.Kind, &e.Topic, &e.Actor.Issuer, &e.Actor.Subject, &e.TraceID, &e.Version, &payload); err != nil {
			return err
		}
		e.At, e.Payload = timeOf(at), payload
		events = append(events, e)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("storage: events cannot be read: %w", err)
	}
	return events, nil
}

// LastSeq gives the number of the last event; 0 if there was none yet.
func (s *Store) LastSeq(ctx context.Context) (int64, error) {
	var seq int64
	if err := s.outside().QueryRow(ctx, `SELECT seq FROM mainstem.event_position`).Scan(&seq); err != nil {
		return 0, fmt.Errorf("storage: the last event cannot be read: %w", err)
	}
	return seq, nil
}

// ErrClosed is what a Follow ends with when the store is closed.
var ErrClosed = errors.New("storage: closed")

// Follow gives the events of a topic whose numbers are greater than after: those that are there, then those that come, each once and in order. It
// holds a page of them at most, and reads the next when those have been taken. It ends without an error when ctx does, with ErrClosed when the
// store is closed, and with another error when the database cannot be read; whoever goes on then does so after the last event that he has.
func (s *Store) Follow(ctx context.Context, topic string, after int64) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		wake, stop := s.Watch(topic)
		defer stop()
		follower, waited := s.meters.follow(ctx), false
		defer follower.end()
		for {
			events, err := s.EventsAfter(ctx, topic, after, eventsPage)
			if ctx.Err() != nil {
				return
			}
			if s.isClosed() {
				err = ErrClosed
			}
			if err != nil {
				yield(Event{}, err)
				return
			}
			follower.read(len(events))
			for _, e := range events {
				follower.given(e, waited)
				if !yield(e, nil) {
					return
				}
				follower.taken()
				after = e.Seq
			}
			if len(events) == eventsPage {
				continue
			}
			select {
			case <-wake:
				waited = true
			case <-ctx.Done():
				return
			case <-s.closed:
				yield(Event{}, ErrClosed)
				return
			}
		}
	}
}

func (s *Store) isClosed() bool {
	select {
	case <-s.closed:
		return true
	default:
		return false
	}
}

// Export gives all events from the first that is not older than since, in order. What is added meanwhile may or may not be among them.
func (s *Store) Export(ctx context.Context, since time.Time) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		var first *int64
		if err := s.outside().QueryRow(ctx, `SELECT min(seq) FROM mainstem.events WHERE at >= $1`, micros(since)).Scan(&first); err != nil {
			yield(Event{}, fmt.Errorf("storage: events cannot be read: %w", err))
			return
		}
		if first == nil {
			return
		}
		for after := *first - 1; ; {
			events, err := s.events(ctx, `WHERE seq > $1 ORDER BY seq LIMIT $2`, after, eventsPage)
			if err != nil {
				yield(Event{}, err)
				return
			}
			for _, e := range events {
				if !yield(e, nil) {
					return
				}
				after = e.Seq
			}
			if len(events) < eventsPage {
				return
			}
		}
	}
}

// Prune deletes the events that are older than before, from the first one on until it meets one that is not, and says how many they were. The
// database refuses to delete what is younger than a day.
func (s *Store) Prune(ctx context.Context, before time.Time) (int64, error) {
	var total int64
	for {
		var deleted int64
		err := s.InTx(ctx, func(tx Tx) error {
			result, err := s.in(tx).Exec(ctx, `DELETE FROM mainstem.events WHERE seq < (
				SELECT coalesce(min(CASE WHEN at >= $1 THEN seq END), max(seq) + 1)
				FROM (SELECT seq, at FROM mainstem.events ORDER BY seq LIMIT $2) AS oldest)`, micros(before), prunePage)
			if err != nil {
				return err
			}
			deleted, err = result.RowsAffected()
			return err
		})
		total += deleted
		if err != nil {
			return total, fmt.Errorf("storage: old events cannot be deleted: %w", err)
		}
		if deleted == 0 {
			return total, nil
		}
	}
}

// micros gives a time as the database has it: microseconds since 1970, and 0 for the zero time, which is never.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// timeOf gives the time that micros made a number of.
func timeOf(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}

// jsonText gives JSON as both databases take it, and nil for none.
func jsonText(raw json.RawMessage) any {
	if len(raw) == 0 {
		return nil
	}
	return string(raw)
}
