package loader_test

import (
	"context"
	"testing"

	"github.com/mainstem/mainstem/platform/loader"
)

// TestInScope: what was loaded in a scope is not loaded again by a context that is put into it, whatever scope that had.
func TestInScope(t *testing.T) {
	t.Parallel()
	calls := 0
	things := loader.New("shop", "things", 100, func(context.Context, []string) (map[string]string, error) {
		calls++
		return map[string]string{"a": "value"}, nil
	})
	one, other := loader.WithScope(t.Context(), loader.Options{}), loader.WithScope(t.Context(), loader.Options{})
	for _, ctx := range []context.Context{one, loader.InScope(other, one), loader.InScope(t.Context(), one)} {
		if got, err := things.Load(ctx, "a"); got != "value" || err != nil {
			t.Errorf("got %q, %v", got, err)
		}
	}
	if calls != 1 {
		t.Errorf("it was loaded %d times", calls)
	}
}
