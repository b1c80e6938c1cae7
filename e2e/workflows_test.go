package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"iter"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mainstem/mainstem/platform/telemetry"
	"github.com/mainstem/mainstem/resolvers"
	"github.com/mainstem/mainstem/storage"
	"github.com/mainstem/mainstem/workflows"
)

// launch gives the workflows of an engine with a storage of its own, in front of sources.
func launch(t *testing.T, s resolvers.Sources) resolvers.Workflows {
	t.Helper()
	log := telemetry.NewLogger(t.Output(), slog.LevelWarn)
	c := storage.Defaults()
	c.URL = storage.URL("sqlite:" + filepath.Join(t.TempDir(), "mainstem.db"))
	store, err := storage.Open(t.Context(), c, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	o := workflows.Defaults()
	o.Log = log
	engine, err := workflows.New(t.Context(), store, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := engine.Stop(patience); err != nil {
			t.Error(err)
		}
	})
	w := resolvers.AddWorkflows(engine, s)
	if err := engine.Launch(t.Context()); err != nil {
		t.Fatal(err)
	}
	return w
}

// event is what a subscription tells.
type event struct {
	Data   map[string]*change
	Errors []problem
}

// change is what the tests read of a change.
type change struct {
	Cursor, Kind, Step, State, OrderID string
	Checkout                           *struct{ State string }
	Order                              *struct{ ID, Status string }
}

// follow subscribes, and gives what comes until the gateway completes the subscription, or the consumer stops.
func (s *stack) follow(t *testing.T, header http.Header, subscription string) iter.Seq[event] {
	return func(yield func(event) bool) {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		text, err := expand(subscription)
		if err != nil {
			t.Fatal(err)
		}
		body, err := json.Marshal(map[string]string{"query": text})
		if err != nil {
			t.Fatal(err)
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/graphql", strings.NewReader(string(body)))
		if err != nil {
			t.Fatal(err)
		}
		r.Header = header.Clone()
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Accept", "text/event-stream")
		resp, err := s.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		lines := bufio.NewScanner(resp.Body)
		for lines.Scan() {
			data, found := strings.CutPrefix(lines.Text(), "data:")
			if !found {
				if lines.Text() == "event: complete" {
					return
				}
				continue
			}
			var e event
			if err := json.Unmarshal([]byte(data), &e); err != nil {
				t.Fatalf("%v in %s", err, data)
			}
			if !yield(e) {
				return
			}
		}
		t.Fatalf("the stream ends without being completed: %v", lines.Err())
	}
}
