package admin

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/mainstem/mainstem/platform/telemetry"
)

// levelState is what /log/level answers.
type levelState struct {
	Level string     `json:"level"`
	Usual string     `json:"usual"`
	Until *time.Time `json:"until,omitempty"` // when it is the usual one again
}

func stateOf(l *telemetry.Level) levelState {
	now, usual, until := l.State()
	s := levelState{Level: nameOf(now), Usual: nameOf(usual)}
	if !until.IsZero() {
		s.Until = &until
	}
	return s
}

func nameOf(l slog.Level) string { return strings.ToLower(l.String()) }

// Bounds of a change.
const (
	maxBody  = 1 << 10
	maxWhile = 24 * time.Hour
)

// setLevel changes the log's level: {"level": "debug", "for": "10m"}. Without a time it is changed until the gateway stops.
func setLevel(o Options) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		level, while, err := readLevel(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			text(w, http.StatusBadRequest, err.Error())
			return
		}
		past, _, _ := o.Level.State()
		o.Level.Set(level, while)
		state := stateOf(o.Level)
		if o.Changed != nil {
			c := LevelChange{Context: r.Context(), Level: state.Level, Usual: state.Usual, Past: nameOf(past)}
			if while > 0 {
				c.For = while.String()
			}
			o.Changed(c)
		}
		answer(w, state)
	}
}

func readLevel(body io.Reader) (level slog.Level, while time.Duration, err error) {
	var asked struct {
		Level string `json:"level"`
		For   string `json:"for"`
	}
	decoder := json.NewDecoder(body)
	decoder.DisallowUnknownFields()
	if decoder.Decode(&asked) != nil || decoder.Decode(new(any)) != io.EOF {
		return 0, 0, errors.New(`Send {"level": "debug", "for": "10m"}.`) //nolint:staticcheck // a sentence for who asks
	}
	switch asked.Level {
	case "debug", "info", "warn", "error":
		err = level.UnmarshalText([]byte(asked.Level))
	default:
		err = errors.New("level is debug, info, warn or error")
	}
	if err == nil && asked.For != "" {
		if while, err = time.ParseDuration(asked.For); err != nil || while <= 0 || while > maxWhile {
			err = errors.New("for is a time such as 10m, of 24h at most")
		}
	}
	return level, while, err
}
