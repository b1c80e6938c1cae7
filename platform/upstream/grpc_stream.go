package upstream

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	otelcodes "go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/grpc"
	grpccodes "google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/mainstem/mainstem/platform/exec/wave"
	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/telemetry/names"
)

// NewStream opens a stream. It has no timeout but ends with ctx; none of the policies is about streams, but that none is opened while the breaker is
// open. It has a span of its own. What it and its messages fail with is a *fault.Error.
func (g *GRPC) NewStream(ctx context.Context, desc *grpc.StreamDesc, method string, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	terms := termsOf(ctx)
	if err := terms.allow(ctx, g.Name); err != nil {
		return nil, err
	}
	operation := operationOf(method)
	if f := g.breakers.refusal(operation); f != nil {
		return nil, f.At(g.Name, operation)
	}
	if terms.kept != nil {
		return nil, fault.Wrap(fault.SourceUnavailable, errNotKept).At(g.Name, operation)
	}
	md := metadata.MD{}
	r := &request{operation: operation, method: method}
	g.take(ctx, terms, r, nil, func(name, value string) { md.Set(name, value) })
	inner, life := g.live(ctx, r)
	r.carry(inner, metadataCarrier(md), 1)
	var s grpc.ClientStream
	err := onWire(ctx, func() (err error) {
		s, err = g.conn.NewStream(metadata.NewOutgoingContext(inner, md), desc, method, opts...)
		return err
	})
	opened := &stream{ClientStream: s, ctx: ctx, g: g, request: r, life: life}
	if err != nil {
		return nil, opened.fault(err)
	}
	life.endWith(ctx)
	return opened, nil
}

type stream struct {
	grpc.ClientStream
	ctx     context.Context // the caller's: the stream's own is over whenever the stream is
	g       *GRPC
	request *request
	life    *life
}

// RecvMsg fails with io.EOF at the stream's end, else with a *fault.Error.
func (s *stream) RecvMsg(m any) error {
	var found undecoded
	if err := onWire(s.ctx, func() error { return s.ClientStream.RecvMsg(&found) }); err != nil {
		return s.fault(err)
	}
	if err := decode(found, m); err != nil {
		f := fault.Wrap(fault.SourceContractViolation, err).At(s.g.Name, s.request.operation)
		s.life.spoiled(f)
		return f
	}
	return nil
}

// SendMsg fails with io.EOF if the stream has ended, and RecvMsg then says why, else with a *fault.Error.
func (s *stream) SendMsg(m any) error {
	err := onWire(s.ctx, func() error { return s.ClientStream.SendMsg(m) })
	if err == nil || errors.Is(err, io.EOF) {
		return err
	}
	return s.fault(err)
}

// fault gives what the stream has ended with.
func (s *stream) fault(err error) error {
	if errors.Is(err, io.EOF) {
		s.life.end(grpccodes.OK, nil)
		return err
	}
	f := s.g.faultOf(s.ctx, s.request, grpcFault(err)).At(s.g.Name, s.request.operation)
	s.life.end(status.Code(err), f)
	return f
}

// onWire says that ctx's runner waits for a service while do runs.
func onWire(ctx context.Context, do func() error) error {
	wave.Block(ctx)
	defer wave.Unblock(ctx)
	return do()
}

// life is what traces tell of a stream. It is a span in a trace of its own, linked to the one that the stream was opened in, which may be long over when
// the stream ends. Where that was not sampled, there is a span only if the stream fails, and it is made then: one that is under way would have its trace
// wait in memory, for as long as the stream lives, for what becomes of it. The nil one, where nothing is traced, does nothing.
type life struct {
	begin  func() (context.Context, trace.Span)
	span   trace.Span // nil if it was not sampled
	broken atomic.Pointer[fault.Error]
	once   sync.Once
}

// live begins the life of a stream, and gives the context that the stream is to have.
func (g *GRPC) live(ctx context.Context, r *request) (context.Context, *life) {
	if g.Tracer == nil {
		return ctx, nil
	}
	opener := trace.SpanContextFromContext(ctx)
	is := g.spans.of(&g.base, r)
	apart := []trace.SpanStartOption{trace.WithNewRoot(), trace.WithLinks(trace.Link{SpanContext: opener}), trace.WithTimestamp(time.Now())}
	options := slices.Concat(apart, is.call, is.attempt)
	if n, ok := ctx.Value(keysKey{}).(int); ok {
		options = append(options, trace.WithAttributes(names.Keys.Int(n)))
	}
	l := &life{begin: func() (context.Context, trace.Span) { return g.Tracer.Start(ctx, is.attemptName, options...) }}
	if !opener.IsSampled() {
		return ctx, l
	}
	inner, span := l.begin()
	if !span.SpanContext().IsSampled() { // a sampler that heeds no links
		span.End()
		return ctx, l
	}
	l.span = span
	return inner, l
}

// endWith has the life end with a context too, which is how callers end streams.
func (l *life) endWith(ctx context.Context) {
	if l != nil {
		context.AfterFunc(ctx, func() { l.end(status.FromContextError(ctx.Err()).Code(), nil) })
	}
}

// spoiled notes that something has come over the stream that is no message.
func (l *life) spoiled(f *fault.Error) {
	if l != nil {
		l.broken.CompareAndSwap(nil, f)
	}
}

// end ends the life. It was not ended well if there is a fault, unless that is the caller's leaving.
func (l *life) end(with grpccodes.Code, f *fault.Error) {
	if l == nil {
		return
	}
	l.once.Do(func() {
		if f == nil || f.Code == fault.DeadlineExceeded {
			f = l.broken.Load()
		}
		if l.span == nil && f != nil {
			_, l.span = l.begin()
		}
		if l.span == nil {
			return
		}
		l.span.SetAttributes(names.RPCStatus.String(code.Code(with).String())) //nolint:gosec // there are 17
		if f != nil {
			l.span.SetAttributes(names.ErrorType.String(string(f.Code)))
			l.span.SetStatus(otelcodes.Error, string(f.Code))
		}
		l.span.End()
	})
}
