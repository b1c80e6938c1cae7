package e2e

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mainstem/mainstem/demo"
)

// gateway is the program, which serves in a process of its own. It can be killed, and started again where it was. It is safe for concurrent use.
type gateway struct {
	program, config string
	log             *logged // of all its processes

	mu      sync.Mutex
	url     string // of the last process
	process *exec.Cmd
	ended   chan struct{}
}

// newGateway makes a gateway with a configuration. It runs from start on, and is killed at the end of the test at the latest. What it logs is shown if the
// test fails.
func newGateway(t *testing.T, config string) *gateway {
	t.Helper()
	g := &gateway{program: build(t), config: filepath.Join(t.TempDir(), "mainstem.yaml"), log: &logged{}}
	if err := os.WriteFile(g.config, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		g.kill()
		if t.Failed() {
			t.Log(g.log)
		}
	})
	return g
}

// start starts a process, and comes back when it listens.
func (g *gateway) start() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.process = exec.Command(g.program, "serve", "--config", g.config)
	g.process.Stderr = g.log
	output, err := g.process.StdoutPipe()
	if err != nil {
		return err
	}
	if err := g.process.Start(); err != nil {
		return err
	}
	tooLong := time.AfterFunc(patience, func() { _ = g.process.Process.Kill() })
	line, err := bufio.NewReader(output).ReadString('\n')
	tooLong.Stop()
	process, ended := g.process, make(chan struct{})
	g.ended = ended
	go func() {
		defer close(ended)
		_ = process.Wait() // it is killed
	}()
	var found bool
	if g.url, found = strings.CutPrefix(strings.TrimSuffix(line, "/graphql\n"), "GraphQL at "); !found {
		return fmt.Errorf("the gateway does not start: %w\n%s", errors.Join(err, errors.New(line)), g.log)
	}
	return nil
}

// restart starts the gateway, which must be possible.
func (g *gateway) restart(t *testing.T) {
	t.Helper()
	if err := g.start(); err != nil {
		t.Fatal(err)
	}
}

// kill ends the process, if there is one, without a word to it. When it comes back, nothing of the process is left.
func (g *gateway) kill() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.process == nil || g.ended == nil {
		return
	}
	_ = g.process.Process.Kill() // it may have ended
	<-g.ended
}

// command runs one of the program's other commands on the gateway's storage, and gives what it says.
func (g *gateway) command(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	out, err := exec.CommandContext(ctx, g.program, append(args, "--config", g.config)...).Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return "", fmt.Errorf("%v: %w: %s%s", args, err, out, exit.Stderr)
	}
	return string(out), err
}

// stack gives the gateway as one to ask by a client.
func (g *gateway) stack(client *http.Client) *stack {
	g.mu.Lock()
	defer g.mu.Unlock()
	return &stack{url: g.url, client: client}
}

// killable gives the configuration of a gateway that outlives its processes: with a storage, and its services at the URLs by their names.
func killable(t *testing.T, storage, workflows string, services map[string]string) string {
	t.Helper()
	text := "listen: 127.0.0.1:0\nlogLevel: warn\nrequestTimeout: 30s\nstorage: {url: '" + storage + "'}\n" + signing(t) + workflows + "sources:\n"
	for name, url := range services {
		text += "  " + name + ": {url: '" + url + "', timeout: 10s}\n"
	}
	return text
}

// sqlite gives the URL of a new storage.
func sqlite(t *testing.T) string {
	t.Helper()
	return "sqlite:" + filepath.Join(t.TempDir(), "mainstem.db")
}

// urls gives where services are, by their names.
func urls(d *demo.Demo) map[string]string {
	all := map[string]string{}
	for _, s := range d.Services() {
		all[s.Name] = s.URL
	}
	return all
}

// patient gives a client that waits for gateways.
func patient(t *testing.T) *http.Client {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}, Timeout: patience}
	t.Cleanup(client.CloseIdleConnections)
	return client
}
