package telemetry

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/mainstem/mainstem/platform/telemetry/live"
)

// calmHandler leaves out records that say what others have said enough, so that no flood of equal ones fills a disk.
type calmHandler struct {
	contextHandler
	calm *calm
}

// Handle writes a record, or counts it.
func (h calmHandler) Handle(ctx context.Context, r slog.Record) error {
	if h.calm.often(r) {
		return nil
	}
	return h.contextHandler.Handle(ctx, r)
}

// WithAttrs gives a handler whose records have these attributes too.
func (h calmHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return calmHandler{h.withAttrs(attrs), h.calm}
}

// WithGroup gives a handler whose records' attributes are in a group.
func (h calmHandler) WithGroup(name string) slog.Handler {
	return calmHandler{h.withGroup(name), h.calm}
}

const (
	equalLines = 20   // that are written in each second
	maxKinds   = 1000 // of records that are told apart; messages of libraries may all be different
)

// calm counts records by what they say.
type calm struct {
	handler slog.Handler

	mu    sync.Mutex
	said  map[saying]int // in this second
	timer *time.Timer    // ends the second; nil before its first record
}

// saying is what makes records equal.
type saying struct {
	level                 slog.Level
	message, source, code string
}

func newCalm(h slog.Handler) *calm { return &calm{handler: h, said: map[saying]int{}} }

// often notes a record, and says whether there were enough of its like. Lines of the access log are never enough.
func (c *calm) often(r slog.Record) bool {
	if live.IsAccess(r.Message) {
		return false
	}
	s := saying{level: r.Level, message: r.Message}
	r.Attrs(func(a slog.Attr) bool {
		switch {
		case a.Value.Kind() != slog.KindString:
		case a.Key == "source":
			s.source = a.Value.String()
		case a.Key == "code":
			s.code = a.Value.String()
		}
		return true
	})
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timer == nil {
		c.timer = time.AfterFunc(time.Second, c.recap)
	}
	if _, known := c.said[s]; !known && len(c.said) >= maxKinds {
		s = saying{level: r.Level, message: "others"}
	}
	c.said[s]++
	return c.said[s] > equalLines
}

// recap says how many records were left out, once their second is over.
func (c *calm) recap() {
	c.mu.Lock()
	said := c.said
	c.said, c.timer = map[saying]int{}, nil
	c.mu.Unlock()
	for s, n := range said {
		if n <= equalLines {
			continue
		}
		r := slog.NewRecord(time.Now(), s.level, "lines were left out", 0)
		r.AddAttrs(slog.String("said", s.message), slog.Int("lines", n-equalLines))
		if s.source != "" {
			r.AddAttrs(slog.String("source", s.source))
		}
		if s.code != "" {
			r.AddAttrs(slog.String("code", s.code))
		}
		_ = c.handler.Handle(context.Background(), r) // there is nobody to tell
	}
}
