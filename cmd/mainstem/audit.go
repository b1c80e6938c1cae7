package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/mainstem/mainstem/storage"
)

type auditCommands struct {
	Export exportCommand `cmd:"" help:"Write the event log to standard output: who did what, when, and what came of it. One JSON object a line, in order."`
}

type exportCommand struct {
	storageFlags
	Since string `required:"" help:"From when on: a time such as 2026-01-31T00:00:00Z, or how long ago, such as 24h." placeholder:"TIME"`
	Topic string `help:"Only what happened to this, such as workflow/ID or customer/ID." placeholder:"TOPIC"`
}

// actor is who did something, as it is written.
type actor struct {
	Issuer  string `json:"issuer"`
	Subject string `json:"subject"`
}

// auditEntry is an event as it is written.
type auditEntry struct {
	Seq     int64           `json:"seq"`
	At      string          `json:"at"`
	Kind    string          `json:"kind"`
	Topic   string          `json:"topic"`
	Actor   actor           `json:"actor"`
	TraceID string          `json:"traceId,omitempty"`
	Version int             `json:"version"`
	Payload json.RawMessage `json:"payload,omitempty"`
}

func entry(e storage.Event) auditEntry {
	return auditEntry{
		Seq: e.Seq, At: instant(e.At), Kind: e.Kind, Topic: e.Topic, Actor: actor(e.Actor), TraceID: e.TraceID, Version: e.Version, Payload: e.Payload,
	}
}

// Run writes the event log. It is done as well when nobody reads on.
func (c exportCommand) Run(ctx context.Context) error {
	since, err := sinceTime(c.Since, time.Now())
	if err != nil {
		return err
	}
	signal.Ignore(syscall.SIGPIPE) // so that writes to a closed pipe fail instead, and the storage is closed
	return c.with(ctx, func(ctx context.Context, store *storage.Store) error {
		out := bufio.NewWriterSize(os.Stdout, 64<<10)
		err := c.write(ctx, json.NewEncoder(out), store, since)
		if err = errors.Join(err, out.Flush()); errors.Is(err, syscall.EPIPE) {
			return nil
		}
		return err
	})
}

func (c exportCommand) write(ctx context.Context, out *json.Encoder, store *storage.Store, since time.Time) error {
	out.SetEscapeHTML(false)
	for e, err := range store.Export(ctx, since) {
		if err != nil {
			return err
		}
		if c.Topic != "" && c.Topic != e.Topic {
			continue
		}
		if err := out.Encode(entry(e)); err != nil {
			return err
		}
	}
	return context.Cause(ctx) // an export that was interrupted is not whole
}

// sinceTime reads a time, or how long before now.
func sinceTime(text string, now time.Time) (time.Time, error) {
	if ago, err := time.ParseDuration(text); err == nil && ago >= 0 {
		return now.Add(-ago), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("--since %q: a time such as 2026-01-31T00:00:00Z is wanted, or how long ago, such as 24h", text)
	}
	return at, nil
}

// instant gives a time as it is written; nothing for no time.
func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}
