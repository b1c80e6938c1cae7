package workflows_test

import (
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/dbos-inc/dbos-transact-golang/dbos"

	"github.com/mainstem/mainstem/storage"
	"github.com/mainstem/mainstem/workflows"
)

// TestOperatorRevives: a run that the engine below has given up goes on from where it was, or ends there.
func TestOperatorRevives(t *testing.T) {
	onEach(t, func(t *testing.T, c storage.Config) {
		for name, giveUp := range map[string]func(*testing.T, *bench) (id string){"interrupted": interrupt, "failed": breakStorage} {
			t.Run(name, func(t *testing.T) {
				b := newBench(t, c)
				id := giveUp(t, b)
				b.wantStanding(t, id, workflows.Dropped)
				if err := b.operator.Retry(t.Context(), id); err != nil {
					t.Fatal(err)
				}
				b.wantEnd(t, id, workflows.Completed, "first DONE", "middle DONE", "last DONE")
				if n := b.firsts.Load(); n != 1 {
					t.Errorf("the first step was done %d times", n)
				}
			})
		}
		t.Run("and gives up for good", func(t *testing.T) {
			b := newBench(t, c)
			id := breakStorage(t, b)
			if err := b.operator.Cancel(t.Context(), id); err != nil {
				t.Fatal(err)
			}
			b.wantEnd(t, id, workflows.Abandoned, "first DONE")
		})
	})
}

// TestOperatorGoesOn: a retry that was interrupted while it moved the run is gone on with by the next.
func TestOperatorGoesOn(t *testing.T) {
	onEach(t, func(t *testing.T, c storage.Config) {
		for name, moved := range map[string]bool{"before the run was moved": false, "after it was": true} {
			t.Run(name, func(t *testing.T) {
				b := newBench(t, c)
				id := breakStorage(t, b)
				w, err := b.store.Workflow(t.Context(), id)
				if err != nil {
					t.Fatal(err)
				}
				if ok, err := b.store.ClaimWorkflow(t.Context(), id, w.Executor, "operator:"+w.Executor); !ok || err != nil {
					t.Fatal(ok, err)
				}
				if moved {
					client := b.client(t)
					_, err := dbos.ForkWorkflow[struct{}](client, dbos.ForkWorkflowInput{
						OriginalWorkflowID: id, ForkedWorkflowID: id + "-parked", StartStep: 1, QueueName: "parked",
					})
					if err := errors.Join(err, dbos.DeleteWorkflows(client, []string{id})); err != nil {
						t.Fatal(err)
					}
					if err := b.operator.Cancel(t.Context(), id); !errors.Is(err, workflows.ErrMoving) {
						t.Errorf("cancel says %v", err)
					}
				}
				if err := b.operator.Retry(t.Context(), id); err != nil {
					t.Fatal(err)
				}
				b.wantEnd(t, id, workflows.Completed, "first DONE", "middle DONE", "last DONE")
				if w, err = b.store.Workflow(t.Context(), id); err != nil || strings.HasPrefix(w.Executor, "operator:") {
					t.Errorf("its executor is %q (%v)", w.Executor, err)
				}
			})
		}
	})
}

// interrupt has the gateway die amid a run, and the engine below give it up, as it does when that happens again and again.
func interrupt(t *testing.T, b *bench) string {
	b.goOn = make(chan struct{})
	id := b.start(t, deed{})
	<-b.begun
	b.stop()
	if err := dbos.CancelWorkflow(b.client(t), id); err != nil {
		t.Fatal(err)
	}
	close(b.goOn)
	b.launch(t)
	b.until(t, id, "workflow.stuck", 1)
	return id
}

// breakStorage has the storage refuse what a step did, and mends it.
func breakStorage(t *testing.T, b *bench) string {
	b.goOn = make(chan struct{})
	id := b.start(t, deed{})
	<-b.begun
	broken, mended := []string{`CREATE TRIGGER broken BEFORE UPDATE ON mainstem_workflows WHEN new.state <> 'STUCK' BEGIN SELECT RAISE(ABORT, 'broken'); END`},
		[]string{`DROP TRIGGER broken`}
	if b.store.Shared() {
		broken = []string{
			`CREATE FUNCTION mainstem.broken() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'broken'; END $$`,
			`CREATE TRIGGER broken BEFORE UPDATE ON mainstem.workflows FOR EACH ROW WHEN (NEW.state <> 'STUCK') EXECUTE FUNCTION mainstem.broken()`,
		}
		mended = []string{`DROP TRIGGER broken ON mainstem.workflows`, `DROP FUNCTION mainstem.broken()`}
	}
	b.execute(t, broken)
	close(b.goOn)
	b.until(t, id, "workflow.stuck", 1)
	b.execute(t, mended)
	return id
}

// client gives what speaks to the engine below.
func (b *bench) client(t *testing.T) dbos.Client {
	t.Helper()
	var parts dbos.Config
	b.store.Configure(&parts)
	client, err := dbos.NewClient(t.Context(), dbos.ClientConfig{
		AppName: "mainstem", Logger: slog.New(slog.DiscardHandler), SystemDBPool: parts.SystemDBPool, SQLiteSystemDB: parts.SQLiteSystemDB,
	})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func (b *bench) execute(t *testing.T, statements []string) {
	t.Helper()
	err := b.store.InTx(t.Context(), func(tx storage.Tx) error {
		for _, statement := range statements {
			if _, err := tx.Exec(t.Context(), statement); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
