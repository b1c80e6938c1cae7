package exectest

import (
	"errors"
	"fmt"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/mainstem/mainstem/platform/exec"
)

// whole merges a fragment that is delivered as it stands: once, at its own object, with what was delivered before as it was.
func (m *Merged) whole(p exec.Part, object, data *value) error {
	if len(p.SubPath) > 0 || m.delivered[p.ID] {
		return errors.New("it is not all of it, in one part")
	}
	m.delivered[p.ID] = true
	return m.again(p.Path, object, data)
}

// again merges an object into one that may have some of its fields. Of a null and something else at the same place the answer without @defer
// has the null: fields that come with one of both have taken it.
func (m *Merged) again(path ast.Path, object, data *value) error {
	for i, key := range data.keys {
		below, next := slices.Concat(path, ast.Path{ast.PathName(key)}), data.children[i]
		at := slices.Index(object.keys, key)
		if at < 0 {
			object.keys, object.children = append(object.keys, key), append(object.children, next)
			continue
		}
		if err := m.same(below, object.children[at], next); err != nil {
			return err
		}
	}
	return nil
}

// same merges what stands at a path with what stands there already.
func (m *Merged) same(path ast.Path, known, next *value) error {
	switch {
	case known.text == "<nil>" && next.text == "<nil>":
		return nil
	case known.text == "<nil>", next.text == "<nil>":
		m.taken = append(m.taken, path)
		return nil
	case known.kind != next.kind || known.text != next.text || known.kind == '[' && len(known.children) != len(next.children):
		return fmt.Errorf("%s: it was %s, and is %s", path, known, next)
	case known.kind == '{':
		return m.again(path, known, next)
	}
	for i, element := range next.children {
		if err := m.same(slices.Concat(path, ast.Path{ast.PathIndex(i)}), known.children[i], element); err != nil {
			return err
		}
	}
	return nil
}

// took says whether what stands at a path, or around it, is taken by a null.
func (m *Merged) took(path ast.Path) bool {
	return slices.ContainsFunc(m.taken, func(taken ast.Path) bool { return under(taken, path) })
}
