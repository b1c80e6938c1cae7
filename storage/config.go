package storage

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/mainstem/mainstem/platform/config"
)

// Config is where the gateway keeps what it must remember. The zero value is not valid: begin with Defaults.
type Config struct {
	URL       URL             `yaml:"url" desc:"sqlite:mainstem.db, sqlite:/var/lib/mainstem/mainstem.db, or postgres://user@host/database, which several processes can share."`
	Password  config.Secret   `yaml:"password" desc:"PostgreSQL's password, if the URL has none."`
	Retention RetentionConfig `yaml:"retention" desc:"How long what is over is kept."`
}

// RetentionConfig is how long what is over is kept.
type RetentionConfig struct {
	Events    config.Duration `yaml:"events" desc:"How long events are kept, which are the audit log; 0 for ever. At least 24h."`
	Workflows config.Duration `yaml:"workflows" desc:"How long a workflow that has ended can be asked for, and its key leads to its result; 0 for ever. At least 24h."`
}

const (
	day          = 24 * time.Hour
	minRetention = config.Duration(day)
)

// Defaults gives a SQLite file in the current directory, events of 400 days and workflows of 90.
func Defaults() Config {
	return Config{
		URL:       "sqlite:mainstem.db",
		Retention: RetentionConfig{Events: config.Duration(400 * day), Workflows: config.Duration(90 * day)},
	}
}

// Validate says what is wrong with the configuration; it opens nothing. Paths in the error are relative to the value.
func (c Config) Validate() error {
	var wrong config.Problems
	report := func(path, message string) { wrong = append(wrong, config.Problem{Path: path, Message: message}) }
	if err := c.URL.check(); err != nil {
		report("url", err.Error())
	} else if _, isFile := c.URL.sqlitePath(); isFile && !c.Password.IsZero() {
		report("password", "is PostgreSQL's: a file has none")
	}
	if c.Retention.Events != 0 && c.Retention.Events < minRetention {
		report("retention.events", "must be 24h or more, or 0 for ever")
	}
	if c.Retention.Workflows != 0 && c.Retention.Workflows < minRetention {
		report("retention.workflows", "must be 24h or more, or 0 for ever")
	}
	if len(wrong) == 0 {
		return nil
	}
	return wrong
}

// URL says where a database is. It may hold a password, so whatever prints, logs or encodes it gives it without.
type URL string

const hidden = "[redacted]"

// String gives the URL without its password.
func (u URL) String() string {
	if _, isFile := u.sqlitePath(); isFile {
		return string(u)
	}
	bare, _, err := u.split()
	if err != nil {
		return hidden
	}
	return bare
}

// Discreet keeps the line of a file where the URL stands out of messages.
func (URL) Discreet() {}

// GoString gives String.
func (u URL) GoString() string { return u.String() }

// MarshalText gives String to encoders of JSON, YAML and XML. It never fails.
func (u URL) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// LogValue gives String.
func (u URL) LogValue() slog.Value { return slog.StringValue(u.String()) }

// sqlitePath gives the file of a sqlite: URL.
func (u URL) sqlitePath() (path string, ok bool) {
	path, ok = strings.CutPrefix(string(u), "sqlite:")
	if rest, triple := strings.CutPrefix(path, "///"); triple {
		path = "/" + rest
	}
	return path, ok
}

// check says what is wrong with the URL, without a word of it that may be secret.
func (u URL) check() error {
	if path, ok := u.sqlitePath(); ok {
		switch {
		case path == "" || strings.HasSuffix(path, "/"):
			return errors.New("names no file: write sqlite:mainstem.db, or sqlite:/var/lib/mainstem/mainstem.db")
		case strings.HasPrefix(path, "//"):
			return errors.New("a file is on no host: write sqlite:/var/lib/mainstem/mainstem.db")
		case strings.Contains(path, ":memory:") || strings.HasPrefix(path, "file:") || strings.ContainsAny(path, "?\x00"):
			return fmt.Errorf("%q is no plain name of a file", path)
		}
		return nil
	}
	_, _, err := u.split()
	return err
}

// split takes the password out of a PostgreSQL URL. It does so by the URL's marks alone, so that what is no good URL is not half hidden: an error
// holds nothing of it.
func (u URL) split() (bare, password string, err error) {
	scheme, rest, ok := strings.Cut(string(u), "://")
	if !ok || scheme != "postgres" && scheme != "postgresql" {
		return "", "", errors.New("must begin with sqlite: or postgres://")
	}
	authority, path := rest, ""
	if end := strings.IndexAny(rest, "/?"); end >= 0 {
		authority, path = rest[:end], rest[end:]
	}
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		name, escaped, has := strings.Cut(authority[:at], ":")
		if password, err = url.PathUnescape(escaped); err != nil {
			return "", "", errSpecial
		}
		if has {
			authority = name + authority[at:]
		}
	}
	if strings.ContainsAny(path, "@#") || strings.ContainsAny(authority, "#\\") {
		return "", "", errSpecial // the password went on
	}
	path, parameters, _ := strings.Cut(path, "?")
	query, err := url.ParseQuery(parameters)
	switch {
	case err != nil:
		return "", "", errSpecial
	case query.Has("sslpassword"):
		return "", "", errors.New("sslpassword is set by the variable PGSSLPASSWORD, not in the URL")
	case query.Has("password"):
		password = query.Get("password")
		query.Del("password")
	}
	bare = scheme + "://" + authority + path
	if len(query) > 0 {
		bare += "?" + query.Encode()
	}
	return bare, password, nil
}

// errSpecial is wrong with what cannot be read as a URL, most often for a password's sake.
var errSpecial = errors.New("is no URL such as postgres://user@host/database: special characters are written as in %40; better give the password by storage.password")
