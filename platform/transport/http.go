// Package transport speaks GraphQL: over HTTP (https://graphql.github.io/graphql-over-http/draft/) by POST and GET, in one answer or with @defer in parts; and
// over WebSocket, Server-Sent Events and multipart for subscriptions.
package transport

import (
	"bytes"
	"cmp"
	"context"
	stdjson "encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mainstem/mainstem/platform/exec"
	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/persisted"
)

// HTTP is a gqlgen transport for GET and POST. What it refuses never reaches a resolver, and is never echoed.
type HTTP struct {
	MaxBodyBytes int64 // of a POST, unpacked too; its query in the case of a GET

	MaxAge   time.Duration                  // how long others may keep the answer to a GET without errors that is for everybody; not at all if 0
	Personal func(ctx context.Context) bool // whether an answer is for one caller alone; none is if nil
	Streams  *Streams                       // answers subscriptions of clients who accept events or parts; if nil they are refused
	Origins  Origins                        // whose pages may ask by GET
	Vary     []string                       // the headers of requests that answers depend on, beside Accept and Authorization
}

var _ graphql.Transport = HTTP{}

// Supports takes every request: those that are no GraphQL get an answer that says so.
func (HTTP) Supports(*http.Request) bool { return true }

// The media types of answers.
const (
	mediaGraphQL = "application/graphql-response+json"
	mediaJSON    = "application/json"
)

// single are the media types of an answer that is one, ours first.
var single = []offer{{media: mediaJSON}, {media: mediaGraphQL}}

// Do answers one request.
func (h HTTP) Do(w http.ResponseWriter, r *http.Request, executor graphql.GraphExecutor) {
	buffer := newBuffer()
	defer buffer.free()
	ctx := exec.WithBuffer(r.Context(), &buffer.Buffer)
	answer := answer{w: w, media: mediaJSON, buffer: buffer}
	ranges := acceptOf(r.Header)
	liked := ranges.best(single...)
	if liked >= 0 {
		answer.media = single[liked].media
	}
	if r.Method == http.MethodGet {
		w.Header().Set("Cache-Control", "no-store") // unless keep says otherwise: a document that is not known now may be so at once
	}
	start := graphql.Now()
	params, status, err := h.read(w, r)
	if err == nil && liked < 0 && (h.Streams == nil || !ranges.streams()) {
		status, err = http.StatusNotAcceptable, unacceptable()
	}
	if err != nil {
		answer.write(status, executor.DispatchError(r.Context(), gqlerror.List{gqlerror.WrapPath(nil, err)}))
		return
	}
	params.Headers = r.Header
	params.ReadTime = graphql.TraceTiming{Start: start, End: graphql.Now()}
	oc, errs := executor.CreateOperationContext(ctx, params)
	if errs != nil {
		answer.write(answer.withoutData(http.StatusBadRequest), executor.DispatchError(graphql.WithOperationContext(r.Context(), oc), errs))
		return
	}
	if oc.Operation.Operation == ast.Subscription && h.Streams != nil && h.Streams.Answer(w, r, executor, oc) {
		return
	}
	switch op := oc.Operation.Operation; {
	case liked < 0 && op != ast.Subscription && ranges.incremental() == nil:
		status, err = http.StatusNotAcceptable, unacceptable()
	case op == ast.Mutation && r.Method != http.MethodPost:
		w.Header().Set("Allow", http.MethodPost)
		status, err = http.StatusMethodNotAllowed, fault.New(fault.BadUserInput, "Mutations are sent by POST.")
	case op == ast.Subscription:
		status = answer.withoutData(http.StatusBadRequest)
		err = fault.New(fault.BadUserInput, "Subscriptions need a connection that stays open; this one gives a single answer.")
	}
	if err != nil {
		answer.write(status, executor.DispatchError(graphql.WithOperationContext(r.Context(), oc), gqlerror.List{gqlerror.WrapPath(nil, err)}))
		return
	}
	var response *graphql.Response
	if f := ranges.incremental(); f != nil && h.Streams != nil {
		if response, ctx = h.Streams.incrementally(ctx, w, executor, oc, f, liked >= 0); ctx == nil {
			return // it is answered
		}
	} else {
		var respond graphql.ResponseHandler
		respond, ctx = executor.DispatchOperation(ctx, oc)
		response = respond(ctx)
	}
	switch {
	case response == nil: // the request was over before anything could be done
		err := fault.Wrap(fault.DeadlineExceeded, r.Context().Err())
		answer.write(answer.withoutData(http.StatusGatewayTimeout), executor.DispatchError(ctx, gqlerror.List{gqlerror.WrapPath(nil, err)}))
	case len(response.Data) == 0: // refused by an extension
		answer.write(answer.withoutData(http.StatusBadRequest), response)
	default:
		if r.Method == http.MethodGet {
			h.keep(w.Header(), ctx, len(response.Errors) > 0)
		}
		answer.write(http.StatusOK, response)
	}
}

func unacceptable() error {
	return fault.Newf(fault.BadUserInput, "The answer is %s or %s: accept one of them.", mediaGraphQL, mediaJSON)
}

// keep says of the answer to a GET who may keep it for how long. Answers to a POST nobody keeps.
func (h HTTP) keep(header http.Header, ctx context.Context, failed bool) { //nolint:revive // the header is what this is about
	personal := h.Personal != nil && h.Personal(ctx)
	switch {
	case failed:
		header.Set("Cache-Control", "no-store")
	case h.MaxAge < time.Second || personal:
		header.Set("Cache-Control", "private, no-cache")
	default:
		header.Set("Cache-Control", "public, max-age="+strconv.Itoa(int(h.MaxAge.Seconds())))
	}
	header.Add("Vary", "Authorization")
	for _, name := range h.Vary {
		header.Add("Vary", name)
	}
}

// read gives the request's parameters, or the status and fault to refuse it with.
func (h HTTP) read(w http.ResponseWriter, r *http.Request) (*graphql.RawParams, int, error) {
	switch r.Method {
	case http.MethodGet:
		if h.Origins.forged(r) {
			return nil, http.StatusForbidden, fault.New(fault.Forbidden, "A web page of anybody's could have sent this. Programs send the header `GraphQL-Preflight: 1`, or accept JSON; pages of other origins have to be allowed to ask, or send a POST.")
		}
		return h.readQuery(r)
	case http.MethodPost:
		return h.readBody(w, r)
	default:
		w.Header().Set("Allow", "GET, POST")
		return nil, http.StatusMethodNotAllowed, fault.New(fault.BadUserInput, "GraphQL is asked by GET or POST.")
	}
}

func (h HTTP) readBody(w http.ResponseWriter, r *http.Request) (*graphql.RawParams, int, error) {
	if !isJSON(r.Header.Get("Content-Type")) {
		return nil, http.StatusUnsupportedMediaType, fault.New(fault.BadUserInput, "Send the request as `Content-Type: application/json`.")
	}
	if deadline, ok := r.Context().Deadline(); ok { // which a read does not know by itself
		conn := http.NewResponseController(w)
		_ = conn.SetReadDeadline(deadline) // where there is no connection, as in tests, nothing is slow
		defer func() { _ = conn.SetReadDeadline(time.Time{}) }()
	}
	unpacked, err := unpack(http.MaxBytesReader(w, r.Body, h.MaxBodyBytes), r.Header, h.MaxBodyBytes)
	if errors.Is(err, errEncoding) {
		w.Header().Set("Accept-Encoding", "gzip, zstd")
		return nil, http.StatusUnsupportedMediaType, fault.New(fault.BadUserInput, "Send the request as it is, or as `Content-Encoding: gzip` or `zstd`.")
	}
	var body []byte
	if err == nil {
		defer func() { _ = unpacked.Close() }()
		body, err = readAll(unpacked, min(r.ContentLength, h.MaxBodyBytes))
	}
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return nil, http.StatusRequestEntityTooLarge, h.tooLarge()
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, http.StatusRequestTimeout, fault.New(fault.DeadlineExceeded, "The request's body did not come in time.")
	}
	if err != nil {
		return nil, http.StatusBadRequest, fault.New(fault.ParseFailed, "The request's body ended early, or is not encoded as it says.")
	}
	params, err := parse(body)
	return params, http.StatusBadRequest, err
}

// isJSON says whether a media type is JSON's, which is UTF-8 whether it says so or not (RFC 8259, section 8.1).
func isJSON(contentType string) bool {
	if contentType == mediaJSON {
		return true
	}
	media, params, err := mime.ParseMediaType(contentType)
	charset := strings.ToLower(params["charset"])
	return err == nil && media == mediaJSON && (charset == "" || charset == "utf-8" || charset == "utf8")
}

// readAll reads a body of which a length was told, or not.
func readAll(body io.Reader, told int64) ([]byte, error) {
	var b bytes.Buffer
	b.Grow(int(max(told, 0)) + bytes.MinRead) // so that the end is found without growing again
	_, err := b.ReadFrom(body)
	return b.Bytes(), err
}

func (h HTTP) tooLarge() error {
	f := fault.Newf(fault.LimitExceeded, "The request has more than the %d bytes that are allowed.", h.MaxBodyBytes)
	f.Limit = "bytes"
	return f
}

// readQuery reads the parameters of a GET, whose variables and extensions are JSON texts, as strictly as a body.
func (h HTTP) readQuery(r *http.Request) (*graphql.RawParams, int, error) {
	if int64(len(r.URL.RawQuery)) > h.MaxBodyBytes {
		return nil, http.StatusRequestURITooLong, h.tooLarge()
	}
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, http.StatusBadRequest, fault.New(fault.ParseFailed, "The URL's query cannot be read.")
	}
	for _, name := range []string{"query", "operationName", "variables", "extensions", "documentId", "doc_id"} {
		if len(q[name]) > 1 {
			return nil, http.StatusBadRequest, fault.Newf(fault.BadUserInput, "`%s` is given more than once.", name)
		}
		if !utf8.ValidString(q.Get(name)) {
			return nil, http.StatusBadRequest, fault.Newf(fault.ParseFailed, "`%s` is not UTF-8.", name)
		}
	}
	params := &graphql.RawParams{Query: q.Get("query"), OperationName: q.Get("operationName")}
	if params.Variables, err = object("variables", []byte(q.Get("variables"))); err != nil {
		return nil, http.StatusBadRequest, err
	}
	if params.Extensions, err = object("extensions", []byte(q.Get("extensions"))); err != nil {
		return nil, http.StatusBadRequest, err
	}
	return params, http.StatusBadRequest, needDocument(params, q.Get("documentId"), q.Get("doc_id"))
}

// parse reads the body of a POST strictly: one JSON object, no member twice, nothing after it. Members that the specification does not
// know are passed over.
func parse(body []byte) (*graphql.RawParams, error) {
	var request struct {
		Query         *string        `json:"query"`
		OperationName *string        `json:"operationName"`
		Variables     jsontext.Value `json:"variables"`
		Extensions    jsontext.Value `json:"extensions"`
		DocumentID    string         `json:"documentId"`
		DocID         string         `json:"doc_id"`
	}
	if err := json.Unmarshal(body, &request); err != nil {
		return nil, unreadable(body, err)
	}
	params := &graphql.RawParams{}
	if request.Query != nil {
		params.Query = *request.Query
	}
	if request.OperationName != nil {
		params.OperationName = *request.OperationName
	}
	var err error
	if params.Variables, err = object("variables", request.Variables); err != nil {
		return nil, err
	}
	if params.Extensions, err = object("extensions", request.Extensions); err != nil {
		return nil, err
	}
	return params, needDocument(params, request.DocumentID, request.DocID)
}

// needDocument refuses a request that neither has a document nor names one: by documentId, which Relay's clients call doc_id, or by an extension.
func needDocument(p *graphql.RawParams, documentID, docID string) error {
	if documentID != "" && docID != "" && documentID != docID {
		return fault.New(fault.BadUserInput, "The document is named twice: send either `documentId` or `doc_id`.")
	}
	if id := cmp.Or(documentID, docID); id != "" {
		persisted.SetDocumentID(p, id)
	}
	if strings.TrimSpace(p.Query) == "" && !persisted.Named(p) {
		return fault.New(fault.BadUserInput, "`query` is needed: the GraphQL document to execute.")
	}
	return nil
}

// unreadable says where a body goes wrong, without repeating any of it.
func unreadable(body []byte, err error) error {
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return fault.Newf(fault.ParseFailed, "The request's body is not JSON: it goes wrong at byte %d.", syntax.ByteOffset)
	}
	if semantic, ok := errors.AsType[*json.SemanticError](err); ok && semantic.JSONPointer != "" {
		return fault.Newf(fault.BadUserInput, "`%s` of the request has the wrong type.", strings.TrimPrefix(string(semantic.JSONPointer), "/"))
	}
	if trimmed := bytes.TrimSpace(body); len(trimmed) > 0 && trimmed[0] == '[' {
		return fault.New(fault.BadUserInput, "The request's body must be one object; lists of requests are not supported.")
	}
	return fault.New(fault.BadUserInput, "The request's body must be a JSON object.")
}

// object reads an object whose numbers keep their digits. Nothing and null are no object, which is allowed.
func object(name string, text []byte) (map[string]any, error) {
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, nil
	}
	if !jsontext.Value(text).IsValid() {
		return nil, fault.Newf(fault.ParseFailed, "`%s` is not JSON.", name)
	}
	var members map[string]any
	dec := stdjson.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	if err := dec.Decode(&members); err != nil {
		return nil, fault.Newf(fault.BadUserInput, "`%s` must be a JSON object.", name)
	}
	return members, nil
}
