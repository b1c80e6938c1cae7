package server

import (
	"context"
	"math"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/telemetry/live"
	"github.com/mainstem/mainstem/platform/transport"
)

// TimeoutHeader says in seconds how long a client will wait.
const TimeoutHeader = "Request-Timeout"

type timeoutKey struct{}

// deadline ends what is done for a request when its time is over: the configured one, or the shorter one that the client asks for.
func (s *Server) deadline(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, timeout := transport.WithConnection(r.Context()), s.config.RequestTimeout.Std() // streams have none
		if asked, ok := r.Header[TimeoutHeader]; ok {
			shorter, err := timeoutOf(asked)
			if err != nil {
				live.Refused(ctx, string(fault.BadUserInput))
				transport.Refuse(w, http.StatusBadRequest, s.present(ctx, err))
				return
			}
			if shorter < timeout {
				timeout = shorter
				ctx = context.WithValue(ctx, timeoutKey{}, timeout)
			}
		}
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// timeout gives how much time a request was given.
func (s *Server) timeout(ctx context.Context) time.Duration {
	if asked, ok := ctx.Value(timeoutKey{}).(time.Duration); ok {
		return asked
	}
	return s.config.RequestTimeout.Std()
}

// reserve gives how long before a request's deadline the calls for it end. Of a short time, an answer's part must not be most of it.
func (s *Server) reserve(ctx context.Context) time.Duration {
	return min(s.config.AnswerReserve.Std(), s.timeout(ctx)/10)
}

// seconds is a number of seconds: with digits, as HTTP's structured fields have them, and without an exponent.
var seconds = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?$`)

// maxTimeoutDigits bounds what is read as a number.
const maxTimeoutDigits = 64

// timeoutOf reads the header's values: one that is more than nothing.
func timeoutOf(values []string) (time.Duration, error) {
	if len(values) != 1 {
		return 0, fault.Newf(fault.BadUserInput, "The header `%s` is given more than once.", TimeoutHeader)
	}
	text := values[0]
	if len(text) > maxTimeoutDigits || !seconds.MatchString(text) || strings.Trim(text, "0.") == "" {
		return 0, fault.Newf(fault.BadUserInput, "The header `%s` must be a number of seconds that is more than nothing, such as `2` or `0.5`.", TimeoutHeader)
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, fault.Wrap(fault.Internal, err) // the pattern has only numbers
	}
	if n *= float64(time.Second); n >= math.MaxInt64 {
		return math.MaxInt64, nil
	}
	return max(time.Duration(n), 1), nil
}
