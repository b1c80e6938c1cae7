package storage

import (
	"context"
	"slices"
	"sync"
)

// signals are the waiters of this process, by the names that they wait for.
type signals struct {
	mu      sync.Mutex
	waiters map[string]map[chan struct{}]struct{}
}

func newSignals() *signals { return &signals{waiters: map[string]map[chan struct{}]struct{}{}} }

func (s *signals) watch(names []string) (wake chan struct{}, stop func()) {
	wake = make(chan struct{}, 1)
	names = slices.Clone(names)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range names {
		if s.waiters[name] == nil {
			s.waiters[name] = map[chan struct{}]struct{}{}
		}
		s.waiters[name][wake] = struct{}{}
	}
	return wake, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, name := range names {
			delete(s.waiters[name], wake)
			if len(s.waiters[name]) == 0 {
				delete(s.waiters, name)
			}
		}
	}
}

// wake wakes who waits for one of the names.
func (s *signals) wake(names ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range names {
		for waiter := range s.waiters[name] {
			signal(waiter)
		}
	}
}

// wakeAll wakes everybody.
func (s *signals) wakeAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, waiters := range s.waiters {
		for waiter := range waiters {
			signal(waiter)
		}
	}
}

// awaited says whether anybody waits.
func (s *signals) awaited() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.waiters) > 0
}

func signal(waiter chan struct{}) {
	select {
	case waiter <- struct{}{}:
	default: // it has been woken, and has not looked yet
	}
}

// Watch gives a channel that receives when one of the names is notified, and what ends that. Several notifications while nobody receives are one.
// Look at what you wait for after you have begun to watch, and again after each wake: there may be wakes for nothing.
func (s *Store) Watch(names ...string) (wake <-chan struct{}, stop func()) {
	return s.signals.watch(names)
}

// Notify wakes those who watch one of the names when tx commits, in every process that shares the database. The names are of 1 to 512 bytes.
func (s *Store) Notify(ctx context.Context, tx Tx, names ...string) error {
	for _, name := range names {
		if err := checkTopic(name); err != nil {
			return err
		}
	}
	return s.db.notify(ctx, tx, names)
}

// Notified wakes those who watch one of the names in this process, at once. Call it when what they wait for is to be seen.
func (s *Store) Notified(names ...string) { s.signals.wake(names...) }
