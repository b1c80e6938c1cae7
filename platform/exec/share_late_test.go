package exec_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/mainstem/mainstem/platform/exec"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/model"
)

// TestWhoJoinsLateLosesNothing: who joins a query shortly before its deadline has too little time for one of his own, and gets what is ready.
func TestWhoJoinsLateLosesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		after := func(ctx context.Context, d time.Duration) error {
			select {
			case <-time.After(d):
				return nil
			case <-ctx.Done():
				time.Sleep(time.Nanosecond) // the answer is written first
				return ctx.Err()
			}
		}
		s := &slow{gateway: compileFor(declaring(t, "Query.lion"), fakes{
			lion: func(ctx context.Context, key int) (*model.Lion, error) {
				if err := after(ctx, time.Second); err != nil {
					return nil, err
				}
				return oneLion(ctx, key)
			},
			look: func(ctx context.Context, objs []*model.Lion) ([]*model.Look, error) {
				return make([]*model.Look, len(objs)), after(ctx, time.Hour)
			},
		}, model.Faults{}, exec.Options{Share: byCaller})}
		var answers []<-chan *graphql.Response
		for _, patience := range []time.Duration{2 * time.Second, 5 * time.Second / 2} {
			ctx, cancel := context.WithTimeout(from(t.Context(), "a"), patience)
			defer cancel()
			answers = append(answers, s.send(ctx, t, request{query: `{ lion(key: 1) { legs look { two } } }`}))
			synctest.Wait() // so that the second joins the first
		}
		for i, answer := range answers {
			got := <-answer
			text := fmt.Sprintf("%s %v", got.Data, shown(got.Errors))
			if want := `{"lion":{"legs":1,"look":null}} [lion.look 1:23 DEADLINE_EXCEEDED]`; text != want {
				t.Errorf("caller %d got %s, want %s", i, text, want)
			}
		}
		time.Sleep(time.Second) // until those who are late have ended too
	})
}
