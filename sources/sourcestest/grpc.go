package sourcestest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/dynamicpb"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/upstream"
)

// GRPC examines a source of a gRPC service. calls makes the source on a client, and gives one Call for each thing that it can do.
func GRPC(t *testing.T, inputs upstream.Inputs, calls func(*upstream.GRPC) []Call) {
	t.Helper()
	for i, c := range calls(grpcClient(t, inputs, "grpc://unused.test:1", time.Second)) {
		t.Run(c.Name, func(t *testing.T) {
			answers := grpcAnswers(t, c)
			e := examination{
				inputs: inputs, trials: grpcTrials(c, answers), good: serveGRPC(answers["good"].does), hang: serveGRPC(grpcHang),
				call: func(t *testing.T, url string, timeout time.Duration) Call {
					return calls(grpcClient(t, inputs, url, timeout))[i].opening()
				},
			}
			e.run(t)
			if c.Stream != nil {
				e.stream(t, answers)
			}
		})
	}
}

// reply answers one call of a service, or sends messages of its stream.
type reply func(s service, stream grpc.ServerStream) error

// answer is a reply, and what a source must make of it.
type answer struct {
	want
	does reply
}

func grpcTrials(c Call, answers map[string]answer) map[string]trial {
	trials := map[string]trial{
		"refused": {want: want{code: fault.SourceUnavailable, anyCalls: true}, start: refusing("grpc")},
		"reset":   {want: want{code: fault.SourceUnavailable, anyCalls: true}, start: resetting("grpc")},
	}
	if c.Stream == nil { // a stream has no timeout
		trials["slow"] = trial{want: want{code: fault.SourceTimeout}, start: serveGRPC(grpcHang), slow: true}
		trials["slow answer"] = trial{want: want{code: fault.SourceTimeout}, start: serveGRPC(onlyHeader), slow: true}
	}
	for reason, a := range answers {
		trials[reason] = trial{want: a.want, start: serveGRPC(a.does)}
	}
	return trials
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

func grpcAnswers(t *testing.T, c Call) map[string]answer {
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
	answers := map[string]answer{"good": {does: message(wire(good))}}
	violation := func(reason string, b []byte) {
		answers[reason] = answer{want: want{code: fault.SourceContractViolation}, does: message(b)}
	}
	violation("garbage", []byte(strings.Repeat("\xff", 20)+secretBody))
	violation("truncated", truncated(unknownField(wire(good), []byte(secretBody)), c.Message))
	violation("oversize", unknownField(wire(good), make([]byte, maxBytes))) // otherwise good
	for code, becomes := range codeOf {
		w := want{code: becomes, retryAfter: retryAfter}
		if code == codes.NotFound && c.Absent {
			w = want{}
		}
		answers[code.String()] = answer{want: w, does: fail(code)}
	}
	for _, p := range c.Required {
		violation("without "+p, wire(without(t, good, p)))
	}
	for _, p := range c.Enums {
		violation("unknown value of "+p, wire(with(t, good, p, 999)))
		violation("unspecified "+p, wire(with(t, good, p, 0)))
	}
	for reason, document := range outOfRange(t, c, good) {
		violation(reason, wire(document))
	}
	return answers
}

// unknownField gives a message with a field that no contract knows, which is no fault.
func unknownField(m, value []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(slices.Clone(m), protowire.MaxValidNumber, protowire.BytesType), value)
}

// truncated gives the first half of a message, or a bit less: what ends between two fields would be a message.
func truncated(m []byte, as proto.Message) []byte {
	n := len(m) / 2
	for proto.Unmarshal(m[:n], proto.Clone(as)) == nil {
		n--
	}
	return m[:n]
}

func grpcClient(t *testing.T, inputs upstream.Inputs, url string, timeout time.Duration) *upstream.GRPC {
	t.Helper()
	g, err := upstream.NewGRPC(upstream.Options{Name: sourceName, URL: url, Timeout: timeout, MaxBytes: maxBytes}, inputs)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.Close() })
	return g
}

// serveGRPC starts a service that answers every method alike. Its messages are bytes.
func serveGRPC(handle reply) func(*testing.T) service {
	return func(t *testing.T) service {
		t.Helper()
		l := listen(t)
		s := newService("grpc", l.Addr().String())
		server := grpc.NewServer(
			grpc.ForceServerCodec(rawCodec{}),
			grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error {
				var request []byte
				if err := stream.RecvMsg(&request); err != nil {
					return err
				}
				r, err := grpcRequest(stream, request)
				if err != nil {
					t.Error(err)
				}
				s.log.add(r)
				return handle(s, stream)
			}))
		s.stop = server.Stop
		go func() { _ = server.Serve(l) }()
		t.Cleanup(server.Stop)
		return s
	}
}

// grpcRequest gives a request as a service sees it, whose contract is among the generated code that is linked in.
func grpcRequest(stream grpc.ServerStream, request []byte) (received, error) {
	header, _ := metadata.FromIncomingContext(stream.Context())
	method, _ := grpc.MethodFromServerStream(stream)
	r := received{header: header, what: method + " " + string(request)}
	name := strings.ReplaceAll(strings.TrimPrefix(method, "/"), "/", ".")
	found, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(name))
	if err != nil {
		return r, fmt.Errorf("the method %s: %w", method, err)
	}
	descriptor, ok := found.(protoreflect.MethodDescriptor)
	if !ok {
		return r, fmt.Errorf("%s is no method", method)
	}
	m := dynamicpb.NewMessage(descriptor.Input())
	if err := proto.Unmarshal(request, m); err != nil {
		return r, fmt.Errorf("the request of %s: %w", method, err)
	}
	if field := m.Descriptor().Fields().ByName("idempotency_key"); field != nil {
		r.key = m.Get(field).String()
	}
	return r, nil
}

func message(b []byte) reply {
	return func(_ service, stream grpc.ServerStream) error { return stream.SendMsg(&b) }
}

func fail(code codes.Code) reply {
	return func(service, grpc.ServerStream) error {
		st, err := status.New(code, secretBody).WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(retryAfter * time.Second)})
		if err != nil {
			return err
		}
		return st.Err()
	}
}

func grpcHang(s service, stream grpc.ServerStream) error {
	s.arrived <- struct{}{}
	<-stream.Context().Done()
	s.left <- struct{}{}
	return context.Cause(stream.Context())
}

// onlyHeader begins an answer that never comes.
func onlyHeader(s service, stream grpc.ServerStream) error {
	if err := stream.SendHeader(nil); err != nil {
		return err
	}
	return grpcHang(s, stream)
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
