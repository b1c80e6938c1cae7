package storage

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// explainPostgres says what an error of PostgreSQL means for whoever runs the gateway, and what to do about it.
func explainPostgres(u URL, err error) error {
	if strings.HasPrefix(err.Error(), "storage:") {
		return err // it is explained
	}
	advice := ""
	if _, state, ok := strings.Cut(err.Error(), "(SQLSTATE "); ok { // in the text, since the engine does not wrap what it gets
		advice = adviceFor(state[:min(len(state), 5)])
	} else if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		advice = "cannot be reached: look at the host and the port of storage.url, whether the server runs, and whether a firewall is between"
	} else if errors.Is(err, context.DeadlineExceeded) {
		advice = "does not answer in time"
	}
	if advice == "" {
		return fmt.Errorf("storage: %s: %w", u, err)
	}
	return fmt.Errorf("storage: %s %s: %w", u, advice, err)
}

// adviceFor gives what to do about an error by its SQLSTATE; "" for those that speak for themselves.
func adviceFor(code string) string {
	switch code {
	case "28P01", "28000":
		return "refuses the user or the password: look at storage.url and storage.password, and at the server's pg_hba.conf"
	case "3D000":
		return "does not exist: make it by CREATE DATABASE, with the encoding UTF8"
	case "42501":
		return "does not grant its user what is needed: as an administrator, run GRANT CREATE ON DATABASE … TO …, or CREATE SCHEMA mainstem AUTHORIZATION … and CREATE SCHEMA dbos AUTHORIZATION …"
	case "53300":
		return "has no connection left: lower pool_max_conns in storage.url, of which each process takes that many and one, or raise the server's max_connections"
	case "57P03":
		return "is starting or stopping: try again"
	case "53100":
		return "has a full disk"
	}
	return ""
}

// parameter gives a parameter of a URL; "" if it has none.
func parameter(bare, name string) string {
	_, parameters, _ := strings.Cut(bare, "?")
	query, err := url.ParseQuery(parameters)
	if err != nil {
		return ""
	}
	return query.Get(name)
}
