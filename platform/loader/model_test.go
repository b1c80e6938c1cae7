package loader_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"pgregory.net/rapid"
)

// plan is what a step does: its actions one after the other, then the steps that it makes possible.
type plan struct {
	id      int
	actions []action
	then    []*plan
}

// action is one of: to load lists of keys, all asked for before the first is waited for; to wait for a service, or where nobody can see it;
// to do several things in parallel.
type action struct {
	load     []list
	wait     string
	unseen   bool
	parallel []*plan
}

type list struct {
	loader string
	keys   []string
}

// planned draws a plan. ids counts those that were drawn.
func planned(t *rapid.T, depth int, ids *int) *plan {
	*ids++
	p := &plan{id: *ids}
	for range rapid.IntRange(0, 3).Draw(t, "actions") {
		var a action
		switch kind := rapid.IntRange(0, 9).Draw(t, "kind"); {
		case kind < 6 || depth == 0 && kind == 9:
			for range rapid.IntRange(1, 2).Draw(t, "lists") {
				a.load = append(a.load, list{
					rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "loader"),
					rapid.SliceOfN(rapid.SampledFrom([]string{"1", "2", "3", "4", "5", "6", "7", "8", "", failing, faulty, panicking}), 0, 4).Draw(t, "keys"),
				})
			}
		case kind < 9:
			*ids++
			a.wait, a.unseen = fmt.Sprintf("wait %03d", *ids), kind == 8
		default:
			for range rapid.IntRange(0, 3).Draw(t, "parallel") {
				a.parallel = append(a.parallel, planned(t, 0, ids))
			}
		}
		p.actions = append(p.actions, a)
	}
	if depth > 0 {
		for range rapid.IntRange(0, 3).Draw(t, "then") {
			p.then = append(p.then, planned(t, depth-1, ids))
		}
	}
	return p
}

// model says what is to happen, one thing after the other.
type model struct {
	maxBatch int
	ready    []*runner           // who can go on
	stalled  int                 // how many run, for all that anybody can see, and do not
	keys     map[string]string   // the state of each loader and key: pending, the name of a call, or done
	outcome  map[string]string   // of those that are done
	pending  map[string][]string // keys that wait to be asked for, by loader
	open     map[string]func()   // what happens when an answer comes
	loading  map[int]*runner     // who waits for keys, by id
}

const (
	pending = "pending"
	done    = "done"
)

// runner is a step, or a part of one that runs in parallel.
type runner struct {
	*plan
	at    int  // the action
	list  int  // of those that the action loads
	asked bool // for the action's keys
	parts int  // that the action waits for
	of    *runner
}

func newModel(maxBatch int) *model {
	return &model{
		maxBatch: maxBatch, keys: map[string]string{}, outcome: map[string]string{}, pending: map[string][]string{},
		open: map[string]func(){}, loading: map[int]*runner{},
	}
}

func (m *model) begin(of *runner, plans ...*plan) {
	for _, p := range plans {
		m.ready = append(m.ready, &runner{plan: p, of: of})
	}
}

// settle runs who can go on until nobody can, and has the batches leave if nobody seems to run.
func (m *model) settle() []string {
	for len(m.ready) > 0 {
		r := m.ready[0]
		m.ready = m.ready[1:]
		m.run(r)
	}
	if m.stalled == 0 {
		m.leave()
	}
	return slices.Sorted(maps.Keys(m.open))
}

func (m *model) run(r *runner) {
	for ; r.at < len(r.actions); r.next() {
		switch a := r.actions[r.at]; {
		case a.load != nil:
			if !m.load(r, a.load) {
				m.loading[r.id] = r
				return
			}
		case a.wait != "":
			if a.unseen {
				m.stalled++
			}
			m.open[a.wait] = func() {
				if a.unseen {
					m.stalled--
				}
				r.next()
				m.ready = append(m.ready, r)
			}
			return
		case len(a.parallel) > 0:
			r.parts = len(a.parallel)
			m.begin(r, a.parallel...)
			return
		}
	}
	m.begin(nil, r.then...)
	m.end(r)
}

func (r *runner) next() { r.at, r.list, r.asked = r.at+1, 0, false }

// end ends a runner. The last of several parallel parts has the whole go on.
func (m *model) end(r *runner) {
	if r.of == nil {
		return
	}
	if r.of.parts--; r.of.parts == 0 {
		r.of.next()
		m.ready = append(m.ready, r.of)
	}
}

// load says whether all keys are done.
func (m *model) load(r *runner, lists []list) bool {
	if !r.asked {
		r.asked = true
		for _, l := range lists {
			for _, k := range l.keys {
				if k != "" && m.keys[l.loader+" "+k] == "" {
					m.keys[l.loader+" "+k] = pending
					m.pending[l.loader] = append(m.pending[l.loader], k)
				}
			}
		}
	}
	for ; r.list < len(lists); r.list++ {
		l := lists[r.list]
		for _, k := range l.keys {
			if k != "" && m.keys[l.loader+" "+k] != done {
				return false
			}
		}
	}
	return true
}

// leave makes calls of the keys that wait.
func (m *model) leave() {
	for loader, keys := range m.pending {
		slices.Sort(keys)
		for part := range slices.Chunk(keys, m.maxBatch) {
			name := fmt.Sprint(loader, part)
			for _, k := range part {
				m.keys[loader+" "+k] = name
			}
			m.open[name] = func() { m.answered(loader, part) }
		}
	}
	clear(m.pending)
}

// answered has who has everything now go on.
func (m *model) answered(loader string, keys []string) {
	for _, k := range keys {
		m.keys[loader+" "+k] = done
		m.outcome[loader+" "+k] = "value of " + k
		if k == faulty || slices.Contains(keys, failing) || slices.Contains(keys, panicking) {
			m.outcome[loader+" "+k] = "fault"
		}
	}
	for id, r := range m.loading {
		if m.load(r, r.actions[r.at].load) {
			delete(m.loading, id)
			m.ready = append(m.ready, r)
		}
	}
}

// answer has answers come at once.
func (m *model) answer(names ...string) {
	for _, name := range names {
		come := m.open[name]
		delete(m.open, name)
		come()
	}
}

// cancel ends one of those who wait for keys, and gives its id; zero if nobody does.
func (m *model) cancel(which int) int {
	if len(m.loading) == 0 {
		return 0
	}
	ids := slices.Sorted(maps.Keys(m.loading))
	id := ids[which%len(ids)]
	r := m.loading[id]
	delete(m.loading, id)
	m.end(r)
	return id
}

// describe tells of a plan, for a test that fails.
func (p *plan) describe() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d(", p.id)
	for _, a := range p.actions {
		fmt.Fprintf(&b, " %v%s", a.load, a.wait)
		for _, part := range a.parallel {
			fmt.Fprintf(&b, " | %s", part.describe())
		}
	}
	for _, next := range p.then {
		fmt.Fprintf(&b, " -> %s", next.describe())
	}
	return b.String() + ")"
}
