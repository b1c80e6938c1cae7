package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// errNoPostgres says that this machine has no PostgreSQL.
var errNoPostgres = errors.New("pg_ctl, initdb and postgres are neither in PATH nor in /usr/lib/postgresql/*/bin")

// postgres is a PostgreSQL server of our own.
type postgres struct{ as *syscall.SysProcAttr } // who runs it

// postgres runs a server until close, with the settings that it has by default, and gives the URL of its database.
func (p *programs) postgres(ctx context.Context) (string, error) {
	found, err := findPostgres()
	if err != nil {
		return "", err
	}
	folder, err := os.MkdirTemp("", "mainstem-bench-postgres-") // not in ours, where its user may not be
	if err != nil {
		return "", err
	}
	p.after = append(p.after, func() error { return os.RemoveAll(folder) })
	server := &postgres{as: &syscall.SysProcAttr{Setpgid: true}} // an interrupt at the terminal is for us
	if os.Getuid() == 0 {                                        // who may not run it
		if err := server.giveAway(folder); err != nil {
			return "", err
		}
	}
	data, pgctl := filepath.Join(folder, "data"), filepath.Join(found, "pg_ctl")
	if err := server.run(ctx, filepath.Join(found, "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C"); err != nil {
		return "", err
	}
	options := fmt.Sprintf("-k %s -h '' -c max_connections=200", folder)
	if err := server.run(ctx, pgctl, "-D", data, "-w", "-l", filepath.Join(folder, "log"), "-o", options, "start"); err != nil {
		return "", err
	}
	stopping := context.WithoutCancel(ctx)
	p.after = append([]func() error{func() error { return server.run(stopping, pgctl, "-D", data, "-m", "fast", "stop") }}, p.after...)
	at := url.URL{Scheme: "postgres", User: url.User("postgres"), Path: "/postgres", RawQuery: url.Values{"host": {folder}}.Encode()}
	return at.String(), nil
}

// run runs one of the server's programs. What the server itself says goes to its log: it must not keep our pipes open.
func (p *postgres) run(ctx context.Context, program string, args ...string) error {
	said, err := os.CreateTemp("", "mainstem-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = errors.Join(said.Close(), os.Remove(said.Name())) }()
	command := exec.CommandContext(ctx, program, args...) //nolint:gosec // a program of PostgreSQL
	command.SysProcAttr, command.Dir, command.Stdout, command.Stderr = p.as, "/", said, said
	if err := command.Run(); err != nil {
		text, _ := os.ReadFile(said.Name()) // what there is of it
		return fmt.Errorf("%s: %w\n%s", filepath.Base(program), err, text)
	}
	return nil
}

// giveAway has the programs run as the user postgres, who owns the folder.
func (p *postgres) giveAway(folder string) error {
	account, err := user.Lookup("postgres")
	if err != nil {
		return fmt.Errorf("root cannot run PostgreSQL, and there is no user for it: %w", err)
	}
	uid, err := strconv.ParseUint(account.Uid, 10, 32)
	if err != nil {
		return err
	}
	gid, err := strconv.ParseUint(account.Gid, 10, 32)
	if err != nil {
		return err
	}
	p.as.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return os.Chown(folder, int(uid), int(gid))
}

// findPostgres gives the folder of PostgreSQL's programs.
func findPostgres() (string, error) {
	folders, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		return "", err
	}
	if path, err := exec.LookPath("pg_ctl"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			folders = append(folders, filepath.Dir(path))
		}
	}
	for i := len(folders) - 1; i >= 0; i-- { // that in PATH first
		whole := true
		for _, program := range []string{"pg_ctl", "initdb", "postgres"} {
			_, err := os.Stat(filepath.Join(folders[i], program))
			whole = whole && err == nil
		}
		if whole {
			return folders[i], nil
		}
	}
	return "", errNoPostgres
}
