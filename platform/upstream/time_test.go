package upstream_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/upstream"
)

// TestServicesAreToldTheTime: a call is given the smaller of its own timeout and what the request has left but for the reserve, and the service
// knows.
func TestServicesAreToldTheTime(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		timeout, deadline, reserve time.Duration // no deadline if zero
		least, most                time.Duration
	}{
		"its own timeout":                       {7 * time.Second, 0, 0, 0, 7 * time.Second},
		"its own timeout, before the request's": {7 * time.Second, time.Hour, time.Second, 0, 7 * time.Second},
		"what the request has left":             {time.Hour, time.Minute, 0, 10 * time.Second, time.Minute},
		"what it has left but for the reserve":  {time.Hour, time.Minute, 30 * time.Second, 0, 30 * time.Second},
	} {
		for protocol, start := range protocols {
			t.Run(protocol+": "+reason, func(t *testing.T) {
				t.Parallel()
				var told time.Duration
				c := start(t, upstream.Options{Timeout: test.timeout}, upstream.Inputs{}, func(ctx context.Context, received map[string][]string) error {
					if protocol == "gRPC" {
						deadline, _ := ctx.Deadline()
						told = time.Until(deadline)
					} else if seconds, err := strconv.ParseFloat(received["request-timeout"][0], 64); err == nil {
						told = time.Duration(seconds * float64(time.Second))
					}
					return nil
				})
				ctx := upstream.WithRequest(t.Context(), upstream.Request{Reserve: test.reserve})
				if test.deadline > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, test.deadline)
					defer cancel()
				}
				if err := c.call(ctx); err != nil {
					t.Fatal(err)
				}
				if told <= test.least || told > test.most {
					t.Errorf("the service was told %s, want more than %s and %s at most", told, test.least, test.most)
				}
			})
		}
	}
}

// TestReserve: a call ends before the request's deadline, so that there is time to write the answer.
func TestReserve(t *testing.T) {
	t.Parallel()
	for protocol, start := range protocols {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			c := start(t, upstream.Options{Timeout: time.Hour}, upstream.Inputs{}, func(ctx context.Context, _ map[string][]string) error {
				<-ctx.Done()
				return ctx.Err()
			})
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			ctx = upstream.WithRequest(ctx, upstream.Request{Reserve: time.Hour - short})
			wantCode(t, c.call(ctx), fault.DeadlineExceeded)
			if ctx.Err() != nil {
				t.Error("the request is over too")
			}
		})
	}
}
