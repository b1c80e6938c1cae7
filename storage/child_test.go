package storage_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/mainstem/mainstem/storage"
)

// childVariable says what a process of this program does in place of tests.
const childVariable = "STORAGE_CHILD"

// children are what other processes do with a URL. They print one line for each thing that has happened.
var children = map[string]func(ctx context.Context, url string) error{
	"serve": func(ctx context.Context, url string) error {
		if _, err := storage.Open(ctx, at(url), quiet); err != nil {
			return err
		}
		fmt.Println("open")
		select {}
	},
	"append": func(ctx context.Context, url string) error {
		s, err := storage.Open(ctx, at(url), quiet)
		if err != nil {
			return err
		}
		for {
			events := []storage.Event{{Kind: "x", Topic: "a", Payload: json.RawMessage(`{}`)}, {Kind: "y", Topic: "b"}}
			if err := s.InTx(ctx, func(tx storage.Tx) error { return s.Append(ctx, tx, events) }); err != nil {
				return err
			}
			fmt.Println(events[1].Seq)
		}
	},
	"full disk":      onSmallDisk,
	"read-only disk": onReadOnlyDisk,
}

func TestMain(m *testing.M) {
	what := os.Getenv(childVariable)
	if what == "" {
		goleak.VerifyTestMain(m)
		return
	}
	if err := children[what](context.Background(), os.Args[len(os.Args)-1]); err != nil {
		fmt.Println(strings.ReplaceAll(err.Error(), "\n", " "))
		os.Exit(1)
	}
}

// child is another process of this program.
type child struct {
	*exec.Cmd
	lines *bufio.Scanner
}

// start starts another process that does something with a URL. It is killed when the test ends.
func start(t *testing.T, what, url string, change func(*exec.Cmd)) child {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(program, url)
	command.Env = append(os.Environ(), childVariable+"="+what)
	command.Stderr = os.Stderr
	if change != nil {
		change(command)
	}
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	c := child{command, bufio.NewScanner(output)}
	t.Cleanup(c.kill)
	return c
}

// line gives the next line that the process prints.
func (c child) line(t *testing.T) string {
	t.Helper()
	if !c.lines.Scan() {
		t.Fatalf("the process says nothing more: %v", c.lines.Err())
	}
	return c.lines.Text()
}

// kill ends the process as kill -9 does, and waits until it has ended. It can be called again.
func (c child) kill() {
	_ = c.Process.Kill() // it may have ended
	for c.lines.Scan() { // what it has printed meanwhile
	}
	_ = c.Wait() // it was killed
}

func TestLock(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "test.db")
	other := start(t, "serve", "sqlite:"+path, nil)
	if got := other.line(t); got != "open" {
		t.Fatal(got)
	}
	_, err := storage.Open(t.Context(), at("sqlite:"+path), quiet)
	wantError(t, err, path+" is in use by another process", fmt.Sprintf("(process %d)", other.Process.Pid), path+".lock")

	beside, err := storage.OpenExisting(t.Context(), at("sqlite:"+path), quiet)
	if err != nil {
		t.Fatal(err)
	}
	if err := beside.Close(); err != nil {
		t.Error(err)
	}
	other.kill()
	open(t, "sqlite:"+path) // the kernel has let go of it
	_, err = storage.Open(t.Context(), at("sqlite:"+path), quiet)
	wantError(t, err, fmt.Sprintf("(process %d)", os.Getpid())) // by this one
}

// TestKilled kills a process that writes, and looks whether what it was told to be written is there.
func TestKilled(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "test.db")
	last := int64(0)
	for range 3 {
		writer := start(t, "append", "sqlite:"+path, nil)
		for range 25 {
			if _, err := fmt.Sscan(writer.line(t), &last); err != nil {
				t.Fatal(err)
			}
		}
		if err := writer.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for writer.lines.Scan() {
			if _, err := fmt.Sscan(writer.lines.Text(), &last); err != nil {
				t.Fatal(err)
			}
		}
		writer.kill()

		s := open(t, "sqlite:"+path)
		wantSound(t, s)
		got, err := s.LastSeq(t.Context())
		if err != nil || got != last && got != last+2 { // it may have been killed before it said so
			t.Errorf("%d was said to be written, and %d is the last; %v", last, got, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// wantError fails unless err says all of the texts.
func wantError(t *testing.T, err error, texts ...string) {
	t.Helper()
	if err == nil {
		t.Error("there was no error")
		return
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("%q does not say %q", err, text)
		}
	}
}

// wantSound fails if there is something wrong with a database.
func wantSound(t *testing.T, s *storage.Store) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if wrong, err := s.Verify(ctx); err != nil || len(wrong) > 0 {
		t.Errorf("%q, %v", wrong, err)
	}
}
