package storage

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/pressly/goose/v3"
)

//go:embed migrations/*/*.sql
var migrationFiles embed.FS

// migrations are the steps to today's tables, of one of the databases.
type migrations struct {
	dialect goose.Dialect
	folder  string
	table   string // which says what has been done
}

var (
	sqliteMigrations   = migrations{goose.DialectSQLite3, "migrations/sqlite", "mainstem_migrations"}
	postgresMigrations = migrations{goose.DialectPostgres, "migrations/postgres", "mainstem.mainstem_migrations"}
)

// migrate brings the tables up to date; without change, it fails unless they are. The caller holds the lock that keeps others from doing the
// same. There is no way back: a database of a newer program is refused. where says in sentences what is meant; other errors are for the caller to
// explain.
func migrate(ctx context.Context, m migrations, db *sql.DB, change bool, where string) error {
	files, err := fs.Sub(migrationFiles, m.folder)
	if err != nil {
		return fmt.Errorf("its migrations cannot be read: %w", err)
	}
	provider, err := goose.NewProvider(m.dialect, db, files,
		goose.WithTableName(m.table), goose.WithDisableGlobalRegistry(true), goose.WithSlog(slog.New(slog.DiscardHandler)))
	if err != nil {
		return fmt.Errorf("its migrations cannot be read: %w", err)
	}
	sources := provider.ListSources()
	newest := sources[len(sources)-1].Version
	version, err := versionOf(ctx, m, db)
	if err != nil {
		return fmt.Errorf("its version cannot be read: %w", err)
	}
	switch {
	case version > newest:
		return fmt.Errorf("storage: %s was made by a newer Mainstem: it has version %d, and this program knows %d. Start the newer program, or restore a backup of the time before it; nothing was changed", where, version, newest)
	case version == newest:
		return nil
	case !change && version == 0:
		return fmt.Errorf("storage: %s has no tables of Mainstem's: `mainstem serve` makes them", where)
	case !change:
		return fmt.Errorf("storage: %s has version %d, and this program wants %d: `mainstem serve` of this version brings it up to date", where, version, newest)
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("its tables cannot be brought from version %d to %d: %w", version, newest, err)
	}
	return nil
}

// versionOf gives the last migration that was done; 0 for none. It makes nothing, where goose would make its table.
func versionOf(ctx context.Context, m migrations, db *sql.DB) (int64, error) {
	exists := "SELECT 1 FROM sqlite_master WHERE name = 'mainstem_migrations'"
	if m.dialect == goose.DialectPostgres {
		exists = "SELECT 1 FROM pg_catalog.pg_tables WHERE schemaname = 'mainstem' AND tablename = 'mainstem_migrations'"
	}
	var found int
	err := db.QueryRowContext(ctx, exists).Scan(&found)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	var version sql.NullInt64
	err = db.QueryRowContext(ctx, "SELECT max(version_id) FROM "+m.table).Scan(&version)
	return version.Int64, err
}
