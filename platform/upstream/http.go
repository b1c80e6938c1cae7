package upstream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/telemetry/names"
)

// HTTP calls one REST service. It is safe for concurrent use.
type HTTP struct {
	base
	url     *url.URL
	baseURL string
	// transport is used without an http.Client, which would copy every request's header for the redirects that it may have to follow. A contract
	// has none, and following one would send the caller's inputs to somebody else.
	transport http.RoundTripper
	closeIdle func()
}

// NewHTTP makes the client of a REST service. It connects when it is first used.
func NewHTTP(o Options, inputs Inputs) (*HTTP, error) {
	o.setDefaults()
	u, err := url.Parse(o.URL)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, fmt.Errorf("the URL must be http:// or https:// and a host, such as http://127.0.0.1:4101, not %q", o.URL)
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("the URL must not have a user, a query or a fragment")
	}
	u = u.JoinPath("/") // generated code resolves its paths against it
	transport, closeIdle, err := newTransport(o, u)
	if err != nil {
		return nil, err
	}
	h := &HTTP{url: u, baseURL: u.String(), transport: transport, closeIdle: closeIdle}
	h.peer = peerOf(u.Host)
	if err := h.init(o, inputs, h.attempt); err != nil {
		return nil, err // nothing is connected yet
	}
	return h, nil
}

// Do makes one call and gives its answer, or a *fault.Error. operation is the contract's operationId; build makes the request for
// the service's base URL, which ends in a slash, as generated code does. Beside the fault of a call that the service refused (4xx),
// the answer holds what it said for Refusal. Cancelling ctx ends the call.
func (h *HTTP) Do(ctx context.Context, operation string, build func(baseURL string) (*http.Request, error)) (Answer, error) {
	answer := Answer{Origin: Origin{h.Name, operation}}
	terms := termsOf(ctx)
	if err := terms.allow(ctx, h.Name); err != nil {
		return answer, err
	}
	req, err := build(h.baseURL)
	if err == nil && !h.has(req.URL) {
		err = errors.New("the request left its service")
	}
	if err != nil {
		return answer, fault.Wrap(fault.Internal, fmt.Errorf("building the request: %w", err)).At(h.Name, operation)
	}
	r := &request{operation: operation, kind: kindOf(req), http: req}
	var key []byte
	if r.kind == read {
		key = keyOf(make([]byte, 0, 256), operation, req)
	}
	h.take(ctx, terms, r, key, req.Header.Set)
	req.Header["Accept"] = accept
	found, f := h.send(ctx, r)
	if found != nil && f == nil {
		answer.body = found.body
		if h.cache != nil {
			answer.drop = func() { h.cache.spoiled(r, found) }
		}
	}
	if found != nil && f != nil {
		answer.refusal = found.body
	}
	return answer, orNil(f)
}

// kindOf says what a request may do to the service (RFC 9110, section 9.2; draft-ietf-httpapi-idempotency-key-header).
func kindOf(req *http.Request) kind {
	switch again := req.Body == nil || req.GetBody != nil; {
	case (req.Method == http.MethodGet || req.Method == http.MethodHead) && req.Body == nil:
		return read
	case again && req.Header.Get("Idempotency-Key") != "":
		return keyedCommand
	default:
		return command
	}
}

// keyOf appends what the answer to a read depends on that the source itself has asked for.
func keyOf(key []byte, operation string, req *http.Request) []byte {
	for _, part := range [...]string{operation, req.Method, req.URL.EscapedPath(), req.URL.RawQuery} {
		key = append(append(key, part...), 0)
	}
	if len(req.Header) > 0 {
		for _, name := range slices.Sorted(maps.Keys(req.Header)) {
			key = fmt.Appendf(key, "%s:%q\x00", name, req.Header[name])
		}
	}
	return key
}

// maxRefusalBytes bounds what is kept of a refusal: none that a contract describes comes near.
const maxRefusalBytes = 64 << 10

// headerCarrier writes the headers of a trace as net/http has their names, which the propagator's own carrier would work out each time.
type headerCarrier http.Header

// Get gives the first value of a header.
func (c headerCarrier) Get(key string) string { return http.Header(c).Get(key) }

// Set sets the only value of a header.
func (c headerCarrier) Set(key, value string) {
	switch key {
	case "traceparent":
		key = "Traceparent"
	case "tracestate":
		key = "Tracestate"
	default:
		key = http.CanonicalHeaderKey(key)
	}
	c[key] = []string{value}
}

// Keys gives the names of all headers.
func (c headerCarrier) Keys() []string { return slices.Collect(maps.Keys(c)) }

// accept is shared by all requests: whoever adds to a header of one value makes a new list.
var accept = []string{"application/json, application/problem+json"}

// timeoutHeader tells a service how many seconds its answer is waited for.
const timeoutHeader = "Request-Timeout"

// attempt sends a request once. It gives a reply, or a fault and, of a refusal, the JSON that comes with it.
func (h *HTTP) attempt(ctx context.Context, r *request) (*reply, error) {
	answer, err := h.exchange(h.prepared(ctx, r))
	if err != nil {
		return nil, err
	}
	if r.record != nil {
		r.record.answered(ctx, strconv.Itoa(answer.status))
	}
	if r.recording() {
		names.Status.Count(trace.SpanFromContext(ctx), answer.status)
	}
	media := answer.header.Get("Content-Type")
	switch status := answer.status; {
	case status == http.StatusNotModified && r.conditions != nil:
		return answer, nil
	case status == http.StatusNotFound && !isJSON(media):
		return nil, Violation("a 404 of %.100q: not the service's own, so the URL is wrong", media)
	case status >= 200 && status <= 299:
		if answer.body != "" && !isJSON(media) {
			return nil, Violation("the answer is %.100q, not JSON", media)
		}
		return answer, nil
	default:
		f := fault.FromHTTP(status, answer.header, []byte(answer.body))
		if status >= 400 && status < 500 && isJSON(media) && len(answer.body) <= maxRefusalBytes {
			return answer, f
		}
		return nil, f
	}
}

// prepared gives the request of one attempt, with the time that it has. The first one may change the header, since nobody else reads it yet.
func (h *HTTP) prepared(ctx context.Context, r *request) *http.Request {
	req := r.http.WithContext(ctx)
	sent := r.attempts.Add(1)
	if sent > 1 || h.Policy.Hedge.Enabled || r.conditions != nil {
		req.Header = req.Header.Clone()
		maps.Copy(req.Header, r.conditions)
		if req.GetBody != nil {
			req.Body, _ = req.GetBody() // of what is in memory: it does not fail
		}
	}
	r.carry(ctx, headerCarrier(req.Header), sent)
	if deadline, ok := ctx.Deadline(); ok {
		left := max(time.Until(deadline).Truncate(time.Millisecond), time.Millisecond) // a service may refuse 0, as the gateway does
		req.Header[timeoutHeader] = []string{string(strconv.AppendFloat(make([]byte, 0, 16), left.Seconds(), 'f', -1, 64))}
	}
	return req
}

// exchange sends a request and reads the whole answer.
func (h *HTTP) exchange(req *http.Request) (*reply, error) {
	resp, err := h.transport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode == http.StatusSwitchingProtocols { // its body is the connection, that does not end with the request's context
		return &reply{status: resp.StatusCode, header: resp.Header}, nil
	}
	body, err := h.readBody(resp)
	if err != nil {
		return nil, err
	}
	return &reply{status: resp.StatusCode, header: resp.Header, body: body}, nil
}

// has says whether u is the service's: on its host and below its base path, whoever resolves dots and escapes on the way.
func (h *HTTP) has(u *url.URL) bool {
	if u.Scheme != h.url.Scheme || u.Host != h.url.Host || !strings.HasPrefix(u.EscapedPath(), h.url.EscapedPath()) {
		return false
	}
	for segment := range strings.SplitSeq(u.Path, "/") {
		if segment == "." || segment == ".." {
			return false
		}
	}
	return true
}

// bodyBuffer is where an answer is put together: its length is not always told, and what is kept of it is a string of just that length.
type bodyBuffer struct {
	bytes.Buffer
	limited io.LimitedReader
}

var bodies = sync.Pool{New: func() any { return new(bodyBuffer) }}

// maxPooledBytes bounds what waits for further answers after a long one.
const maxPooledBytes = 1 << 20

// readBody reads a body of at most MaxBytes, from an answer that tells its length or not.
func (h *HTTP) readBody(resp *http.Response) (string, error) {
	if resp.ContentLength > h.MaxBytes {
		return "", Violation("the answer has %d bytes; %d are allowed", resp.ContentLength, h.MaxBytes)
	}
	b := bodies.Get().(*bodyBuffer)
	defer func() {
		if b.Cap() <= maxPooledBytes {
			b.Reset()
			b.limited.R = nil
			bodies.Put(b)
		}
	}()
	if resp.ContentLength > 0 {
		b.Grow(int(resp.ContentLength) + bytes.MinRead) // what it is read with at its end
	}
	b.limited = io.LimitedReader{R: resp.Body, N: h.MaxBytes + 1}
	_, err := b.ReadFrom(&b.limited)
	if err == nil && int64(b.Len()) > h.MaxBytes {
		return "", Violation("the answer has more than the %d bytes that are allowed", h.MaxBytes)
	}
	return b.String(), err
}

// isJSON says whether a Content-Type is one of JSON.
func isJSON(contentType string) bool {
	if contentType == "application/json" {
		return true // most are
	}
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && (media == "application/json" || strings.HasSuffix(media, "+json"))
}

// State says whether the service can be reached now. It opens a connection and closes it.
func (h *HTTP) State(ctx context.Context) State {
	port := h.url.Port()
	if port == "" {
		port = h.url.Scheme // "http" and "https" are names of ports
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort(h.url.Hostname(), port))
	if err == nil {
		_ = conn.Close()
	}
	return h.state(err == nil)
}

// Close closes idle connections, and ends the calls that are made for nobody in particular. Other calls under way go on.
func (h *HTTP) Close() error {
	h.meters.stop()
	h.background.close()
	h.closeIdle()
	return nil
}
