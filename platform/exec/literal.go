package exec

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/vektah/gqlparser/v2/ast"
)

// literal is a value that a gateway names for a field. Only what is selected of it is written.
type literal struct {
	leaf    string              // JSON of a scalar, an enum or null; empty for others
	list    []*literal          // of a list
	object  string              // the type of an object; empty for others
	members map[string]*literal // of an object
}

var null = &literal{leaf: "null"}

// parseLiteral reads JSON that is to fit a type.
func parseLiteral(schema *ast.Schema, t *ast.Type, text string) (*literal, error) {
	value := jsontext.Value(text)
	if !value.IsValid() {
		return nil, errors.New("must be JSON, with each name once in an object")
	}
	return literals{schema}.read(t, value, "")
}

// literals reads the literals of a schema.
type literals struct{ schema *ast.Schema }

// read reads a value that stands somewhere in a literal.
func (ls literals) read(t *ast.Type, value jsontext.Value, at string) (*literal, error) {
	switch {
	case value.Kind() == 'n' && t.NonNull:
		return nil, wrong(at, "must not be null")
	case value.Kind() == 'n':
		return null, nil
	case t.Elem != nil:
		return ls.readList(t.Elem, value, at)
	}
	def := ls.schema.Types[t.NamedType]
	if def.IsCompositeType() {
		return ls.readObject(def, value, at)
	}
	leaf, ok := leafOf(def, value)
	if !ok {
		return nil, wrong(at, "must be of the type %s", def.Name)
	}
	return &literal{leaf: leaf}, nil
}

// wrong says what is wrong at a place of a literal.
func wrong(at, format string, args ...any) error {
	if at != "" {
		at += " "
	}
	return fmt.Errorf("%s"+format, append([]any{at}, args...)...)
}

func (ls literals) readList(elem *ast.Type, value jsontext.Value, at string) (*literal, error) {
	var items []jsontext.Value
	if err := json.Unmarshal(value, &items); err != nil {
		return nil, wrong(at, "must be a list")
	}
	l := &literal{list: make([]*literal, len(items))}
	for i, item := range items {
		var err error
		if l.list[i], err = ls.read(elem, item, fmt.Sprintf("%s[%d]", at, i)); err != nil {
			return nil, err
		}
	}
	return l, nil
}

func (ls literals) readObject(def *ast.Definition, value jsontext.Value, at string) (*literal, error) {
	var members map[string]jsontext.Value
	if err := json.Unmarshal(value, &members); err != nil {
		return nil, wrong(at, "must be an object")
	}
	def, err := ls.typeOf(def, members["__typename"], at)
	if err != nil {
		return nil, err
	}
	delete(members, "__typename")
	l := &literal{object: def.Name, members: make(map[string]*literal, len(def.Fields))}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		f := def.Fields.ForName(name)
		if f == nil {
			return nil, wrong(at, "has %q, which %s has not", name, def.Name)
		}
		if l.members[name], err = ls.read(f.Type, members[name], at+"."+name); err != nil {
			return nil, err
		}
	}
	for _, f := range def.Fields {
		if l.members[f.Name] == nil && f.Type.NonNull {
			return nil, wrong(at, "must have %q, which is never null in %s", f.Name, def.Name)
		}
	}
	return l, nil
}

// typeOf gives the type of an object, which those that may be of several types have to name.
func (ls literals) typeOf(def *ast.Definition, named jsontext.Value, at string) (*ast.Definition, error) {
	if named == nil && !def.IsAbstractType() {
		return def, nil
	}
	var name string
	if named != nil {
		_ = json.Unmarshal(named, &name) // what is no text is no type
	}
	for _, possible := range ls.schema.GetPossibleTypes(def) {
		if possible.Name == name && possible.Kind == ast.Object {
			return possible, nil
		}
	}
	return nil, wrong(at, `must have a "__typename" that %s can be`, def.Name)
}

// leafOf gives the JSON that is written of a scalar or an enum, and whether the value is one. Of a gateway's own scalars it can be anything.
func leafOf(def *ast.Definition, value jsontext.Value) (leaf string, ok bool) {
	value = value.Clone()
	if err := value.Compact(); err != nil {
		return "", false
	}
	kind := value.Kind()
	if def.Kind == ast.Enum {
		var name string
		err := json.Unmarshal(value, &name)
		return strconv.Quote(name), err == nil && def.EnumValues.ForName(name) != nil
	}
	switch def.Name {
	case "Boolean":
		return string(value), kind == 't' || kind == 'f'
	case "Int":
		_, err := strconv.ParseInt(string(value), 10, 32)
		return string(value), err == nil
	case "Float":
		_, err := strconv.ParseFloat(string(value), 64)
		return string(value), kind == '0' && err == nil
	case "String":
		return string(value), kind == '"'
	case "ID":
		if _, err := strconv.ParseInt(string(value), 10, 64); err == nil {
			return `"` + string(value) + `"`, true
		}
		return string(value), kind == '"'
	}
	return string(value), true
}

// literal writes what is selected of a field's literal.
func (w *Writer) literal(f *Field, l *literal) {
	switch {
	case l.leaf != "":
		w.Raw(l.leaf)
	case l.object != "":
		w.literalObject(f, l)
	default:
		start := w.Array()
		for i, item := range l.list {
			w.Next(start, i)
			w.literal(f, item)
		}
		w.EndArray(start, true)
	}
}

// literalObject writes an object of a field's literal. What it does not have is null: what must not be null, it has.
func (w *Writer) literalObject(f *Field, l *literal) {
	concrete := slices.IndexFunc(f.info.concrete, func(o *object) bool { return o.name == l.object })
	w.literalFields(f.On(concrete), l)
}

// literalFields writes what of a literal object comes together, and gives true.
func (w *Writer) literalFields(sel *Selection, l *literal) bool {
	start := w.Object()
	if sel.Deferred != nil {
		w.Defer(sel, func(w *Writer, sel *Selection) bool { return w.literalFields(sel, l) })
	}
	for _, below := range sel.Fields {
		w.Key(start, below)
		switch member := l.members[below.collected.Name]; {
		case below.ID == Typename:
			w.Raw(`"` + l.object + `"`)
		case member != nil:
			w.literal(below, member)
		default:
			w.Null()
		}
	}
	return w.EndObject(start, true)
}
