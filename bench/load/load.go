// Package load asks a server over HTTP/1.1 as fast as it answers, at little cost of its own: the generator shares the machine with what it
// loads.
package load

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Target is what is asked, and what must be answered.
type Target struct {
	Address     string // host and port
	Request     []byte // whole, with its headers
	Body        []byte // of every answer, whose status must be 200
	Connections int    // each has one request under way
}

// Post gives a request that posts JSON, with more headers if there are any, each a whole line.
func Post(address, path string, body []byte, headers ...string) []byte {
	request := fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n", path, address, len(body))
	for _, h := range headers {
		request = append(append(request, h...), "\r\n"...)
	}
	return append(append(request, "\r\n"...), body...)
}

// Result is what came of a load.
type Result struct {
	Answers   int64         // all of them
	Took      time.Duration // from the first request to the last answer
	Latencies *Histogram    // of the answers that came while it was measured
}

// Rate gives answers per second. It counts all of them: in a short time, those that are under way when it begins and ends are many.
func (r Result) Rate() float64 { return float64(r.Answers) / r.Took.Seconds() }

// patience is how long the last answers may take: longer than any gateway's deadline.
const patience = time.Minute

// run is a load under way.
type run struct {
	Target
	answers   atomic.Int64
	recording atomic.Pointer[Histogram] // nil while it is not measured
	ending    atomic.Bool
}

// For gives what lets a time pass, for Run.
func For(d time.Duration) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// Run loads a target, first without measuring for warmup, then measuring while during runs, which is to end with its context; and then waits
// for the last answers. It fails with the first thing that goes wrong: a connection, an answer that is not as it must be, during, or ctx,
// which ends it early.
func Run(ctx context.Context, t Target, warmup time.Duration, during func(ctx context.Context) error) (Result, error) {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	r := &run{Target: t}
	conns, err := r.connect(ctx)
	if err != nil {
		return Result{}, err
	}
	stop := context.AfterFunc(ctx, func() { closeAll(conns) }) // which ends what is under way
	defer stop()
	begun := time.Now()
	var all sync.WaitGroup
	for _, c := range conns {
		all.Go(func() {
			if err := r.converse(c); err != nil {
				fail(err)
			}
		})
	}
	result := Result{Latencies: new(Histogram)}
	if err := r.measure(ctx, result.Latencies, warmup, during); err != nil {
		fail(err)
	}
	r.ending.Store(true)
	for _, c := range conns {
		if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
			fail(err)
		}
	}
	all.Wait()
	result.Took, result.Answers = time.Since(begun), r.answers.Load()
	closeAll(conns)
	return result, context.Cause(ctx)
}

func closeAll(conns []net.Conn) {
	for _, c := range conns {
		_ = c.Close()
	}
}

// connect opens all connections, or none.
func (r *run) connect(ctx context.Context) ([]net.Conn, error) {
	conns := make([]net.Conn, 0, r.Connections)
	for range r.Connections {
		c, err := new(net.Dialer).DialContext(ctx, "tcp", r.Address)
		if err != nil {
			closeAll(conns)
			return nil, err
		}
		conns = append(conns, c)
	}
	return conns, nil
}

// measure lets time pass, and says in it when it is measured.
func (r *run) measure(ctx context.Context, latencies *Histogram, warmup time.Duration, during func(ctx context.Context) error) error {
	if err := For(warmup)(ctx); err != nil {
		return err
	}
	r.recording.Store(latencies)
	defer r.recording.Store(nil)
	return during(ctx)
}

// converse asks on one connection until the load ends.
func (r *run) converse(conn net.Conn) error {
	answers := NewReader(conn)
	for !r.ending.Load() {
		start := time.Now()
		if _, err := conn.Write(r.Request); err != nil {
			return err
		}
		status, body, err := answers.Next()
		if err != nil {
			return fmt.Errorf("after %s: %w", time.Since(start), err)
		}
		if status != 200 || !bytes.Equal(body, r.Body) {
			return fmt.Errorf("%w: status %d, %d bytes where there must be %d: %.300s", errWrong, status, len(body), len(r.Body), body)
		}
		r.answers.Add(1)
		if h := r.recording.Load(); h != nil {
			h.Add(time.Since(start))
		}
	}
	return nil
}

var errWrong = errors.New("an answer is not as it must be")
