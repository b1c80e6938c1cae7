//go:build prove

package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mainstem/mainstem/demo/breaking"
	"github.com/mainstem/mainstem/deploy/grafana"
	"github.com/mainstem/mainstem/platform/slo"
)

// emptyQueries are those without an answer in a gateway of which nearly everything is used, by their panels and numbers: with why.
var emptyQueries = map[string]string{
	"Saturation, Memory, 2": "the tests set no GOMEMLIMIT",
	"Steps, Faults, 1":      "no step fails",
}

// TestProveDashboards has a Prometheus scrape a gateway that is used, and asks it the questions of all panels: none may be an error, and those without an answer
// are known.
func TestProveDashboards(t *testing.T) {
	program, err := exec.LookPath("prometheus")
	if err != nil {
		t.Skip("*** THE DASHBOARDS ARE NOT TRIED: there is no prometheus, which Debian's package of that name has")
	}
	_, sending := collect(t, "otlp-grpc")
	s := start(t, options{broken: map[string]breaking.Break{"reviews": {Down: true}}, config: signing(t) + "telemetry: {prometheus: true, " + sending + "}\n"})
	ask := prometheus(t, program, strings.TrimPrefix(s.url, "http://"))

	for began := time.Now(); time.Since(began) < 25*time.Second; { // for rates, and for the longest panel's window to have some of it
		useEverything(t, s)
	}
	variables := strings.NewReplacer("$__rate_interval", "15s", "$job", ".*", "$source", ".*", "$operation", ".*", "$workflow", ".*")
	asked := 0
	for name, d := range grafana.All() {
		for _, row := range d.Rows {
			for _, p := range row.Panels {
				for i, q := range p.Queries {
					asked++
					n, err := ask(variables.Replace(q.Expr))
					if err != nil {
						t.Errorf("%s, %s, %s: %v, in\n%s", name, row.Title, p.Title, err, q.Expr)
						continue
					}
					if key := fmt.Sprintf("%s, %s, %d", row.Title, p.Title, i+1); (n == 0) != (emptyQueries[key] != "") {
						t.Errorf("%s, %s has %d series, and empty are %v:\n%s", name, key, n, emptyQueries, q.Expr)
					}
				}
			}
		}
	}
	t.Logf("%d queries were answered, %d of them by nothing: %v", asked, len(emptyQueries), emptyQueries)
}

// prometheus starts a Prometheus that scrapes an address each second and has the rules. It gives what asks it, and says how many series an answer has.
func prometheus(t *testing.T, program, target string) func(query string) (int, error) {
	t.Helper()
	dir := t.TempDir()
	every := regexp.MustCompile(`interval: \d+s`) // else the first recordings come too late
	rules := every.ReplaceAll(slo.Defaults().Rules(slo.DefaultOptions()), []byte("interval: 1s"))
	settings := fmt.Sprintf("global: {scrape_interval: 1s, evaluation_interval: 1s}\nrule_files: [rules.yaml]\n"+
		"scrape_configs: [{job_name: mainstem, static_configs: [{targets: [%q]}]}]\n", target)
	for name, text := range map[string][]byte{"rules.yaml": rules, "prometheus.yaml": []byte(settings)} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	command := exec.CommandContext(t.Context(), program, "--config.file="+filepath.Join(dir, "prometheus.yaml"),
		"--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+address, "--log.level=warn")
	command.Stdout, command.Stderr = &log, &log
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Wait() // which the test's context has ended
		if t.Failed() {
			t.Logf("Prometheus said:\n%s", log.String())
		}
	})
	ask := func(query string) (int, error) {
		resp, err := http.Get("http://" + address + "/api/v1/query?query=" + url.QueryEscape(query))
		if err != nil {
			return 0, err
		}
		defer func() { _ = resp.Body.Close() }()
		var answer struct {
			Error string
			Data  struct{ Result []json.RawMessage }
		}
		if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
			return 0, fmt.Errorf("status %d: %w", resp.StatusCode, err)
		}
		if answer.Error != "" {
			return 0, fmt.Errorf("status %d: %s", resp.StatusCode, answer.Error)
		}
		return len(answer.Data.Result), nil
	}
	for began := time.Now(); ; {
		if n, err := ask("up"); err == nil && n == 1 {
			return ask
		}
		if time.Since(began) > time.Minute {
			t.Fatalf("Prometheus does not scrape:\n%s", log.String())
		}
		<-time.After(100 * time.Millisecond)
	}
}
