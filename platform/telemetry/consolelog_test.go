package telemetry_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mainstem/mainstem/platform/telemetry"
)

// consoled gives what a console shows of what is logged, once all of it was said. A bubble's time begins at midnight, UTC.
func consoled(t *testing.T, log func(ctx context.Context, l *slog.Logger)) string {
	t.Helper()
	var shown bytes.Buffer
	synctest.Test(t, func(t *testing.T) {
		log(t.Context(), telemetry.NewConsoleLogger(&shown, slog.LevelInfo))
		time.Sleep(2 * time.Second)
		synctest.Wait()
	})
	text := shown.String()
	midnight := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Local()
	for i := range 4 {
		text = strings.ReplaceAll(text, midnight.Add(time.Duration(i)*time.Second).Format(time.TimeOnly), "0:0"+string(rune('0'+i)))
	}
	return text
}

func TestConsoleLog(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		log  func(ctx context.Context, l *slog.Logger)
		want string
	}{
		"what is said, and its attributes": {
			func(ctx context.Context, l *slog.Logger) {
				l.WarnContext(ctx, "a breaker has changed", "source", "reviews", "calls", 20)
			},
			"0:00 WARN  a breaker has changed source=reviews calls=20\n",
		},
		"no attributes":           {func(ctx context.Context, l *slog.Logger) { l.InfoContext(ctx, "ready") }, "0:00 INFO  ready\n"},
		"nothing below the level": {func(ctx context.Context, l *slog.Logger) { l.DebugContext(ctx, "ready") }, ""},
		"the trace, in short": {
			func(ctx context.Context, l *slog.Logger) { l.InfoContext(fromCaller(ctx, "01"), "ready", "n", 1) },
			"0:00 INFO  ready n=1 trace=4bf92f35\n",
		},
		"what says nothing is left out": {
			func(ctx context.Context, l *slog.Logger) {
				l.InfoContext(ctx, "fault", "violations", "[]", "source", "")
			},
			"0:00 INFO  fault\n",
		},
		"no secrets": {
			func(ctx context.Context, l *slog.Logger) {
				l.With("apiKey", "hunter2").InfoContext(ctx, "asked", slog.Group("header", "Authorization", "Bearer x"))
			},
			"0:00 INFO  asked apiKey=[redacted] header.Authorization=[redacted]\n",
		},
		"groups and attributes of a logger": {
			func(ctx context.Context, l *slog.Logger) {
				l.With("service", "a").WithGroup("g").InfoContext(ctx, "said", "k", "two words")
			},
			"0:00 INFO  said service=a g.k=\"two words\"\n",
		},
		"a line is one line": {
			func(ctx context.Context, l *slog.Logger) { l.InfoContext(ctx, "said", "k", "one\ntwo") },
			"0:00 INFO  said k=\"one\\ntwo\"\n",
		},
		"and so is what is said": {
			func(ctx context.Context, l *slog.Logger) { l.InfoContext(ctx, "panic\nmain.go:1") },
			"0:00 INFO  \"panic\\nmain.go:1\"\n",
		},
		"the same again and again": {
			func(ctx context.Context, l *slog.Logger) {
				for i := range 40 {
					l.InfoContext(ctx, "calling a source again", "source", "reviews", "attempt", i)
				}
				l.InfoContext(ctx, "calling a source again", "source", "catalog", "attempt", 1)
				time.Sleep(1500 * time.Millisecond)
				l.InfoContext(ctx, "calling a source again", "source", "reviews", "attempt", 40)
			},
			"0:00 INFO  calling a source again source=reviews attempt=0\n" +
				"0:00 INFO  calling a source again source=reviews attempt=1\n" +
				"0:00 INFO  calling a source again source=reviews attempt=2\n" +
				"0:00 INFO  calling a source again source=catalog attempt=1\n" +
				"0:01 INFO  and 37 more: calling a source again source=reviews\n" +
				"0:01 INFO  calling a source again source=reviews attempt=40\n",
		},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			if got := consoled(t, test.log); got != test.want {
				t.Errorf("got\n%swant\n%s", got, test.want)
			}
		})
	}
}
