package upstream_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/upstream"
)

var watching = &grpc.StreamDesc{StreamName: "Watch", ServerStreams: true}

// startGRPC starts a service that does every call by handle, and gives its URL.
func startGRPC(t *testing.T, handle func(grpc.ServerStream) error) string {
	t.Helper()
	l := listen(t, "127.0.0.1:0")
	serveGRPC(t, l, handle)
	return "grpc://" + l.Addr().String()
}

func encoded(t *testing.T, s string) []byte {
	t.Helper()
	b, err := proto.Marshal(wrapperspb.String(s))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestNewGRPCRefusesURLs(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		url  string
		good bool
	}{
		"grpc":           {"grpc://shop.test:4105", true},
		"grpcs":          {"grpcs://shop.test:4105", true},
		"another scheme": {"http://shop.test:4105", false},
		"no scheme":      {"shop.test:4105", false},
		"no host":        {"grpc://", false},
		"a path":         {"grpc://shop.test:4105/api", false},
		"a user":         {"grpc://user:secret@shop.test:4105", false},
		"nothing":        {"", false},
		"no URL":         {"grpc://[::1", false},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			g, err := upstream.NewGRPC(upstream.Options{Name: "shop", URL: test.url}, upstream.Inputs{})
			if (err == nil) != test.good {
				t.Fatalf("got %v", err)
			}
			if err == nil {
				_ = g.Close()
			}
		})
	}
}

func TestGRPCAnswers(t *testing.T) {
	t.Parallel()
	const most = 1000
	for reason, test := range map[string]struct {
		answer []byte
		fail   error
		want   fault.Code
	}{
		"good":                    {encoded(t, "hello"), nil, ""},
		"empty":                   {nil, nil, ""},
		"as much as is allowed":   {encoded(t, strings.Repeat("x", most-3)), nil, ""},
		"more":                    {encoded(t, strings.Repeat("x", most-2)), nil, fault.SourceContractViolation},
		"no message":              {[]byte("\xff\xff\xff"), nil, fault.SourceContractViolation},
		"a message that is cut":   {encoded(t, "hello")[:4], nil, fault.SourceContractViolation},
		"text that is no Unicode": {[]byte{1<<3 | 2, 1, 0xff}, nil, fault.SourceContractViolation},
		"a defect":                {nil, status.Error(codes.Internal, "boom"), fault.SourceFailed},
		"too many calls":          {nil, status.Error(codes.ResourceExhausted, "slow down"), fault.RateLimited},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			url := startGRPC(t, func(stream grpc.ServerStream) error {
				if test.fail != nil {
					return test.fail
				}
				return stream.SendMsg(test.answer)
			})
			wantCode(t, getGRPC(t.Context(), newGRPC(t, upstream.Options{URL: url, MaxBytes: most}, upstream.Inputs{})), test.want)
		})
	}
}

// TestMetadataIsBounded: what a service says beside its answer, or in place of one, goes to the log, and is read before anybody can say no.
func TestMetadataIsBounded(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 1<<20)
	for reason, handle := range map[string]func(grpc.ServerStream) error{
		"the message of a status": func(grpc.ServerStream) error { return status.Error(codes.Internal, long) },
		"a header": func(stream grpc.ServerStream) error {
			if err := stream.SendHeader(metadata.Pairs("x-long", long)); err != nil {
				return err
			}
			return stream.SendMsg([]byte{})
		},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			err := getGRPC(t.Context(), newGRPC(t, upstream.Options{URL: startGRPC(t, handle)}, upstream.Inputs{}))
			wantCode(t, err, fault.SourceFailed)
			if err != nil && len(err.Error()) > 1<<10 {
				t.Errorf("the fault has %d bytes", len(err.Error()))
			}
		})
	}
}

func TestServiceIsToldTheDeadline(t *testing.T) {
	t.Parallel()
	left := make(chan time.Duration, 1)
	url := startGRPC(t, func(stream grpc.ServerStream) error {
		deadline, _ := stream.Context().Deadline()
		left <- time.Until(deadline)
		return stream.SendMsg([]byte{})
	})
	g := newGRPC(t, upstream.Options{URL: url, Timeout: time.Minute}, upstream.Inputs{})
	wantCode(t, getGRPC(t.Context(), g), "")
	if d := <-left; d <= 0 || d > time.Minute {
		t.Errorf("the service has %s, want what is left of a minute", d)
	}
}

func TestGRPCLastFault(t *testing.T) {
	t.Parallel()
	var code atomic.Uint32
	url := startGRPC(t, func(stream grpc.ServerStream) error {
		if c := codes.Code(code.Load()); c != codes.OK {
			return status.Error(c, "")
		}
		return stream.SendMsg([]byte{})
	})
	g := newGRPC(t, upstream.Options{URL: url}, upstream.Inputs{})
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for _, step := range []struct {
		reason string
		ctx    context.Context
		code   codes.Code
		want   fault.Code
	}{
		{"it works", t.Context(), codes.OK, ""},
		{"it fails", t.Context(), codes.Internal, fault.SourceFailed},
		{"what is over before it is asked says nothing of it", over, codes.OK, fault.SourceFailed},
		{"it refuses, and so it works", t.Context(), codes.NotFound, ""},
		{"it has too much to do", t.Context(), codes.ResourceExhausted, fault.RateLimited},
		{"it does not know its contract", t.Context(), codes.Unimplemented, fault.SourceContractViolation},
		{"it works again", t.Context(), codes.OK, ""},
	} {
		code.Store(uint32(step.code))
		_ = getGRPC(step.ctx, g)
		if got := g.State(t.Context()); got != (upstream.State{Reachable: true, LastFault: step.want}) {
			t.Errorf("%s: the state is %+v, want %q", step.reason, got, step.want)
		}
	}
}

// TestServiceThatComesBack is not parallel: another test's service might be given the port while nobody has it.
func TestServiceThatComesBack(t *testing.T) {
	answer := func(stream grpc.ServerStream) error { return stream.SendMsg([]byte{}) }
	l := listen(t, "127.0.0.1:0")
	stop := serveGRPC(t, l, answer)
	address := l.Addr().String()
	g := newGRPC(t, upstream.Options{URL: "grpc://" + address}, upstream.Inputs{})
	wantCode(t, getGRPC(t.Context(), g), "")
	stop()
	for range 20 { // grpc-go waits longer after each attempt
		wantCode(t, getGRPC(t.Context(), g), fault.SourceUnavailable)
	}
	serveGRPC(t, listen(t, address), answer)
	back := time.Now()
	for err := getGRPC(t.Context(), g); err != nil; err = getGRPC(t.Context(), g) {
		wantCode(t, err, fault.SourceUnavailable)
		if time.Since(back) > patience {
			t.Fatalf("the service is back and is not reached: %v", err)
		}
	}
	if got := g.State(t.Context()); got != (upstream.State{Reachable: true}) {
		t.Errorf("the state is %+v", got)
	}
}

func metadataOf(stream grpc.ServerStream, names ...string) (values []string) {
	md, _ := metadata.FromIncomingContext(stream.Context())
	for _, name := range names {
		values = append(values, md.Get(name)...)
	}
	return values
}

// watch opens a stream and sends its request, as generated code does.
func watch(ctx context.Context, g *upstream.GRPC) (grpc.ClientStream, error) {
	s, err := g.NewStream(ctx, watching, "/shop.Shop/Get")
	if err != nil {
		return nil, err
	}
	if err := s.SendMsg(wrapperspb.String("a")); err != nil {
		return nil, err
	}
	return s, s.CloseSend()
}

func TestStreams(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		end  func(grpc.ServerStream) error // after two messages
		want fault.Code                    // of what the third fails with; none for the stream's end
	}{
		"ends":                        {func(grpc.ServerStream) error { return nil }, ""},
		"fails":                       {func(grpc.ServerStream) error { return status.Error(codes.Unavailable, "secret") }, fault.SourceUnavailable},
		"fails with what is no fault": {func(grpc.ServerStream) error { return errors.New("secret") }, fault.SourceFailed},
		"sends no message":            {func(s grpc.ServerStream) error { return s.SendMsg([]byte("\xff")) }, fault.SourceContractViolation},
		"sends too much":              {func(s grpc.ServerStream) error { return s.SendMsg(make([]byte, 1001)) }, fault.SourceContractViolation},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			url := startGRPC(t, func(stream grpc.ServerStream) error {
				for _, s := range []string{"one", "two"} {
					if err := stream.SendMsg(encoded(t, s)); err != nil {
						return err
					}
				}
				return test.end(stream)
			})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			s, err := watch(ctx, newGRPC(t, upstream.Options{URL: url, MaxBytes: 1000}, upstream.Inputs{}))
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{"one", "two"} {
				m := new(wrapperspb.StringValue)
				if err := s.RecvMsg(m); err != nil || m.GetValue() != want {
					t.Fatalf("received %q, %v, want %q", m.GetValue(), err, want)
				}
			}
			err = s.RecvMsg(new(wrapperspb.StringValue))
			if test.want == "" {
				if !errors.Is(err, io.EOF) {
					t.Errorf("got %v, want the end", err)
				}
				return
			}
			wantCode(t, err, test.want)
		})
	}
}

func TestStreamsEndWithTheirContext(t *testing.T) {
	t.Parallel()
	limited := make(chan bool, 1)
	url := startGRPC(t, func(stream grpc.ServerStream) error {
		_, has := stream.Context().Deadline()
		limited <- has
		if err := stream.SendMsg([]byte{}); err != nil {
			return err
		}
		<-stream.Context().Done()
		return nil
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s, err := watch(ctx, newGRPC(t, upstream.Options{URL: url, Timeout: short}, upstream.Inputs{}))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.RecvMsg(new(wrapperspb.StringValue)); err != nil {
		t.Fatal(err)
	}
	if <-limited {
		t.Error("the stream has the timeout of a call")
	}
	cancel()
	wantCode(t, s.RecvMsg(new(wrapperspb.StringValue)), fault.DeadlineExceeded)
}

func TestStreamsThatCannotBegin(t *testing.T) {
	t.Parallel()
	down := newGRPC(t, upstream.Options{URL: "grpc://127.0.0.1:1"}, upstream.Inputs{})
	_, err := watch(t.Context(), down)
	wantCode(t, err, fault.SourceUnavailable)

	over, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = watch(over, down)
	wantCode(t, err, fault.DeadlineExceeded)

	up := newGRPC(t, upstream.Options{URL: startGRPC(t, func(grpc.ServerStream) error { return nil })}, upstream.Inputs{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err = watch(upstream.WithKept(ctx, time.Hour, func(time.Duration) {}), up)
	wantCode(t, err, fault.SourceUnavailable)
	s, err := up.NewStream(ctx, watching, "/shop.Shop/Get")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SendMsg("no message"); fault.From(err).Source != "shop" {
		t.Errorf("got %v, want a fault of the source", err)
	}
}

func TestStreamsReceiveWhatIsDeclared(t *testing.T) {
	t.Parallel()
	got := make(chan []string, 1)
	url := startGRPC(t, func(stream grpc.ServerStream) error {
		got <- metadataOf(stream, "caller-sub", "x-undeclared")
		return nil
	})
	ctx := upstream.WithRequest(t.Context(), upstream.Request{Claims: map[string]string{"sub": "customer-7", "x-undeclared": "x"}})
	s, err := watch(ctx, newGRPC(t, upstream.Options{URL: url}, upstream.Inputs{Claims: []string{"sub"}}))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.RecvMsg(new(wrapperspb.StringValue)); !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	if values := <-got; len(values) != 1 || values[0] != "customer-7" {
		t.Errorf("the service received %q", values)
	}
}
