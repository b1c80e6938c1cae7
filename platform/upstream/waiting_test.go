package upstream_test

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/mainstem/mainstem/platform/exec/wave"
	"github.com/mainstem/mainstem/platform/upstream"
)

// empty is a batch that only says that it has left.
type empty struct {
	wave *wave.Wave
	left atomic.Bool
}

func (b *empty) Leave() {
	b.left.Store(true)
	b.wave.Done()
}

// oneRunner gives the context of the one runner of a wave, and what says whether anything of that runs now.
func oneRunner(ctx context.Context) (context.Context, func() bool) {
	w := wave.New(patience)
	w.Add(1)
	return w.Context(ctx, nil), func() bool {
		b := &empty{wave: w}
		w.Begin(b)
		w.Add(1)
		w.Done() // if nothing runs, the batch leaves
		return !b.left.Load()
	}
}

// TestWhoCallsWaits: while the service is asked, the caller does not hold up batches; before and after, she does.
func TestWhoCallsWaits(t *testing.T) {
	t.Parallel()
	for protocol, start := range protocols {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			ctx, runs := oneRunner(t.Context())
			c := start(t, upstream.Options{}, upstream.Inputs{}, func(context.Context, map[string][]string) error {
				if runs() {
					t.Error("she counts as running while the service works")
				}
				return nil
			})
			if err := c.call(ctx); err != nil {
				t.Fatal(err)
			}
			if !runs() {
				t.Error("she counts as waiting after the answer")
			}
			c.stop()
			if err := c.call(ctx); err == nil {
				t.Fatal("a service that is gone answers")
			}
			if !runs() {
				t.Error("she counts as waiting after a call that failed")
			}
		})
	}
}

func TestWhoMakesARequestRuns(t *testing.T) {
	t.Parallel()
	ctx, runs := oneRunner(t.Context())
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	_, err := newHTTP(t, upstream.Options{URL: server.URL}, upstream.Inputs{}).Do(ctx, "Get", func(base string) (*http.Request, error) {
		if !runs() {
			t.Error("she counts as waiting")
		}
		return get("")(base)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// decoding is a message that says when it is decoded.
type decoding struct {
	*wrapperspb.StringValue
	begun func()
}

func (m *decoding) ProtoReflect() protoreflect.Message {
	m.begun()
	return m.StringValue.ProtoReflect()
}

func TestWhoDecodesRuns(t *testing.T) {
	t.Parallel()
	begun := make(chan func() bool, 1)
	g := newGRPC(t, upstream.Options{URL: startGRPC(t, func(stream grpc.ServerStream) error {
		if runs := <-begun; runs() {
			t.Error("who waits for a message counts as running")
		}
		return stream.SendMsg(encoded(t, "value"))
	})}, upstream.Inputs{})
	for reason, receive := range map[string]func(context.Context, *decoding) error{
		"an answer": func(ctx context.Context, m *decoding) error {
			return g.Invoke(ctx, "/shop.Shop/Get", wrapperspb.String("a"), m)
		},
		"a message of a stream": func(ctx context.Context, m *decoding) error {
			s, err := watch(ctx, g)
			if err != nil {
				return err
			}
			return s.RecvMsg(m)
		},
	} {
		ctx, runs := oneRunner(t.Context())
		decoded := false
		m := &decoding{StringValue: new(wrapperspb.StringValue), begun: func() {
			decoded = true
			if !runs() {
				t.Errorf("%s: who decodes counts as waiting", reason)
			}
		}}
		go func() { begun <- runs }()
		if err := receive(ctx, m); err != nil || m.Value != "value" || !decoded {
			t.Errorf("%s: got %q, %v", reason, m.Value, err)
		}
	}
}

// TestEachWaitsForItsReads: they are runners of their own, and their caller waits until the last of them has ended.
func TestEachWaitsForItsReads(t *testing.T) {
	t.Parallel()
	ctx, runs := oneRunner(t.Context())
	_, err := upstream.Each(ctx, 3, seq(3), func(ctx context.Context, _ int) (int, error) {
		if !runs() {
			t.Error("none of the reads counts as running")
		}
		wave.Block(ctx)
		defer wave.Unblock(ctx)
		return 0, nil
	})
	if err != nil || !runs() {
		t.Errorf("failed with %v, or the caller counts as waiting", err)
	}
	_, _ = upstream.Each(ctx, 3, seq(1), func(ctx context.Context, _ int) (int, error) {
		wave.Block(ctx)
		defer wave.Unblock(ctx)
		if runs() {
			t.Error("who reads one key counts as running while that waits")
		}
		return 0, nil
	})
}
