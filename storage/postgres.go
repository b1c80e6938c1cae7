package storage

import (
	"context"
	"errors"
	"log/slog"
)

func openPostgres(context.Context, Config, bool, *signals, *slog.Logger) (database, error) {
	return nil, errors.New("storage: not yet")
}
