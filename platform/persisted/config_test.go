package persisted_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mainstem/mainstem/platform/config"
	"github.com/mainstem/mainstem/platform/persisted"
)

func TestConfig(t *testing.T) {
	t.Parallel()
	type settings struct {
		Persisted persisted.Config `yaml:"persisted"`
	}
	for reason, test := range map[string]struct {
		file  string
		want  persisted.Config
		wrong string
	}{
		"nothing said":         {"{}", persisted.Defaults(), ""},
		"off, which is a text": {"persisted: {trusted: {mode: off}}", persisted.Defaults(), ""},
		"all said": {
			"persisted:\n  automatic: {enabled: false, maxBytes: 1MiB}\n  trusted: {mode: enforce, manifest: operations.json}\n",
			persisted.Config{Automatic: persisted.AutomaticConfig{MaxBytes: 1 << 20}, Trusted: persisted.TrustedConfig{Mode: persisted.Enforce, Manifest: "operations.json"}}, "",
		},
		"no such mode":       {"persisted: {trusted: {mode: strict}}", persisted.Config{}, `:1:29: persisted.trusted.mode: "strict" is none of off, log and enforce`},
		"no manifest":        {"persisted: {trusted: {mode: log}}", persisted.Config{}, "persisted.trusted.manifest: is needed where trusted.mode is log"},
		"no room":            {"persisted: {automatic: {maxBytes: 0}}", persisted.Config{}, "persisted.automatic.maxBytes: must be more than nothing"},
		"more than there is": {"persisted: {automatic: {maxBytes: 1TiB}}", persisted.Config{}, "persisted.automatic.maxBytes: must be more than nothing, and 1GiB at most"},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "mainstem.yaml")
			if err := os.WriteFile(file, []byte(test.file), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := config.Load(file, nil, settings{persisted.Defaults()})
			if test.wrong == "" && (err != nil || got.Persisted != test.want) {
				t.Errorf("got %+v and %v, want %+v", got.Persisted, err, test.want)
			}
			if test.wrong != "" && (err == nil || !strings.Contains(err.Error(), test.wrong)) {
				t.Errorf("got %v, want it to say %q", err, test.wrong)
			}
		})
	}
}
