package exectest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// Compare says how two answers differ: nil if they have equal data, in the same order of keys and with numbers as they are written, and equally
// many errors of each path and class. The order of errors does not matter, nor where they are in the document.
func Compare(want, got *graphql.Response) error {
	if want == nil || got == nil {
		if want == got {
			return nil
		}
		return fmt.Errorf("there is an answer on one side only: want %s, got %s", dataOf(want), dataOf(got))
	}
	return errors.Join(compareData(want.Data, got.Data), compareErrors(want.Errors, got.Errors))
}

// CompareAll compares answers one by one: those of a subscription.
func CompareAll(want, got []*graphql.Response) error {
	for i := range min(len(want), len(got)) {
		if err := Compare(want[i], got[i]); err != nil {
			return fmt.Errorf("answer %d: %w", i, err)
		}
	}
	if len(want) != len(got) {
		return fmt.Errorf("want %d answers, got %d", len(want), len(got))
	}
	return nil
}

func dataOf(r *graphql.Response) string {
	if r == nil {
		return "nothing"
	}
	return string(r.Data)
}

// Class gives what kind of error one is: its code, or else its message. Executors say in words of their own that a value is null which may not
// be.
func Class(err *gqlerror.Error) string {
	if code, ok := err.Extensions["code"].(string); ok {
		return code
	}
	switch {
	case err.Message == "must not be null", strings.HasSuffix(err.Message, "null which the schema does not allow"),
		strings.HasSuffix(err.Message, "null, which the schema does not allow"):
		return "null"
	}
	return err.Message
}

func compareErrors(want, got gqlerror.List) error {
	counts := map[string]int{}
	for _, err := range want {
		counts[err.Path.String()+" "+Class(err)]++
	}
	for _, err := range got {
		counts[err.Path.String()+" "+Class(err)]--
	}
	var lines []string
	for _, key := range slices.Sorted(maps.Keys(counts)) {
		switch n := counts[key]; {
		case n > 0:
			lines = append(lines, fmt.Sprintf("missing error (%d×): %s", n, key))
		case n < 0:
			lines = append(lines, fmt.Sprintf("unexpected error (%d×): %s", -n, key))
		}
	}
	if lines == nil {
		return nil
	}
	return errors.New(strings.Join(lines, "\n"))
}

func compareData(want, got []byte) error {
	w, err := read(want)
	if err != nil {
		return fmt.Errorf("wanted data: %w: %s", err, want)
	}
	g, err := read(got)
	if err != nil {
		return fmt.Errorf("data: %w: %s", err, got)
	}
	return w.compare("data", g)
}

// value is a JSON value in the order of its text.
type value struct {
	kind     json.Delim // '{', '[', or 0 for what is neither
	text     string
	keys     []string
	children []*value
}

// read reads JSON. No data is nil, which is not the same as null.
func read(data []byte) (*value, error) {
	if len(data) == 0 {
		return &value{text: "nothing"}, nil
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	v, err := readValue(d)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more after the end")
	}
	return v, nil
}

func readValue(d *json.Decoder) (*value, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	delim, ok := token.(json.Delim)
	if !ok {
		if text, ok := token.(string); ok {
			return &value{text: strconv.Quote(text)}, nil
		}
		return &value{text: fmt.Sprint(token)}, nil // a number as it is written
	}
	v := &value{kind: delim}
	for d.More() {
		if delim == '{' {
			key, err := d.Token()
			if err != nil {
				return nil, err
			}
			if slices.Contains(v.keys, key.(string)) {
				return nil, fmt.Errorf("the key %q is there twice", key)
			}
			v.keys = append(v.keys, key.(string))
		}
		child, err := readValue(d)
		if err != nil {
			return nil, err
		}
		v.children = append(v.children, child)
	}
	_, err = d.Token() // the end
	return v, err
}

// compare gives the first difference.
func (v *value) compare(path string, got *value) error {
	if v.kind != got.kind || v.text != got.text {
		return fmt.Errorf("%s: want %s, got %s", path, v, got)
	}
	if !slices.Equal(v.keys, got.keys) {
		return fmt.Errorf("%s: want the keys %q, got %q", path, v.keys, got.keys)
	}
	if len(v.children) != len(got.children) {
		return fmt.Errorf("%s: want %d elements, got %d", path, len(v.children), len(got.children))
	}
	for i, child := range v.children {
		below := fmt.Sprintf("%s[%d]", path, i)
		if v.kind == '{' {
			below = path + "." + v.keys[i]
		}
		if err := child.compare(below, got.children[i]); err != nil {
			return err
		}
	}
	return nil
}

// String gives the beginning of the value.
func (v *value) String() string {
	switch v.kind {
	case '{':
		return fmt.Sprintf("an object with %q", v.keys)
	case '[':
		return fmt.Sprintf("a list of %d", len(v.children))
	default:
		return v.text
	}
}
