package storage_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/mainstem/mainstem/platform/telemetry/names"
	"github.com/mainstem/mainstem/storage"
)

// readings gives what is measured, by the metric's name and the value of its only attribute: a counter's or a gauge's value, or how many values a
// histogram has.
func readings(t *testing.T, reader sdkmetric.Reader) map[string]float64 {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := reader.Collect(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	found := map[string]float64{}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			switch data := m.Data.(type) {
			case metricdata.Sum[int64]:
				found[m.Name] = float64(data.DataPoints[0].Value)
			case metricdata.Gauge[int64]:
				for _, p := range data.DataPoints {
					file, _ := p.Attributes.Value(names.StorageFile.Key)
					found[m.Name+file.AsString()] = float64(p.Value)
				}
			case metricdata.Gauge[float64]:
				found[m.Name] = data.DataPoints[0].Value
			case metricdata.Histogram[float64]:
				for _, p := range data.DataPoints {
					result, _ := p.Attributes.Value(names.Result.Key)
					found[m.Name+result.AsString()] = float64(p.Count)
				}
			}
		}
	}
	return found
}

// TestWhatAStoreMeasures: transactions by what became of them, and followers by what they were given and how old it was.
func TestWhatAStoreMeasures(t *testing.T) {
	t.Parallel()
	c := storage.Defaults()
	c.URL = storage.URL("sqlite:" + filepath.Join(t.TempDir(), "mainstem.db"))
	s, err := storage.Open(t.Context(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	reader := sdkmetric.NewManualReader()
	s.Measure(sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)).Meter("test"))
	tell := func(topic string) {
		t.Helper()
		event := storage.Event{Kind: "told", Topic: topic, Actor: storage.Actor{Subject: "test"}, Version: 1}
		if err := s.InTx(t.Context(), func(tx storage.Tx) error { return s.Append(t.Context(), tx, []storage.Event{event}) }); err != nil {
			t.Fatal(err)
		}
	}
	tell("news")
	broken := errors.New("broken")
	for _, want := range []error{broken, storage.ErrNotFound} {
		if err := s.InTx(t.Context(), func(storage.Tx) error { return want }); !errors.Is(err, want) {
			t.Fatalf("got %v", err)
		}
	}

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	given := 0
	for _, err := range s.Follow(ctx, "news", 0) {
		if err != nil {
			t.Fatal(err)
		}
		if given++; given == 2 {
			break
		}
		tell("news") // which is what is waited for now
	}
	got := readings(t, reader)
	for name, want := range map[string]float64{
		names.StorageTransactions.Name + "committed": 2, names.StorageTransactions.Name + "failed": 1, names.StorageTransactions.Name + "refused": 1,
		names.EventsLast.Name: 2, names.EventsDelivered.Name: 2, names.EventsLag.Name: 1, names.EventsFollowers.Name: 0, names.EventsUndelivered.Name: 0,
	} {
		if got[name] != want {
			t.Errorf("%s is %v, want %v", name, got[name], want)
		}
	}
	if age := got[names.EventsAge.Name]; age < 0 || age > time.Minute.Seconds() {
		t.Errorf("the newest event is %v s old", age)
	}
	if size := got[names.StorageSize.Name+"database"]; size < 4096 {
		t.Errorf("the file has %v bytes", size)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if after := readings(t, reader); after[names.StorageSize.Name+"database"] != 0 {
		t.Error("a store that is closed is measured")
	}
}

// TestWhoReadsMetricsWaitsOnce: a database that hangs is asked by one gauge, for a second, and by the others a while later; one that fails at once is asked by all.
func TestWhoReadsMetricsWaitsOnce(t *testing.T) {
	t.Parallel()
	gauges := []names.Metric{names.EventsLast, names.EventsAge, names.WorkflowRuns, names.WorkflowsOldest}
	hangs := func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	}
	refuses := func(context.Context) error { return errors.New("connection refused") }
	answers := func(context.Context) error { return nil }
	for reason, test := range map[string]struct {
		answer       func(context.Context) error
		asked, later int // by the first reading, and with that of some seconds later
		told         bool
		waits        time.Duration
	}{
		"it hangs":   {hangs, 1, 2, false, time.Second},
		"it refuses": {refuses, 4, 8, false, 0},
		"it answers": {answers, 4, 8, true, 0},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var s storage.Store
				reader, asked := sdkmetric.NewManualReader(), 0
				meter := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)).Meter("test")
				for _, gauge := range gauges {
					s.Observe(gauge, meter, func(ctx context.Context, tell names.Tell) error {
						asked++
						err := test.answer(ctx)
						if err == nil {
							tell(1)
						}
						return err
					})
				}
				began := time.Now()
				got := readings(t, reader)
				if took := time.Since(began); took != test.waits || asked != test.asked || (len(got) == len(gauges)) != test.told {
					t.Errorf("it takes %s, %d were asked for, and %v is told", took, asked, got)
				}
				time.Sleep(5 * time.Second)
				readings(t, reader)
				if asked != test.later {
					t.Errorf("later, it was asked %d times", asked)
				}
			})
		})
	}
}
