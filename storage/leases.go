package storage

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Renew says that an executor, which is a process that runs workflows, lives for ttl more by the database's clock. The first time begins its lease.
func (s *Store) Renew(ctx context.Context, executor string, ttl time.Duration) error {
	err := s.InTx(ctx, func(tx Tx) error {
		_, err := s.in(tx).Exec(ctx, `INSERT INTO mainstem.executors (id, lease_until) VALUES ($1, mainstem.now() + $2)
			ON CONFLICT (id) DO UPDATE SET lease_until = excluded.lease_until`, executor, ttl.Microseconds())
		return err
	})
	if err != nil {
		return fmt.Errorf("storage: a lease cannot be renewed: %w", err)
	}
	return nil
}

// Release ends an executor's lease: others may adopt its workflows at once.
func (s *Store) Release(ctx context.Context, executor string) error {
	err := s.InTx(ctx, func(tx Tx) error {
		_, err := s.in(tx).Exec(ctx, `UPDATE mainstem.executors SET lease_until = 0 WHERE id = $1`, executor)
		return err
	})
	if err != nil {
		return fmt.Errorf("storage: a lease cannot be released: %w", err)
	}
	return nil
}

// Executors gives the executors that have a lease, or had one and are not adopted yet.
func (s *Store) Executors(ctx context.Context) (ids []string, err error) {
	rows, err := s.outside().Query(ctx, `SELECT id FROM mainstem.executors ORDER BY id`)
	err = scan(rows, err, func(scan func(...any) error) error {
		var id string
		err := scan(&id)
		ids = append(ids, id)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("storage: leases cannot be read: %w", err)
	}
	return ids, nil
}

// Expired calls adopt for each executor other than self whose lease is over, and forgets the executor if adopt returns nil. One process at a time
// adopts the workflows of an executor; what another does just then is skipped. The executors after one that cannot be adopted have their turn
// too: the error joins what failed. An executor that has workflows under way and no lease counts as one whose lease is over, unless there is a colon
// in its name: such a one is no process. On SQLite each other executor's lease is over, since one process at a time has the file.
func (s *Store) Expired(ctx context.Context, self string, adopt func(ctx context.Context, executor string) error) error {
	if err := s.db.expired(ctx, self, adopt); err != nil {
		return fmt.Errorf("storage: %w", err)
	}
	return nil
}

// expired runs the adoptions of a file: its lock keeps other processes out, and the mutex keeps this one's own apart.
func (d *sqliteDatabase) expired(ctx context.Context, self string, adopt func(ctx context.Context, executor string) error) error {
	d.adopting.Lock()
	defer d.adopting.Unlock()
	var over []string
	q := querier{d.reader(), d.native}
	rows, err := q.Query(ctx, `SELECT id FROM mainstem.executors WHERE id <> $1 ORDER BY id`, self)
	err = scan(rows, err, func(scan func(...any) error) error {
		var id string
		err := scan(&id)
		over = append(over, id)
		return err
	})
	if err != nil {
		return fmt.Errorf("leases cannot be read: %w", err)
	}
	var errs []error
	for _, id := range over {
		err := adopt(ctx, id)
		if err == nil {
			_, err = d.writers.ExecContext(ctx, d.native(`DELETE FROM mainstem.executors WHERE id = $1`), id)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("the workflows of executor %s cannot be adopted: %w", id, err))
		}
	}
	return errors.Join(errs...)
}

// expired runs adoptions, each in a transaction that holds the executor's row.
func (d *postgresDatabase) expired(ctx context.Context, self string, adopt func(ctx context.Context, executor string) error) error {
	// An executor that was adopted while it lived, and died before it renewed its lease, has workflows and no lease. What has a colon is no process.
	_, err := d.pool.Exec(ctx, `INSERT INTO mainstem.executors (id, lease_until)
		SELECT DISTINCT w.executor, 0 FROM mainstem.workflows w
		WHERE w.state IN ('RUNNING', 'UNDOING', 'STUCK') AND w.executor <> $1 AND w.executor NOT LIKE '%:%' AND NOT EXISTS (SELECT 1 FROM mainstem.executors e WHERE e.id = w.executor)
		ON CONFLICT DO NOTHING`, self)
	if err != nil {
		return fmt.Errorf("leases cannot be read: %w", err)
	}
	rows, err := d.pool.Query(ctx, `SELECT id FROM mainstem.executors WHERE id <> $1 AND lease_until < mainstem.now() ORDER BY id`, self)
	if err != nil {
		return fmt.Errorf("leases cannot be read: %w", err)
	}
	over, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("leases cannot be read: %w", err)
	}
	var errs []error
	for _, id := range over {
		if err := d.adoptOne(ctx, id, adopt); err != nil {
			errs = append(errs, fmt.Errorf("the workflows of executor %s cannot be adopted: %w", id, err))
		}
	}
	return errors.Join(errs...)
}

func (d *postgresDatabase) adoptOne(ctx context.Context, id string, adopt func(ctx context.Context, executor string) error) error {
	return pgx.BeginFunc(ctx, d.pool, func(tx pgx.Tx) error {
		var locked string
		err := tx.QueryRow(ctx, `SELECT id FROM mainstem.executors WHERE id = $1 AND lease_until < mainstem.now() FOR UPDATE SKIP LOCKED`, id).Scan(&locked)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil // it lives again, or another process adopts
		}
		if err != nil {
			return err
		}
		if err := adopt(ctx, id); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `DELETE FROM mainstem.executors WHERE id = $1`, id)
		return err
	})
}
