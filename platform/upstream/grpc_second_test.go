package upstream_test

import (
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/upstream"
)

// TestUnaryAnswersThatGoOnAreEnded: a service that sends more than the one message would fill the gateway's memory, and take all of the
// connection's streams, if nobody told it to stop.
func TestUnaryAnswersThatGoOnAreEnded(t *testing.T) {
	t.Parallel()
	for reason, message := range map[string][]byte{
		"messages":       encoded(t, "hello"),
		"empty messages": {},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			ended := make(chan struct{}, 1)
			url := startGRPC(t, func(stream grpc.ServerStream) error {
				for range 3 {
					_ = stream.SendMsg(message) // fails once nobody listens
				}
				<-stream.Context().Done()
				ended <- struct{}{}
				return nil
			})
			g := newGRPC(t, upstream.Options{URL: url, Timeout: time.Minute}, upstream.Inputs{})
			wantCode(t, getGRPC(t.Context(), g), fault.SourceContractViolation)
			select {
			case <-ended: // while the connection lives on
			case <-time.After(10 * time.Second):
				t.Error("the service is not told that nobody listens")
			}
		})
	}
}
