package transport

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/99designs/gqlgen/graphql"
)

// output is how a stream over HTTP is written. Only one goroutine writes.
type output interface {
	next(body []byte) error
	alive() error                       // gives a sign of life
	end(reason *graphql.Response) error // with why it ends before its time, or nil
}

// Answer answers a subscription that is ready to be executed as events or as parts, if the client names one of these as what it accepts, whatever else
// it likes better. It says whether it does; if not, nothing has been written.
func (s *Streams) Answer(w http.ResponseWriter, r *http.Request, executor graphql.GraphExecutor, oc *graphql.OperationContext) bool {
	ranges := acceptOf(r.Header)
	switch {
	case ranges.eventsWeight() > partsWeight(ranges):
		s.serveEvents(w, r, executor, oc)
	case partsWeight(ranges) > 0:
		s.serveParts(w, r, executor, oc)
	default:
		return false
	}
	return true
}

// streams says whether a client names a media type of streams as what it accepts.
func (a accept) streams() bool {
	return a.eventsWeight() > 0 || partsWeight(a) > 0 || a.incremental() != nil
}

// eventsWeight gives how much a client likes events; 0 for one who does not name them.
func (a accept) eventsWeight() float64 {
	if p := a.preferenceOf(offer{media: mediaEvents}); p.exact > 1 {
		return p.weight
	}
	return 0
}

// pump executes an operation and writes its answers, until the last, or until the client has gone or the server stops. It gives why it has ended.
func (s *Streams) pump(ctx context.Context, executor graphql.GraphExecutor, oc *graphql.OperationContext, out output) (why string) {
	ctx, cancel := permitted(ctx, oc)
	answers := make(chan []byte) // without room: an answer waits until the one before is written
	go func() {
		defer close(answers)
		s.execute(ctx, executor, oc, func(response *graphql.Response) bool {
			select {
			case answers <- encode(response):
				return true
			case <-ctx.Done():
				return false
			}
		})
	}()
	defer func() {
		cancel()
		for range answers { // until nothing of the operation runs any more
		}
	}()
	alive := time.NewTicker(s.options.KeepAlive)
	defer alive.Stop()
	for {
		var err error
		select {
		case body, more := <-answers:
			if !more {
				reason := withdrawn(ctx, executor)
				_ = out.end(reason)
				return endOf(ctx, reason)
			}
			err = out.next(body)
		case <-alive.C:
			err = out.alive()
		case <-s.stopping.Done():
			_ = out.end(failed(ctx, executor, stopped()))
			return endStopping
		case <-ctx.Done():
			reason := withdrawn(ctx, executor)
			if reason != nil {
				_ = out.end(reason)
			}
			return endOf(ctx, reason)
		}
		if err != nil {
			return endUnwritten
		}
	}
}

// endOf says why an operation has ended, whose client is told a reason or nothing.
func endOf(ctx context.Context, reason *graphql.Response) string {
	switch {
	case reason != nil:
		return endWithdrawn
	case ctx.Err() != nil:
		return endGone
	default:
		return endCompleted
	}
}

// flow writes parts of an answer, each of which is sent at once. A client has so long to read each.
type flow struct {
	w       http.ResponseWriter
	control *http.ResponseController
	timeout time.Duration
}

// newFlow begins an answer of a media type that goes on.
func (s *Streams) newFlow(w http.ResponseWriter, contentType string) *flow {
	f := &flow{w: w, control: http.NewResponseController(w), timeout: s.options.WriteTimeout}
	_ = f.control.SetReadDeadline(time.Time{}) // the server's, for the request. Its end would look like that of the client
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Cache-Control", "no-store")
	h["X-Content-Type-Options"] = noSniff
	h.Set("X-Accel-Buffering", "no") // for proxies that wait for more otherwise
	h.Add("Vary", "Accept")
	w.WriteHeader(http.StatusOK)
	return f
}

// send sends a part. It fails if the client has gone, or has not read in time.
func (f *flow) send(part []byte) error {
	if err := f.control.SetWriteDeadline(time.Now().Add(f.timeout)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if _, err := f.w.Write(part); err != nil { //nolint:gosec // it has a media type that no browser shows, and is not to be sniffed
		return err
	}
	return f.control.Flush()
}

// refuse answers a request for a stream that cannot be had.
func refuse(ctx context.Context, w http.ResponseWriter, executor graphql.GraphExecutor, status int, err error) {
	answer{w: w, media: mediaJSON, buffer: &buffer{}}.write(status, failed(ctx, executor, err))
}
