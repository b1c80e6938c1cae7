package server_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// setting is a setting in the JSON Schema.
type setting struct {
	Properties           map[string]setting
	AdditionalProperties json.RawMessage // false, or the schema of a map's entries
	Default              any
}

// leaves gives the settings that have a value, by path.
func (s setting) leaves(path string) map[string]setting {
	if s.Properties == nil {
		return map[string]setting{path: s}
	}
	found := map[string]setting{}
	for name, below := range s.Properties {
		maps.Copy(found, below.leaves(strings.TrimPrefix(path+"."+name, ".")))
	}
	return found
}

// entry gives the settings of a map's entries.
func (s setting) entry(t *testing.T, name string) setting {
	t.Helper()
	var of setting
	if err := json.Unmarshal(s.Properties[name].AdditionalProperties, &of); err != nil {
		t.Fatal(err)
	}
	return of
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestEverySettingIsExplained: docs/resilience.md has a row for each setting of a source, with its default.
func TestEverySettingIsExplained(t *testing.T) {
	t.Parallel()
	var schema setting
	if err := json.Unmarshal([]byte(read(t, "../docs/mainstem.schema.json")), &schema); err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{} // what stands in the second column, by each name in the first
	for _, row := range regexp.MustCompile(`(?m)^\| ([^|]*) \| ([^|]*) \|`).FindAllStringSubmatch(read(t, "../docs/resilience.md"), -1) {
		for _, name := range regexp.MustCompile("`[^`]+`").FindAllString(row[1], -1) {
			rows[strings.Trim(name, "`")] = row[2]
		}
	}
	settings := schema.entry(t, "sources").leaves("")
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		if name == "url" {
			continue // which is the one that has no default
		}
		if row, ok := rows[strings.TrimPrefix(name, "connections.")]; !ok || !says(row, settings[name].Default) {
			t.Errorf("%s: the row says %q, want the default %v", name, row, settings[name].Default)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		group, _, within := strings.Cut(name, ".")
		_, known := settings[name]
		if _, isGroup := schema.entry(t, "sources").Properties[group]; isGroup && within && !known {
			t.Errorf("there is no setting %s", name)
		}
	}
	for _, name := range []string{"requestTimeout", "answerReserve"} {
		if !says(rows[name], schema.Properties[name].Default) {
			t.Errorf("%s: the row says %q, want %v", name, rows[name], schema.Properties[name].Default)
		}
	}
	for name := range schema.entry(t, "degrade").leaves("") {
		if !strings.Contains(read(t, "../docs/resilience.md"), name+": ") {
			t.Errorf("no example has %s", name)
		}
	}
}

// says whether a row tells of a default, if there is one. Durations may be written as people do: 10m, and not 10m0s.
func says(row string, value any) bool {
	if value == nil {
		return true
	}
	want := fmt.Sprint(value)
	if length, err := time.ParseDuration(want); err == nil && value == want { // a number is no duration
		written, err := time.ParseDuration(row)
		return err == nil && written == length
	}
	return row == want || strings.HasPrefix(row, want+":")
}
