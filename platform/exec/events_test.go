package exec_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mainstem/mainstem/platform/exec"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/model"
)

// TestEventTimeout has an event that takes too long: it is answered with what is there, and the next has its own time.
func TestEventTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		stream := make(chan *model.Lion)
		g := compile(fakes{
			lionsStream: func(context.Context, int) (<-chan *model.Lion, error) { return stream, nil },
			owner: func(ctx context.Context, objs []*model.Lion) ([]*model.Keeper, error) {
				if objs[0].Legs == 1 {
					<-ctx.Done()
					time.Sleep(time.Nanosecond)
					return nil, ctx.Err()
				}
				return keepers(ctx, objs)
			},
			name: unnamed,
		}, exec.Options{})
		next, _ := g.begin(exec.WithEventTimeout(t.Context(), time.Second), t, request{query: `subscription { lions { legs owner { name } } }`})
		go func() {
			for legs := range 3 {
				time.Sleep(time.Minute) // which is no time of an event's
				stream <- &model.Lion{Body: model.Body{Legs: legs}}
			}
			close(stream)
		}()
		check(t, next(), `{"lions":{"legs":0,"owner":{"name":""}}}`)
		check(t, next(), `{"lions":{"legs":1,"owner":null}}`, "lions.owner 1:29 DEADLINE_EXCEEDED")
		check(t, next(), `{"lions":{"legs":2,"owner":{"name":""}}}`)
		if next() != nil {
			t.Error("there is another event")
		}
	})
}
