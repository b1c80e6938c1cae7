package persisted

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestManifests(t *testing.T) {
	t.Parallel()
	const head = `{"format": "apollo-persisted-query-manifest", "version": 1, `
	for reason, test := range map[string]struct {
		text  string
		want  map[string]string
		wrong string // the error, or how it begins
	}{
		"Relay's":                     {`{"0cc1": "query A { a }", "92eb": "query B { b }"}`, map[string]string{"0cc1": "query A { a }", "92eb": "query B { b }"}, ""},
		"Apollo's":                    {head + `"operations": [{"id": "x", "name": "A", "type": "query", "body": "query A { a }"}]}`, map[string]string{"x": "query A { a }"}, ""},
		"Apollo's, in another order":  {`{"operations": [{"body": "{a}", "id": "x"}], "version": 1, "format": "apollo-persisted-query-manifest"}`, map[string]string{"x": "{a}"}, ""},
		"Apollo's, of a newer tool":   {head + `"by": {"tool": 2}, "operations": [{"id": "x", "body": "{a}", "clientName": "web"}]}`, map[string]string{"x": "{a}"}, ""},
		"a document by two ids":       {`{"x": "{a}", "y": "{a}"}`, map[string]string{"x": "{a}", "y": "{a}"}, ""},
		"the same document twice":     {head + `"operations": [{"id": "x", "body": "{a}"}, {"id": "x", "body": "{a}"}]}`, map[string]string{"x": "{a}"}, ""},
		"several operations in one":   {`{"x": "query A {a} mutation B {b} fragment F on C {d}"}`, map[string]string{"x": "query A {a} mutation B {b} fragment F on C {d}"}, ""},
		"nothing":                     {"", nil, "1:1: unexpected EOF"},
		"space":                       {"\n\n ", nil, "3:2: unexpected EOF"},
		"no JSON":                     {"{\n  \"x\": {a}\n}", nil, "2:9: invalid character 'a'"},
		"cut off":                     {"{\n  \"x\": \"{a}\",\n  \"y", nil, "3:5: unexpected EOF"},
		"cut off within the list":     {head + "\n\"operations\": [\n{\"id\": \"x\"", nil, "3:11: unexpected EOF"},
		"something after it":          {"{\"x\": \"{a}\"}\n{}", nil, "2:1: there is something after its end"},
		"a list":                      {`["{a}"]`, nil, "1:1: a manifest is a JSON object"},
		"a text":                      {`"{a}"`, nil, "1:1: a manifest is a JSON object"},
		"no documents":                {`{}`, nil, "1:1: there are no documents"},
		"no operations":               {head + `"operations": []}`, nil, "1:1: there are no documents"},
		"an id twice":                 {"{\"x\": \"{a}\",\n \"x\": \"{b}\"}", nil, "2:2: duplicate object member name"},
		"an id twice, of Apollo's":    {head + "\"operations\": [{\"id\": \"x\", \"body\": \"{a}\"},\n {\"id\": \"x\", \"body\": \"{b}\"}]}", nil, `2:2: the id "x" has another document already`},
		"another format":              {"{\"format\":\n \"another\", \"version\": 1, \"operations\": []}", nil, "2:2: `format` must be \"apollo-persisted-query-manifest\""},
		"a format that is a number":   {"{\"format\":\n 1}", nil, "2:2: `format` must be"},
		"another version":             {"{\"format\": \"apollo-persisted-query-manifest\",\n\"version\": 2, \"operations\": []}", nil, "2:12: `version` must be 1"},
		"no version":                  {`{"format": "apollo-persisted-query-manifest", "operations": []}`, nil, "1:1: `version` must be 1"},
		"no format":                   {`{"version": 1, "operations": []}`, nil, "1:1: `format` must be"},
		"a body that is a number":     {head + "\"operations\": [\n  {\"id\": \"x\", \"body\": 1}]}", nil, "2:23: `body` has the wrong type"},
		"an operation that is a text": {head + "\"operations\": [\n  \"{a}\"]}", nil, "2:3: a document must be an object"},
		"an operation without an id":  {head + "\"operations\": [\n  {\"body\": \"{a}\"}]}", nil, "2:3: a document has no id"},
		"an operation without a body": {head + "\"operations\": [\n  {\"id\": \"x\"}]}", nil, "2:3: the document \"x\": it has no operation"},
		"an empty id":                 {`{"": "{a}"}`, nil, "1:6: a document has no id"},
		"an empty document":           {"{\"x\":\n\"\"}", nil, `2:1: the document "x": it has no operation`},
		"fragments alone":             {`{"x": "fragment F on C {d}"}`, nil, `1:7: the document "x": it has no operation`},
		"a document that is none":     {"{\n \"x\": \"{a}\",\n \"y\": \"query B {\\n  b(\"\n}", nil, `3:7: the document "y" goes wrong at 2:5: Expected Name, found <EOF>`},
		"another file":                {`{"name": "shop", "version": "1.0.0", "scripts": {"test": "jest"}}`, nil, "1:49: \"scripts\" must be the text of a document"},
		"another file of texts":       {`{"hello": "Hallo"}`, nil, `1:11: the document "hello" goes wrong at 1:1: Unexpected Name "Hallo"`},
		"columns count characters":    {"{\"äöü€😀\": 1}", nil, "1:11: "},
		"not Unicode":                 {"{\"x\": \"{a(b: \\\"\xff\\\")}\"}", nil, "1:16: invalid UTF-8"},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			m, err := parseManifest([]byte(test.text), nil)
			if test.want == nil {
				if err == nil || !strings.HasPrefix(err.Error(), test.wrong) {
					t.Errorf("got %v, want %s", err, test.wrong)
				}
				return
			}
			if err != nil || len(m.byID) != len(test.want) {
				t.Fatalf("got %v and %v", m, err)
			}
			for id, text := range test.want {
				if m.byID[id] != text || m.byHash[hashOf(text)] != text || !m.has(text) {
					t.Errorf("%s gives %q, want %q", id, m.byID[id], text)
				}
			}
		})
	}
}

// manifests gives ids and documents, and both as Apollo and Relay write them.
func manifests(t *rapid.T) (documents map[string]string, apollo, relay []byte) {
	documents = rapid.MapOfN(rapid.StringN(1, 40, -1), rapid.Custom(func(t *rapid.T) string {
		return fmt.Sprintf("query Q%d { a(b: %s) }", rapid.IntRange(0, 9).Draw(t, "name"), rapid.SampledFrom([]string{`"é"`, `"\n"`, "1", `"""<>&"""`}).Draw(t, "value"))
	}), 1, 20).Draw(t, "documents")
	delete(documents, "format") // by which Relay's manifest would be Apollo's
	if len(documents) == 0 {
		documents["x"] = "{a}"
	}
	type operation struct {
		ID   string `json:"id"`
		Name string `json:"name"`
		Type string `json:"type"`
		Body string `json:"body"`
	}
	var operations []operation
	for id, text := range documents {
		operations = append(operations, operation{id, "Q", "query", text})
	}
	var err error
	if apollo, err = json.MarshalIndent(map[string]any{"format": "apollo-persisted-query-manifest", "version": 1, "operations": operations}, "", "  "); err != nil {
		t.Fatal(err)
	}
	if relay, err = json.MarshalIndent(documents, "", "  "); err != nil {
		t.Fatal(err)
	}
	return documents, apollo, relay
}

// TestEveryManifestIsRead: both formats say the same, and a file that is cut off anywhere is refused with the place where it ends.
func TestEveryManifestIsRead(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		documents, apollo, relay := manifests(rt)
		for _, file := range [][]byte{apollo, relay} {
			m, err := parseManifest(file, nil)
			if err != nil || len(m.byID) != len(documents) {
				rt.Fatalf("%v\n%s", err, file)
			}
			for id, text := range documents {
				if m.byID[id] != text || m.byHash[hashOf(text)] != text || !m.has(text) {
					rt.Fatalf("%q is %q, want %q", id, m.byID[id], text)
				}
			}
			cut := rapid.IntRange(0, len(file)-1).Draw(rt, "cut")
			if _, err := parseManifest(file[:cut], nil); err == nil {
				rt.Fatalf("half a file is taken:\n%s", file[:cut])
			}
		}
	})
}

var placed = regexp.MustCompile(`^([0-9]+):([0-9]+): .`)

func FuzzManifest(f *testing.F) {
	for _, text := range []string{
		`{"0cc1": "query A { a }", "92eb": "query B { b }"}`, `{"format": "apollo-persisted-query-manifest", "version": 1, "operations": [{"id": "x", "name": "A", "type": "query", "body": "{a}"}]}`,
		`{"x": "{a}", "x": "{b}"}`, `{"operations": [1, {"id": 1}], "version": 1e999, "format": null}`, `{"x": 1}`, "{\n\"x\": \"{", `[]`, "\xff", `{"x": "{a}"} x`, `{"\ud800": "{a}"}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := parseManifest(text, nil)
		if err != nil {
			place := placed.FindStringSubmatch(err.Error())
			if place == nil {
				t.Fatalf("without a place: %v", err)
			}
			if line, err := strconv.Atoi(place[1]); err != nil || line > 1+strings.Count(string(text), "\n") {
				t.Errorf("there is no line %s", place[1])
			}
			return
		}
		// What is read strictly reads the same to everybody.
		var members map[string]any
		if err := json.Unmarshal(text, &members); err != nil {
			t.Fatalf("accepted, but encoding/json says %v", err)
		}
		if _, apollo := members["format"]; !apollo {
			for id, text := range members {
				if m.byID[id] != text {
					t.Errorf("%q is %q, but encoding/json reads %q", id, m.byID[id], text)
				}
			}
		}
		for id, text := range m.byID {
			if found, ok := m.find(name{id: id}); !ok || found != text || !m.has(text) || id == "" {
				t.Errorf("%q is not found", id)
			}
		}
	})
}

func BenchmarkManifest(b *testing.B) {
	documents := map[string]string{}
	for i := range 1000 {
		text := fmt.Sprintf("query Q%d {%s }", i, strings.Repeat(" field_of_some_length { id }", 75)) // about 2 KiB
		documents[hashOf(text)] = text
	}
	file, err := json.Marshal(documents)
	if err != nil {
		b.Fatal(err)
	}
	first, err := parseManifest(file, nil)
	if err != nil {
		b.Fatal(err)
	}
	for name, before := range map[string]*manifest{"first": nil, "again": first} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(file)))
			for b.Loop() {
				if _, err := parseManifest(file, before); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
