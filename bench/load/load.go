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
	Latencies *Histogram    // of the answers that came while it was measured
	Measured  time.Duration // how long that was
}

// Rate gives answers per second.
func (r Result) Rate() float64 { return float64(r.Latencies.Count()) / r.Measured.Seconds() }

// patience is how long the last answers may take: longer than any gateway's deadline.
const patience = 30 * time.Second

// run is a load under way.
type run struct {
	Target
	recording atomic.Pointer[Histogram] // nil while answers do not count
	ending    atomic.Bool
}

// Run loads a target for a while without counting, and then for another while counting. begin and end, if they are not nil, are called when
// counting begins and when it ends, with the load going on. Run fails with the first thing that goes wrong: a connection, an
// answer that is not as it must be, begin or end, or ctx, which ends it early.
func Run(ctx context.Context, t Target, warmup, measured time.Duration, begin, end func() error) (Result, error) {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	r := &run{Target: t}
	conns, err := r.connect(ctx, time.Now().Add(warmup+measured+patience))
	stop := context.AfterFunc(ctx, func() {
		for _, c := range conns {
			_ = c.Close() // which ends what is under way
		}
	})
	defer stop()
	if err != nil {
		return Result{}, err
	}
	var all sync.WaitGroup
	for _, c := range conns {
		all.Go(func() {
			if err := r.converse(c); err != nil {
				fail(err)
			}
			_ = c.Close()
		})
	}
	result := Result{Latencies: new(Histogram)}
	err = r.measure(ctx, &result, warmup, measured, begin, end)
	if err != nil {
		fail(err)
	}
	r.ending.Store(true)
	all.Wait()
	return result, context.Cause(ctx)
}

// connect opens all connections, none of which outlasts the deadline. With an error it gives those that it has opened.
func (r *run) connect(ctx context.Context, deadline time.Time) ([]net.Conn, error) {
	conns := make([]net.Conn, 0, r.Connections)
	for range r.Connections {
		c, err := new(net.Dialer).DialContext(ctx, "tcp", r.Address)
		if err == nil {
			err = c.SetDeadline(deadline)
		}
		if err != nil {
			for _, c := range conns {
				_ = c.Close()
			}
			return nil, err
		}
		conns = append(conns, c)
	}
	return conns, nil
}

// measure lets time pass, and says in it when answers count.
func (r *run) measure(ctx context.Context, result *Result, warmup, measured time.Duration, begin, end func() error) error {
	if err := sleep(ctx, warmup); err != nil {
		return err
	}
	if begin != nil {
		if err := begin(); err != nil {
			return err
		}
	}
	start := time.Now()
	r.recording.Store(result.Latencies)
	if err := sleep(ctx, measured); err != nil {
		return err
	}
	r.recording.Store(nil)
	result.Measured = time.Since(start)
	if end != nil {
		return end()
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
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
		if h := r.recording.Load(); h != nil {
			h.Add(time.Since(start))
		}
	}
	return nil
}

var errWrong = errors.New("an answer is not as it must be")
