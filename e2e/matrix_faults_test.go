package e2e

import (
	"fmt"
	"net/http"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/mainstem/mainstem/server"
)

// matrixCase is a fault of one service, and what comes of it.
type matrixCase struct {
	fault   string
	network *network     // what goes wrong on the way; nil for nothing
	front   frontOptions // what goes wrong at the service
	// deadline is what the request may take; the default if it is zero.
	deadline time.Duration

	code  string // of the lost fields; empty if none is lost
	calls int    // that reach the service, for one operation of it
	timed bool   // whether code and calls depend on how fast this machine is
}

// limits gives how long the request and a call of the source may take: as they do by default, or so long that it does not matter how fast
// this machine is.
func (c matrixCase) limits(source string) (request, call time.Duration) {
	d := server.DefaultConfig()
	request, call = d.RequestTimeout.Std(), d.Sources[source].Timeout.Std()
	if c.deadline != 0 {
		request = c.deadline
	} else if !c.timed && !matrixExact {
		request, call = patience, patience/4 // time enough for three calls
	}
	return request, call
}

// Most faults pass in a moment, or may: the call is made again, as often as the policy has it.
const again = 3

// Nothing is gained by asking again when the service has refused, or has given an answer that nobody can read.
const once = 1

// matrixOf gives the faults of a source. Of each, the lines say what its fields' code is and how many calls there are, and why if that is not
// plain from the code: a source that is unavailable, too slow or failing inside is asked again.
func matrixOf(source string) []matrixCase {
	if source == "inventory" {
		return append(matrixOfGRPC(), matrixOfStatuses()...)
	}
	return matrixOfREST()
}

func matrixOfREST() []matrixCase {
	return append(matrixOfNetwork(beforeHeaders1, inBody1), []matrixCase{
		{fault: "500", front: answering(answerStatus(http.StatusInternalServerError, "")), code: "SOURCE_FAILED", calls: again},
		{fault: "503", front: answering(answerStatus(http.StatusServiceUnavailable, "")), code: "SOURCE_UNAVAILABLE", calls: again},
		// The service says when to come back, which is soon enough.
		{fault: "503, Retry-After: 1", front: answering(answerStatus(http.StatusServiceUnavailable, "1")), code: "SOURCE_UNAVAILABLE", calls: again},
		// It says to come back later than anybody waits: the client is told so.
		{fault: "503, Retry-After: 30", front: answering(answerStatus(http.StatusServiceUnavailable, "30")), code: "SOURCE_UNAVAILABLE", calls: once},
		// To ask again at once would be just what the service has complained about.
		{fault: "429", front: answering(answerStatus(http.StatusTooManyRequests, "")), code: "RATE_LIMITED", calls: once},
		{fault: "429, Retry-After: 1", front: answering(answerStatus(http.StatusTooManyRequests, "1")), code: "RATE_LIMITED", calls: again},
		{fault: "429, Retry-After: 30", front: answering(answerStatus(http.StatusTooManyRequests, "30")), code: "RATE_LIMITED", calls: once},
		{fault: "garbage", front: answering(spoilJSON(garbage)), code: "SOURCE_CONTRACT_VIOLATION", calls: once},
		// It has the length that was announced, so nothing was lost on the way: the service wrote it so.
		{fault: "truncated", front: answering(spoilJSON(firstHalf)), code: "SOURCE_CONTRACT_VIOLATION", calls: once},
		{fault: "1 GiB body", front: answering(endlessJSON), code: "SOURCE_CONTRACT_VIOLATION", calls: once},
		{fault: "wrong content type", front: answering(asHTML), code: "SOURCE_CONTRACT_VIOLATION", calls: once},
		// Less comes than was announced: it was lost on the way, and may come whole another time.
		{fault: "half-closed stream", front: answering(halfClosed1), code: "SOURCE_UNAVAILABLE", calls: again},
	}...)
}

func matrixOfGRPC() []matrixCase {
	return append(matrixOfNetwork(beforeHeaders2, inBody2), []matrixCase{
		// Servers of HTTP that stand before a gRPC service answer so.
		{fault: "500", front: answering(answerStatus(http.StatusInternalServerError, "")), code: "SOURCE_FAILED", calls: again},
		{fault: "503", front: answering(answerStatus(http.StatusServiceUnavailable, "")), code: "SOURCE_UNAVAILABLE", calls: again},
		{fault: "429", front: answering(answerStatus(http.StatusTooManyRequests, "")), code: "SOURCE_UNAVAILABLE", calls: again}, // gRPC knows no better
		{fault: "garbage", front: answering(spoilMessage(garbage)), code: "SOURCE_CONTRACT_VIOLATION", calls: once},
		{fault: "truncated", front: answering(spoilMessage(firstHalf)), code: "SOURCE_CONTRACT_VIOLATION", calls: once},
		{fault: "1 GiB body", front: answering(endlessMessage), code: "SOURCE_CONTRACT_VIOLATION", calls: once},
		{fault: "wrong content type", front: answering(asHTML), code: "SOURCE_CONTRACT_VIOLATION", calls: once},
		{fault: "half-closed stream", front: answering(halfClosed2), code: "SOURCE_FAILED", calls: again},
		// The call may have been made: it is made again, over another connection.
		{fault: "GOAWAY, then well", network: &network{place: beforeHeaders2, then: goAway, once: true}, calls: 2},
		// And by grpc-go itself once more each time: a call that was not taken up does no harm.
		{fault: "GOAWAY each time", network: &network{place: beforeHeaders2, then: goAway}, code: "SOURCE_UNAVAILABLE", calls: 2 * again},
	}...)
}

// matrixOfNetwork gives the faults that any protocol has.
func matrixOfNetwork(beforeHeaders, inBody place) []matrixCase {
	return []matrixCase{
		{fault: "none", calls: once},
		{fault: "refused", front: frontOptions{refuse: true}, code: "SOURCE_UNAVAILABLE", calls: 0},
		{fault: "none, over TLS", front: frontOptions{tls: true}, calls: once},
		{fault: "expired certificate", front: frontOptions{tls: true, expired: 24 * time.Hour}, code: "SOURCE_UNAVAILABLE", calls: 0},
		{fault: "reset mid-body", network: &network{place: inBody, then: end, reset: true}, code: "SOURCE_UNAVAILABLE", calls: again},
		// With the defaults, 2 s for a call and 5 s for the request, there is time for one more call and not for two.
		{fault: "hang before headers", network: &network{place: beforeHeaders, then: silence}, code: "SOURCE_TIMEOUT", calls: 2, timed: true},
		{fault: "hang mid-body", network: &network{place: inBody, then: silence}, code: "SOURCE_TIMEOUT", calls: 2, timed: true},
		{fault: "1 byte/s", network: &network{place: beforeHeaders, then: drip}, code: "SOURCE_TIMEOUT", calls: 2, timed: true},
		// The request is over before the call may be.
		{fault: "hang past the deadline", network: &network{place: beforeHeaders, then: silence}, deadline: 1500 * time.Millisecond, code: "DEADLINE_EXCEEDED", calls: once, timed: true},
	}
}

// matrixOfStatuses gives every status of gRPC that is not OK.
func matrixOfStatuses() []matrixCase {
	want := []struct {
		status codes.Code
		code   string
		calls  int
	}{
		{codes.Canceled, "SOURCE_TIMEOUT", again}, // the service gave up; nobody here did
		{codes.Unknown, "SOURCE_FAILED", again},
		{codes.InvalidArgument, "BAD_USER_INPUT", once},
		{codes.DeadlineExceeded, "SOURCE_TIMEOUT", again},
		{codes.NotFound, "NOT_FOUND", once},
		{codes.AlreadyExists, "CONFLICT", once},
		{codes.PermissionDenied, "FORBIDDEN", once},
		{codes.ResourceExhausted, "RATE_LIMITED", once}, // and does not say when to come back
		{codes.FailedPrecondition, "PRECONDITION_FAILED", once},
		{codes.Aborted, "CONFLICT", once},
		{codes.OutOfRange, "BAD_USER_INPUT", once},
		{codes.Unimplemented, "SOURCE_CONTRACT_VIOLATION", once}, // the contract has it
		{codes.Internal, "SOURCE_FAILED", again},
		{codes.Unavailable, "SOURCE_UNAVAILABLE", again},
		{codes.DataLoss, "SOURCE_FAILED", again},
		{codes.Unauthenticated, "FORBIDDEN", once}, // what the service thinks of the gateway is not the caller's token's fault
	}
	cases := make([]matrixCase, 0, len(want)+2)
	for _, w := range want {
		cases = append(cases, matrixCase{
			fault: fmt.Sprintf("status %d %s", w.status, w.status), front: answering(grpcStatus(w.status, 0)), code: w.code, calls: w.calls,
		})
	}
	return append(cases,
		matrixCase{fault: "status 8, RetryInfo 1s", front: answering(grpcStatus(codes.ResourceExhausted, time.Second)), code: "RATE_LIMITED", calls: again},
		matrixCase{fault: "status 14, RetryInfo 1s", front: answering(grpcStatus(codes.Unavailable, time.Second)), code: "SOURCE_UNAVAILABLE", calls: again},
		matrixCase{fault: "status 14, RetryInfo 30s", front: answering(grpcStatus(codes.Unavailable, 30*time.Second)), code: "SOURCE_UNAVAILABLE", calls: once},
	)
}

// answering gives the options of a front that spoils answers so.
func answering(s spoil) frontOptions { return frontOptions{spoil: s} }
