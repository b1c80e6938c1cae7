package storage

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/dbos-inc/dbos-transact-golang/dbos"
	_ "github.com/dbos-inc/dbos-transact-golang/dbos/driver/sqlite" // lets the engine know the driver
	"github.com/jackc/pgx/v5/pgxpool"
	"modernc.org/sqlite"
)

const (
	engineConnections = 4 // of which one writes at a time; the engine reads by the others
	sqliteWriters     = 2
	sqliteReaders     = 4
	sqliteBusy        = 5 * time.Second // how long another process's transaction is waited for
	sqliteLook        = time.Second     // how often what other processes do is looked for while anybody waits
)

// sqliteDatabase is a SQLite file.
type sqliteDatabase struct {
	path    string
	lock    *fileLock // nil for a command beside the process that serves
	engines *sql.DB   // the engine's, which closes it when it shuts down
	writers *sql.DB
	readers *sql.DB
	signals *signals
	log     *slog.Logger

	mu      sync.Mutex
	pending []string // topics of the transaction that writes now
	last    int64    // the last event of the transaction that writes now
	known   int64    // the last event that waiters have been woken for

	adopting sync.Mutex
}

// openSQLite opens a file. Without serve, it must be there already.
func openSQLite(ctx context.Context, path string, serve bool, signals *signals, log *slog.Logger) (_ database, err error) {
	d := &sqliteDatabase{path: path, signals: signals, log: log}
	defer func() {
		if err != nil {
			_ = d.close() // the first error counts
		}
	}()
	if serve {
		if d.lock, err = lockFile(path); err != nil {
			return nil, err
		}
	}
	if err := prepareFile(path, serve, log); err != nil {
		return nil, err
	}
	if err := d.openPools(); err != nil {
		return nil, err
	}
	if err := d.check(ctx); err != nil {
		return nil, explainSQLite(path, err)
	}
	if err := migrate(ctx, sqliteMigrations, d.writers, serve, "the file "+path); err != nil {
		return nil, explainSQLite(path, err)
	}
	return d, nil
}

// openPools makes the pools. It opens no connection.
func (d *sqliteDatabase) openPools() error {
	write, err := connect(d.path, false)
	if err != nil {
		return err
	}
	read, err := connect(d.path, true)
	if err != nil {
		return err
	}
	inTurn := newConnector(preparing{write}, d.ended) // one queue for the engine and for us
	d.engines, d.writers, d.readers = openPool(inTurn, engineConnections), openPool(inTurn, sqliteWriters), openPool(preparing{read}, sqliteReaders)
	return nil
}

func openPool(c driver.Connector, connections int) *sql.DB {
	db := sql.OpenDB(c)
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db
}

// connect gives what opens connections to a file.
func connect(path string, readOnly bool) (driver.Connector, error) {
	pragmas := []string{
		fmt.Sprintf("busy_timeout(%d)", sqliteBusy.Milliseconds()),
		"foreign_keys(ON)",
		"synchronous(FULL)", // what is committed is on the disk
		"trusted_schema(OFF)",
		"journal_size_limit(67108864)", // the log gives back what a burst has made it grow by
	}
	if readOnly {
		pragmas = append(pragmas, "query_only(ON)")
	}
	query := url.Values{
		"_pragma":   pragmas,
		"_txlock":   {"immediate"}, // a transaction that begins by reading could not go on to write after another has written
		"_error_rc": {"1"},
	}
	c, err := sqlite.NewConnector(path + "?" + query.Encode())
	if err != nil {
		return nil, fmt.Errorf("storage: %s: %w", path, err)
	}
	return c, nil
}

// check reads the file's structure, and has it written ahead of (WAL).
func (d *sqliteDatabase) check(ctx context.Context) error {
	var mode, result string
	if err := d.writers.QueryRowContext(ctx, "PRAGMA journal_mode").Scan(&mode); err != nil || d.lock == nil {
		return err
	}
	if err := d.writers.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&result); err != nil {
		return err
	}
	if result != "ok" {
		return fmt.Errorf("%w: %s", errCorrupt, result)
	}
	if err := d.writers.QueryRowContext(ctx, "PRAGMA journal_mode = WAL").Scan(&mode); err != nil {
		return err
	}
	if mode != "wal" {
		return fmt.Errorf("storage: %s: SQLite cannot write ahead (WAL) there: the file must be on a local disk, not on one of a network", d.path)
	}
	return nil
}

func (d *sqliteDatabase) begin(ctx context.Context) (Tx, error) {
	tx, err := d.writers.BeginTx(ctx, nil)
	if err != nil {
		return nil, explainSQLite(d.path, err)
	}
	return sqlTx{sqlQuerier{tx}, tx}, nil
}

func (d *sqliteDatabase) reader() dbos.Querier { return sqlQuerier{d.readers} }

// sqliteWords are what differs between the statements of this package, which are PostgreSQL's, and SQLite's.
var sqliteWords = strings.NewReplacer("mainstem.now()", "CAST(unixepoch('subsec') * 1000000 AS INTEGER)", "mainstem.", "mainstem_", " FOR UPDATE", "", "$", "?")

func (*sqliteDatabase) native(statement string) string { return sqliteWords.Replace(statement) }

func (*sqliteDatabase) shared() bool { return false }

func (d *sqliteDatabase) engine() (*sql.DB, *pgxpool.Pool) { return d.engines, nil }

func (d *sqliteDatabase) notify(_ context.Context, _ Tx, names []string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.pending = append(d.pending, names...)
	return nil
}

// appended notes whom to wake. One transaction writes at a time, so what is noted is of the one that ends next. Of what has been rolled back to
// a savepoint, waiters are woken for nothing.
func (d *sqliteDatabase) appended(last int64, topics []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.last = last
	d.pending = append(d.pending, topics...)
}

// ended is called when a transaction has ended, before another can begin to write.
func (d *sqliteDatabase) ended(committed bool) {
	d.mu.Lock()
	topics := d.pending
	d.pending = nil
	if committed && d.last != 0 {
		d.known = d.last
	}
	d.last = 0
	d.mu.Unlock()
	if committed && len(topics) > 0 {
		d.signals.wake(topics...)
	}
}

// listen looks for events of other processes: commands beside the one that serves. It costs one small read a second, while anybody waits.
func (d *sqliteDatabase) listen(ctx context.Context) {
	look := time.NewTicker(sqliteLook)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		}
		if !d.signals.awaited() {
			continue
		}
		var seq int64
		if err := d.readers.QueryRowContext(ctx, "SELECT seq FROM mainstem_event_position").Scan(&seq); err != nil {
			if ctx.Err() == nil {
				d.log.WarnContext(ctx, "storage: cannot look for events of other processes", "file", d.path, "error", err)
			}
			continue
		}
		d.mu.Lock()
		other := seq != d.known
		d.known = seq
		d.mu.Unlock()
		if other {
			d.signals.wakeAll()
		}
	}
}

func (d *sqliteDatabase) close() error {
	var errs []error
	for _, pool := range []*sql.DB{d.engines, d.readers, d.writers} {
		if pool != nil {
			errs = append(errs, pool.Close())
		}
	}
	errs = append(errs, d.lock.unlock())
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("storage: %s: %w", d.path, err)
	}
	return nil
}

// prepareFile makes an empty file where there is none and one is wanted, readable by its owner alone, and refuses what SQLite would not.
func prepareFile(path string, create bool, log *slog.Logger) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist) && !create:
		return fmt.Errorf("storage: %s: there is no such file: `mainstem serve` makes it", path)
	case errors.Is(err, os.ErrNotExist):
		if _, err := os.Stat(path + "-wal"); err == nil {
			return fmt.Errorf("storage: %s is gone, but %s-wal, which holds its last changes, is there: put the file back, or move both out of the way to begin anew", path, path)
		}
		f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600) //nolint:gosec // whoever configures the file runs the program
		if err != nil {
			return explainFile(path, err)
		}
		return f.Close()
	case err != nil:
		return explainFile(path, err)
	case !info.Mode().IsRegular():
		return fmt.Errorf("storage: %s is no plain file: storage.url must name one", path)
	case info.Mode().Perm()&0o077 != 0:
		log.Warn("storage: others than its owner may read the database: chmod 600 it", "file", path, "mode", info.Mode().Perm().String())
	}
	return nil
}
