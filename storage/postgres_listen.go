package storage

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	listenCheck = 30 * time.Second // how often a silent connection is asked whether it lives
	listenReply = 5 * time.Second
	listenRetry = 100 * time.Millisecond // doubled for each failure in a row
	listenPause = 5 * time.Second        // the longest
)

// listen hears what is notified, on a connection of its own, and makes another when that is lost. What was notified meanwhile nobody tells, so
// everybody is woken then and looks.
func (d *postgresDatabase) listen(ctx context.Context) {
	pause := listenRetry
	for {
		connected, err := d.listenOnce(ctx)
		if ctx.Err() != nil {
			return
		}
		if connected {
			pause = listenRetry
		}
		d.log.WarnContext(ctx, "storage: lost the connection that hears of events; they are late until there is another", "database", d.url.String(), "error", err)
		timer := time.NewTimer(pause/2 + rand.N(pause)) //nolint:gosec // no secret
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		pause = min(2*pause, listenPause)
	}
}

// listenOnce hears until the connection is lost. It says whether there was one.
func (d *postgresDatabase) listenOnce(ctx context.Context) (connected bool, err error) {
	conn, err := pgx.ConnectConfig(ctx, d.pool.Config().ConnConfig)
	if err != nil {
		return false, err
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), listenReply)
		defer cancel()
		_ = conn.Close(closing) // it is lost, or not needed
	}()
	if _, err := conn.Exec(ctx, "LISTEN mainstem"); err != nil {
		return false, err
	}
	d.signals.wakeAll()
	for {
		if err := d.hear(ctx, conn); err != nil {
			return true, err
		}
	}
}

// hear waits for one notification. When there is none for long, it asks whether the connection lives.
func (d *postgresDatabase) hear(ctx context.Context, conn *pgx.Conn) error {
	waiting, cancel := context.WithTimeout(ctx, listenCheck)
	defer cancel()
	notification, err := conn.WaitForNotification(waiting)
	if err == nil {
		d.signals.wake(notification.Payload)
		return nil
	}
	if ctx.Err() != nil || !errors.Is(waiting.Err(), context.DeadlineExceeded) {
		return err
	}
	asking, cancel := context.WithTimeout(ctx, listenReply)
	defer cancel()
	return conn.Ping(asking)
}
