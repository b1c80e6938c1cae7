package telemetry

import (
	"log/slog"
	"sync"
	"time"
)

// Level is a log's level, which can be changed for a while. It is safe for concurrent use.
type Level struct {
	now slog.LevelVar

	mu     sync.Mutex
	usual  slog.Level
	until  time.Time // when it is the usual one again; zero for not by itself
	timer  *time.Timer
	change int // counts changes, so that a timer which is late does not undo another's
}

// NewLevel makes a level.
func NewLevel(usual slog.Level) *Level {
	l := &Level{usual: usual}
	l.now.Set(usual)
	return l
}

// Level gives the level as it is now.
func (l *Level) Level() slog.Level { return l.now.Level() }

// Set changes the level: for a while, or, if that is nothing, for good.
func (l *Level) Set(level slog.Level, while time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.change++
	if l.timer != nil {
		l.timer.Stop()
	}
	l.now.Set(level)
	l.until = time.Time{}
	if while <= 0 {
		l.usual = level
		return
	}
	l.until = time.Now().Add(while)
	change := l.change
	l.timer = time.AfterFunc(while, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.change == change {
			l.now.Set(l.usual)
			l.until = time.Time{}
		}
	})
}

// State gives the level as it is now, the usual one, and when it will be that again; zero if it is.
func (l *Level) State() (now, usual slog.Level, until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.now.Level(), l.usual, l.until
}
