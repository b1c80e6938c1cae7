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

// TestHowOperationsAreExecuted: what the defaults are, and that the file and the environment change them.
func TestHowOperationsAreExecuted(t *testing.T) {
	t.Parallel()
	file := t.TempDir() + "/mainstem.yaml"
	if err := os.WriteFile(file, []byte("executor: gqlgen\ntraceScope: ''\nshareOperations: false\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	type settings struct {
		executor, traceScope string
		share                bool
	}
	for reason, test := range map[string]struct {
		file    string
		environ []string
		want    settings
	}{
		"by default":         {"../mainstem.yaml", nil, settings{"compiled", "trace:read", true}},
		"as the file says":   {file, nil, settings{"gqlgen", "", false}},
		"by the environment": {file, []string{"MAINSTEM_EXECUTOR=compiled", "MAINSTEM_TRACE_SCOPE=*", "MAINSTEM_SHARE_OPERATIONS=true"}, settings{"compiled", "*", true}},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			defaults := alone(t)
			c, err := config.Load(test.file, test.environ, defaults)
			if got := (settings{c.Executor, c.TraceScope, c.ShareOperations}); err != nil || got != test.want {
				t.Errorf("got %+v, %v, want %+v", got, err, test.want)
			}
		})
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
		"an executor that is none":    {"executor: fast\n", "executor"},
		"no window":                   {"batchWindow: 0s\n", "batchWindow"},
		"neither yes nor no":          {"shareOperations: sometimes\n", "1:18"},
		"no streams":                  {"streams: {perCaller: 0}\n", "streams.perCaller"},
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
