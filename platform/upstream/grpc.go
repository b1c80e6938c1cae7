package upstream

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"
	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/grpc"
	grpccodes "google.golang.org/grpc/codes"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/telemetry/names"
)

// GRPC calls one gRPC service: it is the connection that generated clients are made with. It is safe for concurrent use.
type GRPC struct {
	base
	hosts []string
	conn  *grpc.ClientConn
	kinds sync.Map // what methods do, by name: a kind
}

var _ grpc.ClientConnInterface = (*GRPC)(nil)

// NewGRPC makes the client of a gRPC service. It connects when it is first used.
func NewGRPC(o Options, inputs Inputs) (*GRPC, error) {
	o.setDefaults()
	hosts, secure, err := grpcHosts(o.URL)
	if err != nil {
		return nil, err
	}
	conn, err := newConn(o, hosts, secure)
	if err != nil {
		return nil, err
	}
	g := &GRPC{hosts: hosts, conn: conn}
	if len(hosts) == 1 { // else it is not known which is called
		g.peer = peerOf(hosts[0])
	}
	if err := g.init(o, inputs, g.attempt); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return g, nil
}

// Invoke makes one unary call. What it fails with is a *fault.Error. Cancelling ctx ends the call.
func (g *GRPC) Invoke(ctx context.Context, method string, args, answer any, opts ...grpc.CallOption) error {
	terms := termsOf(ctx)
	if err := terms.allow(ctx, g.Name); err != nil {
		return err
	}
	operation := operationOf(method)
	message, err := encode(args)
	if err != nil {
		return fault.Wrap(fault.Internal, fmt.Errorf("encoding the request: %w", err)).At(g.Name, operation)
	}
	md := metadata.MD{}
	r := &request{
		operation: operation, kind: g.kindOf(method, args),
		method: method, message: message, metadata: md, options: opts,
	}
	var key []byte
	if r.kind == read && !slices.ContainsFunc(opts, particular) {
		key = append(make([]byte, 0, 256), method...)
	}
	g.take(ctx, terms, r, key, func(name, value string) { md.Set(name, value) })
	found, f := g.send(ctx, r)
	if f != nil {
		return f
	}
	if err := decode(found.message, answer); err != nil {
		if g.cache != nil {
			g.cache.spoiled(r, found)
		}
		f := fault.Wrap(fault.SourceContractViolation, err).At(g.Name, operation)
		g.note(f)
		return f
	}
	return nil
}

// particular says whether an option makes a call another than its method and its message say, so that its answer is for nobody else. Generated
// clients give each call one that does not.
func particular(o grpc.CallOption) bool {
	_, generated := o.(grpc.StaticMethodCallOption)
	return !generated
}

// attempt sends a message once.
func (g *GRPC) attempt(ctx context.Context, r *request) (*reply, error) {
	md, sent := r.metadata, r.attempts.Add(1)
	if sent > 1 || g.Policy.Hedge.Enabled { // others may read it
		md = md.Copy()
	}
	r.carry(ctx, metadataCarrier(md), sent)
	if err := g.reconnect(ctx); err != nil {
		return nil, err
	}
	var found undecoded
	var header metadata.MD
	options := r.options
	if len(g.Return) > 0 {
		options = append(slices.Clip(options), grpc.Header(&header))
	}
	ctx = metadata.NewOutgoingContext(ctx, md)
	err := g.conn.Invoke(ctx, r.method, encoded(r.message), &found, options...)
	if r.record != nil {
		r.record.answered(ctx, status.Code(err).String())
	}
	if r.recording() {
		trace.SpanFromContext(ctx).SetAttributes(names.RPCStatus.String(code.Code(status.Code(err)).String())) //nolint:gosec // there are 17
	}
	if err != nil {
		return nil, grpcFault(err)
	}
	return &reply{header: g.returned(header), message: found}, nil
}

// returned gives what of an answer's metadata is for the client, as HTTP has it.
func (g *GRPC) returned(md metadata.MD) http.Header {
	var header http.Header
	for _, name := range g.Return {
		if values := md.Get(name); values != nil {
			if header == nil {
				header = http.Header{}
			}
			header[http.CanonicalHeaderKey(name)] = values
		}
	}
	return header
}

// metadataCarrier has the trace carried by metadata.
type metadataCarrier metadata.MD

// Get gives the first value of a key; "" if there is none.
func (c metadataCarrier) Get(key string) string {
	if values := metadata.MD(c).Get(key); len(values) > 0 {
		return values[0]
	}
	return ""
}

// Set sets the only value of a key.
func (c metadataCarrier) Set(key, value string) { metadata.MD(c).Set(key, value) }

// Keys gives all keys.
func (c metadataCarrier) Keys() []string { return slices.Collect(maps.Keys(c)) }

// Origin gives what the faults of an operation's answers name.
func (g *GRPC) Origin(operation string) Origin { return Origin{g.Name, operation} }

// grpcFault gives a status as a fault. What grpc-go itself found wrong with an answer breaks the contract, though it reports it
// with a status that services use too.
func grpcFault(err error) error {
	if err == nil {
		return nil
	}
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f
	}
	st := status.Convert(err)
	switch {
	case st.Code() == grpccodes.ResourceExhausted && strings.HasPrefix(st.Message(), "grpc: received message"),
		st.Code() == grpccodes.Internal && strings.HasPrefix(st.Message(), "grpc: failed to unmarshal"),
		st.Code() == grpccodes.Internal && strings.HasPrefix(st.Message(), "grpc: error unmarshalling"),
		st.Code() == grpccodes.Unknown && strings.HasPrefix(st.Message(), "unexpected HTTP status code received from server: 200"): // no gRPC at all
		return fault.Wrap(fault.SourceContractViolation, err)
	}
	return fault.FromGRPC(err)
}

// operationOf gives the last part of "/package.Service/Method".
func operationOf(method string) string {
	return method[strings.LastIndexByte(method, '/')+1:]
}

// handshake bounds how long a call waits for a connection that was lost, once the service can be reached again.
const handshake = 250 * time.Millisecond

// reconnect ends grpc-go's waiting between its attempts to connect once the service can be reached again, so that a call fails or
// succeeds by what the service is now and not by what it was when the last attempt was made. While all is well it costs nothing.
func (g *GRPC) reconnect(ctx context.Context) error {
	if g.conn.GetState() != connectivity.TransientFailure {
		return nil
	}
	if err := dialAny(ctx, g.hosts); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, handshake)
	defer cancel()
	g.conn.ResetConnectBackoff()
	g.conn.WaitForStateChange(ctx, connectivity.TransientFailure)
	return nil
}

// State says whether the service can be reached now, at any of its addresses. It opens connections and closes them.
func (g *GRPC) State(ctx context.Context) State {
	return g.state(dialAny(ctx, g.hosts) == nil)
}

// Close ends the connections and the calls on them.
func (g *GRPC) Close() error {
	g.meters.stop()
	g.background.close()
	return g.conn.Close()
}
