package strictjson

import (
	stdjson "encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// FuzzLikeTheLibrary: where nothing is required, what is read and what is refused are the library's.
func FuzzLikeTheLibrary(f *testing.F) {
	for _, seed := range []string{everything, `{"nested":{"tree":{"a":{"text":"x"}}}}`, `{"text":null,"strings":[null],"lists":[null,[1]],"by":{"a":"1"}}`,
		`{"size":-0,"single":1e40,"ratio":1e400,"at":"2026-01-20t16:40:12z"}`, `[]`, ` null `, `{"\u0074ext":"\ud800\udc00"}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data string) {
		var got, want loose
		err := Unmarshal(data, &got)
		if err != nil && (strings.Contains(err.Error(), "duplicate ") || strings.Contains(err.Error(), "nested deeper") || strings.Contains(err.Error(), "null is not allowed")) {
			return // ours to say
		}
		theirs := json.Unmarshal([]byte(data), &want, jsontext.AllowDuplicateNames(true))
		if (err == nil) != (theirs == nil) {
			t.Fatalf("%q gives %v, and the library %v", data, err, theirs)
		}
		if err == nil && !reflect.DeepEqual(got, want) {
			t.Errorf("%q gives\n%+v, and the library\n%+v", data, got, want)
		}
	})
}

// FuzzRequired: what is accepted has all that is required, by a look at the document as it stands.
func FuzzRequired(f *testing.F) {
	f.Add(document(`,"parts":[` + document(`,"by":{"a":{"amount":1}},"tags":["x"]`) + `]`))
	f.Add(document(`,"parts":[{"id":"b"}]`))
	f.Add(document(`,"by":{"a":{}}`))
	f.Fuzz(func(t *testing.T, data string) {
		var got item
		err := Unmarshal(data, &got)
		if err == nil {
			if !jsontext.Value(data).IsValid(jsontext.AllowDuplicateNames(true)) {
				t.Fatalf("%q is accepted, and is no JSON", data)
			}
			var plain any
			if stdjson.Unmarshal([]byte(data), &plain) != nil || !itemHasAll(plain) {
				t.Fatalf("%q is accepted", data)
			}
		}
		items := 0
		_ = UnmarshalItems[item, price](data, new(item), func(int, error) { items++ })
		if err == nil && items > 0 {
			t.Errorf("%q fits, but has %d broken items", data, items)
		}
	})
}

func itemHasAll(v any) bool {
	m, ok := v.(map[string]any)
	if !ok || m["id"] == nil || !priceHasAll(m["price"]) {
		return false
	}
	if _, ok := m["until"]; !ok {
		return false
	}
	if parts, ok := m["parts"].([]any); ok {
		for _, p := range parts {
			if !itemHasAll(p) {
				return false
			}
		}
	}
	if by, ok := m["by"].(map[string]any); ok {
		for _, p := range by {
			if !priceHasAll(p) {
				return false
			}
		}
	}
	return true
}

func priceHasAll(v any) bool {
	m, ok := v.(map[string]any)
	return ok && m["amount"] != nil
}
