package telemetry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mainstem/mainstem/platform/telemetry"
)

// logged gives what one record is written as, without time and level.
func logged(t *testing.T, write func(*slog.Logger)) map[string]any {
	t.Helper()
	var out bytes.Buffer
	write(telemetry.NewLogger(&out, slog.LevelInfo))
	if out.Len() == 0 {
		return nil
	}
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatalf("%v: %s", err, out.String())
	}
	delete(line, "time")
	delete(line, "level")
	return line
}

func TestLoggerAddsIDs(t *testing.T) {
	t.Parallel()
	ctx := telemetry.WithRequestID(fromCaller(t.Context(), "01"), "r-1")
	ids := func(more map[string]any) map[string]any {
		line := map[string]any{"msg": "m", "trace_id": callerTrace, "span_id": callerSpan, "request_id": "r-1"}
		for name, value := range more {
			line[name] = value
		}
		return line
	}
	tests := map[string]struct {
		write func(*slog.Logger)
		want  map[string]any
	}{
		"no context":             {func(l *slog.Logger) { l.Info("m", "a", 1) }, map[string]any{"msg": "m", "a": 1.0}},
		"a request and a trace":  {func(l *slog.Logger) { l.InfoContext(ctx, "m", "a", 1) }, ids(map[string]any{"a": 1.0})},
		"attributes of a logger": {func(l *slog.Logger) { l.With("b", 2).With().InfoContext(ctx, "m", "a", 1) }, ids(map[string]any{"a": 1.0, "b": 2.0})},
		"ids stay outside groups": {func(l *slog.Logger) {
			l.With("b", 2).WithGroup("").WithGroup("g").With("c", 3).WithGroup("h").InfoContext(ctx, "m", "a", 1)
		},
			ids(map[string]any{"b": 2.0, "g": map[string]any{"c": 3.0, "h": map[string]any{"a": 1.0}}})},
		"groups without ids": {func(l *slog.Logger) { l.WithGroup("g").Info("m", "a", 1) }, map[string]any{"msg": "m", "g": map[string]any{"a": 1.0}}},
		"a request alone": {func(l *slog.Logger) { l.InfoContext(telemetry.WithRequestID(context.Background(), "r-2"), "m") },
			map[string]any{"msg": "m", "request_id": "r-2"}},
		"below the level": {func(l *slog.Logger) { l.WithGroup("g").Debug("m") }, nil},
	}
	for reason, test := range tests {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, logged(t, test.write)); diff != "" {
				t.Errorf("line (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLoggersOfOneLoggerDoNotMix(t *testing.T) {
	t.Parallel()
	ctx := telemetry.WithRequestID(t.Context(), "r")
	var out bytes.Buffer
	group := telemetry.NewLogger(&out, slog.LevelInfo).WithGroup("g").With("a", 1)
	one, other := group.With("one", 1), group.With("other", 1)
	one.InfoContext(ctx, "m")
	other.InfoContext(ctx, "m")
	if lines := strings.Split(out.String(), "\n"); strings.Contains(lines[0], "other") || strings.Contains(lines[1], `"one"`) {
		t.Errorf("attributes have moved: %s", out.String())
	}
}

type lazy struct{}

func (lazy) LogValue() slog.Value {
	return slog.GroupValue(slog.String("password", "hunter2"), slog.String("user", "x"))
}

func TestLoggerRedacts(t *testing.T) {
	t.Parallel()
	const hidden = "[redacted]"
	tests := map[string]struct {
		write func(*slog.Logger)
		want  map[string]any
	}{
		"names as they are": {func(l *slog.Logger) {
			l.Info("m", "authorization", "hunter2", "token", "hunter2", "password", "hunter2", "secret", "hunter2", "cookie", "hunter2",
				"set-cookie", "hunter2", "api_key", "hunter2")
		}, map[string]any{"msg": "m", "authorization": hidden, "token": hidden, "password": hidden, "secret": hidden, "cookie": hidden,
			"set-cookie": hidden, "api_key": hidden}},
		"names of the same kind": {func(l *slog.Logger) {
			l.Info("m", "Authorization", 7, "access_token", 7, "refreshToken", 7, "X-API-Key", 7, "db.password", 7, "clientSecret", []string{"hunter2"})
		}, map[string]any{"msg": "m", "Authorization": hidden, "access_token": hidden, "refreshToken": hidden, "X-API-Key": hidden,
			"db.password": hidden, "clientSecret": hidden}},
		"names that only look alike": {func(l *slog.Logger) { l.Info("m", "tokenizer", 1, "cookies_accepted", 2, "key", 3, "path", "/token") },
			map[string]any{"msg": "m", "tokenizer": 1.0, "cookies_accepted": 2.0, "key": 3.0, "path": "/token"}},
		"at any depth": {func(l *slog.Logger) {
			l.WithGroup("a").With("secret", "hunter2").Info("m", slog.Group("b", slog.Group("c", "token", "hunter2", "n", 1)))
		}, map[string]any{"msg": "m", "a": map[string]any{"secret": hidden, "b": map[string]any{"c": map[string]any{"token": hidden, "n": 1.0}}}}},
		"a whole group":    {func(l *slog.Logger) { l.Info("m", slog.Group("token", "value", "hunter2")) }, map[string]any{"msg": "m", "token": map[string]any{"value": hidden}}},
		"a value of a log": {func(l *slog.Logger) { l.Info("m", "who", lazy{}) }, map[string]any{"msg": "m", "who": map[string]any{"password": hidden, "user": "x"}}},
		"headers": {func(l *slog.Logger) {
			l.Info("m", "headers", http.Header{"Authorization": {"Bearer hunter2"}, "Accept": {"a", "b"}})
		}, map[string]any{"msg": "m", "headers": map[string]any{"Authorization": []any{hidden}, "Accept": []any{"a", "b"}}}},
	}
	for reason, test := range tests {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, logged(t, test.write)); diff != "" {
				t.Errorf("line (-want +got):\n%s", diff)
			}
		})
	}
}
