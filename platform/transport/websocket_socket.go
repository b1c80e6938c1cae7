package transport

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"
	"github.com/coder/websocket"
)

// The codes that a socket is closed with.
const (
	closeStopping     websocket.StatusCode = websocket.StatusGoingAway
	closeTooLarge     websocket.StatusCode = websocket.StatusMessageTooBig
	closeLater        websocket.StatusCode = websocket.StatusTryAgainLater
	closeInvalid      websocket.StatusCode = 4400
	closeUnauthorized websocket.StatusCode = 4401
	closeForbidden    websocket.StatusCode = 4403
	closeSubprotocol  websocket.StatusCode = 4406
	closeInitTimeout  websocket.StatusCode = 4408
	closeExists       websocket.StatusCode = 4409
	closeTooSlow      websocket.StatusCode = 4413
	closeInits        websocket.StatusCode = 4429
	closeInternal     websocket.StatusCode = 4500
)

// socket is one connection. It is read by one goroutine; each of its operations has another, which writes.
type socket struct {
	transport *WebSocket
	streams   *Streams
	place     *place // among the streams
	executor  graphql.GraphExecutor
	header    http.Header // of the request that it began with
	conn      *websocket.Conn
	raw       net.Conn           // what conn speaks over
	life      context.Context    // does not end: what reads or writes under one that does cuts the connection off
	ctx       context.Context    // of what runs for it
	end       context.CancelFunc // ends that
	opening   *time.Timer

	mu          sync.Mutex
	closing     bool
	closed      websocket.StatusCode  // what it was closed with by the gateway; 0 for nothing
	initialised bool                  // connection_init has come
	operating   context.Context       // of operations, when the connection is acknowledged
	operations  map[string]*operation // by their ids
	running     int                   // those too that were ended and have not noticed
	work        sync.WaitGroup        // added to only while it is not closing
}

func newSocket(ctx context.Context, t *WebSocket, p *place, conn *websocket.Conn, raw net.Conn, header http.Header, executor graphql.GraphExecutor) *socket {
	s := &socket{
		transport: t, streams: t.streams, place: p, executor: executor, header: header, conn: conn, raw: raw, life: ctx, operations: map[string]*operation{},
	}
	s.ctx, s.end = context.WithCancel(ctx)
	return s
}

// serve reads messages until the connection is closed, and waits until nothing runs for it any more. It gives why it was closed.
func (s *socket) serve() (why string) {
	defer s.end()
	s.opening = time.AfterFunc(s.transport.options.InitTimeout, func() {
		s.close(closeInitTimeout, "Connection initialisation timeout")
	})
	defer s.opening.Stop()
	defer context.AfterFunc(s.streams.stopping, func() { s.close(closeStopping, stopReason) })()
	defer context.AfterFunc(s.streams.cut, s.cut)()
	if s.conn.Subprotocol() == "" {
		s.close(closeSubprotocol, "Subprotocol not acceptable")
	} else {
		s.spawn(s.keepAlive)
	}
	for {
		message, text, err := s.read()
		if err != nil {
			why = s.endOf(err)
			break
		}
		s.handle(message, text)
	}
	s.mu.Lock()
	s.closing = true // nothing is added any more
	s.mu.Unlock()
	s.end()
	s.cut() // which ends a close under way too: nobody is there to answer it
	_ = s.conn.CloseNow()
	s.work.Wait()
	return why
}

// endOf says why nothing can be read any more.
func (s *socket) endOf(err error) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch code := websocket.CloseStatus(err); {
	case s.closed == closeStopping:
		return endStopping
	case s.closed != 0:
		return fmt.Sprintf("closed by the gateway: %d", s.closed)
	case code >= 0:
		return fmt.Sprintf("closed by the client: %d", code)
	default:
		return endGone
	}
}

// read gives the next message. It fails when the connection is closed. Once a message has begun, it has the time that a request has.
func (s *socket) read() (message []byte, text bool, err error) {
	kind, r, err := s.conn.Reader(s.life)
	if err != nil {
		return nil, false, err
	}
	if timeout := s.streams.options.Timeout; timeout != nil {
		late := time.AfterFunc(timeout(s.life), func() { s.close(closeLater, "The message did not come in time") })
		defer late.Stop()
	}
	allowed := s.streams.options.MaxBytes
	message, err = io.ReadAll(io.LimitReader(r, allowed+1))
	if err != nil {
		return nil, false, err
	}
	if int64(len(message)) > allowed {
		s.close(closeTooLarge, fmt.Sprintf("A message has at most %d bytes", allowed))
		if _, err := io.Copy(io.Discard, r); err != nil {
			return nil, false, err
		}
	}
	return message, kind == websocket.MessageText, nil
}

// spawn runs something that serve waits for.
func (s *socket) spawn(run func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closing {
		s.work.Go(run)
	}
}

// maxReason is how many bytes a frame has for why it closes (RFC 6455, section 5.5).
const maxReason = 123

// close ends what runs, and closes the connection with a code. It does not wait: what the client still sends is read, and not handled. A client that does
// not close in time is cut off.
func (s *socket) close(code websocket.StatusCode, reason string) {
	for len(reason) > maxReason || !utf8.ValidString(reason) {
		reason = reason[:min(len(reason), maxReason+1)-1]
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return
	}
	s.closing, s.closed = true, code
	s.end()
	s.work.Go(func() {
		late := time.AfterFunc(s.transport.options.CloseTimeout, s.cut)
		defer late.Stop()
		_ = s.conn.Close(code, reason)
	})
}

// isClosing says whether messages are no longer handled.
func (s *socket) isClosing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closing
}

// cut cuts the connection off.
func (s *socket) cut() { _ = s.raw.Close() }

// keepAlive pings the client, and cuts off one that does not answer. These are the WebSocket's own pings, which browsers answer when their pages sleep.
func (s *socket) keepAlive() {
	often := time.NewTicker(s.streams.options.KeepAlive)
	defer often.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-often.C:
		}
		late := time.AfterFunc(s.transport.options.PongTimeout, s.cut)
		_ = s.conn.Ping(s.life)
		late.Stop()
	}
}

// send sends a message. Where the client does not read, it waits until the socket is closed for that.
func (s *socket) send(message []byte) {
	slow := time.AfterFunc(s.streams.options.WriteTimeout, func() { s.close(closeTooSlow, "Answers are read too slowly") })
	defer slow.Stop()
	_ = s.conn.Write(s.life, websocket.MessageText, message) // who cannot write cannot read either
}
