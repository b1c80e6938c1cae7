package persisted

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/parser"
)

// manifest is the documents of a manifest. It is read only, but for what it has noted of others. The nil manifest has none.
type manifest struct {
	byID    map[string]string // texts by the manifest's own ids
	byHash  map[string]string // texts by their SHA-256
	texts   map[string]struct{}
	unknown unknown
}

// find gives the text of a document.
func (m *manifest) find(n name) (string, bool) {
	if m == nil {
		return "", false
	}
	text, ok := m.byID[n.id]
	if !ok {
		text, ok = m.byHash[n.hash]
	}
	return text, ok
}

// has says whether a text is one of the documents'.
func (m *manifest) has(text string) bool {
	if m == nil {
		return false
	}
	_, ok := m.texts[text]
	return ok
}

// What Apollo's manifests say of themselves, in JSON.
const (
	apolloFormat  = `"apollo-persisted-query-manifest"`
	apolloVersion = "1"
)

// entry is a document of a manifest, and where in the file it stands.
type entry struct {
	id, text string
	offset   int
}

// parseManifest reads a manifest: Apollo's, which has a format, or Relay's, an object of texts by their ids. The error says at which line and column it
// goes wrong. Documents that were in the manifest before it, which may be nil, are not checked again: that takes most of the time.
func parseManifest(text []byte, before *manifest) (*manifest, error) {
	r := &manifestReader{text: text}
	if err := r.read(); err != nil {
		return nil, err
	}
	entries, err := r.entries()
	if err != nil {
		return nil, err
	}
	m := &manifest{byID: make(map[string]string, len(entries)), byHash: make(map[string]string, len(entries)), texts: make(map[string]struct{}, len(entries))}
	for _, e := range entries {
		if e.id == "" {
			return nil, r.problem(e.offset, "a document has no id")
		}
		if other, ok := m.byID[e.id]; ok && other != e.text {
			return nil, r.problem(e.offset, "the id %.100q has another document already", e.id)
		}
		if !m.has(e.text) && !before.has(e.text) {
			if err := e.check(); err != nil {
				return nil, r.problem(e.offset, "%w", err)
			}
		}
		m.byID[e.id], m.byHash[hashOf(e.text)], m.texts[e.text] = e.text, e.text, struct{}{}
	}
	return m, nil
}

// check says what is wrong with a document, whatever the schema.
func (e entry) check() error {
	doc, err := parser.ParseQuery(&ast.Source{Input: e.text})
	if syntax, ok := errors.AsType[*gqlerror.Error](err); ok && len(syntax.Locations) > 0 {
		return fmt.Errorf("the document %.100q goes wrong at %d:%d: %s", e.id, syntax.Locations[0].Line, syntax.Locations[0].Column, syntax.Message)
	}
	if err == nil && len(doc.Operations) == 0 {
		err = errors.New("it has no operation")
	}
	if err != nil {
		return fmt.Errorf("the document %.100q: %w", e.id, err)
	}
	return nil
}

// manifestReader reads the JSON of a manifest of either format.
type manifestReader struct {
	text       []byte
	texts      []entry // members of the file whose values are texts: Relay's documents
	operations []entry // Apollo's documents

	apollo              bool   // whether any member is one of Apollo's
	format, version     string // as they are written
	formatAt, versionAt int
	foreign             error // the first member that is of neither format. A newer tool of Apollo's may add some.
}

// entries gives the documents, once all is read.
func (r *manifestReader) entries() ([]entry, error) {
	entries := r.texts
	switch {
	case r.apollo && r.format != apolloFormat:
		return nil, r.problem(r.formatAt, "`format` must be %s; without any, a manifest is an object of texts by their ids", apolloFormat)
	case r.apollo && r.version != apolloVersion:
		return nil, r.problem(r.versionAt, "`version` must be %s", apolloVersion)
	case r.apollo:
		entries = r.operations
	case r.foreign != nil:
		return nil, r.foreign
	}
	if len(entries) == 0 {
		return nil, r.problem(0, "there are no documents")
	}
	return entries, nil
}

func (r *manifestReader) read() error {
	dec := jsontext.NewDecoder(bytes.NewReader(r.text))
	if kind := dec.PeekKind(); kind != '{' && kind != 0 {
		return r.problem(0, "a manifest is a JSON object")
	}
	if _, err := dec.ReadToken(); err != nil {
		return r.unreadable(0, err)
	}
	for dec.PeekKind() != '}' {
		key, err := dec.ReadToken()
		if err != nil {
			return r.unreadable(0, err)
		}
		name := key.String() // a token is good until the next is read
		value, err := dec.ReadValue()
		if err != nil {
			return r.unreadable(0, err)
		}
		if err := r.member(name, value, int(dec.InputOffset())-len(value)); err != nil {
			return err
		}
	}
	if _, err := dec.ReadToken(); err != nil {
		return r.unreadable(0, err)
	}
	if rest := bytes.TrimLeft(r.text[dec.InputOffset():], " \t\r\n"); len(rest) > 0 {
		return r.problem(len(r.text)-len(rest), "there is something after its end")
	}
	return nil
}

// member reads a member of the file, whose value begins at an offset.
func (r *manifestReader) member(name string, value jsontext.Value, offset int) error {
	var err error
	switch {
	case name == "format":
		r.apollo, r.formatAt, r.format = true, offset, string(value)
	case name == "version" && value.Kind() == '0':
		r.apollo, r.versionAt, r.version = true, offset, string(value)
	case name == "operations" && value.Kind() == '[':
		r.apollo = true
		return r.list(value, offset)
	case value.Kind() == '"':
		e := entry{id: name, offset: offset}
		err = json.Unmarshal(value, &e.text)
		r.texts = append(r.texts, e)
	case r.foreign == nil:
		r.foreign = r.problem(offset, "%.100q must be the text of a document", name)
	default:
	}
	if err != nil {
		return r.unreadable(offset, err)
	}
	return nil
}

// list reads Apollo's documents, which begin at an offset.
func (r *manifestReader) list(value jsontext.Value, offset int) error {
	dec := jsontext.NewDecoder(bytes.NewReader(value))
	if _, err := dec.ReadToken(); err != nil {
		return r.unreadable(offset, err)
	}
	for dec.PeekKind() != ']' {
		element, err := dec.ReadValue()
		if err != nil {
			return r.unreadable(offset, err)
		}
		var operation struct {
			ID   string `json:"id"`
			Body string `json:"body"`
		}
		at := offset + int(dec.InputOffset()) - len(element)
		if err := json.Unmarshal(element, &operation); err != nil {
			return r.unreadable(at, err)
		}
		r.operations = append(r.operations, entry{id: operation.ID, text: operation.Body, offset: at})
	}
	return nil
}

// unreadable gives what is wrong with the JSON of what begins at an offset.
func (r *manifestReader) unreadable(offset int, err error) error {
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		return r.problem(offset+int(syntax.ByteOffset), "%w", syntax.Err)
	}
	if semantic, ok := errors.AsType[*json.SemanticError](err); ok && semantic.JSONPointer == "" {
		return r.problem(offset, "a document must be an object with `id` and `body`")
	} else if ok {
		return r.problem(offset+int(semantic.ByteOffset), "`%s` has the wrong type", strings.TrimPrefix(string(semantic.JSONPointer), "/"))
	}
	return r.problem(len(r.text), "%w", io.ErrUnexpectedEOF) // nothing else fails to be read
}

// problem gives what is wrong at an offset, after its line and column.
func (r *manifestReader) problem(offset int, format string, args ...any) error {
	before := r.text[:min(offset, len(r.text))]
	line := 1 + bytes.Count(before, []byte("\n"))
	column := 1 + utf8.RuneCount(before[bytes.LastIndexByte(before, '\n')+1:])
	return fmt.Errorf("%d:%d: %w", line, column, fmt.Errorf(format, args...))
}
