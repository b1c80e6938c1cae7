package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/mainstem/mainstem/bench/posts/process"
)

// programs are those of the benchmark, built into a folder of their own, and their processes. close ends all of them.
type programs struct {
	dir      string
	children []*child
	after    []func() error // what else is to be ended, once the processes are gone
}

// build builds the programs. Building costs time, so that measuring begins after it.
func build(ctx context.Context) (*programs, error) {
	dir, err := os.MkdirTemp("", "mainstem-bench-")
	if err != nil {
		return nil, err
	}
	p := &programs{dir: dir}
	const in = "github.com/mainstem/mainstem/bench/"
	command := exec.CommandContext(ctx, "go", "build", "-o", dir+string(filepath.Separator), in+"posts", in+"upstream", in+"storefront") //nolint:gosec // our own
	command.Stderr = os.Stderr
	if err := command.Run(); err != nil {
		return nil, errors.Join(fmt.Errorf("go build: %w", err), p.close())
	}
	return p, nil
}

// close ends every process, and removes the programs.
func (p *programs) close() error {
	var errs []error
	for _, c := range p.children {
		_ = c.input.Close()
	}
	for _, c := range p.children {
		errs = append(errs, c.wait())
	}
	for _, end := range p.after {
		errs = append(errs, end())
	}
	return errors.Join(append(errs, os.RemoveAll(p.dir))...)
}

// child is a process of one of the programs.
type child struct {
	process.Ready
	name    string
	command *exec.Cmd
	input   io.Closer // the process ends when this is closed, or when we are gone
	said    *tail
}

// start runs a program until close, and gives it once it is ready.
func (p *programs) start(ctx context.Context, program string, args ...string) (*child, error) {
	args = append(args, "--attached", "--stats", "127.0.0.1:0")
	command := exec.CommandContext(context.WithoutCancel(ctx), filepath.Join(p.dir, program), args...) //nolint:gosec // our own
	said := &tail{}
	command.Stderr = said
	input, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	output, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	c := &child{name: program, command: command, input: input, said: said}
	p.children = append(p.children, c)
	stop := context.AfterFunc(ctx, func() { _ = input.Close() })
	defer stop()
	line, err := bufio.NewReader(output).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &c.Ready)
	}
	if err != nil {
		return nil, fmt.Errorf("%s did not start: %w\n%s", program, errors.Join(context.Cause(ctx), err), said)
	}
	return c, nil
}

// end ends some of the processes before close.
func (p *programs) end(some ...*child) error {
	var errs []error
	for _, c := range some {
		_ = c.input.Close()
		errs = append(errs, c.wait())
	}
	p.children = slices.DeleteFunc(p.children, func(c *child) bool { return slices.Contains(some, c) })
	return errors.Join(errs...)
}

// grace is how long a process may take to end.
const grace = 5 * time.Second

// wait waits for the end of a process whose input is closed.
func (c *child) wait() error {
	kill := time.AfterFunc(grace, func() { _ = c.command.Process.Kill() })
	defer kill.Stop()
	if err := c.command.Wait(); err != nil {
		return fmt.Errorf("%s: %w\n%s", c.name, err, c.said)
	}
	return nil
}

// tail keeps the end of what is written to it: a gateway that is stopped under load has much to say. It is safe for concurrent use.
type tail struct {
	mu   sync.Mutex
	text []byte
}

const maxTail = 4 << 10

func (t *tail) Write(text []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text = append(t.text, text...)
	t.text = t.text[max(0, len(t.text)-maxTail):]
	return len(text), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.text)
}

// usage asks a process what it has used.
func (c *child) usage(ctx context.Context) (u process.Usage, err error) {
	body, err := get(ctx, c.Stats)
	if err != nil {
		return u, err
	}
	return u, json.Unmarshal(body, &u)
}

// get reads a page.
func get(ctx context.Context, url string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, err
	}
	return do(request)
}

func do(request *http.Request) ([]byte, error) {
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %.300s", request.URL, response.Status, body)
	}
	return body, err
}
