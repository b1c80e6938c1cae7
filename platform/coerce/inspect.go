package coerce

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"unicode/utf8"
)

// What of a client's own words is told to it again: enough to find them, and no more.
const (
	maxTold  = 100 // bytes of a name, a path or a value
	maxDepth = 2   // of objects and lists in each other
	maxItems = 10  // of a list
	maxNames = 20  // of an object: those of one with more would have to be sorted, for each thing that is wrong with it
)

// quoted gives a text in quotes, cut if it is long.
func quoted(s string) string { return `"` + cut(s) + `"` }

// cut shortens a text to what is told of it, in whole characters.
func cut(s string) string {
	if len(s) <= maxTold {
		return s
	}
	n := maxTold
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

// inspect gives a value as messages show it, cut if it is long. It looks at no more of the value than it shows.
func inspect(value any) string {
	return cut(string(appendInspected(nil, value, 0)))
}

func appendInspected(b []byte, value any, depth int) []byte {
	switch v := value.(type) {
	case nil:
		return append(b, "null"...)
	case string:
		text, err := json.Marshal(cut(v))
		if err != nil {
			return append(b, "a string"...) // which cannot be: every string can be written
		}
		return append(b, text...)
	case bool:
		return strconv.AppendBool(b, v)
	case json.Number:
		return append(b, cut(string(v))...)
	case float64, int64, int:
		return fmt.Append(b, v)
	case []any:
		return appendList(b, v, depth)
	case map[string]any:
		return appendObject(b, v, depth)
	}
	return append(b, "something that is not JSON"...) // such as an upload
}

func appendList(b []byte, list []any, depth int) []byte {
	if len(list) > 0 && depth >= maxDepth {
		return append(b, "[Array]"...)
	}
	b = append(b, '[')
	for i, item := range list {
		if i > 0 {
			b = append(b, ", "...)
		}
		if i == maxItems || len(b) > maxTold {
			b = append(b, "..."...)
			break
		}
		b = appendInspected(b, item, depth+1)
	}
	return append(b, ']')
}

func appendObject(b []byte, object map[string]any, depth int) []byte {
	if len(object) == 0 {
		return append(b, "{}"...)
	}
	if depth >= maxDepth || len(object) > maxNames {
		return append(b, "[Object]"...)
	}
	b = append(b, "{ "...)
	for i, name := range slices.Sorted(maps.Keys(object)) {
		if i > 0 {
			b = append(b, ", "...)
		}
		if len(b) > maxTold {
			b = append(b, "..."...)
			break
		}
		b = append(append(b, cut(name)...), ": "...)
		b = appendInspected(b, object[name], depth+1)
	}
	return append(b, " }"...)
}
