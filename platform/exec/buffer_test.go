package exec_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/mainstem/mainstem/platform/exec"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/model"
)

// TestBuffers have the data appended, again and again.
func TestBuffers(t *testing.T) {
	t.Parallel()
	g := compile(fakes{lion: oneLion, lions: nLions}, exec.Options{})
	b := &exec.Buffer{Bytes: append(make([]byte, 0, 1000), `{"data":`...)}
	first := &b.Bytes[0]
	ctx := exec.WithBuffer(t.Context(), b)
	for _, key := range []int{1, 2, 3} {
		got := g.answer(ctx, t, request{query: fmt.Sprintf(`{ lion(key: %d) { legs } }`, key)})
		want := fmt.Sprintf(`{"lion":{"legs":%d}}`, key)
		check(t, got, want)
		if string(b.Bytes) != `{"data":`+want || &b.Bytes[0] != first || &got.Data[0] != &b.Bytes[8] {
			t.Errorf("the buffer has %s, where it was: %v", b.Bytes, &b.Bytes[0] == first)
		}
		b.Bytes = b.Bytes[:8]
	}
	got := g.answer(ctx, t, request{query: `{ lions(first: 100) { legs diet: __typename } }`})
	if n := strings.Count(string(b.Bytes), "Lion"); n != 100 || !strings.HasPrefix(string(b.Bytes), `{"data":{"lions":[{"legs":0`) || string(b.Bytes[8:]) != string(got.Data) {
		t.Errorf("a buffer that was too small has %d lions: %s", n, b.Bytes)
	}
}

// TestBuffersOfAnswersWithoutData have null behind what was in them.
func TestBuffersOfAnswersWithoutData(t *testing.T) {
	t.Parallel()
	g := compile(fakes{lions: nLions, tag: func(_ context.Context, objs []*model.Lion) ([]string, error) {
		return nil, fmt.Errorf("none of %d", len(objs))
	}}, exec.Options{})
	b := &exec.Buffer{Bytes: []byte("before ")}
	got := g.answer(exec.WithBuffer(t.Context(), b), t, request{query: `{ lions(first: 50) { legs tag } }`})
	if string(got.Data) != "null" || string(b.Bytes) != "before null" || len(got.Errors) != 50 {
		t.Errorf("got %s, in %s, and %d errors", got.Data, b.Bytes, len(got.Errors))
	}
}

// TestSharedAnswersAreInNoBuffer: others read them while the first sends his.
func TestSharedAnswersAreInNoBuffer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSlow(t)
		buffers := []*exec.Buffer{{Bytes: []byte("a")}, {Bytes: []byte("b")}}
		answers := make([]<-chan *graphql.Response, 2)
		for i, b := range buffers {
			answers[i] = s.send(exec.WithBuffer(from(t.Context(), "a"), b), t, request{query: `{ lion(key: 1) { legs } }`})
		}
		got := []*graphql.Response{<-answers[0], <-answers[1]}
		for i, b := range buffers {
			b.Bytes = append(b.Bytes, "overwritten by what comes next"...)
			check(t, got[i], `{"lion":{"legs":1}}`)
		}
		if s.calls.Load() != 1 {
			t.Error("they were not shared")
		}
	})
}

// TestAnswersWithoutABuffer are each in memory of their own, which is not written to again.
func TestAnswersWithoutABuffer(t *testing.T) {
	t.Parallel()
	g := compile(fakes{lions: nLions}, exec.Options{})
	var answers [][]byte
	for n := range 20 {
		got := g.answer(t.Context(), t, request{query: `query($n: Int) { lions(first: $n) { legs } }`, variables: map[string]any{"n": n % 7}})
		answers = append(answers, got.Data)
		_ = append(got.Data, "whoever appends to it"...)
	}
	for n, data := range answers {
		want := `{"lions":[` + strings.Join(numbered(n%7, `{"legs":%d}`), ",") + `]}`
		if string(data) != want {
			t.Errorf("answer %d has become %s", n, data)
		}
	}
}

// TestWhatIsLateIsNotInTheBuffer when the deadline has passed.
func TestWhatIsLateIsNotInTheBuffer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := compile(fakes{lions: nLions, where: func(_ context.Context, l *model.Lion) (*string, error) {
			time.Sleep(time.Duration(l.Legs) * time.Second)
			return must("here"), nil
		}}, exec.Options{})
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		b := &exec.Buffer{}
		g.answer(exec.WithBuffer(ctx, b), t, request{query: `{ lions(first: 4) { where } }`})
		before := slices.Clone(b.Bytes)
		time.Sleep(time.Hour)
		if want := `{"lions":[{"where":"here"},{"where":"here"},{"where":null},{"where":null}]}`; string(before) != want || string(b.Bytes) != want {
			t.Errorf("got %s, and later %s", before, b.Bytes)
		}
	})
}

// TestOneLargeAnswer does not make all that follow large: how much memory an answer begins with is guessed by those before it.
func TestOneLargeAnswer(t *testing.T) {
	t.Parallel()
	g := compile(fakes{lions: nLions}, exec.Options{})
	ask := func(n int) []byte {
		return g.answer(t.Context(), t, request{query: `query($n: Int) { lions(first: $n) { legs } }`, variables: map[string]any{"n": n}}).Data
	}
	large := len(ask(100_000))
	for range 100 {
		ask(3)
	}
	if got := ask(3); cap(got) > large/1000 {
		t.Errorf("an answer of %d bytes has %d, after one of %d", len(got), cap(got), large)
	}
}
