package breaking

import (
	"context"
	"net"
	"sync"
)

// listener is a TCP listener that can be shut, so that connections are refused, and opened again on the same port. Those who
// accept from it notice nothing.
type listener struct {
	addr *net.TCPAddr

	mu      sync.Mutex
	tcp     *net.TCPListener // nil while shut
	release func()           // of the port, which is kept while shut
	closed  bool
	changed chan struct{}  // closed, and replaced, when tcp or closed changes
	conns   map[*conn]bool // those that are open
}

func listen(ctx context.Context, address string) (*listener, error) {
	var config net.ListenConfig
	tcp, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	l := &listener{tcp: tcp.(*net.TCPListener), changed: make(chan struct{}), conns: map[*conn]bool{}}
	l.addr = l.tcp.Addr().(*net.TCPAddr)
	return l, nil
}

// Addr gives the address that is listened on, shut or not.
func (l *listener) Addr() net.Addr { return l.addr }

// Accept waits for a connection, past any time that the listener is shut. It fails with net.ErrClosed after Close.
func (l *listener) Accept() (net.Conn, error) {
	for {
		l.mu.Lock()
		tcp, closed, changed := l.tcp, l.closed, l.changed
		l.mu.Unlock()
		if closed {
			return nil, net.ErrClosed
		}
		if tcp == nil {
			<-changed
			continue
		}
		accepted, err := tcp.AcceptTCP()
		if err != nil {
			if l.accepts(tcp) {
				return nil, err
			}
			continue // it was shut meanwhile, or closed
		}
		if c := l.keep(tcp, accepted); c != nil {
			return c, nil
		}
	}
}

func (l *listener) accepts(tcp *net.TCPListener) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.tcp == tcp
}

// keep notes a connection that tcp has accepted; it cuts it, and gives nil, if the listener was shut meanwhile.
func (l *listener) keep(tcp *net.TCPListener, accepted *net.TCPConn) *conn {
	c := &conn{TCPConn: accepted, listener: l}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.tcp != tcp {
		c.cut()
		return nil
	}
	l.conns[c] = true
	return c
}

// shut closes the port and cuts what is open.
func (l *listener) shut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.tcp == nil {
		return
	}
	_ = l.tcp.Close() // nothing is left to do if that fails
	l.tcp = nil
	l.release = keepPort(l.addr)
	l.cutLocked()
	l.signal()
}

// cut cuts what is open.
func (l *listener) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cutLocked()
}

func (l *listener) cutLocked() {
	for c := range l.conns {
		c.cut()
	}
	clear(l.conns)
}

// open listens on the same port again.
func (l *listener) open() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.tcp != nil || l.closed {
		return nil
	}
	tcp, err := net.ListenTCP("tcp", l.addr)
	if err != nil {
		return err
	}
	l.tcp = tcp
	l.free()
	l.signal()
	return nil
}

// Close ends Accept. Connections stay open: they are whose who accepted them.
func (l *listener) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return net.ErrClosed
	}
	l.closed = true
	l.signal()
	if l.tcp == nil {
		l.free()
		return nil
	}
	err := l.tcp.Close()
	l.tcp = nil
	return err
}

// free lets go of the port that was kept while the listener was shut. l.mu is held.
func (l *listener) free() {
	if l.release != nil {
		l.release()
		l.release = nil
	}
}

func (l *listener) signal() {
	close(l.changed)
	l.changed = make(chan struct{})
}

// conn is a connection that its listener can cut.
type conn struct {
	*net.TCPConn
	listener *listener
}

// Close closes the connection in an orderly way.
func (c *conn) Close() error {
	c.listener.mu.Lock()
	delete(c.listener.conns, c)
	c.listener.mu.Unlock()
	return c.TCPConn.Close()
}

// cut resets the connection: what was not sent is lost, and the other side is told so.
func (c *conn) cut() {
	_ = c.SetLinger(0) // it may be closed already
	_ = c.TCPConn.Close()
}
