package demo

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"

	"github.com/mainstem/mainstem/demo/breaking"
)

const (
	handshakeTimeout = 5 * time.Second  // for headers, and for the beginning of a gRPC connection
	bodyTimeout      = 30 * time.Second // for a request with its body
	idleTimeout      = 2 * time.Minute
	maxHeaderBytes   = 64 << 10
	// answerTimeout leaves room for the longest that a service can be slowed down.
	answerTimeout = 2*breaking.MaxLatency + time.Minute
)

// server is a REST or gRPC server.
type server interface {
	// serve accepts from a listener until stop. It gives nil then.
	serve(l net.Listener) error
	// stop lets the requests in work finish. When the context ends first it cuts them off, and gives the context's error.
	stop(ctx context.Context) error
}

// restServer is an HTTP server that keeps track of connections on which nothing was asked yet: clients open them in reserve,
// and http.Server would wait for them for seconds.
type restServer struct {
	http     http.Server
	mu       sync.Mutex
	fresh    map[net.Conn]bool
	stopping bool
}

func newRESTServer(h http.Handler, log *slog.Logger) *restServer {
	s := &restServer{fresh: map[net.Conn]bool{}}
	s.http = http.Server{
		Handler:           h,
		ReadHeaderTimeout: handshakeTimeout,
		ReadTimeout:       bodyTimeout,
		WriteTimeout:      answerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ConnState:         s.note,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	return s
}

func (s *restServer) note(c net.Conn, state http.ConnState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case state != http.StateNew:
		delete(s.fresh, c)
	case s.stopping:
		_ = c.Close() // the server learns of it when it reads
	default:
		s.fresh[c] = true
	}
}

func (s *restServer) serve(l net.Listener) error {
	if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func (s *restServer) stop(ctx context.Context) error {
	s.mu.Lock()
	s.stopping = true
	for c := range s.fresh {
		_ = c.Close()
	}
	s.mu.Unlock()
	err := s.http.Shutdown(ctx)
	if err != nil {
		_ = s.http.Close() // err says it already
	}
	return err
}

// grpcServer is a gRPC server. grpc.Server.Stop waits for connections that have not begun to speak: cut ends those too.
type grpcServer struct {
	*grpc.Server
	cut func()
}

func newGRPCServer(cut func(), unary grpc.ServerOption, stream grpc.ServerOption) grpcServer {
	return grpcServer{cut: cut, Server: grpc.NewServer(
		unary, stream,
		grpc.ConnectionTimeout(handshakeTimeout),
		grpc.MaxHeaderListSize(maxHeaderBytes),
		grpc.WaitForHandlers(true),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: time.Second, PermitWithoutStream: true}),
	)}
}

func (s grpcServer) serve(l net.Listener) error { return s.Serve(l) }

func (s grpcServer) stop(ctx context.Context) error {
	var err error
	cut := make(chan struct{})
	undo := context.AfterFunc(ctx, func() {
		defer close(cut)
		err = ctx.Err()
		s.cut()
		s.Stop()
	})
	s.GracefulStop()
	if !undo() {
		<-cut
	}
	return err
}
