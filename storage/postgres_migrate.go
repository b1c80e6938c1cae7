package storage

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/dbos-inc/dbos-transact-golang/dbos"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
)

const (
	migrationLock    = 0x6d61696e7374656d // "mainstem"
	migrationLook    = 100 * time.Millisecond
	migrationPatient = 10 * time.Second // for the engine to let go of its connections
)

// migrate brings the tables up to date, the engine's too, while no other process does. Without change it only looks whether they are.
func (d *postgresDatabase) migrate(ctx context.Context, settings *pgxpool.Config, change bool) error {
	db := stdlib.OpenDBFromPool(d.pool)
	defer db.Close() //nolint:errcheck // it gives connections back to the pool, which stays
	where := "the database " + d.url.String()
	if !change {
		return migrate(ctx, postgresMigrations, db, false, where)
	}
	return d.locked(ctx, func() error {
		// IF NOT EXISTS asks for the right to make one, even if there is one.
		var exists bool
		if err := d.pool.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = 'mainstem')`).Scan(&exists); err != nil {
			return err
		}
		if !exists {
			if _, err := d.pool.Exec(ctx, `CREATE SCHEMA mainstem`); err != nil {
				return err
			}
		}
		if err := migrate(ctx, postgresMigrations, db, true, where); err != nil {
			return err
		}
		return migrateEngine(ctx, settings)
	})
}

// locked runs f while no other process does. It asks again and again: a process that waited within a statement would keep the one that it waits
// for from making an index concurrently, which waits for statements.
func (d *postgresDatabase) locked(ctx context.Context, f func() error) (err error) {
	conn, err := d.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	for told := false; ; told = true {
		var ours bool
		if err := conn.QueryRow(ctx, `SELECT pg_try_advisory_lock($1)`, int64(migrationLock)).Scan(&ours); err != nil {
			return err
		}
		if ours {
			break
		}
		if !told {
			d.log.InfoContext(ctx, "storage: waits for another process that brings the tables up to date", "database", d.url.String())
		}
		timer := time.NewTimer(migrationLook)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
	}
	defer func() {
		unlocking, cancel := context.WithTimeout(context.WithoutCancel(ctx), migrationPatient)
		defer cancel()
		if _, unlockErr := conn.Exec(unlocking, `SELECT pg_advisory_unlock($1)`, int64(migrationLock)); unlockErr != nil {
			err = errors.Join(err, unlockErr, conn.Conn().Close(unlocking)) // with which the lock goes
		}
	}()
	return f()
}

// migrateEngine makes the engine's tables. The engine would do it when it starts, but takes no lock: of several processes that start at once, all
// but one would fail.
func migrateEngine(ctx context.Context, settings *pgxpool.Config) error {
	settings = settings.Copy()
	settings.MaxConns = postgresMinConnections
	pool, err := pgxpool.NewWithConfig(ctx, settings)
	if err != nil {
		return err
	}
	defer pool.Close()
	engine, err := dbos.NewContext(ctx, dbos.Config{
		AppName: "mainstem", ApplicationVersion: "1", ExecutorID: "migration", SystemDBPool: pool, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return fmt.Errorf("the workflow engine's tables cannot be brought up to date: %w", err)
	}
	return dbos.Shutdown(engine, migrationPatient)
}
