package upstream

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mainstem/mainstem/platform/config"
)

const patience = 20 * time.Second

// nameServer is a DNS server that knows every name, at the same addresses.
type nameServer struct {
	at      atomic.Pointer[[]netip.Addr] // none if nil: it cannot answer
	lookups atomic.Int64
}

func (n *nameServer) set(addresses ...string) {
	var at []netip.Addr
	for _, a := range addresses {
		at = append(at, netip.MustParseAddr(a))
	}
	n.at.Store(&at)
}

// resolver asks the server over a pipe, as over TCP: each message after its length.
func (n *nameServer) resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go n.serve(theirs)
		return ours, nil
	}}
}

func (n *nameServer) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	for {
		length := make([]byte, 2)
		if _, err := io.ReadFull(conn, length); err != nil {
			return
		}
		text := make([]byte, binary.BigEndian.Uint16(length))
		if _, err := io.ReadFull(conn, text); err != nil {
			return
		}
		answer := n.answer(text)
		if _, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...)); err != nil {
			return
		}
	}
}

// answer answers the one question of a message as RFC 1035 has it: a header of twelve bytes, the question, and an A record for each address.
func (n *nameServer) answer(asked []byte) []byte {
	const header, pastName, typeA, failed = 12, 5, 1, 2
	end := header + bytes.IndexByte(asked[header:], 0) + pastName // an empty label ends the name; its type and class follow
	question := asked[header:end]
	var flags uint16 = 0x8180 // an answer, by a server that asks others
	var records []byte
	count := 0
	if at := n.at.Load(); at == nil {
		flags |= failed
	} else if binary.BigEndian.Uint16(question[len(question)-4:]) == typeA {
		n.lookups.Add(1)
		for _, a := range *at {
			ip := a.As4()
			records = append(records, 0xc0, header, 0, typeA, 0, 1, 0, 0, 0, 0, 0, byte(len(ip))) // for the question's name, for no time
			records = append(records, ip[:]...)
			count++
		}
	}
	answer := slices.Clone(asked[:2]) // its number
	for _, field := range []uint16{flags, 1, uint16(count), 0, 0} {
		answer = binary.BigEndian.AppendUint16(answer, field)
	}
	return slices.Concat(answer, question, records)
}

// listenTwice listens at one port of two loopback addresses.
func listenTwice(t *testing.T) (one, two net.Listener, port string) {
	t.Helper()
	for range 10 {
		one, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		_, port, _ := net.SplitHostPort(one.Addr().String())
		if two, err := net.Listen("tcp", "127.0.0.2:"+port); err == nil {
			return one, two, port
		}
		_ = one.Close()
	}
	t.Skip("this machine has one loopback address only")
	return nil, nil, ""
}

// eventually calls until the answer is as wanted.
func eventually(t *testing.T, want string, call func() (string, error)) {
	t.Helper()
	for begun := time.Now(); ; {
		got, err := call()
		if err == nil && got == want {
			return
		}
		if time.Since(begun) > patience {
			t.Fatalf("got %q, %v; want %q", got, err, want)
		}
	}
}

func settings(every time.Duration) Options {
	o := Options{Timeout: patience, MaxBytes: 1 << 20, Connections: DefaultConnections()}
	o.Connections.RefreshDNS = config.Duration(every)
	return o
}

func wait(t *testing.T, signal <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-signal:
	case <-time.After(patience):
		t.Fatalf("waited %s for %s", patience, what)
	}
}
