package limit

import (
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// trail says of what object types fields were selected on the way to a place, since the last place that all fields of the set share. There is
// one trail for each way.
type trail struct {
	above *trail
	on    string // an object type; empty for what may be any
	id    int    // counted from 1; 0 as part of a key
}

// exclusive says whether two ways, equally long, are never both taken by an object of the answer and those that it is in.
func exclusive(a, b *trail) bool {
	for ; a != b; a, b = a.above, b.above {
		if a.on != b.on && a.on != "" && b.on != "" {
			return true
		}
	}
	return false
}

// after gives the trail of a field of a type at the end of a trail.
func (o *overlap) after(above *trail, def *ast.Definition) *trail {
	key := trail{above: above}
	if def != nil && def.Kind == ast.Object {
		key.on = def.Name
	}
	if t := o.trails[key]; t != nil {
		return t
	}
	t := &trail{above, key.on, len(o.trails) + 1}
	o.trails[key] = t
	return t
}

// signature gives a number for what is selected below a field: the same one for fields that select nothing but the same fragments.
func (o *overlap) signature(f *ast.Field) int {
	if s, known := o.signatures[f]; known {
		return s
	}
	s := len(o.signatures) + len(o.spreads) + 1
	if names, only := onlySpreads(f.SelectionSet, nil); only {
		slices.Sort(names)
		key := strings.Join(slices.Compact(names), " ")
		if same, known := o.spreads[key]; known {
			s = same
		} else {
			o.spreads[key] = s
		}
	}
	o.signatures[f] = s
	return s
}

// onlySpreads gives the fragments that a selection set spreads, and says whether it has nothing else.
func onlySpreads(set ast.SelectionSet, names []string) ([]string, bool) {
	for _, s := range set {
		only := false
		switch s := s.(type) {
		case *ast.FragmentSpread:
			names, only = append(names, s.Name), true
		case *ast.InlineFragment:
			names, only = onlySpreads(s.SelectionSet, names)
		}
		if !only {
			return nil, false
		}
	}
	return names, true
}

// set looks at what is selected below fields of one place.
func (o *overlap) set(parents []*occurrence) {
	parents = o.distinct(parents)
	same := true // whether all came the same way: then it does not matter which
	for _, p := range parents {
		same = same && p.trail == parents[0].trail
	}
	if o.known(parents, same) {
		return
	}
	c := collected{overlap: o, groups: map[string][]*occurrence{}, seen: map[spread]bool{}}
	for _, p := range parents {
		var t *trail
		if !same {
			t = p.trail
		}
		c.collect(p, t, p.field.SelectionSet)
	}
	for _, name := range c.names {
		o.group(c.groups[name])
	}
}

// distinct leaves out fields that add nothing: what is selected below them is selected below others too, which can be met wherever they can.
func (o *overlap) distinct(parents []*occurrence) []*occurrence {
	if len(parents) == 1 {
		return parents
	}
	var list []*occurrence
	bySignature := map[int][]*trail{}
	for _, p := range parents {
		s := o.signature(p.field)
		if !o.covered(bySignature[s], p.trail) {
			bySignature[s] = append(bySignature[s], p.trail)
			list = append(list, p)
		}
	}
	if len(bySignature) == 1 { // what is apart on two ways stands together on each of them
		return list[:1]
	}
	return slices.DeleteFunc(list, func(p *occurrence) bool {
		return slices.ContainsFunc(bySignature[o.signature(p.field)], func(t *trail) bool { return t != p.trail && covers(t, p.trail) })
	})
}

func (o *overlap) covered(by []*trail, t *trail) bool {
	for _, other := range by {
		o.v.work()
		if covers(other, t) {
			return true
		}
	}
	return false
}

// covers says whether a way is taken whenever another one, equally long, is taken.
func covers(a, b *trail) bool {
	for ; a != b; a, b = a.above, b.above {
		if a.on != b.on && a.on != "" {
			return false
		}
	}
	return true
}

// known says whether the set below fields has been looked at, and notes that it has.
func (o *overlap) known(parents []*occurrence, same bool) bool {
	keys := make([]string, len(parents))
	for i, p := range parents {
		keys[i] = strconv.Itoa(o.signature(p.field))
		if !same {
			keys[i] += ":" + strconv.Itoa(p.trail.id)
		}
	}
	slices.Sort(keys)
	key := strings.Join(keys, " ")
	if o.sets[key] {
		return true
	}
	o.sets[key] = true
	return false
}

// collected are the fields of a set by response name.
type collected struct {
	*overlap
	groups map[string][]*occurrence
	names  []string // in the document's order
	seen   map[spread]bool
}

// spread is a fragment that was spread somewhere.
type spread struct {
	name  string
	trail *trail
}

func (c *collected) collect(above *occurrence, t *trail, set ast.SelectionSet) {
	for _, s := range set {
		c.v.work()
		switch s := s.(type) {
		case *ast.Field:
			known := c.groups[s.Alias]
			if known == nil {
				c.names = append(c.names, s.Alias)
			}
			c.groups[s.Alias] = append(known, &occurrence{s, c.after(t, s.ObjectDefinition), above})
		case *ast.InlineFragment:
			c.collect(above, t, s.SelectionSet)
		case *ast.FragmentSpread:
			if key := (spread{s.Name, t}); s.Definition != nil && !c.seen[key] {
				c.seen[key], c.spread[s.Name] = true, true
				c.collect(above, t, s.Definition.SelectionSet)
			}
		}
	}
}
