package persisted_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/mainstem/mainstem/platform/config"
	"github.com/mainstem/mainstem/platform/persisted"
)

// TestEverySettingIsExplained: docs/persisted.md has a row for each setting, with its default.
func TestEverySettingIsExplained(t *testing.T) {
	t.Parallel()
	docs, err := os.ReadFile("../../docs/persisted.md")
	if err != nil {
		t.Fatal(err)
	}
	text, err := config.Schema("", persisted.Defaults())
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		Properties map[string]struct {
			Properties map[string]struct{ Default any }
		}
	}
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	rows := 0
	for group, settings := range schema.Properties {
		for setting, of := range settings.Properties {
			rows++
			value, err := json.Marshal(of.Default)
			if err != nil {
				t.Fatal(err)
			}
			row := "| `" + group + "." + setting + "` | " + strings.Trim(strings.TrimPrefix(string(value), "null"), `"`)
			if !strings.Contains(string(docs), strings.TrimSpace(row)+" |") {
				t.Errorf("no row begins with %s", row)
			}
		}
	}
	if rows != 4 {
		t.Errorf("%d settings", rows)
	}
}
