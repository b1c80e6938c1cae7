package storage

import (
	"context"
	"errors"
	"os"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/mainstem/mainstem/platform/telemetry/names"
)

// meters measure what a store does. A nil one measures nothing.
type meters struct {
	transactions metric.Float64Histogram
	byResult     *names.Sets[string]

	followers, undelivered metric.Int64UpDownCounter
	delivered              metric.Int64Counter
	lag                    metric.Float64Histogram

	observed []metric.Registration
}

const (
	tooLong   = time.Second     // how long whoever reads the metrics waits for the database
	leftAside = 5 * time.Second // for how long it is not asked again then: gauges are read one after the other
)

// Observe has a gauge asked of the store whenever somebody reads the metrics. What the database does not say within a second is left out, rather than something
// that is not true any more; and so is, for a few seconds, whatever else it would be asked, so that a database that hangs keeps nobody waiting for long who
// reads all metrics. It gives what ends that.
func (s *Store) Observe(gauge names.Metric, meter metric.Meter, ask func(ctx context.Context, tell names.Tell) error) metric.Registration {
	return gauge.Observe(meter, func(ctx context.Context, tell names.Tell) {
		if time.Now().UnixNano() < s.aside.Load() {
			return
		}
		ctx, cancel := context.WithTimeout(ctx, tooLong)
		defer cancel()
		if err := ask(ctx, tell); err != nil && ctx.Err() != nil {
			s.aside.Store(time.Now().Add(leftAside).UnixNano())
		}
	})
}

// Measure has the store measured, until it is closed. It is called before the store is used.
func (s *Store) Measure(meter metric.Meter) {
	m := &meters{
		transactions: names.StorageTransactions.Histogram(meter),
		byResult:     names.NewSets(func(result string) []attribute.KeyValue { return []attribute.KeyValue{names.Result.String(result)} }),
		followers:    names.EventsFollowers.UpDown(meter), undelivered: names.EventsUndelivered.UpDown(meter),
		delivered: names.EventsDelivered.Counter(meter), lag: names.EventsLag.Histogram(meter),
	}
	m.delivered.Add(context.Background(), 0) // so that the first is seen to be one more
	m.followers.Add(context.Background(), 0)
	m.undelivered.Add(context.Background(), 0)
	m.observed = append(m.observed,
		s.Observe(names.EventsLast, meter, func(ctx context.Context, tell names.Tell) error {
			seq, err := s.LastSeq(ctx)
			if err == nil {
				tell(float64(seq))
			}
			return err
		}),
		s.Observe(names.EventsAge, meter, func(ctx context.Context, tell names.Tell) error {
			switch newest, err := s.events(ctx, `ORDER BY seq DESC LIMIT 1`); {
			case err != nil:
				return err
			case len(newest) == 0:
				tell(0)
			default:
				tell(max(time.Since(newest[0].At), 0).Seconds())
			}
			return nil
		}))
	if file, ok := s.db.(*sqliteDatabase); ok {
		m.observed = append(m.observed, names.StorageSize.Observe(meter, func(_ context.Context, tell names.Tell) {
			for kind, path := range map[string]string{"database": file.path, "wal": file.path + "-wal"} {
				if info, err := os.Stat(path); err == nil {
					tell(float64(info.Size()), names.StorageFile.String(kind))
				}
			}
		}))
	}
	s.meters = m
}

// stop has nothing observed any more.
func (m *meters) stop() {
	if m == nil {
		return
	}
	for _, r := range m.observed {
		_ = r.Unregister() // which cannot fail
	}
}

// Transacted measures a transaction that somebody else has run, such as the workflow engine: since when, and what it has failed with.
func (s *Store) Transacted(ctx context.Context, began time.Time, err error) {
	if s.meters == nil {
		return
	}
	result := "committed"
	switch {
	case err == nil:
	case errors.Is(err, ErrNotFound) || ctx.Err() != nil:
		result = "refused"
	default:
		result = "failed"
	}
	s.meters.transactions.Record(ctx, time.Since(began).Seconds(), s.meters.byResult.Of(result).Record...)
}

// follower measures who follows the log. A nil one measures nothing.
type follower struct {
	meters *meters
	ctx    context.Context
	ahead  int64 // events that were read and not taken
}

// follow begins to measure a follower.
func (m *meters) follow(ctx context.Context) *follower {
	if m == nil {
		return nil
	}
	m.followers.Add(ctx, 1)
	return &follower{meters: m, ctx: context.WithoutCancel(ctx)}
}

// read is told that so many events were read for him.
func (f *follower) read(n int) {
	if f != nil {
		f.ahead += int64(n)
		f.meters.undelivered.Add(f.ctx, int64(n))
	}
}

// given is told that he is given an event, and whether he has waited for it: else it may be of any age.
func (f *follower) given(e Event, waited bool) {
	if f == nil {
		return
	}
	f.meters.delivered.Add(f.ctx, 1)
	if waited {
		f.meters.lag.Record(f.ctx, max(time.Since(e.At), 0).Seconds())
	}
}

// taken is told that he has taken one.
func (f *follower) taken() {
	if f != nil {
		f.ahead--
		f.meters.undelivered.Add(f.ctx, -1)
	}
}

// end is told that he does not follow any more.
func (f *follower) end() {
	if f != nil {
		f.meters.undelivered.Add(f.ctx, -f.ahead)
		f.meters.followers.Add(f.ctx, -1)
	}
}
