package sourcestest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/upstream"
)

// GRPC examines a source of a gRPC service. calls makes the source on a client, and gives one Call for each thing that it can do.
func GRPC(t *testing.T, inputs upstream.Inputs, calls func(*upstream.GRPC) []Call) {
	t.Helper()
	for i, c := range calls(grpcClient(t, inputs, "grpc://unused.test:1", time.Second)) {
		t.Run(c.Name, func(t *testing.T) {
			for reason, f := range grpcFaults(t, c) {
				t.Run(reason, func(t *testing.T) {
					noLeaks(t)
					s := f.start(t)
					g := grpcClient(t, inputs, s.url, f.timeout())
					examine(t, calls(g)[i], f.want, s.address, s.calls)
				})
			}
			t.Run("declared inputs", func(t *testing.T) { grpcInputs(t, inputs, calls, i, c) })
			t.Run("cancelling", func(t *testing.T) {
				noLeaks(t)
				s := grpcServer(t, grpcHang)
				cancelling(t, calls(grpcClient(t, inputs, s.url, patience))[i], s)
			})
		})
	}
}

// grpcFault is what a service does, and what the source must make of it.
type grpcFault struct {
	want
	handle func(s service, stream grpc.ServerStream) error
	accept func(net.Conn) // in place of gRPC
	refuse bool
	slow   bool
}

func (f grpcFault) timeout() time.Duration {
	if f.slow {
		return shortTime
	}
	return patience
}

func (f grpcFault) start(t *testing.T) service {
	t.Helper()
	if f.refuse || f.accept != nil {
		s := restFault{refuse: f.refuse, accept: f.accept}.start(t)
		s.url = "grpc://" + s.address
		return s
	}
	return grpcServer(t, f.handle)
}

// codeOf says what a source must make of each status, in the order of gRPC's own numbers.
var codeOf = map[codes.Code]fault.Code{
	codes.Canceled:           fault.SourceTimeout,
	codes.Unknown:            fault.SourceFailed,
	codes.InvalidArgument:    fault.BadUserInput,
	codes.DeadlineExceeded:   fault.SourceTimeout,
	codes.NotFound:           fault.NotFound,
	codes.AlreadyExists:      fault.Conflict,
	codes.PermissionDenied:   fault.Forbidden,
	codes.ResourceExhausted:  fault.RateLimited,
	codes.FailedPrecondition: fault.PreconditionFailed,
	codes.Aborted:            fault.Conflict,
	codes.OutOfRange:         fault.BadUserInput,
	codes.Unimplemented:      fault.SourceContractViolation,
	codes.Internal:           fault.SourceFailed,
	codes.Unavailable:        fault.SourceUnavailable,
	codes.DataLoss:           fault.SourceFailed,
	codes.Unauthenticated:    fault.Forbidden,
}

func grpcFaults(t *testing.T, c Call) map[string]grpcFault {
	t.Helper()
	good := recorded(t, c.Answer)
	wire := func(document []byte) []byte {
		m := proto.Clone(c.Message)
		if err := protojson.Unmarshal(document, m); err != nil {
			t.Fatalf("%s is no %s: %v", c.Answer, m.ProtoReflect().Descriptor().FullName(), err)
		}
		b, err := proto.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	violation := want{code: fault.SourceContractViolation}
	faults := map[string]grpcFault{
		"good":     {handle: message(wire(good))},
		"refused":  {want: want{code: fault.SourceUnavailable, anyCalls: true}, refuse: true},
		"reset":    {want: want{code: fault.SourceUnavailable, anyCalls: true}, accept: reset},
		"slow":     {want: want{code: fault.SourceTimeout}, handle: grpcHang, slow: true},
		"garbage":  {want: violation, handle: message([]byte(strings.Repeat("\xff", 20) + secretBody))},
		"oversize": {want: violation, handle: message(make([]byte, maxBytes+1))},
	}
	for code, becomes := range codeOf {
		w := want{code: becomes, retryAfter: retryAfter}
		if code == codes.NotFound && c.Absent {
			w = want{}
		}
		faults[code.String()] = grpcFault{want: w, handle: func(service, grpc.ServerStream) error {
			st, err := status.New(code, secretBody).WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(retryAfter)})
			if err != nil {
				return err
			}
			return st.Err()
		}}
	}
	for _, p := range c.Required {
		faults["without "+p] = grpcFault{want: violation, handle: message(wire(without(t, good, p)))}
	}
	for _, p := range c.Enums {
		faults["unknown value of "+p] = grpcFault{want: violation, handle: message(wire(with(t, good, p, 999)))}
		faults["unspecified "+p] = grpcFault{want: violation, handle: message(wire(with(t, good, p, 0)))}
	}
	for reason, document := range outOfRange(t, c, good) {
		faults[reason] = grpcFault{want: violation, handle: message(wire(document))}
	}
	return faults
}

func grpcClient(t *testing.T, inputs upstream.Inputs, url string, timeout time.Duration) *upstream.GRPC {
	t.Helper()
	g, err := upstream.NewGRPC(upstream.Options{Name: "examined", URL: url, Timeout: timeout, MaxBytes: maxBytes}, inputs)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.Close() })
	return g
}

// grpcServer answers every method by handle, whose messages are bytes.
func grpcServer(t *testing.T, handle func(service, grpc.ServerStream) error) service {
	t.Helper()
	var calls atomic.Int64
	l := listen(t)
	s := service{
		url: "grpc://" + l.Addr().String(), address: l.Addr().String(),
		calls:   func() int { return int(calls.Load()) },
		arrived: make(chan struct{}, 100), left: make(chan struct{}, 100),
	}
	server := grpc.NewServer(
		grpc.ForceServerCodec(rawCodec{}),
		grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error {
			calls.Add(1)
			md, _ := metadata.FromIncomingContext(stream.Context())
			if md.Get("authorization") != nil || md.Get("cookie") != nil || md.Get("x-undeclared") != nil {
				t.Error("the service received metadata that its source does not declare")
			}
			var request []byte
			if err := stream.RecvMsg(&request); err != nil {
				return err
			}
			return handle(s, stream)
		}))
	go func() { _ = server.Serve(l) }()
	t.Cleanup(server.Stop)
	return s
}

// grpcInputs checks that the service receives what the source declares.
func grpcInputs(t *testing.T, inputs upstream.Inputs, calls func(*upstream.GRPC) []Call, i int, c Call) {
	noLeaks(t)
	var mu sync.Mutex
	var seen metadata.MD
	good := grpcFaults(t, c)["good"].handle
	s := grpcServer(t, func(s service, stream grpc.ServerStream) error {
		md, _ := metadata.FromIncomingContext(stream.Context())
		mu.Lock()
		seen = md
		mu.Unlock()
		return good(s, stream)
	})
	examine(t, calls(grpcClient(t, inputs, s.url, patience))[i], want{}, s.address, s.calls)
	mu.Lock()
	defer mu.Unlock()
	for _, name := range inputs.Headers {
		if got, sent := seen.Get(name), request().Header.Values(name); !slices.Equal(got, sent) {
			t.Errorf("the service received %s: %q, want %q", name, got, sent)
		}
	}
	for _, claim := range inputs.Claims {
		if got, want := strings.Join(seen.Get("caller-"+claim), ","), request().Claims[claim]; got != want {
			t.Errorf("the service received the claim %s as %q, want %q", claim, got, want)
		}
	}
}

func message(b []byte) func(service, grpc.ServerStream) error {
	return func(_ service, stream grpc.ServerStream) error { return stream.SendMsg(&b) }
}

func grpcHang(s service, stream grpc.ServerStream) error {
	s.arrived <- struct{}{}
	<-stream.Context().Done()
	s.left <- struct{}{}
	return context.Cause(stream.Context())
}

// rawCodec passes bytes through.
type rawCodec struct{}

var _ encoding.Codec = rawCodec{}

func (rawCodec) Name() string { return "proto" }

func (rawCodec) Marshal(v any) ([]byte, error) {
	if b, ok := v.(*[]byte); ok {
		return *b, nil
	}
	return nil, fmt.Errorf("cannot send a %T", v)
}

func (rawCodec) Unmarshal(data []byte, v any) error {
	b, ok := v.(*[]byte)
	if !ok {
		return errors.New("not bytes")
	}
	*b = slices.Clone(data)
	return nil
}
