package storagetest

import (
	"bufio"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// PostgresVariable names the variable that holds the URL of a server for tests, whose user may make databases. Its value can be "required" instead:
// then a test fails, and is not skipped, where no server can be started.
const PostgresVariable = "MAINSTEM_TEST_POSTGRES"

const required = "required"

// patience is how long a test waits for what must come.
const patience = 30 * time.Second

// server is the one that all tests of this process use. It is started by the first that wants it.
var server = sync.OnceValues(startServer)

// Postgres gives the URL of an empty PostgreSQL database, which is dropped when the test ends. The server is the one that MAINSTEM_TEST_POSTGRES names,
// or one that is started from the programs of this machine and ends with this process. Where there is none, the test is skipped.
func Postgres(t *testing.T) string {
	t.Helper()
	started, err := server()
	if errors.Is(err, errNoPrograms) && os.Getenv(PostgresVariable) != required {
		t.Skipf("*** NOT TESTED ON POSTGRESQL: %v", err)
	}
	if err != nil {
		t.Fatalf("no PostgreSQL for this test: %v", err)
	}
	name := "mainstem_test_" + strings.ToLower(rand.Text())
	base := started.base
	if err := administer(base, "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := administer(base, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	database := *base
	database.Path = "/" + name
	return database.String()
}

// administer runs a statement on the server.
func administer(base *url.URL, statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, base.String())
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, statement)
	return errors.Join(err, conn.Close(ctx))
}

// errNoPrograms says that this machine has no PostgreSQL.
var errNoPrograms = errors.New("pg_ctl, initdb and postgres are neither in PATH nor in /usr/lib/postgresql/*/bin; install them, or set " + PostgresVariable + " to a server's URL")

// running is a server.
type running struct {
	base *url.URL  // of its own database
	life io.Closer // the server ends when this is closed, which the kernel does when the process ends
}

// startServer starts a server, unless the environment names one.
func startServer() (*running, error) {
	if text := os.Getenv(PostgresVariable); text != "" && text != required {
		base, err := url.Parse(text)
		return &running{base: base}, err
	}
	programs, err := findPrograms()
	if err != nil {
		return nil, err
	}
	directory, err := os.MkdirTemp("", "mainstem-postgres-")
	if err != nil {
		return nil, err
	}
	life, err := runServer(programs, directory)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(directory))
	}
	base := &url.URL{Scheme: "postgres", User: url.User("postgres"), Path: "/postgres", RawQuery: url.Values{"host": {directory}}.Encode()}
	return &running{base, life}, nil
}

// script makes a server in the directory $2 by the programs in $1 and says that it is ready. It ends the server when its input ends, which is when
// the process at the other end does, in whatever way. What is lost in a crash of the machine need not reach a disk.
const script = `
set -e
cd "$2"
"$1/initdb" -D data -U postgres -A trust -E UTF8 --locale=C --no-sync >log 2>&1
cat >>data/postgresql.conf <<END
unix_socket_directories = '$2'
listen_addresses = ''
max_connections = 300
fsync = off
full_page_writes = off
END
"$1/pg_ctl" -D data -w -l log start >>log 2>&1
echo ready
read end || true
"$1/pg_ctl" -D data -m immediate stop >/dev/null 2>&1 || true
cd /
rm -rf "$2"
`

// runServer starts the script and waits until the server is ready. The server lives until what it gives is closed.
func runServer(programs, directory string) (life io.Closer, err error) {
	command := exec.CommandContext(context.Background(), "/bin/sh", "-c", script, "postgres-for-tests", programs, directory)
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // an interrupt at the terminal is for the tests
	if os.Getuid() == 0 {                                    // PostgreSQL refuses to run as root
		if err := giveAway(command, directory); err != nil {
			return nil, err
		}
	}
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
	line, err := bufio.NewReader(output).ReadString('\n')
	if err == nil && line == "ready\n" {
		return input, nil
	}
	log, _ := os.ReadFile(filepath.Join(directory, "log")) // what there is of it
	return nil, fmt.Errorf("PostgreSQL does not start: %w: %s", errors.Join(err, command.Wait()), log)
}

// giveAway has the command run as the user postgres, who owns the directory.
func giveAway(command *exec.Cmd, directory string) error {
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
	command.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return os.Chown(directory, int(uid), int(gid))
}

// findPrograms gives the folder of PostgreSQL's programs: those in PATH, or the newest that Debian's packages have put in place.
func findPrograms() (string, error) {
	var folders []string
	if path, err := exec.LookPath("pg_ctl"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			folders = append(folders, filepath.Dir(path))
		}
	}
	installed, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		return "", err
	}
	slices.SortFunc(installed, func(a, b string) int { return cmp.Compare(majorVersion(b), majorVersion(a)) })
	for _, folder := range append(folders, installed...) {
		missing := slices.ContainsFunc([]string{"pg_ctl", "initdb", "postgres"}, func(program string) bool {
			_, err := os.Stat(filepath.Join(folder, program))
			return err != nil
		})
		if !missing {
			return folder, nil
		}
	}
	return "", errNoPrograms
}

// majorVersion gives 15 for /usr/lib/postgresql/15/bin.
func majorVersion(folder string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(folder))) // what is no number is the oldest
	return n
}
