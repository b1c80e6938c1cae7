package e2e

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestCommand builds the program and runs it as its users do.
func TestCommand(t *testing.T) {
	t.Parallel()
	program := build(t)
	t.Run("the demo", func(t *testing.T) { t.Parallel(); testDemo(t, program) })
	t.Run("serve, in front of the demo's services", func(t *testing.T) { t.Parallel(); testServe(t, program) })
	t.Run("what it refuses", func(t *testing.T) { t.Parallel(); testRefusals(t, program) })
}

// build gives the program, which the first test builds that wants it.
func build(t *testing.T) string {
	t.Helper()
	file, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// built builds the program into a folder of its own, which TestMain removes. It reads the sources of the packages that the tests do not import, so that
// Go's test cache knows of them.
var built = sync.OnceValues(func() (string, error) {
	files, err := filepath.Glob("../cmd/mainstem/*.go")
	if err != nil || len(files) == 0 {
		return "", fmt.Errorf("%d files: %w", len(files), err)
	}
	for _, file := range append(files, "../go.mod", "../go.sum") {
		if _, err := os.ReadFile(file); err != nil {
			return "", err
		}
	}
	if programs, err = os.MkdirTemp("", "mainstem-e2e-"); err != nil {
		return "", err
	}
	file := filepath.Join(programs, "mainstem")
	if out, err := exec.Command("go", "build", "-o", file, "../cmd/mainstem").CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return file, nil
})

// programs is the folder of what built has built; empty if it has built nothing.
var programs string

// testDemo runs the demo, asks what the README asks, breaks a service as the README does, and stops the program.
func testDemo(t *testing.T, program string) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```graphql\n(query ProductPage .*?)```").FindSubmatch(readme)
	if block == nil {
		t.Fatal("the README has no query ProductPage")
	}
	p := run(t, program, nil, "demo", "--listen", "127.0.0.1:0", "--backend-ports", "0", "--products", "125", "--seed", "609")
	welcome := p.until(t, "Ctrl-C stops everything.")
	if !strings.Contains(welcome, strings.TrimSpace(string(block[1]))) {
		t.Errorf("the welcome does not show the README's query:\n%s", welcome)
	}
	s := &stack{url: find(t, welcome, `GraphQL +(http://[0-9.:]+)/graphql`), client: &http.Client{Timeout: patience}}
	defer s.client.CloseIdleConnections()
	control := find(t, welcome, `control +HTTP +(http://[0-9.:]+)`)

	type page struct{ Products struct{ Nodes []any } }
	if n := len(must[page](t, s, "", string(block[1]), nil).Products.Nodes); n != 20 {
		t.Errorf("%d products", n)
	}
	put, err := http.NewRequestWithContext(t.Context(), http.MethodPut, control+"/break/reviews", strings.NewReader(`{"down": true}`))
	if err != nil {
		t.Fatal(err)
	}
	if answer := s.send(t, put); answer.status != http.StatusOK {
		t.Fatalf("breaking reviews: %d %s", answer.status, answer.body)
	}
	got, errs := ask[page](t, s, "", string(block[1]), nil)
	if len(got.Products.Nodes) != 20 || len(errs) != 20 || errs[0].Extensions.Source != "reviews" {
		t.Errorf("without reviews: %d products and %d errors", len(got.Products.Nodes), len(errs))
	}
	p.interrupt(t)
}

// testServe runs the services and the gateway as two programs, with the repository's own configuration.
func testServe(t *testing.T, program string) {
	services := run(t, program, nil, "demo", "--backends-only", "--backend-ports", "0", "--products", "125", "--seed", "609")
	said := services.until(t, "admin, who does everything:")
	token := find(t, said, `(?s)customer, who [^\n]*\n +([^\n]+)`)
	environ := []string{"MAINSTEM_AUTH_JWKS_URL=" + find(t, said, `control +HTTP +(http://[0-9.:]+)`) + "/.well-known/jwks.json"}
	for _, m := range regexp.MustCompile(`(?m)^ +([a-z]+) +(?:REST|gRPC) +(\S+)$`).FindAllStringSubmatch(said, -1) {
		environ = append(environ, "MAINSTEM_SOURCES_"+strings.ToUpper(m[1])+"_URL="+m[2])
	}
	gateway := run(t, program, environ, "serve", "--config", "../mainstem.yaml", "--listen", "127.0.0.1:0")
	s := &stack{url: find(t, gateway.until(t, "GraphQL at "), `GraphQL at (http://[0-9.:]+)/graphql`), client: &http.Client{Timeout: patience}}
	defer s.client.CloseIdleConnections()

	r, err := queryRequest(s.url, `{ me { email orders(first: 1) { nodes { number payment { status } } } } products(first: 1) { nodes { stock { status } } } }`, "")
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	text, err := readable(s.send(t, r).body)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text, `"email": "wendy.foster1@example.net"`) || strings.Contains(text, "errors") {
		t.Errorf("got %s", text)
	}
	gateway.interrupt(t)
	services.interrupt(t)
}

// testRefusals runs the program with what it cannot do: it says why, and where, and ends with 1.
func testRefusals(t *testing.T, program string) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = taken.Close() })
	_, port, err := net.SplitHostPort(taken.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	wrong := filepath.Join(t.TempDir(), "mainstem.yaml")
	if err := os.WriteFile(wrong, []byte("listen: 127.0.0.1:0\nrequestTimeout: soon\nsorces: {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for reason, refusal := range map[string]struct {
		args []string
		says []string
	}{
		"the gateway's port is taken": {
			[]string{"serve", "--config", "../mainstem.yaml", "--listen", taken.Addr().String()}, []string{"address already in use", "--listen"},
		},
		"the demo's gateway's port is taken": {
			[]string{"demo", "--backend-ports", "0", "--listen", taken.Addr().String()}, []string{"address already in use", "--listen"},
		},
		"a service's port is taken":      {[]string{"demo", "--backend-ports", port}, []string{"port " + port, "catalog", "in use"}},
		"the configuration is not valid": {[]string{"serve", "--config", wrong}, []string{wrong + ":2:17", "requestTimeout", wrong + ":3:1", "sorces"}},
		"there is no configuration":      {[]string{"serve", "--config", wrong + ".none"}, []string{"mainstem.yaml.none"}},
		"there is no such service":       {[]string{"demo", "--backend-ports", "0", "--break", "warehouse=down"}, []string{"warehouse"}},
		"there is no such break":         {[]string{"demo", "--backend-ports", "0", "--break", "orders=gone"}, []string{"orders=gone"}},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			p := run(t, program, nil, refusal.args...)
			code := p.wait(t)
			for _, words := range refusal.says {
				if !strings.Contains(p.output(), words) {
					t.Errorf("it does not say %q:\n%s", words, p.output())
				}
			}
			if code != 1 {
				t.Errorf("it ends with %d, want 1", code)
			}
		})
	}
}

// process is a running program.
type process struct {
	command *exec.Cmd
	lines   chan string // what it says to either output; closed when it has said all

	mu   sync.Mutex
	said bytes.Buffer
}

// run starts the program, with more environment than the test's. It is killed if it outlasts the test.
func run(t *testing.T, program string, environ []string, args ...string) *process {
	t.Helper()
	p := &process{command: exec.CommandContext(t.Context(), program, args...), lines: make(chan string, 1000)}
	p.command.Env = append(os.Environ(), environ...)
	reader, writer := io.Pipe()
	p.command.Stdout, p.command.Stderr = writer, writer
	if err := p.command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = p.command.Wait() // the code is what counts
		_ = writer.Close()   // so that the reader ends, which cannot fail
	}()
	read := make(chan struct{})
	go func() {
		defer close(read)
		defer close(p.lines)
		scanner := bufio.NewScanner(reader)
		for scanner.Scan() {
			p.mu.Lock()
			p.said.WriteString(scanner.Text() + "\n")
			p.mu.Unlock()
			p.lines <- scanner.Text()
		}
	}()
	t.Cleanup(func() {
		_ = p.command.Process.Kill() // it may have ended
		<-ended
		<-read
	})
	return p
}

// output gives what the program has said so far.
func (p *process) output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.said.String()
}

// until gives what the program says up to the line with certain words.
func (p *process) until(t *testing.T, words string) string {
	t.Helper()
	for {
		select {
		case line, ok := <-p.lines:
			if !ok {
				t.Fatalf("the program ended without saying %q:\n%s", words, p.output())
			}
			if strings.Contains(line, words) {
				return p.output()
			}
		case <-time.After(patience):
			t.Fatalf("the program does not say %q:\n%s", words, p.output())
		}
	}
}

// wait waits for the program's end and gives its code.
func (p *process) wait(t *testing.T) int {
	t.Helper()
	for {
		select {
		case _, ok := <-p.lines:
			if !ok {
				return p.command.ProcessState.ExitCode()
			}
		case <-time.After(patience):
			t.Fatalf("the program does not end:\n%s", p.output())
		}
	}
}

// interrupt ends the program as Ctrl-C does, which must be an orderly end.
func (p *process) interrupt(t *testing.T) {
	t.Helper()
	if err := p.command.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if code := p.wait(t); code != 0 {
		t.Errorf("it ends with %d:\n%s", code, p.output())
	}
	if strings.Contains(p.output(), `"level":"ERROR"`) {
		t.Errorf("it tells of an error:\n%s", p.output())
	}
}

// find gives the first group of a pattern.
func find(t *testing.T, text, pattern string) string {
	t.Helper()
	found := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if found == nil {
		t.Fatalf("there is no %s in\n%s", pattern, text)
	}
	return found[1]
}
