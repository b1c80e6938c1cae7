package telemetry_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mainstem/mainstem/platform/telemetry"
)

// TestFloodsAreCounted: of equal lines there are 20 in each second, and one that says how many more there were.
func TestFloodsAreCounted(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		log  func(l *slog.Logger)
		want map[string]int // how often something is in the log
	}{
		"the same again and again": {func(l *slog.Logger) {
			for i := range 1000 {
				l.Warn("a fault", "source", "reviews", "n", i)
			}
		}, map[string]int{`"msg":"a fault"`: 20, `"msg":"lines were left out","said":"a fault","lines":980,"source":"reviews"`: 1}},
		"by loggers of their own": {func(l *slog.Logger) {
			for i := range 30 {
				l.With("n", i).WithGroup("g").Warn("a fault", "k", i)
			}
		}, map[string]int{`"msg":"a fault"`: 20, `"lines":10`: 1}},
		"of another source, and with another code": {func(l *slog.Logger) {
			for range 15 {
				l.Warn("a fault", "source", "reviews")
				l.Warn("a fault", "source", "orders", "code", "A")
				l.Warn("a fault", "source", "orders", "code", "B")
			}
		}, map[string]int{`"msg":"a fault"`: 45, "left out": 0}},
		"in another second": {func(l *slog.Logger) {
			for range 3 {
				for range 15 {
					l.Warn("a fault")
				}
				time.Sleep(1100 * time.Millisecond)
			}
		}, map[string]int{`"msg":"a fault"`: 45, "left out": 0}},
		"the access log": {func(l *slog.Logger) {
			for range 100 {
				l.Info("request")
			}
		}, map[string]int{`"msg":"request"`: 100}},
		"ever other lines": {func(l *slog.Logger) {
			for i := range 5000 {
				l.Warn(fmt.Sprint("entry", i))
			}
		}, map[string]int{"entry": 1020, `"said":"others","lines":3980`: 1}},
		"what is said of secrets": {func(l *slog.Logger) {
			for range 30 {
				l.Warn("no ada@example.com", "source", "token=abc")
			}
		}, map[string]int{"ada": 0, "abc": 0, `"said":"no [redacted]"`: 1}},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			synctest.Test(t, func(*testing.T) {
				test.log(telemetry.NewLogger(&out, slog.LevelInfo))
				time.Sleep(2 * time.Second)
				synctest.Wait()
			})
			for part, want := range test.want {
				if got := strings.Count(out.String(), part); got != want {
					t.Errorf("%s is there %d times, want %d", part, got, want)
				}
			}
		})
	}
}

func TestLevel(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		level := telemetry.NewLevel(slog.LevelInfo)
		is := func(when string, now, usual slog.Level, left time.Duration) {
			t.Helper()
			synctest.Wait()
			gotNow, gotUsual, until := level.State()
			if gotNow != now || gotUsual != usual || level.Level() != now || until.IsZero() != (left == 0) || left > 0 && time.Until(until) != left {
				t.Errorf("%s: %v, %v, until %v", when, gotNow, gotUsual, until)
			}
		}
		is("at first", slog.LevelInfo, slog.LevelInfo, 0)
		level.Set(slog.LevelDebug, time.Minute)
		is("for a while", slog.LevelDebug, slog.LevelInfo, time.Minute)
		time.Sleep(30 * time.Second)
		level.Set(slog.LevelWarn, time.Minute)
		is("for another while", slog.LevelWarn, slog.LevelInfo, time.Minute)
		time.Sleep(31 * time.Second)
		is("though the first is over", slog.LevelWarn, slog.LevelInfo, 29*time.Second)
		time.Sleep(29 * time.Second)
		is("again", slog.LevelInfo, slog.LevelInfo, 0)
		level.Set(slog.LevelDebug, time.Minute)
		level.Set(slog.LevelError, 0)
		time.Sleep(2 * time.Minute)
		is("for good", slog.LevelError, slog.LevelError, 0)
	})
}

func BenchmarkAccessLine(b *testing.B) {
	log := telemetry.NewLogger(discard{}, slog.LevelInfo)
	ctx := telemetry.WithRequestID(context.Background(), "VSU7TKPZ475A6DSWPSEUOFCIEM")
	b.ReportAllocs()
	for b.Loop() {
		log.LogAttrs(ctx, slog.LevelInfo, "request", slog.String("method", "POST"), slog.String("path", "/graphql"), slog.String("protocol", "HTTP/1.1"),
			slog.Int("status", 200), slog.Int64("bytes_in", 111), slog.Int64("bytes_out", 601), slog.Float64("duration_ms", 40.435), slog.String("transport", "http"),
			slog.Bool("signed_in", false), slog.String("operation_name", "Shop"), slog.String("operation_type", "query"),
			slog.String("document_hash", "cf905765f2404f16862d3d296b3e1f3d5e97267bcf065dab508510c408817376"), slog.Int64("cost", 136), slog.Int("calls", 3))
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
