package transport

import (
	stdjson "encoding/json"
	"net/http"
	"strconv"
	"sync"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mainstem/mainstem/platform/exec"
)

// answer writes one response.
type answer struct {
	w      http.ResponseWriter
	media  string
	buffer *buffer
}

// withoutData gives the status of an answer to a well-formed request that has no data: clients that speak only application/json read
// what is wrong from the body (section 6.4 of the specification).
func (a answer) withoutData(status int) int {
	if a.media == mediaGraphQL {
		return status
	}
	return http.StatusOK
}

// write sends a response. Its data is sent as it is.
func (a answer) write(status int, response *graphql.Response) {
	body, err := a.body(response)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"errors":[{"message":"The answer could not be written.","extensions":{"code":"INTERNAL_SERVER_ERROR"}}]}`)
	}
	h := a.w.Header()
	h["Content-Type"] = contentTypes[a.media]
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	h["X-Content-Type-Options"] = noSniff
	h.Add("Vary", "Accept")
	a.w.WriteHeader(status)
	_, _ = a.w.Write(body) //nolint:gosec,nolintlint // it is JSON, says so, and is not to be sniffed; gosec does not always see it
}

// Values of headers that are the same in all answers. Nobody changes them.
var (
	contentTypes = map[string][]string{mediaJSON: {mediaJSON + "; charset=utf-8"}, mediaGraphQL: {mediaGraphQL + "; charset=utf-8"}}
	noSniff      = []string{"nosniff"}
)

// body gives the bytes of a response, errors first (https://spec.graphql.org/September2025/#sec-Response-Format). It fails if errors or
// extensions cannot be encoded.
func (a answer) body(response *graphql.Response) ([]byte, error) {
	body := a.buffer.Bytes[:0]
	switch {
	case !a.buffer.has(response.Data):
		defer func() { a.buffer.Bytes = body }()
	case len(response.Errors) == 0 && len(response.Extensions) == 0:
		a.buffer.Bytes = append(a.buffer.Bytes, '}')
		return a.buffer.Bytes, nil
	default: // the data stands where the answer would
		body = make([]byte, 0, len(response.Data)+512*len(response.Errors)+64)
	}
	member := func(name string) {
		if len(body) == 0 {
			body = append(body, '{')
		} else {
			body = append(body, ',')
		}
		body = append(append(append(body, '"'), name...), '"', ':')
	}
	if len(response.Errors) > 0 {
		errs, err := stdjson.Marshal(response.Errors)
		if err != nil {
			return nil, err
		}
		member("errors")
		body = append(body, errs...)
	}
	if len(response.Data) > 0 { // a request that was not executed has none
		member("data")
		body = append(body, response.Data...)
	}
	if len(response.Extensions) > 0 {
		extensions, err := stdjson.Marshal(response.Extensions)
		if err != nil {
			return nil, err
		}
		member("extensions")
		body = append(body, extensions...)
	}
	if len(body) == 0 {
		body = append(body, '{')
	}
	return append(body, '}'), nil
}

// buffer is where the executor writes an answer's data, with the beginning of the answer before it.
type buffer struct{ exec.Buffer }

const beginning = `{"data":`

// maxPooled is how large a buffer may be to be used again.
const maxPooled = 1 << 20

var buffers = sync.Pool{New: func() any { return &buffer{} }}

func newBuffer() *buffer {
	b := buffers.Get().(*buffer)
	b.Bytes = append(b.Bytes[:0], beginning...)
	return b
}

// free gives the buffer back. Nothing may use its bytes any more.
func (b *buffer) free() {
	if cap(b.Bytes) <= maxPooled {
		buffers.Put(b)
	}
}

// has says whether the data is what stands in the buffer.
func (b *buffer) has(data []byte) bool {
	return len(data) > 0 && len(b.Bytes) == len(beginning)+len(data) && &b.Bytes[len(beginning)] == &data[0]
}

// Refuse answers a request that is refused before it is read, as a GraphQL client expects it.
func Refuse(w http.ResponseWriter, status int, response *gqlerror.Error) {
	answer{w: w, media: mediaJSON, buffer: &buffer{}}.write(status, &graphql.Response{Errors: gqlerror.List{response}})
}
