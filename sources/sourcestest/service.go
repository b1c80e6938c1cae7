package sourcestest

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
)

// service is a service that misbehaves.
type service struct {
	url      string
	address  string
	arrived  chan struct{} // a request has arrived that hangs
	left     chan struct{} // the caller of a request that hung has gone
	received chan struct{} // the caller has received the stream's first message
	stop     func()        // gRPC: ends the service
	log      *requestLog
}

func newService(scheme, address string) service {
	return service{
		url: scheme + "://" + address, address: address,
		arrived: make(chan struct{}, 100), left: make(chan struct{}, 100), received: make(chan struct{}, 100),
		log: &requestLog{},
	}
}

// received is a request as a service saw it.
type received struct {
	header map[string][]string // headers or metadata, without the idempotency key
	key    string              // the idempotency key; empty for none
	what   string              // what was asked for, to be compared with another request
	uri    string              // REST: its path and query
}

// requestLog has the requests that a service received.
type requestLog struct {
	mu   sync.Mutex
	list []received
}

func (l *requestLog) add(r received) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, r)
}

func (s service) requests() []received {
	s.log.mu.Lock()
	defer s.log.mu.Unlock()
	return slices.Clone(s.log.list)
}

// refusing gives an address where nobody listens.
func refusing(scheme string) func(*testing.T) service {
	return func(t *testing.T) service {
		t.Helper()
		l := listen(t)
		_ = l.Close()
		return newService(scheme, l.Addr().String())
	}
}

// resetting ends each connection with a TCP reset.
func resetting(scheme string) func(*testing.T) service {
	return func(t *testing.T) service {
		t.Helper()
		l := listen(t)
		go func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				if tcp, ok := conn.(*net.TCPConn); ok {
					_ = tcp.SetLinger(0)
				}
				_ = conn.Close()
			}
		}()
		return newService(scheme, l.Addr().String())
	}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// recorded reads a recorded answer.
func recorded(t *testing.T, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
