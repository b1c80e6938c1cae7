package sourcestest

import (
	"encoding/json"
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
