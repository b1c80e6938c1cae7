package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/dbos-inc/dbos-transact-golang/dbos"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	postgresConnections    = 20 // the engine's, for each process, unless the URL says pool_max_conns
	postgresMinConnections = 4
	postgresOurs           = 8 // ours beside them, and one more that listens
	postgresConnectTimeout = 10 * time.Second
	postgresOldest         = 130000 // as server_version_num
)

// postgresDatabase is a PostgreSQL database, which other processes may use too.
type postgresDatabase struct {
	url     URL
	engines *pgxpool.Pool // the engine's, which closes it when it shuts down
	pool    *pgxpool.Pool
	signals *signals
	log     *slog.Logger
}

// openPostgres connects to a database. Without serve, its tables must be there already.
func openPostgres(ctx context.Context, c Config, serve bool, signals *signals, log *slog.Logger) (database, error) {
	settings, err := poolSettings(c)
	if err != nil {
		return nil, err
	}
	engines, err := pgxpool.NewWithConfig(context.WithoutCancel(ctx), settings)
	if err != nil {
		return nil, explainPostgres(c.URL, err)
	}
	settings = settings.Copy()
	settings.MaxConns = postgresOurs
	pool, err := pgxpool.NewWithConfig(context.WithoutCancel(ctx), settings)
	if err != nil {
		engines.Close()
		return nil, explainPostgres(c.URL, err)
	}
	d := &postgresDatabase{url: c.URL, engines: engines, pool: pool, signals: signals, log: log}
	if err = d.check(ctx); err == nil {
		err = d.migrate(ctx, settings, serve)
	}
	if err != nil {
		return nil, errors.Join(explainPostgres(c.URL, err), d.close())
	}
	return d, nil
}

// poolSettings reads the URL. The password is kept apart from it, since the engine logs the URL.
func poolSettings(c Config) (*pgxpool.Config, error) {
	bare, password, err := c.URL.split()
	if err != nil {
		return nil, fmt.Errorf("storage: storage.url %w", err)
	}
	settings, err := pgxpool.ParseConfig(bare)
	if err != nil {
		return nil, fmt.Errorf("storage: storage.url: %w", err)
	}
	if !c.Password.IsZero() {
		password = c.Password.Reveal()
	}
	if password != "" {
		settings.ConnConfig.Password = password
	}
	// pgxpool's own default is one for each processor, of which a pool that waits for disks has no use.
	if settings.MaxConns = postgresConnections; parameter(bare, "pool_max_conns") != "" {
		n, _ := strconv.ParseInt(parameter(bare, "pool_max_conns"), 10, 32) // pgxpool has read it
		settings.MaxConns = int32(n)
	}
	if settings.MaxConns < postgresMinConnections {
		return nil, fmt.Errorf("storage: storage.url: pool_max_conns must be %d or more", postgresMinConnections)
	}
	if settings.ConnConfig.ConnectTimeout == 0 {
		settings.ConnConfig.ConnectTimeout = postgresConnectTimeout
	}
	if settings.ConnConfig.RuntimeParams["application_name"] == "" {
		settings.ConnConfig.RuntimeParams["application_name"] = "mainstem"
	}
	return settings, nil
}

// check refuses servers on which this package would fail later.
func (d *postgresDatabase) check(ctx context.Context) error {
	var version int
	var encoding string
	var standby, readOnly bool
	err := d.pool.QueryRow(ctx, `SELECT current_setting('server_version_num')::int, current_setting('server_encoding'),
		pg_is_in_recovery(), current_setting('default_transaction_read_only')::bool`).Scan(&version, &encoding, &standby, &readOnly)
	switch {
	case err != nil:
		return err
	case version < postgresOldest:
		return fmt.Errorf("storage: %s is a PostgreSQL %d: 13 or newer is needed", d.url, version/10000)
	case encoding != "UTF8":
		return fmt.Errorf("storage: %s has the encoding %s: make a database for the gateway by CREATE DATABASE mainstem ENCODING 'UTF8' TEMPLATE template0", d.url, encoding)
	case standby || readOnly:
		return fmt.Errorf("storage: %s can only be read: storage.url must name the primary server (with several hosts, add target_session_attrs=read-write)", d.url)
	}
	return nil
}

func (d *postgresDatabase) begin(ctx context.Context) (Tx, error) {
	tx, err := d.pool.Begin(ctx)
	if err != nil {
		return nil, explainPostgres(d.url, err)
	}
	return pgTx{pgQuerier{tx}, tx}, nil
}

func (d *postgresDatabase) reader() dbos.Querier { return pgQuerier{d.pool} }

func (*postgresDatabase) native(statement string) string { return statement }

func (*postgresDatabase) shared() bool { return true }

func (d *postgresDatabase) engine() (*sql.DB, *pgxpool.Pool) { return nil, d.engines }

func (*postgresDatabase) notify(ctx context.Context, tx Tx, names []string) error {
	_, err := tx.Exec(ctx, `SELECT pg_notify('mainstem', name) FROM unnest($1::text[]) AS name`, names)
	if err != nil {
		return fmt.Errorf("storage: others cannot be notified: %w", err)
	}
	return nil
}

// appended does nothing: a trigger tells of each event.
func (*postgresDatabase) appended(int64, []string) {}

func (*postgresDatabase) backup(context.Context, string) error {
	return errors.New("storage: backup: PostgreSQL has its own: `pg_dump --schema=mainstem --schema=dbos`, or what your server's operators use")
}

func (*postgresDatabase) verify(context.Context) ([]string, error) {
	return nil, errors.New("storage: verify: PostgreSQL has its own: `pg_amcheck` for the structure, and a restored `pg_dump` for a backup")
}

func (d *postgresDatabase) close() error {
	d.engines.Close()
	d.pool.Close()
	return nil
}
