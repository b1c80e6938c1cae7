package process_test

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"testing"

	"github.com/mainstem/mainstem/bench/posts/process"
)

// asProgram is the variable of the environment that has this test run as a program of the benchmark.
const asProgram = "BENCH_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) == "" {
		os.Exit(m.Run())
	}
	ctx, p, err := process.Begin(context.Background(), process.Flags{Stats: "127.0.0.1:0", Attached: true}, func() int64 { return 42 })
	if err == nil {
		server := &http.Server{Handler: http.NotFoundHandler()}
		err = p.Serve(ctx, "127.0.0.1:0", "/path", server.Serve)
	}
	if err != nil || p.End() != nil {
		os.Exit(1)
	}
}

// TestProgram: a program says where it is, tells what it has used, and ends when its input does.
func TestProgram(t *testing.T) {
	t.Parallel()
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), asProgram+"=yes")
	input, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	var ready process.Ready
	if err := json.NewDecoder(output).Decode(&ready); err != nil {
		t.Fatal(err)
	}
	if ready.PID != command.Process.Pid {
		t.Errorf("it says that it is %d, and is %d", ready.PID, command.Process.Pid)
	}
	if status, _ := get(t, ready.URL); status != http.StatusNotFound {
		t.Errorf("%s: got %d", ready.URL, status)
	}
	status, used := get(t, ready.Stats)
	if status != http.StatusOK || used.Calls != 42 || used.Allocs == 0 || used.AllocBytes < used.Allocs || used.RSS == 0 {
		t.Errorf("got %d and %+v", status, used)
	}
	_ = input.Close()
	if err := command.Wait(); err != nil {
		t.Error(err)
	}
}

func get(t *testing.T, url string) (status int, used process.Usage) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	_ = json.NewDecoder(resp.Body).Decode(&used)
	return resp.StatusCode, used
}

// TestUsage: what is used is counted.
func TestUsage(t *testing.T) {
	before := process.Read()
	kept := make([][]byte, 1000)
	for i := range kept {
		kept[i] = make([]byte, 1000)
	}
	after := process.Read()
	if n := after.Allocs - before.Allocs; n < 900 {
		t.Errorf("1,000 allocations counted as %d", n)
	}
	if n := after.AllocBytes - before.AllocBytes; n < 900_000 {
		t.Errorf("1,000,000 bytes counted as %d", n)
	}
	if after.CPUMicros < before.CPUMicros || after.PeakRSS < before.PeakRSS {
		t.Errorf("from %+v to %+v", before, after)
	}
	_ = kept[len(kept)-1]
}

// TestServeFails: an address that is taken is an error.
func TestServeFails(t *testing.T) {
	t.Parallel()
	taken := httptest.NewServer(http.NotFoundHandler())
	defer taken.Close()
	at := taken.Listener.Addr().String()
	if _, _, err := process.Begin(t.Context(), process.Flags{Stats: at}, nil); err == nil {
		t.Error("/stats is served at an address that is taken")
	}
	_, p, err := process.Begin(t.Context(), process.Flags{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Serve(t.Context(), at, "", func(net.Listener) error { return nil }); err == nil {
		t.Error("an address that is taken is served")
	}
	if err := p.End(); err != nil {
		t.Error(err)
	}
}
