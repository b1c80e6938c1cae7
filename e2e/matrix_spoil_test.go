package e2e

import (
	"encoding/base64"
	"encoding/binary"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
)

// What is wrong with answers, by REST and by gRPC.

// answerStatus answers with an HTTP status and a Retry-After, if there is one.
func answerStatus(code int, retryAfter string) spoil {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		if retryAfter != "" {
			w.Header().Set("Retry-After", retryAfter)
		}
		http.Error(w, http.StatusText(code), code)
	}
}

// bodyOf is what a body is made from.
type bodyOf func(whole []byte) []byte

func garbage([]byte) []byte         { return []byte("\xff\xfe\xfdno answer is like this") }
func firstHalf(whole []byte) []byte { return whole[:len(whole)/2] }

// spoilJSON answers as the service does but for the body, which is all of the answer: its length is as announced.
func spoilJSON(body bodyOf) spoil {
	return func(w http.ResponseWriter, r *http.Request, serve http.Handler) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(body(wholeAnswer(r, serve)))
	}
}

// spoilMessage answers with one message of gRPC that is complete and not what the service has said.
func spoilMessage(body bodyOf) spoil {
	return func(w http.ResponseWriter, r *http.Request, serve http.Handler) {
		message := body(wholeAnswer(r, serve)[messageHead:])
		beginMessage(w, len(message))
		_, _ = w.Write(message)
		w.Header().Set(http.TrailerPrefix+"Grpc-Status", "0")
	}
}

// wholeAnswer gives the body of what the service answers.
func wholeAnswer(r *http.Request, serve http.Handler) []byte {
	answer := httptest.NewRecorder()
	serve.ServeHTTP(answer, r)
	return answer.Body.Bytes()
}

// messageHead is what a message of gRPC begins with: whether it is compressed, and its length.
const messageHead = 5

func beginMessage(w http.ResponseWriter, length int) {
	w.Header().Set("Content-Type", "application/grpc")
	_, _ = w.Write(binary.BigEndian.AppendUint32([]byte{0}, uint32(length)))
}

const gibibyte = 1 << 30

// endlessJSON answers with a gibibyte of JSON, and does not say so before.
func endlessJSON(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
	w.Header().Set("Content-Type", "application/json")
	pour(w)
}

// endlessMessage answers with a message of a gibibyte.
func endlessMessage(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
	beginMessage(w, gibibyte)
	pour(w)
}

// pour writes a gibibyte, or what somebody takes of it.
func pour(w io.Writer) {
	blanks := make([]byte, 64<<10)
	for i := range blanks {
		blanks[i] = ' '
	}
	for sent := 0; sent < gibibyte; {
		n, err := w.Write(blanks)
		if err != nil {
			return
		}
		sent += n
	}
}

// asHTML answers as the service does, and calls it a page.
func asHTML(w http.ResponseWriter, r *http.Request, serve http.Handler) {
	body := wholeAnswer(r, serve)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(body)
}

// halfClosed1 says less than it has announced, ends its direction of the connection, and goes on listening.
func halfClosed1(w http.ResponseWriter, r *http.Request, serve http.Handler) {
	body := wholeAnswer(r, serve)
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer func() { _ = conn.Close() }()
	head := "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n"
	_, _ = conn.Write(append([]byte(head), firstHalf(body)...))
	if half, ok := conn.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
	_, _ = io.Copy(io.Discard, conn)
}

// halfClosed2 ends a stream of HTTP/2 in the middle of a message, and without a status.
func halfClosed2(w http.ResponseWriter, r *http.Request, serve http.Handler) {
	message := wholeAnswer(r, serve)[messageHead:]
	beginMessage(w, len(message))
	_, _ = w.Write(firstHalf(message))
}

// grpcStatus answers with a status of gRPC and, unless it is zero, a RetryInfo.
func grpcStatus(code codes.Code, wait time.Duration) spoil {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		st := status.New(code, "as the test has it")
		if wait > 0 {
			st, _ = st.WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(wait)}) // fails for OK
		}
		details, _ := proto.Marshal(st.Proto()) // fails for what is no UTF-8
		h := w.Header()
		h.Set("Content-Type", "application/grpc")
		h.Set("Grpc-Status", strconv.Itoa(int(code)))
		h.Set("Grpc-Message", st.Message())
		h.Set("Grpc-Status-Details-Bin", base64.RawStdEncoding.EncodeToString(details))
		w.WriteHeader(http.StatusOK)
	}
}
