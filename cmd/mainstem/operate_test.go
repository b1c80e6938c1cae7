package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/storage"
	"github.com/mainstem/mainstem/storage/storagetest"
	"github.com/mainstem/mainstem/workflows"
)

// TestOperatorsCommands runs the program beside a gateway's engine that works on the same storage.
func TestOperatorsCommands(t *testing.T) {
	t.Parallel()
	program := filepath.Join(t.TempDir(), "mainstem")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		g := newGateway(t, program, "sqlite:"+filepath.Join(t.TempDir(), "mainstem.db"))
		t.Run("workflows", g.testWorkflows)
		t.Run("storage", g.testSQLite)
		t.Run("audit", g.testAudit)
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		g := newGateway(t, program, storagetest.Postgres(t))
		t.Run("workflows", g.testWorkflows)
		for _, command := range []string{"backup", "verify"} {
			args := []string{"storage", command, filepath.Join(t.TempDir(), "copy")}
			g.want(t, 1, "pg_", args[:map[string]int{"backup": 3, "verify": 2}[command]]...)
		}
	})
	t.Run("nothing is made where no gateway was", func(t *testing.T) {
		t.Parallel()
		file := filepath.Join(t.TempDir(), "none.db")
		g := &gateway{program: program, url: "sqlite:" + file}
		g.want(t, 1, "none.db", "workflows", "list")
		if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("there is %s (%v)", file, err)
		}
	})
}

// gateway is an engine with a workflow whose runs get stuck while their undoing is jammed.
type gateway struct {
	program, url string
	store        *storage.Store
	runner       *workflows.Runner[struct{}]
	jammed       atomic.Bool
}

func newGateway(t *testing.T, program, url string) *gateway {
	t.Helper()
	g := &gateway{program: program, url: url}
	c := storage.Defaults()
	c.URL = storage.URL(url)
	var err error
	if g.store, err = storage.Open(t.Context(), c, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	o := workflows.Defaults()
	o.Retry.Attempts, o.Rounds, o.StuckAfter, o.Wait, o.Log = 1, workflows.Retry{First: time.Hour, Max: time.Hour}, 1, 0, slog.New(slog.DiscardHandler)
	engine, err := workflows.New(t.Context(), g.store, o)
	if err != nil {
		t.Fatal(err)
	}
	g.runner = workflows.Add(engine, workflows.Workflow[struct{}]{Name: "deed", Steps: []workflows.Step[struct{}]{{
		Name: "only",
		Do: func(context.Context, string, struct{}) (struct{}, error) {
			return struct{}{}, fault.New(fault.PreconditionFailed, "It is doomed.")
		},
		Undo: func(context.Context, string, string, struct{}) error {
			if g.jammed.Load() {
				return fault.New(fault.PreconditionFailed, "It is jammed.")
			}
			return nil
		},
	}}})
	if err := engine.Launch(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(engine.Stop(10*time.Second), g.store.Close()); err != nil {
			t.Error(err)
		}
	})
	return g
}

// stuck gives the id of a new run that is stuck.
func (g *gateway) stuck(t *testing.T, key string) string {
	t.Helper()
	g.jammed.Store(true)
	run, err := g.runner.Start(t.Context(), storage.Actor{Issuer: "https://issuer.example", Subject: "ada\x1b[2J"}, key, struct{}{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	g.until(t, run.ID, "step.stuck")
	return run.ID
}

// until waits for an event of a run.
func (g *gateway) until(t *testing.T, id, kind string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for e, err := range g.store.Follow(ctx, workflows.Topic(id), 0) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Kind == kind {
			return
		}
	}
	t.Fatalf("%s: there is no %s", id, kind)
}

func (g *gateway) command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	command := exec.CommandContext(t.Context(), g.program, append(args, "--config", "../../mainstem.yaml")...)
	command.Env = append(os.Environ(), "MAINSTEM_STORAGE_URL="+g.url)
	return command
}

// want runs the program, checks its exit code and that it says some words, and gives its standard output.
func (g *gateway) want(t *testing.T, code int, words string, args ...string) string {
	t.Helper()
	command := g.command(t, args...)
	var out, errs bytes.Buffer
	command.Stdout, command.Stderr = &out, &errs
	err := command.Run()
	if failed, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok || ok && failed.ExitCode() != code || !ok && code != 0 {
		t.Errorf("%q ends with %v, want %d\n%s%s", args, err, code, out.String(), errs.String())
	}
	if !strings.Contains(out.String()+errs.String(), words) {
		t.Errorf("%q does not say %q:\n%s%s", args, words, out.String(), errs.String())
	}
	if code == 0 && errs.Len() > 0 {
		t.Errorf("%q says on standard error:\n%s", args, errs.String())
	}
	return out.String()
}

// shown gives what `show --json` says of a run.
func (g *gateway) shown(t *testing.T, id string) (run struct {
	State, Standing, Next string
	Steps                 []struct{ Name, State string }
	Events                []struct {
		Kind  string
		Actor struct{ Subject string }
	}
}) {
	t.Helper()
	if err := json.Unmarshal([]byte(g.want(t, 0, "", "workflows", "show", id, "--json")), &run); err != nil {
		t.Fatal(err)
	}
	return run
}

func (g *gateway) testWorkflows(t *testing.T) {
	g.want(t, 0, "There are none.", "workflows", "list")
	g.want(t, 0, "There are none.", "workflows", "retry", "--stuck")
	first, second := g.stuck(t, "first"), g.stuck(t, "second")

	table := g.want(t, 0, first, "workflows", "list", "--stuck", "--workflow", "deed")
	if lines := strings.Split(strings.TrimSpace(table), "\n"); len(lines) != 3 || !strings.Contains(lines[1], second) || strings.Contains(table, "\x1b") {
		t.Errorf("it lists:\n%q", table)
	}
	g.want(t, 0, `"state":"STUCK"`, "workflows", "list", "--json", "--limit", "1", "--state", "stuck,running")
	g.want(t, 0, "There are none.", "workflows", "list", "--state", "completed")
	g.want(t, 1, "ABANDONED", "workflows", "list", "--state", "lost")
	for _, words := range []string{"undo only  STUCK", "It is jammed.", "step.stuck", "next         mend what its fault names, then `mainstem workflows retry " + first} {
		g.want(t, 0, words, "workflows", "show", first)
	}
	if run := g.shown(t, first); run.State != "STUCK" || run.Standing != "waiting" || len(run.Steps) != 2 {
		t.Errorf("it shows %+v", run)
	}
	for _, command := range []string{"show", "retry", "cancel"} {
		g.want(t, 3, `there is no workflow "none"`, "workflows", command, "none")
	}
	g.want(t, 1, "--stuck", "workflows", "retry")

	g.want(t, 1, `stuck at undoing the step "only"`, "workflows", "cancel", first)
	g.want(t, 0, "somebody has to undo it by hand", "workflows", "cancel", first, "--yes")
	g.until(t, first, "workflow.ended")
	if run := g.shown(t, first); run.State != "ABANDONED" || !strings.Contains(run.Next, "by hand") {
		t.Errorf("it shows %+v", run)
	}
	g.want(t, 1, "has ended", "workflows", "cancel", first, "--yes")

	g.jammed.Store(false)
	g.want(t, 0, second, "workflows", "retry", "--stuck")
	g.until(t, second, "workflow.ended")
	run := g.shown(t, second)
	told := false
	for _, e := range run.Events {
		told = told || e.Kind == "operator.retried" && e.Actor.Subject == "operator"
	}
	if run.State != "FAILED" || run.Standing != "over" || !told {
		t.Errorf("it shows %+v", run)
	}
	g.want(t, 1, "has ended", "workflows", "retry", second)
}

func (g *gateway) testSQLite(t *testing.T) {
	g.want(t, 0, "The storage is whole.", "storage", "verify")
	file := filepath.Join(t.TempDir(), "copy.db")
	g.want(t, 0, file, "storage", "backup", file)
	g.want(t, 1, "copy.db", "storage", "backup", file)
	restored := &gateway{program: g.program, url: "sqlite:" + file}
	restored.want(t, 0, "ABANDONED", "workflows", "list")
	restored.want(t, 0, "The storage is whole.", "storage", "verify")
}

func (g *gateway) testAudit(t *testing.T) {
	id := g.stuck(t, "audited")
	many := make([]storage.Event, 3000)
	for i := range many {
		many[i] = storage.Event{Kind: "test", Topic: "test", Version: 1, Payload: json.RawMessage(fmt.Sprintf(`{"n":%d,"<":"&"}`, i))}
	}
	if err := g.store.InTx(t.Context(), func(tx storage.Tx) error { return g.store.Append(t.Context(), tx, many) }); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(g.want(t, 0, "", "audit", "export", "--since", "1h")), "\n")
	var last int64
	for _, line := range lines {
		var e auditEntry
		if err := json.Unmarshal([]byte(line), &e); err != nil || e.Seq <= last || !strings.HasSuffix(e.At, "Z") {
			t.Fatalf("after %d: %s (%v)", last, line, err)
		}
		last = e.Seq
	}
	if !strings.Contains(lines[len(lines)-1], `"payload":{"n":2999,"<":"&"}`) {
		t.Errorf("the last line is %s", lines[len(lines)-1])
	}
	if out := g.want(t, 0, `"kind":"workflow.started"`, "audit", "export", "--since", "2026-01-01T00:00:00Z", "--topic", "workflow/"+id); strings.Contains(out, `"topic":"test"`) {
		t.Errorf("it exports other topics:\n%.500s", out)
	}
	g.want(t, 0, "", "audit", "export", "--since", "2999-01-01T00:00:00Z")
	g.want(t, 1, "24h", "audit", "export", "--since", "yesterday")

	command := g.command(t, "audit", "export", "--since", "1h")
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var errs bytes.Buffer
	command.Stderr = &errs
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	if err := command.Wait(); err != nil || errs.Len() > 0 {
		t.Errorf("nobody reads on: %v\n%s", err, errs.String())
	}
}
