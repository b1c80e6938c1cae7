package storage_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dbos-inc/dbos-transact-golang/dbos"
	"github.com/jackc/pgx/v5"

	"github.com/mainstem/mainstem/platform/config"
	"github.com/mainstem/mainstem/storage"
	"github.com/mainstem/mainstem/storage/storagetest"
)

func TestPostgres(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T) *storage.Store { return open(t, storagetest.Postgres(t)) })
}

// administer runs statements in a database, beside any store.
func administer(t *testing.T, u string, statements ...string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), u)
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range statements {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := conn.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// changed gives a URL with something else in it.
func changed(t *testing.T, u string, change func(u *url.URL)) string {
	t.Helper()
	parsed, err := url.Parse(u)
	if err != nil {
		t.Fatal(err)
	}
	change(parsed)
	return parsed.String()
}

// TestManyStart has several processes start at once on an empty database, the engine among them.
func TestManyStart(t *testing.T) {
	t.Parallel()
	u := storagetest.Postgres(t)
	var running sync.WaitGroup
	for i := range 5 {
		running.Go(func() {
			s, err := storage.Open(t.Context(), at(u), quiet)
			if err != nil {
				t.Error(err)
				return
			}
			closeAfter(t, s)
			c := dbos.Config{AppName: "examined", ApplicationVersion: "1", ExecutorID: fmt.Sprint(i), Logger: quiet}
			s.Configure(&c)
			engine, err := dbos.NewContext(t.Context(), c)
			if err != nil {
				t.Error(err)
				return
			}
			if err := dbos.Shutdown(engine, time.Minute); err != nil {
				t.Error(err)
			}
		})
	}
	running.Wait()
}

func TestAcrossProcesses(t *testing.T) {
	t.Parallel()
	u := storagetest.Postgres(t)
	here, there := open(t, u), open(t, u)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()

	add(t, there, "a")
	n := 0
	for e, err := range here.Follow(ctx, "a", 0) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; e.Seq != int64(n) {
			t.Fatalf("got %d", e.Seq)
		}
		switch n {
		case 10: // the connections that hear are lost, and made again
			administer(t, u, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query = 'LISTEN mainstem'`)
		case 20:
			return
		}
		add(t, there, "a")
	}
	t.Errorf("%d events came", n)
}

func TestAdoptionAcrossProcesses(t *testing.T) {
	t.Parallel()
	u := storagetest.Postgres(t)
	here, there := open(t, u), open(t, u)
	if err := here.Renew(t.Context(), "dead", -time.Hour); err != nil {
		t.Fatal(err)
	}
	adopt := func(s *storage.Store, f func() error) int {
		n := 0
		err := s.Expired(t.Context(), "self", func(context.Context, string) error { n++; return f() })
		if err != nil {
			t.Error(err)
		}
		return n
	}
	n := adopt(here, func() error {
		if n := adopt(there, func() error { return nil }); n != 0 {
			t.Error("both adopted it")
		}
		return nil
	})
	if n != 1 || adopt(there, func() error { return nil }) != 0 {
		t.Errorf("it was adopted %d times", n)
	}
}

func TestDatabasesThatAreNoGood(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		prepare func(t *testing.T, u string) string
		want    []string
	}{
		"a host that is not there": {func(*testing.T, string) string { return "postgres://user:pa55word@127.0.0.1:1/shop" },
			[]string{"postgres://user@127.0.0.1:1/shop cannot be reached", "firewall"}},
		"a database that is not there": {func(t *testing.T, u string) string {
			return changed(t, u, func(u *url.URL) { u.Path = "/none" })
		}, []string{"does not exist", "CREATE DATABASE"}},
		"a role that is not there": {func(t *testing.T, u string) string {
			return changed(t, u, func(u *url.URL) { u.User = url.UserPassword("nobody_at_all", "pa55word") })
		}, []string{"refuses the user or the password", "pg_hba.conf"}},
		"a role without rights": {func(t *testing.T, u string) string {
			name := role(t, u)
			return changed(t, u, func(u *url.URL) { u.User = url.UserPassword(name, "pa55word") })
		}, []string{"does not grant its user what is needed", "GRANT CREATE"}},
		"a role without rights for the engine": {func(t *testing.T, u string) string {
			name := role(t, u)
			administer(t, u, "CREATE SCHEMA mainstem AUTHORIZATION "+name)
			return changed(t, u, func(u *url.URL) { u.User = url.UserPassword(name, "pa55word") })
		}, []string{"does not grant its user what is needed", "CREATE SCHEMA dbos"}},
		"another encoding": {func(t *testing.T, u string) string {
			name := "latin_" + strings.TrimPrefix(mustParse(t, u).Path, "/")
			administer(t, u, "CREATE DATABASE "+name+" ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
			t.Cleanup(func() { drop(t, u, "DROP DATABASE "+name+" WITH (FORCE)") })
			return changed(t, u, func(u *url.URL) { u.Path = "/" + name })
		}, []string{"has the encoding LATIN1", "ENCODING 'UTF8'"}},
		"one that is only read": {func(t *testing.T, u string) string {
			administer(t, u, "ALTER DATABASE "+strings.TrimPrefix(mustParse(t, u).Path, "/")+" SET default_transaction_read_only = on")
			return u
		}, []string{"can only be read", "target_session_attrs"}},
		"one of a newer program": {func(t *testing.T, u string) string {
			open(t, u)
			administer(t, u, "INSERT INTO mainstem.mainstem_migrations (version_id, is_applied) VALUES (9999, true)")
			return u
		}, []string{"made by a newer Mainstem", "9999", "nothing was changed"}},
		"too few connections": {func(t *testing.T, u string) string {
			return changed(t, u, func(u *url.URL) { u.RawQuery += "&pool_max_conns=3" })
		}, []string{"pool_max_conns must be 4 or more"}},
		"a parameter that is wrong": {func(t *testing.T, u string) string {
			return changed(t, u, func(u *url.URL) { u.User = url.UserPassword("a", "pa55word"); u.RawQuery += "&sslmode=maybe" })
		}, []string{"sslmode"}},
	}
	for reason, c := range cases {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			u := c.prepare(t, storagetest.Postgres(t))
			_, err := storage.Open(t.Context(), at(u), quiet)
			wantError(t, err, c.want...)
			if err != nil && strings.Contains(err.Error(), "pa55word") {
				t.Errorf("it says the password: %v", err)
			}
		})
	}
}

// role makes a role that may log in, and nothing else.
func role(t *testing.T, u string) string {
	t.Helper()
	name := "role_" + strings.TrimPrefix(mustParse(t, u).Path, "/")
	administer(t, u, "CREATE ROLE "+name+" LOGIN PASSWORD 'pa55word'")
	t.Cleanup(func() { drop(t, u, "DROP OWNED BY "+name, "DROP ROLE "+name) })
	return name
}

// drop runs statements when a test ends, whose own context has ended by then.
func drop(t *testing.T, u string, statements ...string) {
	conn, err := pgx.Connect(context.Background(), u)
	if err != nil {
		t.Error(err)
		return
	}
	for _, statement := range statements {
		if _, err := conn.Exec(context.Background(), statement); err != nil {
			t.Error(err)
		}
	}
	if err := conn.Close(context.Background()); err != nil {
		t.Error(err)
	}
}

func mustParse(t *testing.T, u string) *url.URL {
	t.Helper()
	parsed, err := url.Parse(u)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// TestOwnSchemas has a role that owns the two schemas and may make none.
func TestOwnSchemas(t *testing.T) {
	t.Parallel()
	u := storagetest.Postgres(t)
	_, err := storage.OpenExisting(t.Context(), at(u), quiet)
	wantError(t, err, "no tables of Mainstem's", "mainstem serve")
	name := role(t, u)
	administer(t, u, "CREATE SCHEMA mainstem AUTHORIZATION "+name, "CREATE SCHEMA dbos AUTHORIZATION "+name)
	u = changed(t, u, func(u *url.URL) { u.User = url.User(name) })
	c := at(u)
	c.Password = config.NewSecret("pa55word")
	s, err := storage.Open(t.Context(), c, quiet)
	if err != nil {
		t.Fatal(err)
	}
	closeAfter(t, s)
	add(t, s, "a")
	beside, err := storage.OpenExisting(t.Context(), c, quiet)
	if err != nil {
		t.Fatal(err)
	}
	closeAfter(t, beside)
	if last, err := beside.LastSeq(t.Context()); err != nil || last != 1 {
		t.Errorf("got %d, %v", last, err)
	}
}

// TestPasswordStaysSecret looks for a password in all that is said of a database, by the engine too.
func TestPasswordStaysSecret(t *testing.T) {
	t.Parallel()
	const password = "pa55word"
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&synchronized{w: &log}, &slog.HandlerOptions{Level: slog.LevelDebug}))
	base := storagetest.Postgres(t)
	for reason, u := range map[string]string{
		"of the user": changed(t, base, func(u *url.URL) { u.User = url.UserPassword(u.User.Username(), password) }),
		"a parameter": changed(t, base, func(u *url.URL) { u.RawQuery += "&password=" + password }),
	} {
		c := at(u)
		s, err := storage.Open(t.Context(), c, logger)
		if err != nil {
			t.Fatal(reason, err)
		}
		engineConfig := dbos.Config{AppName: "examined", ApplicationVersion: "1", ExecutorID: "1", Logger: logger}
		s.Configure(&engineConfig)
		engine, err := dbos.NewContext(t.Context(), engineConfig)
		if err != nil {
			t.Fatal(err)
		}
		logger.Info("config", "url", c.URL, "config", c)
		text, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		said := string(text) + fmt.Sprintf("%v %+v %#v %s %q %x", c, c, c, c.URL, c.URL, c.URL)
		if err := dbos.Shutdown(engine, time.Minute); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if strings.Contains(said, password) || strings.Contains(said, fmt.Sprintf("%x", password)) {
			t.Errorf("%s: it is in %s", reason, said)
		}
	}
	if log.Len() == 0 || strings.Contains(log.String(), password) {
		t.Errorf("it is in the log: %s", log.String())
	}
}

// synchronized is a writer for several goroutines.
type synchronized struct {
	mu sync.Mutex
	w  *bytes.Buffer
}

func (s *synchronized) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.w.Write(p)
}
