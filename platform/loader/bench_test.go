package loader_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/graph-gophers/dataloader/v7"

	"github.com/mainstem/mainstem/platform/exec/wave"
	"github.com/mainstem/mainstem/platform/loader"
)

// BenchmarkLoadAll loads 100 keys, of which so many are different, in a scope of their own; beside it, the same with dataloader, whose
// batch is flushed as soon as its keys are there.
func BenchmarkLoadAll(b *testing.B) {
	for _, distinct := range []int{10, 100} {
		keys := make([]string, 100)
		found := map[string]*int{}
		for i := range keys {
			keys[i] = fmt.Sprintf("key-%05d", i*distinct/len(keys))
			found[keys[i]] = &i
		}
		b.Run(fmt.Sprintf("ours/%d", distinct), func(b *testing.B) {
			l := loader.New("shop", "things", 100, func(context.Context, []string) (map[string]*int, error) { return found, nil })
			b.ReportAllocs()
			for b.Loop() {
				w := wave.New(0)
				w.Add(1)
				values, err := l.LoadAll(w.Context(loader.WithScope(b.Context(), loader.Options{}), nil), keys)
				if err != nil || values[99] == nil {
					b.Fatal(values, err)
				}
				w.Done()
			}
		})
		b.Run(fmt.Sprintf("dataloader/%d", distinct), func(b *testing.B) {
			fetch := func(_ context.Context, keys []string) []*dataloader.Result[*int] {
				results := make([]*dataloader.Result[*int], len(keys))
				for i, key := range keys {
					results[i] = &dataloader.Result[*int]{Data: found[key]}
				}
				return results
			}
			b.ReportAllocs()
			for b.Loop() {
				l := dataloader.NewBatchedLoader(fetch, dataloader.WithInputCapacity[string, *int](100))
				thunks := make([]dataloader.Thunk[*int], len(keys))
				for i, key := range keys {
					thunks[i] = l.Load(b.Context(), key)
				}
				l.Flush()
				values := make([]*int, len(keys))
				for i, thunk := range thunks {
					v, err := thunk()
					if err != nil {
						b.Fatal(err)
					}
					values[i] = v
				}
			}
		})
	}
}
