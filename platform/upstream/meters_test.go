package upstream

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/mainstem/mainstem/platform/telemetry/names"
)

// TestWhoGoesIsNoFault: a caller who goes soon is told apart in the metrics, so that no alert blames the service; one who goes when it had half of its timeout is not.
func TestWhoGoesIsNoFault(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		after     time.Duration // the caller goes; never, if 0
		deadline  time.Duration
		how, code string
	}{
		"who goes at once":                   {time.Millisecond, time.Minute, "abandoned", "DEADLINE_EXCEEDED"},
		"who goes when it had half its time": {time.Second, time.Minute, "", "DEADLINE_EXCEEDED"},
		"whose time is over":                 {0, time.Millisecond, "", "DEADLINE_EXCEEDED"},
		"who waits until the timeout":        {0, time.Minute, "", "SOURCE_TIMEOUT"},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				reader := sdkmetric.NewManualReader()
				h, err := NewHTTP(Options{
					Name: "shop", URL: "http://shop", Timeout: 2 * time.Second, Meter: sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)).Meter("test"),
				}, Inputs{})
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = h.Close() }()
				h.transport = &service{script: always(silent)}
				ctx, cancel := context.WithTimeout(t.Context(), test.deadline)
				defer cancel()
				if test.after > 0 {
					time.AfterFunc(test.after, cancel)
				}
				if calling(h, http.MethodGet)(ctx) == nil {
					t.Fatal("a silent service answers")
				}
				how, code := measuredAs(t, reader)
				if how != test.how || code != test.code {
					t.Errorf("it counts as %q and %q, want %q and %q", how, code, test.how, test.code)
				}
			})
		})
	}
}

// measuredAs gives how the one call was measured.
func measuredAs(t *testing.T, reader *sdkmetric.ManualReader) (how, code string) {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := reader.Collect(context.Background(), &all); err != nil {
		t.Fatal(err)
	}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			if of, ok := m.Data.(metricdata.Histogram[float64]); ok && m.Name == names.SourceCallDuration.Name && len(of.DataPoints) == 1 {
				h, _ := of.DataPoints[0].Attributes.Value(names.How.Key)
				c, _ := of.DataPoints[0].Attributes.Value(names.ErrorCode.Key)
				return h.AsString(), c.AsString()
			}
		}
	}
	t.Fatal("nothing was measured, or more than one call")
	return "", ""
}
