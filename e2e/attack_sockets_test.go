package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"github.com/mainstem/mainstem/platform/fault"
)

// assaults are attacks that need a connection of their own or more than one request, by what they do. Each fails if it is not refused as it should be.
var assaults = map[string]func(ctx context.Context, s *stack) error{
	"a body that stops coming":                   slowBody,
	"headers that stop coming":                   slowHeaders,
	"registrations of what is not valid":         register,
	"a WebSocket that says nothing":              sayNothing,
	"a WebSocket that asks before it says hello": askFirst,
	"a message that is too large":                sendLarge,
	"a client that pings and never reads":        neverRead,
	"hostile documents over a WebSocket":         askBySocket,
	"hostile documents as events":                askAsEvents,
}

// connectRaw gives a connection to the gateway, on which everything ends after a while.
func connectRaw(ctx context.Context, s *stack) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		return nil, err
	}
	return conn, conn.SetDeadline(time.Now().Add(patience))
}

// slowBody is bounded by the request's deadline, here a short one.
func slowBody(ctx context.Context, s *stack) error {
	conn, err := connectRaw(ctx, s)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	_, err = io.WriteString(conn, "POST /graphql HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\nRequest-Timeout: 0.2\r\nContent-Length: 1000\r\n\r\n{\"query\":")
	if err != nil {
		return err
	}
	in := bufio.NewReader(conn)
	answer, err := http.ReadResponse(in, nil)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusRequestTimeout {
		return fmt.Errorf("got %d, %w and %s", answer.StatusCode, err, body)
	}
	if err := refusedAs(body, string(fault.DeadlineExceeded), ""); err != nil {
		return err
	}
	return ended(in)
}

// slowHeaders are bounded by the server's own timeout, which answers nothing.
func slowHeaders(ctx context.Context, s *stack) error {
	conn, err := connectRaw(ctx, s)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if _, err := io.WriteString(conn, "POST /graphql HTTP/1.1\r\nHost: gateway\r\nX-Slow: "); err != nil {
		return err
	}
	return ended(conn)
}

// ended waits until the gateway closes a connection, and fails if it says anything more.
func ended(in io.Reader) error {
	rest, err := io.ReadAll(in)
	var timeout net.Error
	if len(rest) > 0 || errors.As(err, &timeout) && timeout.Timeout() {
		return fmt.Errorf("the connection stays open: %w, %.100s", err, rest)
	}
	return nil // closed or reset
}

// register has documents that are refused registered: they are not known afterwards.
func register(ctx context.Context, s *stack) error {
	for reason, h := range hostileDocuments() {
		if len(h.document) > 64<<10 || h.variables != "" { // the same with fewer bytes is among them
			continue
		}
		refused := hostile{body: registration(h.document, h.document), status: http.StatusBadRequest, code: h.code, limit: h.limit}
		if err := refused.attempt(ctx, s); err != nil {
			return fmt.Errorf("%s: %w", reason, err)
		}
		if h.limit == "cost" || h.limit == "calls" || h.code == fault.BadUserInput {
			continue // those are of an operation with its variables: the document is one that others may ask for
		}
		unknown := hostile{body: registration("", h.document), status: http.StatusBadRequest, code: fault.PersistedNotFound}
		if err := unknown.attempt(ctx, s); err != nil {
			return fmt.Errorf("%s is registered: %w", reason, err)
		}
	}
	return nil
}

// connectSocket gives a WebSocket that has not said hello.
func connectSocket(ctx context.Context, s *stack) (*websocket.Conn, error) {
	conn, response, err := websocket.Dial(ctx, s.url+"/graphql", &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
	if err != nil {
		return nil, err
	}
	if response.Body != nil {
		_ = response.Body.Close()
	}
	conn.SetReadLimit(-1)
	return conn, nil
}

// connectClient gives a WebSocket that is acknowledged.
func connectClient(ctx context.Context, s *stack) (*websocket.Conn, error) {
	conn, err := connectSocket(ctx, s)
	if err != nil {
		return nil, err
	}
	if err := conn.Write(ctx, websocket.MessageText, []byte(`{"type":"connection_init"}`)); err != nil {
		return nil, errors.Join(err, conn.CloseNow())
	}
	if _, ack, err := conn.Read(ctx); err != nil || string(ack) != `{"type":"connection_ack"}` {
		return nil, errors.Join(fmt.Errorf("not acknowledged: %w %s", err, ack), conn.CloseNow())
	}
	return conn, nil
}

// closedWith reads until the gateway closes the socket, and fails if that is not by the code.
func closedWith(ctx context.Context, conn *websocket.Conn, code websocket.StatusCode) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		if _, _, err := conn.Read(ctx); err != nil {
			if websocket.CloseStatus(err) != code {
				return fmt.Errorf("not closed with %d: %w", code, err)
			}
			return nil
		}
	}
}

func sayNothing(ctx context.Context, s *stack) error {
	conn, err := connectSocket(ctx, s)
	if err != nil {
		return err
	}
	defer func() { _ = conn.CloseNow() }()
	return closedWith(ctx, conn, 4408)
}

func askFirst(ctx context.Context, s *stack) error {
	conn, err := connectSocket(ctx, s)
	if err != nil {
		return err
	}
	defer func() { _ = conn.CloseNow() }()
	if err := conn.Write(ctx, websocket.MessageText, subscribing("a", asBody("{__typename}", ""))); err != nil {
		return err
	}
	return closedWith(ctx, conn, 4401)
}

func sendLarge(ctx context.Context, s *stack) error {
	conn, err := connectClient(ctx, s)
	if err != nil {
		return err
	}
	defer func() { _ = conn.CloseNow() }()
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		_ = conn.Write(ctx, websocket.MessageText, bytes.Repeat([]byte(" "), 4<<20)) // it fails: the connection is closed
	}()
	err = closedWith(ctx, conn, websocket.StatusMessageTooBig)
	_ = conn.CloseNow() // which ends what is still sent
	<-sent
	return err
}

// neverRead pings, and does not read what it gets back: the gateway soon reads no more of it, rather than keep answers for it.
func neverRead(ctx context.Context, s *stack) error {
	conn, err := connectClient(ctx, s)
	if err != nil {
		return err
	}
	defer func() { _ = conn.CloseNow() }()
	ping := []byte(`{"type":"ping","payload":{"x":"` + strings.Repeat("x", 64<<10) + `"}}`)
	const most = 64 << 20 // the buffers of both systems among them
	for taken := 0; taken < most; taken += len(ping) {
		within, cancel := context.WithTimeout(ctx, time.Second)
		err := conn.Write(within, websocket.MessageText, ping)
		cancel()
		if err != nil {
			return ctx.Err()
		}
	}
	return fmt.Errorf("%d bytes were taken of a client that reads nothing", most)
}

// subscribing gives the message that asks for an operation, by the body that an HTTP request would have.
func subscribing(id string, body []byte) []byte {
	return append(append([]byte(`{"type":"subscribe","id":"`+id+`","payload":`), body...), '}')
}

// askBySocket has each hostile document refused as over HTTP, all over one connection.
func askBySocket(ctx context.Context, s *stack) error {
	conn, err := connectClient(ctx, s)
	if err != nil {
		return err
	}
	defer func() { _ = conn.CloseNow() }()
	for reason, h := range hostileDocuments() {
		if err := conn.Write(ctx, websocket.MessageText, subscribing("a", h.body)); err != nil {
			return fmt.Errorf("%s: %w", reason, err)
		}
		_, text, err := conn.Read(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", reason, err)
		}
		var message struct {
			Type    string
			Payload json.RawMessage
		}
		if err := json.Unmarshal(text, &message); err != nil || message.Type != "error" {
			return fmt.Errorf("%s: got %.300s", reason, text)
		}
		if err := refusedAs([]byte(`{"errors":`+string(message.Payload)+`}`), string(h.code), h.limit); err != nil {
			return fmt.Errorf("%s: %w", reason, err)
		}
	}
	return nil
}

// askAsEvents has each hostile document refused as over HTTP, in the one event of a stream.
func askAsEvents(ctx context.Context, s *stack) error {
	for reason, h := range hostileDocuments() {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/graphql", bytes.NewReader(h.body))
		if err != nil {
			return err
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Accept", "text/event-stream")
		answer, err := s.exchange(r)
		if err != nil {
			return fmt.Errorf("%s: %w", reason, err)
		}
		data, rest, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(string(answer.body), ":\n\n"), "event: next\ndata: "), "\n\n")
		if rest != "event: complete\ndata:\n\n" {
			return fmt.Errorf("%s: got %.300s", reason, answer.body)
		}
		if err := refusedAs([]byte(data), string(h.code), h.limit); err != nil {
			return fmt.Errorf("%s: %w", reason, err)
		}
	}
	return nil
}

// What the gateway allows of streams.
const (
	maxOperations = 100   // over one connection
	maxStreams    = 1_000 // of one client
)

// floodSubscriptions asks for more than a connection may have.
func floodSubscriptions(ctx context.Context, s *stack) error {
	const above = 50
	conn, err := connectClient(ctx, s)
	if err != nil {
		return err
	}
	defer func() { _ = conn.CloseNow() }()
	body := asBody(`subscription {stockChanged(skus:["SKU-000001"]) {sku}}`, "")
	for i := range maxOperations + above {
		if err := conn.Write(ctx, websocket.MessageText, subscribing(fmt.Sprint(i), body)); err != nil {
			return err
		}
	}
	for refused := 0; refused < above; {
		_, text, err := conn.Read(ctx)
		if err != nil {
			return fmt.Errorf("%d refused: %w", refused, err)
		}
		if !bytes.HasPrefix(text, []byte(`{"type":"error"`)) {
			continue
		}
		var message struct{ Payload json.RawMessage }
		if err := json.Unmarshal(text, &message); err != nil {
			return err
		}
		if err := refusedAs([]byte(`{"errors":`+string(message.Payload)+`}`), string(fault.LimitExceeded), "operations"); err != nil {
			return err
		}
		refused++
	}
	return nil
}

// floodReservations reserves connections for events until no more are to be had.
func floodReservations(ctx context.Context, s *stack) error {
	var reserved atomic.Int64
	errs := make([]error, 8)
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() {
			for {
				answer, err := reserve(ctx, s)
				switch {
				case err != nil:
					errs[i] = err
					return
				case answer.status == http.StatusTooManyRequests:
					errs[i] = refusedAs(answer.body, string(fault.LimitExceeded), "streams")
					return
				case answer.status != http.StatusCreated || reserved.Add(1) > maxStreams:
					errs[i] = fmt.Errorf("got %d after %d reservations: %s", answer.status, reserved.Load(), answer.body)
					return
				}
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// reserve asks for a connection for events.
func reserve(ctx context.Context, s *stack) (reply, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPut, s.url+"/graphql", http.NoBody)
	if err != nil {
		return reply{}, err
	}
	return s.exchange(r)
}
