package config_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/mainstem/mainstem/platform/config"
)

func TestSchema(t *testing.T) {
	t.Parallel()
	said := defaults()
	said.Sources["orders"] = source{URL: "http://orders", policy: said.Sources["catalog"].policy}
	text, err := config.Schema("Mainstem", said)
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		at   []string
		want any
	}{
		"the title":                        {[]string{"title"}, "Mainstem"},
		"unknown keys are refused":         {[]string{"additionalProperties"}, false},
		"and within":                       {[]string{"properties", "limits", "additionalProperties"}, false},
		"and in maps' entries":             {[]string{"properties", "sources", "additionalProperties", "additionalProperties"}, false},
		"a desc tag and the variable":      {[]string{"properties", "listen", "description"}, "Where to listen. Environment: MAINSTEM_LISTEN."},
		"a jsonschema_description tag":     {[]string{"properties", "sources", "additionalProperties", "properties", "url", "description"}, "Where the service is. Environment: MAINSTEM_SOURCES_*_URL."},
		"the default of all entries":       {[]string{"properties", "sources", "additionalProperties", "properties", "attempts", "default"}, 3.0},
		"entries' defaults that differ":    {[]string{"properties", "sources", "additionalProperties", "properties", "url", "default"}, nil},
		"a secret has two variables":       {[]string{"properties", "key", "description"}, "Environment: MAINSTEM_KEY or MAINSTEM_KEY_FILE."},
		"an embedded struct's field":       {[]string{"properties", "sources", "additionalProperties", "properties", "timeout", "type"}, "string"},
		"the default of a string":          {[]string{"properties", "listen", "default"}, ":8080"},
		"the default of a duration":        {[]string{"properties", "limits", "properties", "deadline", "default"}, "5s"},
		"the default of a size":            {[]string{"properties", "limits", "properties", "maxBodyBytes", "default"}, "1MiB"},
		"the default of a number":          {[]string{"properties", "ratio", "default"}, 1.0},
		"the default of a truth value":     {[]string{"properties", "debug", "default"}, false},
		"the default of a text type":       {[]string{"properties", "level", "default"}, "INFO"},
		"a text type is a string":          {[]string{"properties", "level", "type"}, "string"},
		"a field that is left out":         {[]string{"properties", "Extra"}, nil},
		"nothing is required":              {[]string{"required"}, nil},
		"the default of a secret is unset": {[]string{"properties", "key", "default"}, nil},
	}
	for reason, test := range tests {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			var at any
			if err := json.Unmarshal(text, &at); err != nil {
				t.Fatal(err)
			}
			for _, name := range test.at {
				at = at.(map[string]any)[name]
			}
			if at != test.want {
				t.Errorf("%s is %v, want %v", strings.Join(test.at, "."), at, test.want)
			}
		})
	}
}
