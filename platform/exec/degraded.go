package exec

import (
	"context"
	"slices"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/mainstem/mainstem/platform/fault"
)

// degraded are the degraded values of an answer, in its order.
type degraded []degradedValue

type degradedValue struct {
	at      int // where it stands in the buffer
	field   *Field
	indices []int
	source  string
	how     string
	age     time.Duration
}

// until gives those that stand before a place of the buffer, which ends there from now on.
func (d degraded) until(at int) degraded {
	for len(d) > 0 && d[len(d)-1].at >= at {
		d = d[:len(d)-1]
	}
	return d
}

// maxDegraded is how many degraded values an answer names.
const maxDegraded = 1000

// degradedEntry is what clients read of a degraded value; the last one, of how many more there are.
type degradedEntry struct {
	Path   ast.Path `json:"path,omitzero"`
	Source string   `json:"source,omitzero"`
	How    string   `json:"how,omitzero"`
	Age    *float64 `json:"age,omitzero"` // in seconds, of stale values
	More   int      `json:"more,omitzero"`
}

// register puts what is degraded into the answer, if anything is.
func (d degraded) register(ctx context.Context) {
	if len(d) == 0 {
		return
	}
	entries := make([]degradedEntry, 0, min(len(d), maxDegraded+1))
	for _, v := range d[:min(len(d), maxDegraded)] {
		e := degradedEntry{Path: pathOf(v.field, v.indices), Source: v.source, How: v.how}
		if v.how == Stale {
			seconds := float64(v.age.Milliseconds()) / 1000
			e.Age = &seconds
		}
		entries = append(entries, e)
	}
	if more := len(d) - maxDegraded; more > 0 {
		entries = append(entries, degradedEntry{More: more})
	}
	extend(ctx, "degraded", entries)
}

// lose does what the gateway wants for a field that has an error in place of a value. once is what the error is of, nil for its fault: of it
// one error is presented, if it is not reported.
func (w *Writer) lose(f *Field, err error, once any) {
	d := f.info.degraded
	if d == nil || !isDegradable(err) {
		w.Fail(f, err)
		return
	}
	if once == nil {
		once = fault.From(err)
	}
	if d.literal != nil {
		w.instead = d.literal
		w.degrade(f, Default, 0, err, once)
		return
	}
	w.Fail(f, err)
	if d.omit {
		w.degrade(f, Omit, 0, err, once)
	}
}

// degrade notes that the value of a field, which is to be written, is degraded since another was lost.
func (w *Writer) degrade(f *Field, how string, age time.Duration, lost error, once any) {
	v := degradedValue{at: len(w.buf), field: f, indices: slices.Clone(w.indices), how: how, age: age, source: fault.From(lost).Source}
	if v.source == "" && len(f.info.sources) == 1 {
		v.source = f.info.sources[0]
	}
	w.degraded = append(w.degraded, v)
	if how == Omit || w.presented[once] {
		return
	}
	if w.presented == nil {
		w.presented = map[any]bool{}
	}
	w.presented[once] = true
	w.aside(f, lost)
}

// aside has an error presented that the answer does not have: who runs the gateway is to learn of it as of any other.
func (w *Writer) aside(f *Field, err error) {
	ctx, failed := w.ctx, w.failed
	w.ctx = graphql.WithFreshResponseContext(ctx)
	w.Fail(f, err)
	w.ctx, w.failed = ctx, failed
}
