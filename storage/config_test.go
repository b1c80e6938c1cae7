package storage_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/mainstem/mainstem/platform/config"
	"github.com/mainstem/mainstem/storage"
)

func TestConfig(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		change func(c *storage.Config)
		want   string // "" for nothing wrong
	}{
		"the defaults":     {func(*storage.Config) {}, ""},
		"an absolute path": {func(c *storage.Config) { c.URL = "sqlite:/var/lib/mainstem.db" }, ""},
		"three slashes":    {func(c *storage.Config) { c.URL = "sqlite:///var/lib/mainstem.db" }, ""},
		"PostgreSQL":       {func(c *storage.Config) { c.URL = "postgres://user:p%40ss@host:5432/shop?sslmode=verify-full" }, ""},
		"several hosts": {func(c *storage.Config) {
			c.URL = "postgresql://user@a:5432,b:5433/shop?target_session_attrs=read-write"
		}, ""},
		"a socket": {func(c *storage.Config) { c.URL = "postgres:///shop?host=/var/run/postgresql" }, ""},
		"a password apart": {func(c *storage.Config) {
			c.URL = "postgres://user@host/shop"
			c.Password = config.NewSecret("pa55word")
		}, ""},
		"kept for ever":             {func(c *storage.Config) { c.Retention = storage.RetentionConfig{} }, ""},
		"nothing":                   {func(c *storage.Config) { c.URL = "" }, "url: must begin with"},
		"another database":          {func(c *storage.Config) { c.URL = "mysql://user:pa55word@host/shop" }, "url: must begin with sqlite: or postgres://"},
		"keys and values":           {func(c *storage.Config) { c.URL = "host=localhost password=pa55word" }, "url: must begin with sqlite: or postgres://"},
		"no file":                   {func(c *storage.Config) { c.URL = "sqlite:" }, "url: names no file"},
		"a folder":                  {func(c *storage.Config) { c.URL = "sqlite:/var/lib/" }, "url: names no file"},
		"a file on a host":          {func(c *storage.Config) { c.URL = "sqlite://host/mainstem.db" }, "url: a file is on no host"},
		"memory":                    {func(c *storage.Config) { c.URL = "sqlite::memory:" }, "url: \":memory:\" is no plain name"},
		"settings of SQLite's":      {func(c *storage.Config) { c.URL = "sqlite:a.db?_pragma=synchronous(OFF)" }, "is no plain name of a file"},
		"a file's password":         {func(c *storage.Config) { c.Password = config.NewSecret("pa55word") }, "password: is PostgreSQL's"},
		"a slash in a password":     {func(c *storage.Config) { c.URL = "postgres://user:pa55word/x@host/shop" }, "url: is no URL such as"},
		"a mark in a password":      {func(c *storage.Config) { c.URL = "postgres://user:pa55word?x@host/shop" }, "url: is no URL such as"},
		"a hash in a password":      {func(c *storage.Config) { c.URL = "postgres://user:pa55word#x@host/shop" }, ""},
		"a percent in a password":   {func(c *storage.Config) { c.URL = "postgres://user:pa55word%zz@host/shop" }, "url: is no URL such as"},
		"a percent in a parameter":  {func(c *storage.Config) { c.URL = "postgres://user@host/shop?password=pa55word%zz" }, "url: is no URL such as"},
		"a key's password":          {func(c *storage.Config) { c.URL = "postgres://user@host/shop?sslpassword=pa55word" }, "url: sslpassword is set by"},
		"events gone at once":       {func(c *storage.Config) { c.Retention.Events = config.Duration(time.Hour) }, "retention.events: must be 24h or more"},
		"workflows gone at once":    {func(c *storage.Config) { c.Retention.Workflows = config.Duration(time.Hour) }, "retention.workflows: must be 24h or more"},
		"an at sign in a password":  {func(c *storage.Config) { c.URL = "postgres://user:pa55word@x@host/shop" }, ""},
		"a colon in a password":     {func(c *storage.Config) { c.URL = "postgres://user:pa55word:x@host/shop" }, ""},
		"a backslash in a password": {func(c *storage.Config) { c.URL = `postgres://user:pa55word\x@host/shop` }, ""},
	}
	for reason, c := range cases {
		settings := storage.Defaults()
		c.change(&settings)
		err := settings.Validate()
		if c.want == "" {
			if err != nil {
				t.Errorf("%s: %v", reason, err)
			}
		} else {
			wantError(t, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "pa55word") || strings.Contains(settings.URL.String(), "pa55word") {
			t.Errorf("%s: it says the password: %s, %v", reason, settings.URL, err)
		}
	}
}

// TestConfigFile reads settings as the gateway does, and looks whether what is wrong with them shows the password.
func TestConfigFile(t *testing.T) {
	t.Parallel()
	type settings struct {
		Storage storage.Config `yaml:"storage"`
	}
	got, err := config.Load("", []string{"MAINSTEM_STORAGE_URL=postgres://user:pa55word@host/shop", "MAINSTEM_STORAGE_RETENTION_EVENTS=48h"}, settings{storage.Defaults()})
	if err != nil {
		t.Fatal(err)
	}
	if got.Storage.URL != "postgres://user:pa55word@host/shop" || got.Storage.URL.String() != "postgres://user@host/shop" || got.Storage.Retention.Events.Std() != 48*time.Hour {
		t.Errorf("got %+v", got)
	}
	file := t.TempDir() + "/mainstem.yaml"
	write(t, file, []byte("storage:\n  url: postgres://user:pa55word/x@host/shop\n  retention:\n    events: 1h\n"))
	_, err = config.Load(file, nil, settings{storage.Defaults()})
	wantError(t, err, "storage.url: is no URL", "storage.retention.events: must be 24h")
	if strings.Contains(err.Error(), "pa55word") {
		t.Errorf("it says the password: %v", err)
	}
}

// FuzzPassword puts a password into a URL as net/url does, and looks whether what is shown is the URL without it.
func FuzzPassword(f *testing.F) {
	f.Add("user", "pa55word")
	f.Add("us er", "p@ss:w/o?r#d%")
	f.Add("", "")
	f.Fuzz(func(t *testing.T, user, password string) {
		u := url.URL{Scheme: "postgres", User: url.UserPassword(user, password), Host: "host:5432", Path: "/shop", RawQuery: "sslmode=require"}
		full := storage.URL(u.String())
		u.User = url.User(user)
		if shown := full.String(); shown != u.String() {
			t.Errorf("%s is shown as %s", string(full), shown)
		}
		if err := (storage.Config{URL: full}).Validate(); err != nil {
			t.Errorf("%s: %v", string(full), err)
		}
		for _, broken := range []string{"postgres://" + user + ":secret" + password + "secret@host/shop", "postgres://host/shop?password=secret" + password + "secret"} {
			_ = storage.Config{URL: storage.URL(broken)}.Validate() // must not panic
		}
	})
}
