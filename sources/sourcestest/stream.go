package sourcestest

import (
	"context"
	"testing"

	"google.golang.org/grpc"

	"github.com/mainstem/mainstem/platform/fault"
)

// opening gives the call as it is examined up to the first message of its stream, if it has one.
func (c Call) opening() Call {
	if c.Stream != nil {
		c.Do = func(ctx context.Context) error {
			for err := range c.Stream(ctx) {
				return err
			}
			return nil
		}
	}
	return c
}

// stream examines what comes after the first message of a stream.
func (e examination) stream(t *testing.T, answers map[string]answer) {
	t.Helper()
	good := answers["good"].does
	for reason, a := range answers {
		if a.code != "" { // what is no fault need not be the last
			t.Run("after a message: "+reason, func(t *testing.T) { e.afterMessage(t, good, a) })
		}
	}
	t.Run("after a message: the service goes", func(t *testing.T) {
		e.afterMessage(t, good, answer{want: want{code: fault.SourceUnavailable}, does: goAway})
	})
	t.Run("after a message: cancelling", func(t *testing.T) { e.leaving(t, good, true) })
	t.Run("after a message: breaking out", func(t *testing.T) { e.leaving(t, good, false) })
}

// afterMessage checks what comes of a stream whose service does something else once its first message was received.
func (e examination) afterMessage(t *testing.T, good reply, then answer) {
	t.Helper()
	ctx := e.begin(t)
	s := serveGRPC(func(s service, stream grpc.ServerStream) error {
		if err := good(s, stream); err != nil {
			return err
		}
		select {
		case <-s.received:
			return then.does(s, stream)
		case <-stream.Context().Done():
			return context.Cause(stream.Context())
		}
	})(t)
	c := e.call(t, s.url, patience)
	var all []error
	for err := range c.Stream(ctx) {
		if all = append(all, err); len(all) == 2 {
			break // others may follow what is the fault of one message
		}
		s.received <- struct{}{}
	}
	if len(all) != 2 {
		t.Fatalf("the stream gave %v, want a message and a fault", all)
	}
	check(t, all[0], want{}, c, s)
	check(t, all[1], then.want, c, s)
	e.checkRequests(t, c, s)
}

// leaving checks that a stream's end is the service's to see, when its consumer cancels the context after the first message, or breaks out.
func (e examination) leaving(t *testing.T, good reply, cancels bool) {
	t.Helper()
	ctx, cancel := context.WithCancel(e.begin(t))
	defer cancel()
	s := serveGRPC(func(s service, stream grpc.ServerStream) error {
		if err := good(s, stream); err != nil {
			return err
		}
		return grpcHang(s, stream)
	})(t)
	c := e.call(t, s.url, patience)
	done := make(chan []error, 1)
	go func() {
		var all []error
		for err := range c.Stream(ctx) {
			if all = append(all, err); !cancels {
				break
			}
			cancel()
		}
		done <- all
	}()
	all := await(t, done, c.Name+" to end")
	await(t, s.left, "the service to see that the consumer has gone")
	if len(all) == 0 {
		t.Fatal("the stream gave no message")
	}
	check(t, all[0], want{}, c, s)
	for _, err := range all[1:] {
		checkCancelled(t, err, c, s)
	}
}

// goAway ends the service.
func goAway(s service, stream grpc.ServerStream) error {
	go s.stop()
	<-stream.Context().Done()
	return context.Cause(stream.Context())
}
