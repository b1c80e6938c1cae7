package exec

import (
	"slices"
	"sync/atomic"
)

// view gives what a deferral selects of a selection's objects, whether others have it too or not: what its fragments are delivered as to who wants
// them whole. It is safe for concurrent use.
func (s *Selection) view(p *plan, d *deferral) *Selection {
	p.mu.Lock()
	defer p.mu.Unlock()
	if known := s.views[d]; known != nil {
		return known
	}
	v := &Selection{Deferred: s.Deferred, of: s.of, deferral: d, merged: s}
	for _, f := range s.all {
		if !slices.ContainsFunc(f.occurrences, func(o occurrence) bool { return o.deferral == d }) {
			continue
		}
		own := *f
		own.parent, own.merged, own.on = v, f, make([]atomic.Pointer[Selection], len(f.on))
		v.Fields = append(v.Fields, &own)
	}
	p.fields += len(v.Fields)
	if s.views == nil {
		s.views = map[*deferral]*Selection{}
	}
	s.views[d] = v
	return v
}

// begun gives what is deferred of the object by deferrals that begin there, and are directly within that with which the object was written:
// each of them whole.
func (o deferredObject) begun(p *plan) []*Selection {
	merged := o.selection
	if merged.merged != nil {
		merged = merged.merged
	}
	var list []*Selection
	for _, d := range merged.begin {
		if d.parent == o.selection.deferral {
			list = append(list, merged.view(p, d))
		}
	}
	return list
}

// defers gives the deferrals that want what comes later.
func (s *Selection) defers() []*deferral {
	if s.deferral != nil {
		return []*deferral{s.deferral}
	}
	return s.portion.of
}
