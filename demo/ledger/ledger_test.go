package ledger_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/mainstem/mainstem/demo/ledger"
)

// errRefused is a service's own refusal.
var errRefused = errors.New("there is not enough")

// shelf is a service with one product. Its methods run as commands.
type shelf struct {
	ledger *ledger.Ledger
	left   int
	taken  map[string]int // by key
}

func newShelf() *shelf { return &shelf{ledger: ledger.New(), left: 10, taken: map[string]int{}} }

func (s *shelf) take(key string, n int) (int, error) {
	c := ledger.Command{Name: "take", Key: key, Caller: "ada", Input: n}
	return ledger.Do(s.ledger, c, func() (int, bool, error) {
		if n > s.left {
			return 0, false, errRefused
		}
		s.left -= n
		s.taken[key] = n
		return s.left, true, nil
	})
}

// putBack gives whether there was something to undo.
func (s *shelf) putBack(key, target string, n int) (bool, error) {
	c := ledger.Command{Name: "putBack", Key: key, Input: n}
	return ledger.Undo(s.ledger, c, ledger.Target{Name: "take", Key: target}, func() (bool, bool, error) {
		back, done := s.taken[target]
		s.left += back
		delete(s.taken, target)
		return done, done, nil
	})
}

// step is one command and what must come of it. Without undoes it takes, else it puts back.
type step struct {
	key, undoes string
	n           int
	err         error
	done        bool // putting back: there was something to undo
}

func TestCommands(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		steps   []step
		left    int
		entries int
	}{
		"the same key does it once": {
			steps: []step{{key: "a", n: 3}, {key: "a", n: 3}, {key: "a", n: 3}}, left: 7, entries: 1,
		},
		"another key does it again": {
			steps: []step{{key: "a", n: 3}, {key: "b", n: 3}}, left: 4, entries: 2,
		},
		"a refusal is given again": {
			steps: []step{{key: "a", n: 11, err: errRefused}, {key: "a", n: 11, err: errRefused}}, left: 10,
		},
		"a refusal stays though it would succeed by now": {
			steps: []step{
				{key: "a", n: 8}, {key: "b", n: 5, err: errRefused}, {key: "c", undoes: "a", n: 8, done: true}, {key: "b", n: 5, err: errRefused},
			},
			left: 10, entries: 2,
		},
		"a key is for one input": {
			steps: []step{{key: "a", n: 3}, {key: "a", n: 4, err: ledger.ErrKeyReused}, {key: "a", n: 3}}, left: 7, entries: 1,
		},
		"a key is for one command": {
			steps: []step{{key: "a", n: 3}, {key: "a", undoes: "x", n: 3, err: ledger.ErrKeyReused}}, left: 7, entries: 1,
		},
		"a key is for one undoing": {
			steps: []step{
				{key: "a", n: 3}, {key: "b", n: 3}, {key: "c", undoes: "a", n: 3, done: true}, {key: "c", undoes: "b", n: 3, err: ledger.ErrKeyReused},
			},
			left: 7, entries: 3,
		},
		"an undoing after the command takes it back": {
			steps: []step{{key: "a", n: 3}, {key: "b", undoes: "a", n: 3, done: true}}, left: 10, entries: 2,
		},
		"an undoing is done once": {
			steps: []step{{key: "a", n: 3}, {key: "b", undoes: "a", n: 3, done: true}, {key: "b", undoes: "a", n: 3, done: true}}, left: 10, entries: 2,
		},
		"a second undoing finds nothing to undo": {
			steps: []step{{key: "a", n: 3}, {key: "b", undoes: "a", n: 3, done: true}, {key: "c", undoes: "a", n: 3}}, left: 10, entries: 3,
		},
		"an undone command does not come back": {
			steps: []step{{key: "a", n: 3}, {key: "b", undoes: "a", n: 3, done: true}, {key: "a", n: 3, err: ledger.ErrUndone}}, left: 10, entries: 2,
		},
		"an undoing before the command keeps it out": {
			steps: []step{{key: "b", undoes: "a", n: 3}, {key: "a", n: 3, err: ledger.ErrUndone}}, left: 10, entries: 1,
		},
		"an undoing of a refused command has nothing to undo": {
			steps: []step{{key: "a", n: 11, err: errRefused}, {key: "b", undoes: "a", n: 11}, {key: "a", n: 11, err: ledger.ErrUndone}}, left: 10, entries: 1,
		},
	}
	for reason, c := range cases {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			s := newShelf()
			for i, step := range c.steps {
				var done bool
				var err error
				if step.undoes == "" {
					_, err = s.take(step.key, step.n)
				} else {
					done, err = s.putBack(step.key, step.undoes, step.n)
				}
				if !errors.Is(err, step.err) || done != step.done {
					t.Errorf("step %d: error %v, undone %v; want %v, %v", i, err, done, step.err, step.done)
				}
			}
			if got := len(s.ledger.Entries()); s.left != c.left || got != c.entries {
				t.Errorf("%d left, %d entries; want %d and %d", s.left, got, c.left, c.entries)
			}
		})
	}
}

func TestRefusedUndoingLeavesTheCommand(t *testing.T) {
	t.Parallel()
	s := newShelf()
	if _, err := s.take("a", 3); err != nil {
		t.Fatal(err)
	}
	refuse := func() (bool, bool, error) { return false, false, errRefused }
	target := ledger.Target{Name: "take", Key: "a"}
	if _, err := ledger.Undo(s.ledger, ledger.Command{Name: "putBack", Key: "b"}, target, refuse); !errors.Is(err, errRefused) {
		t.Fatalf("the undoing gave %v, want its refusal", err)
	}
	if left, err := s.take("a", 3); left != 7 || err != nil {
		t.Errorf("the command came again and gave %d, %v; want its first outcome", left, err)
	}
	if done, err := s.putBack("c", "a", 3); !done || err != nil {
		t.Errorf("another undoing gave %v, %v; want that there was something to undo", done, err)
	}
}

func TestUndoingNamesTheCommandThatItMeans(t *testing.T) {
	t.Parallel()
	for reason, takenBefore := range map[string]bool{"a key that another command had": true, "a key that another command gets": false} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			s := newShelf()
			take := func() {
				if left, err := s.take("a", 3); left != 7 || err != nil {
					t.Errorf("the command gave %d, %v", left, err)
				}
			}
			if takenBefore {
				take()
			}
			nothing := func() (bool, bool, error) { return false, false, nil }
			c := ledger.Command{Name: "unpaint", Key: "b"}
			if _, err := ledger.Undo(s.ledger, c, ledger.Target{Name: "paint", Key: "a"}, nothing); err != nil {
				t.Fatal(err)
			}
			take()
			paint := ledger.Command{Name: "paint", Key: "a"}
			want := ledger.ErrUndone
			if takenBefore {
				want = ledger.ErrKeyReused
			}
			if _, err := ledger.Do(s.ledger, paint, nothing); !errors.Is(err, want) {
				t.Errorf("the undone command gave %v, want %v", err, want)
			}
			if done, err := s.putBack("c", "a", 3); !done || err != nil {
				t.Errorf("its own undoing gave %v, %v; want that there was something to undo", done, err)
			}
		})
	}
}

func TestNilOutcomesAreGivenAgain(t *testing.T) {
	t.Parallel()
	l, runs := ledger.New(), 0
	for range 2 {
		got, err := ledger.Do(l, ledger.Command{Name: "nothing", Key: "a"}, func() (fmt.Stringer, bool, error) {
			runs++
			return nil, false, nil
		})
		if got != nil || err != nil || runs != 1 {
			t.Errorf("got %v, %v after %d runs; want nothing after one", got, err, runs)
		}
	}
}

func TestEntriesSayWhatWasDone(t *testing.T) {
	t.Parallel()
	s := newShelf()
	s.ledger.Open(10)
	if _, err := s.take("a", 3); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"b", "c"} {
		if _, err := s.putBack(key, "a", 3); err != nil {
			t.Fatal(err)
		}
	}
	entries := s.ledger.Entries()
	for i, want := range []ledger.Entry{
		{Command: ledger.Opening, Changed: true, Detail: 10},
		{Command: "take", Key: "a", Caller: "ada", Changed: true, Input: 3, Detail: 7},
		{Command: "putBack", Key: "b", Undoes: "a", Changed: true, Input: 3, Detail: true},
		{Command: "putBack", Key: "c", Undoes: "a", Input: 3, Detail: false},
	} {
		got := entries[i]
		if got.At.IsZero() {
			t.Errorf("entry %d does not say when", i)
		}
		if got.At = want.At; got != want {
			t.Errorf("entry %d is %+v, want %+v", i, got, want)
		}
	}
	entries[0].Key = "changed"
	if s.ledger.Entries()[0].Key != "" {
		t.Error("changing what Entries gave changed the ledger")
	}
}

func TestInputMustBeJSON(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("a command whose input has no JSON did not panic")
		}
	}()
	_, _ = ledger.Do(ledger.New(), ledger.Command{Name: "call", Key: "a", Input: func() {}}, func() (int, bool, error) { return 0, false, nil })
}

// Of commands and undoings that race, each command takes effect once at most, and not at all or no more once undone.
func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	s := newShelf()
	s.left = 1000
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			for i := range 50 {
				key := fmt.Sprintf("take-%d", i)
				if _, err := s.take(key, 2); err != nil && !errors.Is(err, ledger.ErrUndone) {
					t.Errorf("taking: %v", err)
				}
				if i%2 == 0 {
					if _, err := s.putBack(fmt.Sprintf("back-%d-%d", worker, i), key, 2); err != nil {
						t.Errorf("putting back: %v", err)
					}
				}
				s.ledger.Locked(func() { s.left++; s.left-- })
				s.ledger.Entries()
			}
		})
	}
	all.Wait()
	if want := 1000 - 25*2; s.left != want {
		t.Errorf("%d left, want %d", s.left, want)
	}
}
