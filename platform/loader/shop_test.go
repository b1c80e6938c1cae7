package loader_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing/synctest"

	"github.com/mainstem/mainstem/platform/exec/wave"
	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/loader"
)

// shop is services whose answers come when a test says so. It is for use within a bubble of synctest.
type shop struct {
	mu    sync.Mutex
	waits []*order // for what a test has not answered yet, in the order of their names
	asked []string // the loader and key of all that was ever asked for
}

// order is somebody who waits for a service.
type order struct {
	name string
	here chan struct{} // closed when the answer is here
	read chan struct{} // closed when it may be read
}

// wait waits for the answer of a name, until done. Who can be seen to wait does not count as running meanwhile.
func (s *shop) wait(ctx context.Context, name string, seen bool, done <-chan struct{}) bool {
	o := &order{name: name, here: make(chan struct{}), read: make(chan struct{})}
	s.mu.Lock()
	s.waits = append(s.waits, o)
	slices.SortFunc(s.waits, func(a, b *order) int { return strings.Compare(a.name, b.name) })
	s.mu.Unlock()
	if seen {
		wave.Block(ctx)
	}
	answered := false
	select {
	case <-o.here:
		answered = true
	case <-done:
	}
	if seen {
		wave.Unblock(ctx)
	}
	if answered {
		<-o.read
	}
	return answered
}

// The keys that fail, and how.
const (
	failing   = "F" // the whole call
	faulty    = "G" // the key alone
	panicking = "P"
)

// loader gives a loader of the shop. Its calls are named after it and the keys.
func (s *shop) loader(name string, maxBatch int) *loader.Loader[string, string] {
	return loader.New("shop", name, maxBatch, func(ctx context.Context, keys []string) (map[string]string, error) {
		s.mu.Lock()
		for _, k := range keys {
			s.asked = append(s.asked, name+" "+k)
		}
		s.mu.Unlock()
		if !s.wait(ctx, fmt.Sprint(name, keys), true, ctx.Done()) {
			return nil, ctx.Err()
		}
		found := map[string]string{}
		for _, k := range keys {
			found[k] = "value of " + k
		}
		switch {
		case slices.Contains(keys, panicking):
			panic("boom")
		case slices.Contains(keys, failing):
			return nil, errors.New("boom")
		case slices.Contains(keys, faulty):
			return found, fault.Items[string]{faulty: fault.New(fault.SourceFailed, "")}
		}
		return found, nil
	})
}

// open gives who waits, once nothing happens any more.
func (s *shop) open() []string {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	names := make([]string, len(s.waits))
	for i, o := range s.waits {
		names[i] = o.name
	}
	return names
}

// answer has answers come at once, before any of them is read.
func (s *shop) answer(names ...string) {
	s.mu.Lock()
	var coming []*order
	s.waits = slices.DeleteFunc(s.waits, func(o *order) bool {
		if !slices.Contains(names, o.name) {
			return false
		}
		coming = append(coming, o)
		return true
	})
	s.mu.Unlock()
	for _, o := range coming {
		close(o.here)
	}
	synctest.Wait()
	for _, o := range coming {
		close(o.read)
	}
}
