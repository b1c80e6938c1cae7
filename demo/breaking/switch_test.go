package breaking_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/mainstem/mainstem/demo/breaking"
)

func newSwitch(t *testing.T, b breaking.Break) *breaking.Switch {
	t.Helper()
	s := breaking.NewSwitch(1)
	if err := s.Set(b); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

// get asks a REST service behind the switch, and gives the status.
func get(ctx context.Context, s *breaking.Switch) int {
	service := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	w := httptest.NewRecorder()
	s.Handler(service).ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil))
	return w.Code
}

// call asks a gRPC service behind the switch, and gives the status.
func call(ctx context.Context, s *breaking.Switch) codes.Code {
	_, err := s.Unary(ctx, nil, nil, func(context.Context, any) (any, error) { return nil, nil })
	return status.Code(err)
}

// stream is a call with many answers, as the server sees it.
type stream struct {
	grpc.ServerStream
	ctx context.Context
}

func (s stream) Context() context.Context { return s.ctx }

// watch opens a stream at a gRPC service behind the switch, and gives the status that it ends with. The service ends it when
// its context ends, as an orderly end.
func watch(ctx context.Context, s *breaking.Switch) codes.Code {
	return status.Code(s.Stream(nil, stream{ctx: ctx}, nil, func(_ any, ss grpc.ServerStream) error {
		<-ss.Context().Done()
		return nil
	}))
}

func TestFate(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		is   breaking.Break
		http int
		grpc codes.Code
	}{
		"a healthy service answers":        {http: http.StatusNoContent, grpc: codes.OK},
		"one that is down does not":        {is: breaking.Break{Down: true}, http: http.StatusServiceUnavailable, grpc: codes.Unavailable},
		"one that always fails fails":      {is: breaking.Break{ErrorRate: 1}, http: http.StatusInternalServerError, grpc: codes.Internal},
		"down comes before failing":        {is: breaking.Break{Down: true, ErrorRate: 1}, http: http.StatusServiceUnavailable, grpc: codes.Unavailable},
		"refusing is the listener's thing": {is: breaking.Break{Refuse: true}, http: http.StatusNoContent, grpc: codes.OK},
	}
	for reason, c := range cases {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			s := newSwitch(t, c.is)
			ended, cancel := context.WithCancel(t.Context())
			cancel()
			if h, g, w := get(t.Context(), s), call(t.Context(), s), watch(ended, s); h != c.http || g != c.grpc || w != c.grpc {
				t.Errorf("REST %d, gRPC %v, stream %v; want %d, %v", h, g, w, c.http, c.grpc)
			}
			if s.Break() != c.is {
				t.Errorf("Break gives %v, want %v", s.Break(), c.is)
			}
		})
	}
}

func TestErrorRateIsAShare(t *testing.T) {
	t.Parallel()
	s, again := newSwitch(t, breaking.Break{ErrorRate: 0.3}), newSwitch(t, breaking.Break{ErrorRate: 0.3})
	failed := 0
	for range 1000 {
		code := get(t.Context(), s)
		if code == http.StatusInternalServerError {
			failed++
		}
		if get(t.Context(), again) != code {
			t.Fatal("two switches of one seed differ")
		}
	}
	if failed < 250 || failed > 350 {
		t.Errorf("%d of 1000 requests failed, want about 300", failed)
	}
}

func TestLostAnswers(t *testing.T) {
	t.Parallel()
	s, done := newSwitch(t, breaking.Break{LoseAnswers: 1}), 0
	server := httptest.NewServer(s.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		done++
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, "done")
	})))
	answer, err := server.Client().Post(server.URL, "text/plain", strings.NewReader("do it"))
	if err == nil {
		_ = answer.Body.Close()
		t.Errorf("REST: the answer is %s", answer.Status)
	}
	server.Close()
	_, err = s.Unary(t.Context(), nil, nil, func(context.Context, any) (any, error) {
		done++
		return "done", nil
	})
	if status.Code(err) != codes.Unavailable {
		t.Errorf("gRPC: the error is %v", err)
	}
	if code := watch(t.Context(), s); code != codes.Unavailable {
		t.Errorf("the stream ended with %v", code)
	}
	if done != 2 {
		t.Errorf("%d of 2 requests were done", done)
	}
}

func TestLatency(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSwitch(t, breaking.Break{Latency: 2 * time.Second, Jitter: time.Second, Down: true})
		differ := map[time.Duration]bool{}
		for range 20 {
			start := time.Now()
			if code := get(t.Context(), s); code != http.StatusServiceUnavailable {
				t.Errorf("status %d, want 503 after the wait", code)
			}
			took := time.Since(start)
			differ[took] = true
			if took < 2*time.Second || took > 3*time.Second {
				t.Errorf("the answer took %v, want 2 to 3 seconds", took)
			}
		}
		if len(differ) < 2 {
			t.Error("jitter makes no difference")
		}
	})
}

func TestWaitingEnds(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		end  func(s *breaking.Switch, cancel context.CancelFunc)
		want codes.Code
	}{
		"with the request":           {func(_ *breaking.Switch, cancel context.CancelFunc) { cancel() }, codes.Canceled},
		"when the service is to end": {func(s *breaking.Switch, _ context.CancelFunc) { s.Stop() }, codes.Unavailable},
	}
	for reason, c := range cases {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newSwitch(t, breaking.Break{Latency: time.Minute})
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				start := time.Now()
				go func() {
					if code := get(ctx, s); code != http.StatusServiceUnavailable {
						t.Errorf("REST: %d, want 503", code)
					}
				}()
				go func() {
					if code := call(ctx, s); code != c.want {
						t.Errorf("gRPC: %v, want %v", code, c.want)
					}
				}()
				synctest.Wait()
				c.end(s, cancel)
				synctest.Wait()
				if !time.Now().Equal(start) {
					t.Error("the wait went on")
				}
			})
		})
	}
}

// pipe is a listener with one connection, within the process.
type pipe struct {
	server net.Conn
	given  atomic.Bool
	closed chan struct{}
}

func (p *pipe) Accept() (net.Conn, error) {
	if p.given.CompareAndSwap(false, true) {
		return p.server, nil
	}
	<-p.closed
	return nil, net.ErrClosed
}

func (p *pipe) Close() error   { close(p.closed); return nil }
func (p *pipe) Addr() net.Addr { return p.server.LocalAddr() }

// The server notices a client that has gone once the request's body is read: a slow service must not do later what nobody waits
// for any more.
func TestWaitingEndsWithTheClient(t *testing.T) {
	t.Parallel()
	cases := map[string]string{
		"a request without a body":       "GET / HTTP/1.1\r\nHost: service\r\n\r\n",
		"a request with a body":          "POST / HTTP/1.1\r\nHost: service\r\nContent-Length: 4\r\n\r\nbody",
		"a request with a body in parts": "POST / HTTP/1.1\r\nHost: service\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
	}
	for reason, request := range cases {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newSwitch(t, breaking.Break{Latency: time.Minute})
				ended := make(chan time.Time, 1)
				broken := s.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the service was asked") }))
				server := http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					broken.ServeHTTP(w, r)
					ended <- time.Now()
				})}
				client, other := net.Pipe()
				listener := &pipe{server: other, closed: make(chan struct{})}
				go func() { _ = server.Serve(listener) }()
				defer func() { _ = server.Close() }()
				if _, err := client.Write([]byte(request)); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				gone := time.Now()
				_ = client.Close()
				if at := <-ended; !at.Equal(gone) {
					t.Errorf("the request waited on for %v", at.Sub(gone))
				}
			})
		})
	}
}

func TestTheServiceReadsTheBody(t *testing.T) {
	t.Parallel()
	for reason, size := range map[string]int{"nothing": 0, "something": 5, "more than is held": 3 << 20} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			s, sent, got := newSwitch(t, breaking.Break{}), strings.Repeat("x", size), []byte(nil)
			service := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				var err error
				if got, err = io.ReadAll(r.Body); err != nil {
					t.Error(err)
				}
			})
			s.Handler(service).ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(sent)))
			if string(got) != sent {
				t.Errorf("of %d bytes, %d came through", size, len(got))
			}
		})
	}
}

func TestStreamsEnd(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		end  func(s *breaking.Switch, cancel context.CancelFunc)
		want codes.Code
	}{
		"orderly, with the request":  {func(_ *breaking.Switch, cancel context.CancelFunc) { cancel() }, codes.OK},
		"when the service goes down": {func(s *breaking.Switch, _ context.CancelFunc) { _ = s.Set(breaking.Break{Down: true}) }, codes.Unavailable},
		"when the service is to end": {func(s *breaking.Switch, _ context.CancelFunc) { s.Stop() }, codes.Unavailable},
	}
	for reason, c := range cases {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newSwitch(t, breaking.Break{})
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				ended := make(chan codes.Code, 1)
				go func() { ended <- watch(ctx, s) }()
				synctest.Wait()
				select {
				case code := <-ended:
					t.Fatalf("the stream ended at once with %v", code)
				default:
				}
				c.end(s, cancel)
				if code := <-ended; code != c.want {
					t.Errorf("the stream ended with %v, want %v", code, c.want)
				}
			})
		})
	}
}

func TestStreamsOpenAfterHealing(t *testing.T) {
	t.Parallel()
	s := newSwitch(t, breaking.Break{Down: true})
	if err := s.Set(breaking.Break{}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if code := watch(ctx, s); code != codes.OK {
		t.Errorf("the stream ended with %v", code)
	}
}

func TestSetRefusesWhatIsOutOfBounds(t *testing.T) {
	t.Parallel()
	s := newSwitch(t, breaking.Break{Down: true})
	if err := s.Set(breaking.Break{ErrorRate: 2}); err == nil || !s.Break().Down {
		t.Errorf("error %v, and the service is %v", err, s.Break())
	}
}
