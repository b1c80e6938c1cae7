package storage

import (
	"context"
	"database/sql"
	"errors"

	"github.com/dbos-inc/dbos-transact-golang/dbos"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// errNoRows is what a row without a result gives, for both databases.
var errNoRows = pgx.ErrNoRows

// sqlExecutor is a pool or a transaction of database/sql.
type sqlExecutor interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// sqlQuerier is database/sql in the engine's words.
type sqlQuerier struct{ db sqlExecutor }

func (q sqlQuerier) Exec(ctx context.Context, query string, args ...any) (dbos.Result, error) {
	return q.db.ExecContext(ctx, query, args...)
}

func (q sqlQuerier) Query(ctx context.Context, query string, args ...any) (dbos.Rows, error) {
	rows, err := q.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return rows, nil
}

func (q sqlQuerier) QueryRow(ctx context.Context, query string, args ...any) dbos.Row {
	return sqlRow{q.db.QueryRowContext(ctx, query, args...)}
}

type sqlRow struct{ *sql.Row }

func (r sqlRow) Scan(into ...any) error {
	err := r.Row.Scan(into...)
	if errors.Is(err, sql.ErrNoRows) {
		return errNoRows
	}
	return err
}

type sqlTx struct {
	sqlQuerier
	tx *sql.Tx
}

func (t sqlTx) Commit(context.Context) error   { return t.tx.Commit() }
func (t sqlTx) Rollback(context.Context) error { return t.tx.Rollback() }

// pgExecutor is a pool or a transaction of pgx.
type pgExecutor interface {
	Exec(ctx context.Context, query string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, query string, args ...any) (pgx.Rows, error)
	QueryRow(ctx context.Context, query string, args ...any) pgx.Row
}

// pgQuerier is pgx in the engine's words.
type pgQuerier struct{ db pgExecutor }

func (q pgQuerier) Exec(ctx context.Context, query string, args ...any) (dbos.Result, error) {
	tag, err := q.db.Exec(ctx, query, args...)
	return pgResult(tag.RowsAffected()), err
}

func (q pgQuerier) Query(ctx context.Context, query string, args ...any) (dbos.Rows, error) {
	rows, err := q.db.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return pgRows{rows}, nil
}

func (q pgQuerier) QueryRow(ctx context.Context, query string, args ...any) dbos.Row {
	return q.db.QueryRow(ctx, query, args...)
}

type pgRows struct{ pgx.Rows }

func (r pgRows) Close() error {
	r.Rows.Close()
	return r.Err()
}

type pgResult int64

func (r pgResult) RowsAffected() (int64, error) { return int64(r), nil }

type pgTx struct {
	pgQuerier
	tx pgx.Tx
}

func (t pgTx) Commit(ctx context.Context) error   { return t.tx.Commit(ctx) }
func (t pgTx) Rollback(ctx context.Context) error { return t.tx.Rollback(ctx) }
