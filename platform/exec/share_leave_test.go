package exec_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// plainly is a context of which package context knows no more than its Done: who waits for it may wake before what is to be called after it.
type plainly struct{ context.Context }

func (p plainly) Value(key any) any {
	if _, of := key.(*int); of { // by which package context finds its own
		return nil
	}
	return p.Context.Value(key)
}

// TestWhoGoesIsCountedOut: also if he wakes before the function that counts him out is called.
func TestWhoGoesIsCountedOut(t *testing.T) {
	t.Parallel()
	for range 300 {
		synctest.Test(t, func(t *testing.T) {
			s := newSlow(t)
			ctx, cancel := context.WithCancel(from(t.Context(), "a"))
			for range 5 {
				s.send(plainly{ctx}, t, request{query: `{ lion(key: 1) { legs } }`})
				synctest.Wait()
			}
			cancel()
			time.Sleep(time.Hour)
			if n := s.ended.Load(); n != 1 {
				t.Fatalf("all have gone, and %d calls of one have ended", n)
			}
		})
	}
}
