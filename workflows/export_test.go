package workflows

import (
	"time"

	"github.com/dbos-inc/dbos-transact-golang/dbos"

	"github.com/mainstem/mainstem/platform/fault"
)

// Alone is the id of the executor of a SQLite file.
const Alone = alone

// Wait gives how long a step waits after an attempt that failed.
func (r Retry) Wait(attempt int, f *fault.Error) time.Duration { return r.wait(attempt, f) }

// ID gives the id that the process has with others.
func (e *Engine) ID() string { return e.id }

// Die ends the engine as the death of its process does: without a word to others.
func (e *Engine) Die(grace time.Duration) error {
	e.stop()
	e.running.Wait()
	return dbos.Shutdown(e.dbos, grace)
}
