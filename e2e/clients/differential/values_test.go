package differential_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// The numbers and strings that are read in different ways by those who are not careful. IDs with more digits than JavaScript has are not
// among them: remaining says why.
var (
	numbers = []string{
		"0", "-0", "1", "-1", "1.0", "1.5", "1e2", "1E2", "1e-2", "100e-2", "2147483647", "2147483648", "-2147483648", "-2147483649", "2147483647.0", "2147483648.0", "2147483647.5",
		"4294967296", "0.0", "-0.0", "0e0", "1e20", "1e21", "1e-400", "0.1e1", "10000000000e-10", "1.7976931348623157e308", "5e-324",
	}
	noNumbers = []string{"00", "01", "-01", "1.", ".5", "1e", "1e+", "+1", "--1", "1_000", "0x10", "1.e1", "1.0.0", "1a", "-", "1...2"}
	strs      = []string{
		`""`, `"RED"`, `"a\u00e9"`, `"\u{1F600}"`, `"\u{0}"`, `"\u{10FFFF}"`, `"\u{110000}"`, `"\u{D800}"`, `"\u{}"`, `"\u{00000000041}"`, `"\uD83D\uDE00"`, `"\uD83D"`, `"\uDE00\uD83D"`,
		`"\uD83D\u{DE00}"`, `"\x"`, `"\'"`, `"\/\b\f\n\r\t\\\""`, `"é😀"`, `"#no comment"`, "\"a\nb\"", `""""""`, `"""a"""`, "\"\"\"\n  a\n    b\n  c\n\"\"\"", "\"\"\"  a\n  b\"\"\"",
		"\"\"\"\r\n\ta\r\n\tb\r\n\"\"\"", `"""\""""""`, "\"\"\"\\u0041 \\n\"\"\"", "\"\"\"\n\n \n\"\"\"", "\"\"\"a\n\n  b\n \"\"\"", "\"\"\"\u00a0a\n\u00a0b\"\"\"", "\"\"\"\ra\n\r b\"\"\"",
		"\"\"\"x\n\t\ty\n\t z\"\"\"", "\"\"\"a\u2028  b\"\"\"",
	}
	jsonStrs = []string{`""`, `"RED"`, `"red"`, `"1"`, `"true"`, `"é"`, `"\ud83d\ude00"`, `"\u0000"`, `"a\nb"`, `"__proto__"`}
	fieldsOf = map[string][]string{ // of lab's inputs, with their types
		"In":   {"a:Int!", "b:[Int!]", "c:In", "s:String", "f:Float", "id:ID", "e:Colour", "any:Any", "bs:[[Boolean]]"},
		"Need": {"x:Int!", "x:Int!", "y:Int!", "z:Int"},
		"One":  {"a:Int", "b:String", "n:Need", "l:[Int]"},
	}
	scalars = []string{"Int", "Float", "String", "Boolean", "ID", "Colour", "Any"}
)

// writer writes random values: of JSON, or of a document. Most are of the type that is asked for.
type writer struct {
	*rand.Rand
	document  bool
	variables []string
}

func (w writer) of(list ...string) string { return list[w.IntN(len(list))] }

func (w writer) value(t string, depth int) string {
	t = strings.TrimSuffix(t, "!")
	switch {
	case w.IntN(20) == 0:
		return "null"
	case w.IntN(19) == 0:
		return w.scalar(w.of(scalars...))
	case w.document && len(w.variables) > 0 && w.IntN(4) == 0:
		return "$" + w.of(w.variables...)
	case strings.HasPrefix(t, "["):
		return w.list(t[1:len(t)-1], depth)
	case fieldsOf[t] != nil:
		return w.object(t, depth)
	}
	return w.scalar(t)
}

func (w writer) list(elem string, depth int) string {
	if w.IntN(5) == 0 {
		return w.value(elem, depth)
	}
	items := make([]string, w.IntN(4))
	for i := range items {
		items[i] = w.value(elem, depth+1)
	}
	return "[" + strings.Join(items, ",") + "]"
}

func (w writer) object(t string, depth int) string {
	fields := slices.Clone(fieldsOf[t])
	w.Shuffle(len(fields), func(i, j int) { fields[i], fields[j] = fields[j], fields[i] })
	n := 1
	if t != "One" || w.IntN(4) == 0 {
		n = w.IntN(len(fields))
	}
	if depth > 4 {
		n = 0
	}
	if w.IntN(16) == 0 {
		fields = slices.Insert(fields, 0, w.of("zzz", "A", "__proto__", "constructor", "toString")+":Int")
	}
	written := make([]string, n)
	for i := range written {
		name, of, _ := strings.Cut(fields[i], ":")
		if !w.document {
			name = `"` + name + `"`
		}
		written[i] = name + ":" + w.value(of, depth+1)
	}
	return "{" + strings.Join(written, ",") + "}"
}

func (w writer) scalar(t string) string {
	texts := jsonStrs
	if w.document {
		texts = strs
	}
	switch t {
	case "Int", "Float":
		if w.document && w.IntN(8) == 0 {
			return w.of(noNumbers...)
		}
		return w.of(numbers...)
	case "Boolean":
		return w.of("true", "false")
	case "Colour":
		if w.document {
			return w.of("RED", "GREEN", "red", `"RED"`)
		}
		return w.of(`"RED"`, `"GREEN"`, `"red"`, `["RED"]`)
	case "Any":
		return w.of(w.of(numbers...), w.of(texts...), "[]", "{}", "[[1],[2.5,null]]")
	case "ID":
		return w.of(w.of(numbers...), w.of(texts...))
	}
	return w.of(texts...)
}

// randomValues gives a request with variables and literals of lab's input types.
func randomValues(r *rand.Rand) request {
	types := append([]string{"In", "Need", "One", "[One!]", "[Int!]", "[[Int]]", "[String]"}, scalars...)
	given, literals := writer{Rand: r}, writer{Rand: r, document: true}
	var declared, used, names []string
	variables := map[string]any{}
	for i := range 1 + r.IntN(3) {
		t, name := given.of(types...), string(rune('a'+i))
		of := t + given.of("", "", "", "!")
		declaration := "$" + name + ":" + of
		if r.IntN(4) == 0 {
			declaration += "=" + literals.value(of, 1)
		}
		declared, names = append(declared, declaration), append(names, name)
		if r.IntN(5) > 0 {
			variables[name] = parsed(given.value(of, 0))
		}
		used = append(used, fmt.Sprintf("u%d:i(%s:$%s)", i, arguments[t], name))
	}
	literals.variables = names
	for i := range r.IntN(3) {
		t := given.of(types...)
		used = append(used, fmt.Sprintf("v%d:i(%s:%s)", i, arguments[t], literals.value(t, 0)))
	}
	return request{Query: "query(" + strings.Join(declared, " ") + "){" + strings.Join(used, " ") + "}", Variables: variables}
}

// TestRandomValues: literals and variables of all input types are read as graphql-js reads them, however they are written.
func TestRandomValues(t *testing.T) {
	t.Parallel()
	_, engine := load(t, lab)
	requests := make([]request, 2**number)
	for i := range requests {
		requests[i] = randomValues(rand.New(rand.NewPCG(*seed+uint64(i), 1)))
	}
	steps, wrong := map[string]int{}, 0
	for i, v := range theirs(t, lab, requests) {
		got, old, current := ours(t, engine, requests[i]), v["16"], v["17"]
		steps[got.Refused]++
		diff := differs(got, current)
		if diff == "" || differs(got, old) == "" || overlooked(got) {
			continue
		}
		if wrong++; wrong <= 10 {
			text, err := json.Marshal(requests[i].Variables)
			t.Errorf("seed %d: %s\nours: %s\n16:   %s\n17:   %s\n%s\n%s, %v", *seed+uint64(i), diff, got, old, current, requests[i].Query, text, err)
		}
	}
	t.Logf("%d requests: %v; %d differ", len(requests), steps, wrong)
	for _, step := range []string{"", "parse", "validate", "coerce"} {
		if steps[step] < *number/20 {
			t.Errorf("%d requests only have the verdict %q: is anything compared?", steps[step], step)
		}
	}
}

// overlooked says whether all that is wrong is what graphql-js overlooks where an object stands for a list of one; see remaining.
func overlooked(v verdict) bool {
	return v.Refused == "validate" && !slices.ContainsFunc(v.Messages, func(m string) bool { return !strings.Contains(m, "must be non-nullable to be used for OneOf") })
}
