// Package deploy_test examines what operators are given.
package deploy_test

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/mainstem/mainstem/deploy/grafana"
	"github.com/mainstem/mainstem/platform/config"
	"github.com/mainstem/mainstem/platform/slo"
	"github.com/mainstem/mainstem/server"
)

// rule is a rule of Prometheus.
type rule struct {
	Record, Alert, Expr, For string
	Labels, Annotations      map[string]string
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// rules gives the rules of the file that is checked in.
func rules(t *testing.T) []rule {
	t.Helper()
	var file struct{ Groups []struct{ Rules []rule } }
	if err := yaml.UnmarshalWithOptions(read(t, "prometheus/mainstem.rules.yaml"), &file); err != nil {
		t.Fatal(err)
	}
	var all []rule
	for _, g := range file.Groups {
		all = append(all, g.Rules...)
	}
	if len(all) < 40 {
		t.Fatalf("there are %d rules only", len(all))
	}
	return all
}

// alerts gives the alerts' names, each once.
func alerts(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, r := range rules(t) {
		if r.Alert != "" {
			all = append(all, r.Alert)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// runbooks gives the pages of alerts, by alert.
func runbooks(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("../docs/runbooks/*.md")
	if err != nil {
		t.Fatal(err)
	}
	pages := map[string]string{}
	for _, file := range files {
		pages[strings.TrimSuffix(filepath.Base(file), ".md")] = string(read(t, file))
	}
	return pages
}

// TestFilesAreWhatTheyAreMadeOf: go run ./cmd/generate writes them.
func TestFilesAreWhatTheyAreMadeOf(t *testing.T) {
	t.Parallel()
	settings, err := config.Load("../mainstem.yaml", nil, server.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]byte{
		"prometheus/mainstem.rules.yaml": settings.SLO.Rules(slo.DefaultOptions()),
		"../docs/alerts.md":              slo.Markdown(),
	}
	for name, d := range grafana.All() {
		if want["grafana/dashboards/"+name+".json"], err = d.JSON(); err != nil {
			t.Fatal(err)
		}
	}
	for file, text := range want {
		if !bytes.Equal(read(t, file), text) {
			t.Errorf("%s is another one: go run ./cmd/generate writes it anew", file)
		}
	}
}

// TestEveryAlertHasItsPage: and every page its alert, and what whoever is woken needs.
func TestEveryAlertHasItsPage(t *testing.T) {
	t.Parallel()
	pages := runbooks(t)
	if got, want := slices.Sorted(maps.Keys(pages)), alerts(t); !slices.Equal(got, want) {
		t.Errorf("there are pages for\n%q, and alerts\n%q", got, want)
	}
	for name, page := range pages {
		if !strings.HasPrefix(page, "# "+name+"\n") {
			t.Errorf("%s: the headline is another one", name)
		}
		for _, part := range []string{"What it means", "Is anybody hurt?", "Look at", "Mend it", "Silence it"} {
			if !strings.Contains(page, "\n## "+part+"\n") {
				t.Errorf("%s does not have the part %q", name, part)
			}
		}
		for _, n := range []string{"\n1. ", "\n2. ", "\n3. "} {
			if !strings.Contains(page, n) {
				t.Errorf("%s does not say three things to look at", name)
			}
		}
		if strings.Contains(page, "kubectl logs deploy/") {
			t.Errorf("%s reads the log of one gateway of several", name)
		}
		for _, link := range regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`).FindAllStringSubmatch(page, -1) {
			if _, err := os.Stat(filepath.Join("../docs/runbooks", link[1])); err != nil {
				t.Errorf("%s leads to %s: %v", name, link[1], err)
			}
		}
	}
	for _, r := range rules(t) {
		if r.Alert == "" {
			continue
		}
		if r.Labels["severity"] != "page" && r.Labels["severity"] != "ticket" {
			t.Errorf("%s: nobody knows how urgent it is", r.Alert)
		}
		if r.Annotations["summary"] == "" || r.Annotations["description"] == "" || !strings.HasSuffix(r.Annotations["runbook_url"], "/docs/runbooks/"+r.Alert+".md") {
			t.Errorf("%s: it says %q", r.Alert, r.Annotations)
		}
	}
}

// TestEveryAlertIsTested: that it fires, and that it does not.
func TestEveryAlertIsTested(t *testing.T) {
	t.Parallel()
	var file struct{ Tests []struct{ Name string } }
	if err := yaml.Unmarshal(read(t, "prometheus/mainstem.test.yaml"), &file); err != nil {
		t.Fatal(err)
	}
	for _, alert := range alerts(t) {
		var fires, not bool
		for _, c := range file.Tests {
			who, _, _ := strings.Cut(c.Name, ":")
			if strings.Contains(who, alert) {
				fires = fires || strings.HasSuffix(who, " fires") || strings.HasSuffix(who, " fire") && !strings.HasSuffix(who, " not fire")
				not = not || strings.HasSuffix(who, " not fire")
			}
		}
		if !fires || !not {
			t.Errorf("%s: tested that it fires: %v, that it does not: %v", alert, fires, not)
		}
	}
}

// TestPromtool has Prometheus' own tool examine the rules.
func TestPromtool(t *testing.T) {
	t.Parallel()
	tool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("*** THE RULES ARE NOT TESTED: there is no promtool, which Debian's package prometheus has")
	}
	for reason, args := range map[string][]string{
		"the rules are valid":        {"check", "rules", "prometheus/mainstem.rules.yaml"},
		"alerts fire as they should": {"test", "rules", "prometheus/mainstem.test.yaml"},
		"the configuration is valid": {"check", "config", "--syntax-only", "prometheus/prometheus.yaml"},
	} {
		if out, err := exec.CommandContext(t.Context(), tool, args...).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", reason, err, out)
		}
	}
}

// documents gives what a YAML file has.
func documents(t *testing.T, file string) []map[string]any {
	t.Helper()
	var all []map[string]any
	decoder := yaml.NewDecoder(bytes.NewReader(read(t, file)))
	for {
		var one map[string]any
		err := decoder.Decode(&one)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all = append(all, one)
	}
}

// loads says whether a gateway starts with a configuration.
func loads(t *testing.T, where string, text []byte) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "mainstem.yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	settings, err := config.Load(file, nil, server.DefaultConfig())
	if err != nil {
		t.Errorf("%s: %v", where, err)
	}
	if !settings.Telemetry.Prometheus || !strings.HasPrefix(settings.Listen, "0.0.0.0:") {
		t.Errorf("%s: nobody outside of the container can reach it, or its metrics", where)
	}
}

// TestManifests: all are YAML of the kinds that they should be, and gateways start with the configuration in them.
func TestManifests(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("kubernetes/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	kinds := map[string]map[string]any{}
	for _, file := range files {
		for _, d := range documents(t, file) {
			kind, _ := d["kind"].(string)
			kinds[kind] = d
		}
	}
	if got, want := slices.Sorted(maps.Keys(kinds)), []string{"ConfigMap", "Deployment", "PodMonitor", "Service"}; !slices.Equal(got, want) {
		t.Errorf("there are %q, want %q", got, want)
	}
	data, _ := kinds["ConfigMap"]["data"].(map[string]any)
	text, _ := data["mainstem.yaml"].(string)
	loads(t, "the ConfigMap", []byte(text))

	compose := documents(t, "compose.yaml")
	services, _ := compose[0]["services"].(map[string]any)
	if got, want := slices.Sorted(maps.Keys(services)), []string{"gateway", "grafana", "postgres", "prometheus", "services"}; !slices.Equal(got, want) {
		t.Errorf("compose.yaml has %q, want %q", got, want)
	}
	for _, mount := range regexp.MustCompile(`- (\./[^:]+):`).FindAllStringSubmatch(string(read(t, "compose.yaml")), -1) {
		if _, err := os.Stat(mount[1]); err != nil {
			t.Errorf("compose.yaml: %v", err)
		}
	}
	loads(t, "compose.gateway.yaml", read(t, "compose.gateway.yaml"))
}
