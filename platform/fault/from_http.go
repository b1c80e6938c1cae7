package fault

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// maxRetryAfter bounds what a service may ask clients to wait.
const maxRetryAfter = time.Hour

// FromHTTP gives the fault that a status outside 200–299 stands for. body is the answer's. Of an RFC 9457 problem document, the
// type becomes the Reason and the errors become Violations; its title and detail are for the log like any other body.
func FromHTTP(status int, header http.Header, body []byte) *Error {
	f := Wrap(codeOfStatus(status), fmt.Errorf("HTTP status %d: %.500q", status, body))
	f.RetryAfter = parseRetryAfter(header.Get("Retry-After"), time.Now())
	if media, _, err := mime.ParseMediaType(header.Get("Content-Type")); err == nil && media == "application/problem+json" {
		f.addProblem(body)
	}
	return f
}

func codeOfStatus(status int) Code {
	switch status {
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return BadUserInput
	case http.StatusUnauthorized, http.StatusForbidden:
		return Forbidden
	case http.StatusNotFound, http.StatusGone:
		return NotFound
	case http.StatusConflict:
		return Conflict
	case http.StatusPreconditionFailed, http.StatusPreconditionRequired, http.StatusLocked, http.StatusFailedDependency:
		return PreconditionFailed
	case http.StatusRequestTimeout, http.StatusGatewayTimeout:
		return SourceTimeout
	case http.StatusTooManyRequests:
		return RateLimited
	case http.StatusBadGateway, http.StatusServiceUnavailable:
		return SourceUnavailable
	case http.StatusNotImplemented:
		return SourceContractViolation // as gRPC's UNIMPLEMENTED
	}
	if status >= 500 {
		return SourceFailed
	}
	// Redirects, informational answers and refusals such as 405 or 415 are none that a contract promises.
	return SourceContractViolation
}

// problem is what a gateway reads of a problem document (RFC 9457). "errors" is the extension of its section 3.
type problem struct {
	Type   string `json:"type"`
	Errors []struct {
		Detail  string `json:"detail"`
		Pointer string `json:"pointer"`
		Field   string `json:"field"`
	} `json:"errors"`
}

func (e *Error) addProblem(body []byte) {
	var p problem
	if json.Unmarshal(body, &p) != nil {
		return
	}
	e.Reason = p.Type
	for _, v := range p.Errors {
		field := v.Field
		if field == "" {
			field = v.Pointer[strings.LastIndexByte(v.Pointer, '/')+1:] // the last member of such as "#/lines/0/sku"
		}
		e.addViolation(field, v.Detail)
	}
}

const (
	maxViolations     = 20
	maxViolationBytes = 300
)

// addViolation keeps a violation within bounds: it comes from outside, and its field goes to clients.
func (e *Error) addViolation(field, message string) {
	if len(e.Violations) >= maxViolations || message == "" || e.Code != BadUserInput {
		return
	}
	if !fieldName.MatchString(field) {
		field = ""
	}
	e.Violations = append(e.Violations, Violation{Field: field, Message: clip(message)})
}

// fieldName is what a field can be called, such as lines[0].quantity: nothing that says more than that.
var fieldName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.\[\]-]{0,99}$`)

func clip(s string) string {
	if len(s) > maxViolationBytes {
		return strings.ToValidUTF8(s[:maxViolationBytes], "") // without half of a character
	}
	return s
}

// parseRetryAfter reads seconds or a date (RFC 9110, section 10.2.3), within bounds.
func parseRetryAfter(s string, now time.Time) time.Duration {
	var d time.Duration
	if seconds, err := strconv.ParseUint(s, 10, 31); err == nil || errors.Is(err, strconv.ErrRange) { // then it is the greatest
		d = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(s); err == nil {
		d = at.Sub(now)
	}
	return min(max(d, 0), maxRetryAfter)
}
