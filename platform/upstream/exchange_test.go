package upstream

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mainstem/mainstem/platform/fault"
)

// TestProtocolsThatNobodyAskedFor: who answers with 101 keeps the connection, and its end is not waited for.
func TestProtocolsThatNobodyAskedFor(t *testing.T) {
	t.Parallel()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	var service sync.WaitGroup
	service.Go(func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		if _, err := http.ReadRequest(bufio.NewReader(conn)); err != nil {
			t.Error(err)
		}
		_, _ = conn.Write([]byte("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: chat\r\n\r\n"))
		_, _ = conn.Read(make([]byte, 1)) // until the client closes it
	})
	h, err := NewHTTP(Options{Name: "shop", URL: "http://" + l.Addr().String(), Timeout: 200 * time.Millisecond}, Inputs{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = h.Close() }()
	got := make(chan fault.Code, 1)
	go func() { got <- codeOf(calling(h, http.MethodGet)(context.WithoutCancel(t.Context()))) }()
	select {
	case code := <-got:
		if code != fault.SourceContractViolation {
			t.Errorf("%s", code)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("the call does not end")
	}
	service.Wait()
}

// TestTimeIsNeverZero: a service that is told of no time at all would refuse a value that HTTP does not have.
func TestTimeIsNeverZero(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		told := ""
		h, _ := scripted(t, Policy{}, func(_ int, r *http.Request) said {
			told = r.Header.Get(timeoutHeader)
			return good
		})
		ctx, cancel := context.WithTimeout(t.Context(), 900*time.Microsecond)
		defer cancel()
		if err := calling(h, http.MethodGet)(ctx); err != nil || told != "0.001" {
			t.Errorf("%v, and the service was given %q", err, told)
		}
	})
}
