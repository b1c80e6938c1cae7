package server_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/mainstem/mainstem/platform/config"
	"github.com/mainstem/mainstem/server"
)

func TestTheConfigurationInTheRepositoryIsValid(t *testing.T) {
	t.Parallel()
	c, err := config.Load("../mainstem.yaml", nil, server.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	if c.Sources["reviews"].URL != "grpc://127.0.0.1:4107" || c.RequestTimeout.Std().Seconds() != 5 {
		t.Errorf("got %+v", c)
	}
}

func TestTheJSONSchemaIsUpToDate(t *testing.T) {
	t.Parallel()
	want, err := config.Schema("mainstem.yaml", server.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../docs/mainstem.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Error("docs/mainstem.schema.json is not what the settings say: run make generate")
	}
	var schema struct{ Properties map[string]any }
	if err := json.Unmarshal(got, &schema); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"listen", "sources", "auth", "telemetry"} {
		if schema.Properties[name] == nil {
			t.Errorf("the schema has no %q", name)
		}
	}
}

func TestConfigIsStrict(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct{ yaml, wrong string }{
		"an unknown key":              {"listn: x\n", "1:1"},
		"an unknown source":           {"sources:\n  warehouse: {url: 'http://127.0.0.1:1'}\n", "there is no such source"},
		"an address that is none":     {"listen: here\n", "host:port"},
		"no time":                     {"requestTimeout: 0s\n", "longer than nothing"},
		"a source without an address": {"", "sources.catalog.url"},
		"REST for a gRPC source":      {"sources:\n  inventory: {url: 'http://127.0.0.1:1'}\n", "2:20"},
		"gRPC without a port":         {"sources:\n  inventory: {url: 'grpc://inventory'}\n", "grpc://127.0.0.1:4105"},
		"an origin that is none":      {"cors:\n  allowedOrigins: [shop.example]\n", "no origin"},
		"keys at no address":          {"auth: {issuer: me, audience: you, jwksUrl: nonsense}\n", "auth.jwksUrl"},
		"answers without a bound":     {"sources:\n  catalog: {url: 'http://127.0.0.1:1', maxResponseBytes: 8TiB}\n", "1GiB"},
		"half of what auth needs":     {"auth: {issuer: me}\n", "auth.audience"},
		"a level that is none":        {"logLevel: loud\n", "logLevel"},
		"an exporter that is none":    {"telemetry: {exporter: pigeon}\n", "telemetry.exporter"},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			file := t.TempDir() + "/mainstem.yaml"
			if err := os.WriteFile(file, []byte(test.yaml), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := config.Load(file, nil, server.DefaultConfig())
			if err == nil || !strings.Contains(err.Error(), test.wrong) {
				t.Errorf("got %v, want it to say %q", err, test.wrong)
			}
		})
	}
}
