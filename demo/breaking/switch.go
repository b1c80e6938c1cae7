package breaking

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Switch breaks one service and heals it. Its middleware, interceptors and listener belong to the same service. It is safe for
// concurrent use.
type Switch struct {
	life context.Context // ends with Stop
	end  context.CancelFunc

	changing sync.Mutex // held by Set throughout: one change at a time
	listener *listener  // nil until Listen

	mu    sync.Mutex
	state Break
	dice  *rand.Rand
	up    context.Context // the life of streams: ends with life, and when the service goes down
	fall  context.CancelFunc
}

// NewSwitch makes the switch of a healthy service. The seed decides which requests fail and how long they take.
func NewSwitch(seed uint64) *Switch {
	s := &Switch{dice: rand.New(rand.NewPCG(seed, 0))}
	s.life, s.end = context.WithCancel(context.Background())
	s.up, s.fall = context.WithCancel(s.life)
	return s
}

// Stop ends all waiting and all streams, for the service is about to stop. Requests that were waiting fail as if it were down.
func (s *Switch) Stop() { s.end() }

// Break gives what is wrong now.
func (s *Switch) Break() Break {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state
}

// Set puts a break in the place of the one before; the zero value heals. Requests that are waiting already wait on. It fails,
// and changes nothing, if b is out of bounds or if the port cannot be listened on again, which it tries for a moment.
func (s *Switch) Set(b Break) error {
	if err := b.Validate(); err != nil {
		return err
	}
	s.changing.Lock()
	defer s.changing.Unlock()
	if err := s.setRefuse(b.Refuse); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if b.Down {
		s.fall()
	} else if s.state.Down {
		s.up, s.fall = context.WithCancel(s.life)
	}
	s.state = b
	return nil
}

func (s *Switch) setRefuse(refuse bool) error {
	if s.listener == nil {
		return nil
	}
	if refuse {
		s.listener.shut()
		return nil
	}
	// Others on this machine may hold the port for a moment: as the port of their end of a connection, for one.
	for range healAttempts - 1 {
		if err := s.listener.open(); !errors.Is(err, syscall.EADDRINUSE) {
			return err
		}
		timer := time.NewTimer(healPause)
		select {
		case <-timer.C:
		case <-s.life.Done():
			timer.Stop()
		}
	}
	return s.listener.open()
}

// How often, and how far apart, it is tried to listen again.
const (
	healAttempts = 5
	healPause    = 50 * time.Millisecond
)

// Listen listens on a TCP address for the service, to which connections can be refused from then on. Call it once; the service
// closes what it gives.
func (s *Switch) Listen(ctx context.Context, address string) (net.Listener, error) {
	s.changing.Lock()
	defer s.changing.Unlock()
	if s.listener != nil {
		return nil, fmt.Errorf("the service listens on %v already", s.listener.Addr())
	}
	l, err := listen(ctx, address)
	if err != nil {
		return nil, err
	}
	s.listener = l
	return l, s.setRefuse(s.Break().Refuse)
}

// Cut cuts the connections that are open now, whatever they are doing.
func (s *Switch) Cut() {
	s.changing.Lock()
	defer s.changing.Unlock()
	if s.listener != nil {
		s.listener.cut()
	}
}

// fate is what becomes of a request.
type fate int

const (
	served fate = iota
	failed      // by chance
	down
	lost      // served, but not answered
	abandoned // by the caller, while it waited
)

// draw decides about a request: how long it waits, and what becomes of it then.
func (s *Switch) draw() (time.Duration, fate) {
	s.mu.Lock()
	defer s.mu.Unlock()
	wait := s.state.Latency
	if s.state.Jitter > 0 {
		wait += time.Duration(s.dice.Int64N(int64(s.state.Jitter) + 1))
	}
	switch {
	case s.state.Down:
		return wait, down
	case s.state.ErrorRate > 0 && s.dice.Float64() < s.state.ErrorRate:
		return wait, failed
	case s.state.LoseAnswers > 0 && s.dice.Float64() < s.state.LoseAnswers:
		return wait, lost
	}
	return wait, served
}

// admit lets a request wait, and says what becomes of it: down if the service stops, abandoned if nobody waits for the answer any more.
func (s *Switch) admit(ctx context.Context) fate {
	wait, fate := s.draw()
	if wait == 0 {
		return fate
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return fate
	case <-ctx.Done():
		return abandoned
	case <-s.life.Done():
		return down
	}
}

// maxHeld is how much of a request's body is read before the request waits: more than any service takes.
const maxHeld = 2 << 20

// hold reads the body, and leaves it to be read again. Only then does the server notice that the client has gone, and end the
// request's context.
func hold(r *http.Request) {
	begun, _ := io.ReadAll(io.LimitReader(r.Body, maxHeld)) // whoever reads on meets the error again
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(begun), r.Body), r.Body}
}

// nowhere is where an answer is lost.
type nowhere struct{ header http.Header }

func (n nowhere) Header() http.Header            { return n.header }
func (nowhere) Write(answer []byte) (int, error) { return len(answer), nil }
func (nowhere) WriteHeader(int)                  {}

// Handler breaks a REST service.
func (s *Switch) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hold(r)
		switch s.admit(r.Context()) {
		case down, abandoned: // who has gone away reads nothing
			http.Error(w, "The service is down.", http.StatusServiceUnavailable)
		case failed:
			http.Error(w, "The service has failed.", http.StatusInternalServerError)
		case lost:
			next.ServeHTTP(nowhere{http.Header{}}, r)
			panic(http.ErrAbortHandler) // which is how net/http is told to cut the connection
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// Unary breaks a gRPC service's calls that have one answer.
func (s *Switch) Unary(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	fate := s.admit(ctx)
	if fate == lost {
		_, _ = next(ctx, req) // nobody learns what came of it
	}
	if err := fate.status(ctx); err != nil {
		return nil, err
	}
	return next(ctx, req)
}

// Stream breaks a gRPC service's calls that have many answers: those begun later, and, when it goes down or stops, the open
// ones too. A stream does nothing that could be lost, so one that loses its answers ends at once.
func (s *Switch) Stream(srv any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) error {
	if err := s.admit(stream.Context()).status(stream.Context()); err != nil {
		return err
	}
	s.mu.Lock()
	up := s.up
	s.mu.Unlock()
	ctx, cancel := context.WithCancel(stream.Context())
	defer cancel()
	defer context.AfterFunc(up, cancel)()
	err := next(srv, boundStream{ServerStream: stream, ctx: ctx})
	if up.Err() != nil {
		return down.status(ctx)
	}
	return err
}

// status gives nil for a request that is served.
func (f fate) status(ctx context.Context) error {
	switch f {
	case down:
		return status.Error(codes.Unavailable, "the service is down")
	case failed:
		return status.Error(codes.Internal, "the service has failed")
	case lost:
		return status.Error(codes.Unavailable, "the answer was lost")
	case abandoned: // also at the deadline that the caller has sent along
		return status.FromContextError(ctx.Err()).Err()
	default:
		return nil
	}
}

// boundStream is a stream with another context.
type boundStream struct {
	grpc.ServerStream
	ctx context.Context
}

func (s boundStream) Context() context.Context { return s.ctx }
