package upstream

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// startNamed starts a gRPC server that says who it is.
func startNamed(t *testing.T, l net.Listener, name string) {
	t.Helper()
	server := grpc.NewServer(grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error {
		if err := stream.RecvMsg(new(wrapperspb.StringValue)); err != nil {
			return err
		}
		return stream.SendMsg(wrapperspb.String(name))
	}))
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	t.Cleanup(func() {
		server.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
}

func connect(t *testing.T, dns *nameServer, every time.Duration, hosts ...string) (conn *grpc.ClientConn, call func() (string, error)) {
	t.Helper()
	conn, err := newConnBy(dns.resolver(), settings(every), hosts, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	})
	return conn, func() (string, error) {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		answer := new(wrapperspb.StringValue)
		err := conn.Invoke(ctx, "/shop.Shop/Get", wrapperspb.String("a"), answer)
		return answer.GetValue(), err
	}
}

func TestGRPCFollowsItsName(t *testing.T) {
	t.Parallel()
	one, two, port := listenTwice(t)
	startNamed(t, one, "one")
	startNamed(t, two, "two")
	dns := new(nameServer)
	dns.set("127.0.0.1")
	conn, call := connect(t, dns, time.Second, "shop.test:"+port)
	eventually(t, "one", call)
	dns.set("127.0.0.1", "127.0.0.2")
	eventually(t, "two", call) // though the connection to the first is good
	eventually(t, "one", call)
	dns.at.Store(nil)
	failed := dns.lookups.Load()
	eventually(t, "two", call)
	dns.set("127.0.0.2")
	for begun := time.Now(); dns.lookups.Load() == failed; {
		if _, err := call(); err != nil || time.Since(begun) > patience {
			t.Fatalf("a name that cannot be looked up stays where it was: %v", err)
		}
	}
	eventually(t, "two", call)
	if state := conn.GetState(); state != connectivity.Ready {
		t.Errorf("the connection is %s", state)
	}
}

func TestGRPCNameThatIsNotKnown(t *testing.T) {
	t.Parallel()
	one, two, port := listenTwice(t)
	_ = two.Close()
	startNamed(t, one, "one")
	dns := new(nameServer)
	_, call := connect(t, dns, time.Hour, "shop.test:"+port)
	if got, err := call(); err == nil {
		t.Errorf("got %q", got)
	}
	dns.set("127.0.0.1")
	eventually(t, "one", call)

	_, call = connect(t, new(nameServer), time.Hour, "shop.test:"+port, "127.0.0.1:"+port)
	if got, err := call(); err != nil || got != "one" {
		t.Errorf("beside a host that is known: got %q, %v", got, err)
	}
}

func TestGRPCHosts(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		url    string
		hosts  []string // none if it is refused
		secure bool
	}{
		"one":                      {"grpc://shop.test:4105", []string{"shop.test:4105"}, false},
		"one, over TLS":            {"grpcs://shop.test:4105", []string{"shop.test:4105"}, true},
		"several":                  {"grpcs://a:1,127.0.0.1:2,[::1]:3", []string{"a:1", "127.0.0.1:2", "[::1]:3"}, true},
		"a scheme in capitals":     {"GRPC://a:1", []string{"a:1"}, false},
		"one of several, no port":  {"grpc://a:1,b", nil, false},
		"one of several, no host":  {"grpc://a:1,:2", nil, false},
		"a comma at the end":       {"grpc://a:1,", nil, false},
		"the same twice":           {"grpc://a:1,a:1", nil, false},
		"a space":                  {"grpc://a:1, b:2", nil, false},
		"a port that is no number": {"grpc://a:http", nil, false},
		"a scheme in the middle":   {"grpc://a:1,grpc://b:2", nil, false},
		"a path":                   {"grpc://a:1,b:2/", nil, false},
		"a query":                  {"grpc://a:1?b", nil, false},
		"a user":                   {"grpc://user:secret@a:1", nil, false},
		"another scheme":           {"dns://a:1", nil, false},
		"no scheme":                {"a:1", nil, false},
		"nothing":                  {"", nil, false},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			hosts, secure, err := grpcHosts(test.url)
			if !slices.Equal(hosts, test.hosts) || secure != test.secure || (err == nil) != (test.hosts != nil) {
				t.Errorf("got %q, %t, %v", hosts, secure, err)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("%v shows a password", err)
			}
		})
	}
}

func TestDialAny(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	const nobody = "127.0.0.1:1"
	if err := dialAny(t.Context(), []string{nobody, l.Addr().String()}); err != nil {
		t.Errorf("one of two is there: %v", err)
	}
	if err := dialAny(t.Context(), []string{nobody}); err == nil {
		t.Error("nobody is there")
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if err := dialAny(over, []string{l.Addr().String()}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it is over", err)
	}
}
