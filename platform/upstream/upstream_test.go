package upstream_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/upstream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long a test waits for what should be there at once.
const patience = 20 * time.Second

// service is what a service does with a call: received are the headers or metadata, by names in lower case. If it fails, so does the call.
type service func(ctx context.Context, received map[string][]string) error

// client calls a service that a test has started.
type client struct {
	call  func(context.Context) error
	state func(context.Context) upstream.State
	stop  func() // the service
}

// protocols start a service and give a client of it, for what HTTP and gRPC have in common.
var protocols = map[string]func(*testing.T, upstream.Options, upstream.Inputs, service) client{
	"HTTP": func(t *testing.T, o upstream.Options, in upstream.Inputs, do service) client {
		t.Helper()
		server := serve(t, func(w http.ResponseWriter, r *http.Request) {
			received := map[string][]string{}
			for name, values := range r.Header {
				received[strings.ToLower(name)] = values
			}
			_, _ = io.Copy(io.Discard, r.Body) // so that the server sees when the caller goes
			w.Header().Set("Content-Type", "application/json")
			if err := do(r.Context(), received); err != nil {
				w.WriteHeader(http.StatusInternalServerError)
			}
			_, _ = io.WriteString(w, `{}`)
		})
		o.URL = server.URL
		h := newHTTP(t, o, in)
		return client{stop: server.Close, state: h.State, call: func(ctx context.Context) error {
			_, err := h.Do(ctx, "Get", get(""))
			return err
		}}
	},
	"gRPC": func(t *testing.T, o upstream.Options, in upstream.Inputs, do service) client {
		t.Helper()
		l := listen(t, "127.0.0.1:0")
		stop := serveGRPC(t, l, func(stream grpc.ServerStream) error {
			received, _ := metadata.FromIncomingContext(stream.Context())
			if err := do(stream.Context(), received); err != nil {
				return err
			}
			return stream.SendMsg([]byte{})
		})
		o.URL = "grpc://" + l.Addr().String()
		g := newGRPC(t, o, in)
		return client{stop: stop, state: g.State, call: func(ctx context.Context) error { return getGRPC(ctx, g) }}
	},
}

func newHTTP(t *testing.T, o upstream.Options, in upstream.Inputs) *upstream.HTTP {
	t.Helper()
	if o.Name == "" {
		o.Name = "shop"
	}
	h, err := upstream.NewHTTP(o, in)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

func newGRPC(t *testing.T, o upstream.Options, in upstream.Inputs) *upstream.GRPC {
	t.Helper()
	if o.Name == "" {
		o.Name = "shop"
	}
	g, err := upstream.NewGRPC(o, in)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
	return g
}

// get builds the request for a path below the base URL, resolving it as generated code does.
func get(path string) func(string) (*http.Request, error) {
	return func(base string) (*http.Request, error) {
		req, err := http.NewRequest(http.MethodGet, base, nil)
		if err == nil && path != "" {
			req.URL, err = req.URL.Parse(path)
		}
		return req, err
	}
}

func getGRPC(ctx context.Context, g *upstream.GRPC) error {
	return g.Invoke(ctx, "/shop.Shop/Get", wrapperspb.String("a"), new(wrapperspb.StringValue))
}

func serve(t *testing.T, handle http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	return server
}

func listen(t *testing.T, address string) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// serveGRPC has every method done by handle, after the request was read. Its messages are bytes.
func serveGRPC(t *testing.T, l net.Listener, handle func(grpc.ServerStream) error, options ...grpc.ServerOption) (stop func()) {
	t.Helper()
	server := grpc.NewServer(append(options, grpc.ForceServerCodec(bytesCodec{}), grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error {
		if err := stream.RecvMsg(new([]byte)); err != nil {
			return err
		}
		return handle(stream)
	}))...)
	served := make(chan struct{})
	go func() {
		defer close(served)
		if err := server.Serve(l); err != nil {
			t.Errorf("serving: %v", err)
		}
	}()
	stop = func() {
		server.Stop()
		<-served
	}
	t.Cleanup(stop)
	return stop
}

// bytesCodec lets a service send whatever bytes it likes.
type bytesCodec struct{}

func (bytesCodec) Name() string { return "proto" }

func (bytesCodec) Marshal(v any) ([]byte, error) {
	if b, ok := v.([]byte); ok {
		return b, nil
	}
	return nil, errors.New("not bytes")
}

func (bytesCodec) Unmarshal(data []byte, v any) error {
	b, ok := v.(*[]byte)
	if !ok {
		return errors.New("not bytes")
	}
	*b = slices.Clone(data)
	return nil
}

// wantCode checks that err is a fault with the code, of the source and operation that every test calls; no code is no error.
func wantCode(t *testing.T, err error, code fault.Code) {
	t.Helper()
	if code == "" {
		if err != nil {
			t.Errorf("failed with %v", err)
		}
		return
	}
	var f *fault.Error
	if !errors.As(err, &f) || f.Code != code || f.Source != "shop" || f.Operation != "Get" {
		t.Errorf("got %v, want %s of shop.Get", err, code)
	}
}

func await[T any](t *testing.T, signal <-chan T, what string) {
	t.Helper()
	select {
	case <-signal:
	case <-time.After(patience):
		t.Fatalf("waited %s for %s", patience, what)
	}
}
