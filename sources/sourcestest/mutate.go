package sourcestest

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// without gives a JSON document without the member that the pointer names (RFC 6901).
func without(t *testing.T, document []byte, pointer string) []byte {
	t.Helper()
	return edit(t, document, pointer, func(object map[string]any, name string) { delete(object, name) })
}

// with gives a JSON document in which the member that the pointer names has another value.
func with(t *testing.T, document []byte, pointer string, value any) []byte {
	t.Helper()
	return edit(t, document, pointer, func(object map[string]any, name string) { object[name] = value })
}

// outOfRange gives a JSON document with the values of OutOfRange, one in each copy, by what is wrong with the copy.
func outOfRange(t *testing.T, c Call, document []byte) map[string][]byte {
	t.Helper()
	copies := map[string][]byte{}
	for pointer, values := range c.OutOfRange {
		several, ok := values.(Several)
		if !ok {
			several = Several{values}
		}
		for _, value := range several {
			text, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			copies[fmt.Sprintf("%s is %.40s", pointer, text)] = edit(t, document, pointer, func(object map[string]any, name string) {
				if was, is := typeOf(object[name]), typeOf(value); was != is {
					t.Fatalf("%s has the type %s, and its value out of range has the type %s", pointer, was, is)
				}
				object[name] = value
			})
		}
	}
	return copies
}

// typeOf gives a value's type as JSON sees it.
func typeOf(value any) string {
	switch value.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case int, float64:
		return "number"
	case []any:
		return "array"
	case map[string]any:
		return "object"
	default:
		return fmt.Sprintf("%T, which is none of JSON's", value)
	}
}

func edit(t *testing.T, document []byte, pointer string, change func(object map[string]any, name string)) []byte {
	t.Helper()
	var root any
	if err := json.Unmarshal(document, &root); err != nil {
		t.Fatalf("the recorded answer is not JSON: %v", err)
	}
	steps := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	at := root
	for _, step := range steps[:len(steps)-1] {
		switch v := at.(type) {
		case map[string]any:
			at = v[step]
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(v) {
				t.Fatalf("the recorded answer has no %s", pointer)
			}
			at = v[i]
		}
	}
	object, ok := at.(map[string]any)
	name := steps[len(steps)-1]
	if _, there := object[name]; !ok || !there {
		t.Fatalf("the recorded answer has no %s", pointer)
	}
	change(object, name)
	edited, err := json.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	return edited
}
