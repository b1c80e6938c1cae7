package upstream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel/propagation"

	"github.com/mainstem/mainstem/platform/fault"
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
	if err := inputs.check(); err != nil {
		return nil, err
	}
	u, err := url.Parse(o.URL)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, fmt.Errorf("the URL must be http:// or https:// and a host, such as http://127.0.0.1:4101, not %q", o.URL)
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, errors.New("the URL must not have a user, a query or a fragment")
	}
	u = u.JoinPath("/") // generated code resolves its paths against it
	transport := &http.Transport{
		DialContext:            (&net.Dialer{Timeout: o.Timeout}).DialContext,
		MaxIdleConns:           0,    // the bound is per host, and there is one
		MaxIdleConnsPerHost:    1024, // fewer than are in use at once would be closed and dialled again all the time
		IdleConnTimeout:        90 * time.Second,
		TLSHandshakeTimeout:    o.Timeout,
		MaxResponseHeaderBytes: 64 << 10,
		ReadBufferSize:         32 << 10,
		ForceAttemptHTTP2:      true,
	}
	return &HTTP{
		base:      base{Options: o, inputs: inputs},
		url:       u,
		baseURL:   u.String(),
		transport: transport,
		closeIdle: transport.CloseIdleConnections,
	}, nil
}

// Do makes one call and gives its answer, or a *fault.Error. operation is the contract's operationId; build makes the request for
// the service's base URL, which ends in a slash, as generated code does. Beside the fault of a call that the service refused (4xx),
// the answer holds what it said for Refusal. Cancelling ctx ends the call.
func (h *HTTP) Do(ctx context.Context, operation string, build func(baseURL string) (*http.Request, error)) (Answer, error) {
	answer := Answer{Origin: Origin{h.Name, operation}}
	err := h.call(ctx, operation, func(ctx context.Context) error {
		req, err := build(h.baseURL)
		if err != nil {
			return fault.Wrap(fault.Internal, fmt.Errorf("building the request: %w", err))
		}
		answer.body, answer.refusal, err = h.roundTrip(req.WithContext(ctx))
		return err
	})
	return answer, err
}

// maxRefusalBytes bounds what is kept of a refusal: none that a contract describes comes near.
const maxRefusalBytes = 64 << 10

// accept is shared by all requests: whoever adds to a header of one value makes a new list.
var accept = []string{"application/json, application/problem+json"}

// roundTrip gives the body of an answer, or a fault and, of a refusal, the JSON that comes with it.
func (h *HTTP) roundTrip(req *http.Request) (body, refusal string, err error) {
	if !h.has(req.URL) {
		return "", "", fault.Wrap(fault.Internal, errors.New("the request left its service"))
	}
	req.Header["Accept"] = accept
	h.inputs.Each(req.Context(), req.Header.Set)
	propagator.Inject(req.Context(), propagation.HeaderCarrier(req.Header))
	var r reply
	err = onWire(req.Context(), func() (err error) {
		r, err = h.exchange(req)
		return err
	})
	if err != nil {
		return "", "", err
	}
	media := r.header.Get("Content-Type")
	if r.status == http.StatusNotFound && !isJSON(media) {
		return "", "", Violation("a 404 of %.100q: not the service's own, so the URL is wrong", media)
	}
	if r.status < 200 || r.status > 299 {
		if r.status >= 400 && r.status < 500 && isJSON(media) && len(r.body) <= maxRefusalBytes {
			refusal = r.body
		}
		return "", refusal, fault.FromHTTP(r.status, r.header, []byte(r.body))
	}
	if r.body != "" && !isJSON(media) {
		return "", "", Violation("the answer is %.100q, not JSON", media)
	}
	return r.body, "", nil
}

// reply is all of what a service answered.
type reply struct {
	status int
	header http.Header
	body   string
}

// exchange sends a request and reads the whole answer.
func (h *HTTP) exchange(req *http.Request) (reply, error) {
	resp, err := h.transport.RoundTrip(req)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := h.readBody(resp)
	return reply{resp.StatusCode, resp.Header, body}, err
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

// Close closes idle connections. Calls under way go on.
func (h *HTTP) Close() error {
	h.closeIdle()
	return nil
}
