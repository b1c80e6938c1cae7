package telemetry

import (
	"fmt"
	"testing"
	"time"
)

// TestOperationNames: what is told apart, step by step.
func TestOperationNames(t *testing.T) {
	t.Parallel()
	clock := time.Unix(0, 0)
	n := newOperationNames(2)
	n.now = func() time.Time { return clock }
	never, always := func() bool { return false }, func() bool { return true }
	for i, step := range []struct {
		later    time.Duration
		executed string // or else refused
		trusted  func() bool
		refused  string
		want     string
	}{
		{executed: "", trusted: never, want: ""},
		{refused: "A", want: "_other"},
		{executed: "A", trusted: never, want: "A"},
		{refused: "A", want: "A"},
		{executed: "B", trusted: never, want: "B"},
		{executed: "C", trusted: never, want: "_other"},
		{executed: "T", trusted: always, want: "T"},
		{executed: "T", trusted: never, want: "T"}, // by its name
		{refused: "T", want: "T"},
		{later: idle / 2, executed: "A", trusted: never, want: "A"},
		{later: idle / 2, executed: "C", trusted: never, want: "C"}, // in place of B
		{executed: "B", trusted: never, want: "_other"},
		{later: idle, executed: "B", trusted: never, want: "B"},      // in place of A
		{later: idle, executed: "D", trusted: never, want: "_other"}, // places have changed hands often enough
		{executed: "C", trusted: never, want: "C"},
	} {
		clock = clock.Add(step.later)
		got := n.known(step.refused)
		if step.trusted != nil {
			got = n.executed(step.executed, step.trusted)
		}
		if got != step.want {
			t.Errorf("step %d: got %q, want %q", i, got, step.want)
		}
	}
}

// TestOperationNamesAreBounded: however many are made up, and however long that goes on.
func TestOperationNamesAreBounded(t *testing.T) {
	t.Parallel()
	const size = 200
	clock := time.Unix(0, 0)
	n := newOperationNames(size)
	n.now = func() time.Time { return clock }
	told := map[string]bool{}
	for i := range 10_000 {
		if i%100 == 0 {
			clock = clock.Add(2 * idle)
		}
		told[n.executed(fmt.Sprintf("Random%d", i), func() bool { return false })] = true
	}
	if len(told) > 2*size+1 {
		t.Errorf("%d names are told apart, want %d and one for all others at most", len(told), 2*size)
	}
}
