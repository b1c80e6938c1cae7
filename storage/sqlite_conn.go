package storage

import (
	"context"
	"database/sql/driver"
	"fmt"
	"time"
)

// writerPatience is how long a writer waits for its turn before it asks SQLite itself, which then says that the file is busy.
const writerPatience = 30 * time.Second

// connector opens connections that write one after the other, in the order in which they asked. SQLite has one writer at a time anyway, and lets
// the others look again and again, with pauses that grow: whoever waits longest looks least often.
type connector struct {
	driver.Connector
	turn  chan struct{}        // holds one value: whoever writes
	ended func(committed bool) // called after each transaction, while it still has the turn
}

func newConnector(base driver.Connector, ended func(committed bool)) *connector {
	return &connector{Connector: base, turn: make(chan struct{}, 1), ended: ended}
}

// sqliteConn is what a connection of the driver can do, all of which connection passes on.
type sqliteConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

// connected opens a connection of the driver.
func connected(ctx context.Context, c driver.Connector) (sqliteConn, error) {
	base, err := c.Connect(ctx)
	if err != nil {
		return nil, err
	}
	conn, ok := base.(sqliteConn)
	if !ok {
		_ = base.Close() // it is of no use
		return nil, fmt.Errorf("storage: the driver's %T lacks what is needed of a connection", base)
	}
	return conn, nil
}

// Connect opens a connection.
func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := connected(ctx, c.Connector)
	if err != nil {
		return nil, err
	}
	return &connection{sqliteConn: conn, connector: c}, nil
}

// takeTurn waits until nobody else writes. The turn is not given to those who are patient in vain: they learn from SQLite that it is busy.
func (c *connector) takeTurn(ctx context.Context) (taken bool, err error) {
	select {
	case c.turn <- struct{}{}:
		return true, nil
	default:
	}
	patience := time.NewTimer(writerPatience)
	defer patience.Stop()
	select {
	case c.turn <- struct{}{}:
		return true, nil
	case <-ctx.Done():
		return false, ctx.Err()
	case <-patience.C:
		return false, nil
	}
}

// giveTurn lets the next one write.
func (c *connector) giveTurn() { <-c.turn }

// connection is one to SQLite, used by one goroutine at a time.
type connection struct {
	sqliteConn
	connector *connector
	inside    bool // a transaction that may write, which needs no turn for its statements
	turn      bool // which has the turn
}

// BeginTx starts a transaction, which waits for its turn unless it only reads.
func (c *connection) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	if opts.ReadOnly {
		return c.sqliteConn.BeginTx(ctx, opts)
	}
	taken, err := c.connector.takeTurn(ctx)
	if err != nil {
		return nil, err
	}
	tx, err := c.sqliteConn.BeginTx(ctx, opts)
	if err != nil {
		if taken {
			c.connector.giveTurn()
		}
		return nil, err
	}
	c.inside, c.turn = true, taken
	return &transaction{Tx: tx, conn: c}, nil
}

// ExecContext runs a statement, which waits for its turn outside of a transaction.
func (c *connection) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if c.inside {
		return c.sqliteConn.ExecContext(ctx, query, args)
	}
	taken, err := c.connector.takeTurn(ctx)
	if err != nil {
		return nil, err
	}
	if taken {
		defer c.connector.giveTurn()
	}
	return c.sqliteConn.ExecContext(ctx, query, args)
}

// Close closes the connection. A transaction that was not ended ends with it.
func (c *connection) Close() error {
	defer c.end()
	return c.sqliteConn.Close()
}

func (c *connection) end() {
	if c.turn {
		c.connector.giveTurn()
	}
	c.inside, c.turn = false, false
}

// transaction is one that may write.
type transaction struct {
	driver.Tx
	conn *connection
}

// Commit ends the transaction.
func (t *transaction) Commit() error {
	defer t.conn.end()
	err := t.Tx.Commit()
	t.conn.connector.ended(err == nil)
	return err
}

// Rollback ends the transaction.
func (t *transaction) Rollback() error {
	defer t.conn.end()
	t.conn.connector.ended(false)
	return t.Tx.Rollback()
}
