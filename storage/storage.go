// Package storage keeps what the gateway itself must remember: its durable workflows, the log of events, and which processes run. It is one
// SQLite file, or a PostgreSQL database that several processes share. It knows no source and no workflow.
package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dbos-inc/dbos-transact-golang/dbos"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Tx is a transaction of either database, as the workflow engine hands it to a step.
type Tx = dbos.Tx

// ErrNotFound says that there is no such workflow.
var ErrNotFound = errors.New("storage: there is no such workflow")

// Store is an open database. It is safe for concurrent use.
type Store struct {
	log     *slog.Logger
	db      database
	signals *signals
	meters  *meters      // nil unless it is measured
	aside   atomic.Int64 // until when gauges do not ask the database, in nanoseconds of Unix

	stop    context.CancelFunc // ends what runs in the background
	running sync.WaitGroup
	closed  chan struct{}
	once    sync.Once
}

// database is what SQLite and PostgreSQL do differently.
type database interface {
	// begin starts a transaction that may write.
	begin(ctx context.Context) (Tx, error)
	// reader gives what reads outside of transactions.
	reader() dbos.Querier
	// native gives a statement in the database's own words.
	native(statement string) string
	shared() bool
	// engine gives the connections that the workflow engine works on: one of the two.
	engine() (*sql.DB, *pgxpool.Pool)
	// notify has the waiters for the names woken when tx commits.
	notify(ctx context.Context, tx Tx, names []string) error
	// appended is told that the transaction that holds the log's lock has events of these topics, and the last one's number; those who wait for
	// the topics are woken when it commits.
	appended(last int64, topics []string)
	// expired calls adopt for each executor but self whose lease is over, while no other process does.
	expired(ctx context.Context, self string, adopt func(ctx context.Context, executor string) error) error
	backup(ctx context.Context, path string) error
	verify(ctx context.Context) ([]string, error)
	// listen wakes waiters for what other processes do, until ctx ends.
	listen(ctx context.Context)
	close() error
}

// Open opens the database for a process that serves: it takes the lock of a SQLite file, checks it, and brings the tables up to date. What is
// wrong with the database is said in a sentence that says what to do; nothing is overwritten. Close it.
func Open(ctx context.Context, c Config, log *slog.Logger) (*Store, error) {
	return open(ctx, c, log, true)
}

// OpenExisting opens the database for a command beside the process that serves: it takes no lock and changes no table, and fails if there is
// no database, or one of another version. Close it.
func OpenExisting(ctx context.Context, c Config, log *slog.Logger) (*Store, error) {
	return open(ctx, c, log, false)
}

func open(ctx context.Context, c Config, log *slog.Logger, serve bool) (*Store, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("storage: %w", err)
	}
	s := &Store{log: log, signals: newSignals(), closed: make(chan struct{})}
	var err error
	if path, ok := c.URL.sqlitePath(); ok {
		s.db, err = openSQLite(ctx, path, serve, s.signals, log)
	} else {
		s.db, err = openPostgres(ctx, c, serve, s.signals, log)
	}
	if err != nil {
		return nil, err
	}
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = stop
	s.running.Go(func() { s.db.listen(background) })
	return s, nil
}

// Close ends every Follow and closes the database; what runs in a transaction is waited for. It can be called again.
func (s *Store) Close() error {
	var err error
	s.once.Do(func() {
		s.meters.stop()
		close(s.closed)
		s.stop()
		s.running.Wait()
		err = s.db.close()
	})
	return err
}

// Shared says whether other processes may work on the same database at the same time.
func (s *Store) Shared() bool { return s.db.shared() }

// Configure has the workflow engine keep its own tables in this database. The engine closes its connections when it shuts down, and the store's
// own stay: another engine needs another store.
func (s *Store) Configure(c *dbos.Config) { c.SQLiteSystemDB, c.SystemDBPool = s.db.engine() }

// DataSource gives the engine's handle to this database, for RunAsTransaction.
func (s *Store) DataSource(ctx dbos.Context) (*dbos.DataSource, error) {
	var source *dbos.DataSource
	var err error
	if file, pool := s.db.engine(); file != nil {
		source, err = dbos.NewDataSource(ctx, file, dbos.WithDataSourceName("storage"))
	} else {
		source, err = dbos.NewDataSource(ctx, pool, dbos.WithDataSourceName("storage"))
	}
	if err != nil {
		return nil, fmt.Errorf("storage: %w", err)
	}
	return source, nil
}

// InTx runs f in a transaction of its own, which commits if f returns nil. It is for what is outside of workflows: inside of one, the engine
// begins the transaction. f must not ask the store for anything but by tx.
func (s *Store) InTx(ctx context.Context, f func(Tx) error) (err error) {
	began := time.Now()
	defer func() { s.Transacted(ctx, began, err) }()
	tx, err := s.db.begin(ctx)
	if err != nil {
		return fmt.Errorf("storage: a transaction cannot begin: %w", err)
	}
	committed := false
	defer func() {
		if !committed {
			_ = tx.Rollback(context.WithoutCancel(ctx)) // the transaction is gone either way
		}
	}()
	if err := f(tx); err != nil {
		return err
	}
	if err := tx.Commit(ctx); err != nil {
		return fmt.Errorf("storage: a transaction cannot commit: %w", err)
	}
	committed = true
	return nil
}

// querier runs statements that are written once for both databases.
type querier struct {
	dbos.Querier
	native func(string) string
}

func (q querier) Exec(ctx context.Context, statement string, args ...any) (dbos.Result, error) {
	return q.Querier.Exec(ctx, q.native(statement), args...)
}

func (q querier) Query(ctx context.Context, statement string, args ...any) (dbos.Rows, error) {
	return q.Querier.Query(ctx, q.native(statement), args...)
}

func (q querier) QueryRow(ctx context.Context, statement string, args ...any) dbos.Row {
	return q.Querier.QueryRow(ctx, q.native(statement), args...)
}

// in gives what runs statements within tx.
func (s *Store) in(tx Tx) querier { return querier{tx, s.db.native} }

// outside gives what reads outside of transactions.
func (s *Store) outside() querier { return querier{s.db.reader(), s.db.native} }

// scan calls each for every row, and closes them.
func scan(rows dbos.Rows, err error, each func(scan func(...any) error) error) error {
	if err != nil {
		return err
	}
	for rows.Next() {
		if err := each(rows.Scan); err != nil {
			_ = rows.Close() // the first error counts
			return err
		}
	}
	if err := rows.Err(); err != nil {
		_ = rows.Close() // the first error counts
		return err
	}
	return rows.Close()
}
