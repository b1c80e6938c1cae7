// Command upstream is the service behind the benchmark's gateway: posts and users like those of https://jsonplaceholder.typicode.com, answered
// from memory at as little cost as possible, since it shares the machine with what is measured.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/mainstem/mainstem/bench/posts/process"
)

type flags struct {
	process.Flags
	Listen string `help:"Host and port to listen at; port 0 for a free one." default:"127.0.0.1:0" placeholder:"HOST:PORT"`
	Posts  int    `help:"How many posts there are; a user has written ten." default:"100"`
	Seed   uint64 `help:"What the texts are made from." default:"1"`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	var f flags
	kong.Parse(&f, kong.Name("upstream"), kong.Description("A service of posts and users, to be called by a gateway under load."))
	if err := run(ctx, f); err != nil {
		fmt.Fprintln(os.Stderr, "upstream:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, f flags) error {
	if f.Posts < 1 || f.Posts > maxPosts {
		return fmt.Errorf("--posts %d: there can be 1 to %d", f.Posts, maxPosts)
	}
	runtime.GOMAXPROCS(1) // one thread that is busy costs less than several that wake each other
	s, err := newService(f.Posts, f.Seed)
	if err != nil {
		return err
	}
	ctx, p, err := process.Begin(ctx, f.Flags, s.calls.Load)
	if err != nil {
		return err
	}
	return errors.Join(p.Serve(ctx, f.Listen, "", s.serve), p.End())
}
