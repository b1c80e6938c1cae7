package upstream

import (
	"testing"
	"time"

	grpccodes "google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/mainstem/mainstem/platform/fault"
)

// TestAStreamsTime: a service that was told the request's deadline may end the stream a moment before us. That is the request's time, and not the
// service's fault.
func TestAStreamsTime(t *testing.T) {
	t.Parallel()
	g := &GRPC{base: base{Options: Options{Name: "shop"}}}
	for reason, test := range map[string]struct {
		deadline time.Time
		want     fault.Code
	}{
		"no deadline":          {time.Time{}, fault.SourceTimeout},
		"long before it":       {time.Now().Add(time.Hour), fault.SourceTimeout},
		"just at the deadline": {time.Now(), fault.DeadlineExceeded},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			s := &stream{ctx: t.Context(), g: g, request: &request{operation: "Watch", deadline: test.deadline}}
			if got := codeOf(s.fault(status.Error(grpccodes.DeadlineExceeded, "stream terminated"))); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}
