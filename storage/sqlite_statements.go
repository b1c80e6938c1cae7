package storage

import (
	"context"
	"database/sql/driver"
	"fmt"
	"strings"
)

// preparing opens connections that keep the statements which they have run, since SQLite needs longer to prepare one of ours than to run it.
type preparing struct{ driver.Connector }

// Connect opens a connection.
func (p preparing) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := connected(ctx, p.Connector)
	if err != nil {
		return nil, err
	}
	return &preparedConn{sqliteConn: conn, prepared: map[string]*preparedStmt{}}, nil
}

// maxPrepared bounds the statements that a connection keeps. There are fewer, but for those that have lists of any length in them.
const maxPrepared = 256

// preparedConn is one connection, used by one goroutine at a time.
type preparedConn struct {
	sqliteConn
	prepared map[string]*preparedStmt // by their text
}

// sqliteStmt is what a statement of the driver can do.
type sqliteStmt interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// preparedStmt is a statement that is kept.
type preparedStmt struct {
	stmt sqliteStmt
	read bool // rows of it are being read: it cannot run once more
}

// statement gives the statement that is kept of a text, and keeps it from now on; nil if it has to be run without.
func (c *preparedConn) statement(ctx context.Context, text string) (*preparedStmt, error) {
	kept, ok := c.prepared[text]
	if ok && kept.read || !ok && (len(c.prepared) >= maxPrepared || !repeats(text)) {
		return nil, nil
	}
	if ok {
		return kept, nil
	}
	stmt, err := c.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	kept = &preparedStmt{}
	if kept.stmt, ok = stmt.(sqliteStmt); !ok {
		_ = stmt.Close() // it is of no use
		return nil, fmt.Errorf("storage: the driver's %T lacks what is needed of a statement", stmt)
	}
	c.prepared[text] = kept
	return kept, nil
}

// repeats says whether a statement is of those that are run again and again.
func repeats(text string) bool {
	verb, _, _ := strings.Cut(strings.TrimLeft(text, " \t\n"), " ")
	switch strings.ToUpper(verb) {
	case "SELECT", "INSERT", "UPDATE", "DELETE":
		return true
	}
	return false
}

// ExecContext runs a statement.
func (c *preparedConn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	kept, err := c.statement(ctx, text)
	if err != nil {
		return nil, err
	}
	if kept == nil {
		return c.sqliteConn.ExecContext(ctx, text, args)
	}
	return kept.stmt.ExecContext(ctx, args)
}

// QueryContext runs a statement that gives rows.
func (c *preparedConn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	kept, err := c.statement(ctx, text)
	if err != nil {
		return nil, err
	}
	if kept == nil {
		return c.sqliteConn.QueryContext(ctx, text, args)
	}
	rows, err := kept.stmt.QueryContext(ctx, args)
	if err != nil {
		return nil, err
	}
	kept.read = true
	return &preparedRows{Rows: rows, of: kept}, nil
}

// Close closes the connection and what it keeps.
func (c *preparedConn) Close() error {
	for _, kept := range c.prepared {
		_ = kept.stmt.Close() // the connection goes anyway
	}
	clear(c.prepared)
	return c.sqliteConn.Close()
}

// preparedRows are the rows of a statement that is kept.
type preparedRows struct {
	driver.Rows
	of *preparedStmt
}

// Close lets the statement run again.
func (r *preparedRows) Close() error {
	r.of.read = false
	return r.Rows.Close()
}
