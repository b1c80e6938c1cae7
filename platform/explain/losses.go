package explain

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/mainstem/mainstem/platform/exec"
)

// losses says what is lost with each source. What is below something that is lost is not told.
func (e *explaining) losses(fields []*exec.OutlineField) {
	var sources []string
	each(fields, func(f *exec.OutlineField) bool {
		for _, s := range f.Sources {
			if !slices.Contains(sources, s) {
				sources = append(sources, s)
			}
		}
		return true
	})
	for _, source := range sources {
		each(fields, func(f *exec.OutlineField) bool {
			if !slices.Contains(f.Sources, source) {
				return true
			}
			l := Loss{Source: source, Path: f.Path, Null: nullOf(f), Maybe: len(f.Sources) > 1, Gives: gives(f)}
			if !slices.Contains(e.plan.Losses, l) {
				e.plan.Losses = append(e.plan.Losses, l)
			}
			return l.Maybe || l.Gives != ""
		})
	}
}

// each visits fields, those below one only if visit says so.
func each(fields []*exec.OutlineField, visit func(f *exec.OutlineField) bool) {
	for _, f := range fields {
		if visit(f) {
			each(f.Below, visit)
		}
	}
}

// gives says what stands in place of a field that is lost, if something does.
func gives(f *exec.OutlineField) string {
	switch {
	case f.Degraded == exec.Stale && f.Instead:
		return fmt.Sprintf("what is kept of it, up to %s old, or its default", short(f.MaxAge))
	case f.Degraded == exec.Stale:
		return fmt.Sprintf("what is kept of it, up to %s old, or null", short(f.MaxAge))
	case f.Degraded == exec.Default:
		return "its default"
	}
	return ""
}

// short gives a duration without zeros at its end: 10m, not 10m0s.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// nullOf gives what becomes null with a field.
func nullOf(f *exec.OutlineField) string {
	if !f.Definition.Type.NonNull {
		return f.Path
	}
	for at := f.Above; at != nil; at = at.Above {
		if null := nullWithObject(at); null != "" {
			return null
		}
	}
	return "data"
}

// nullWithObject gives what becomes null when an object does that a field gives, as far as it is the field's; empty if it is something above.
func nullWithObject(f *exec.OutlineField) string {
	var lists []*ast.Type // from the outermost to the object
	for t := f.Definition.Type; t != nil; t = t.Elem {
		lists = append(lists, t)
	}
	for depth, t := range slices.Backward(lists) {
		if !t.NonNull {
			path := f.Path
			for range depth {
				path += "[]"
			}
			return path
		}
	}
	return ""
}
