package e2e

import (
	"bytes"
	"encoding/binary"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/Shopify/toxiproxy/v2/stream"
	"github.com/Shopify/toxiproxy/v2/toxics"
	"github.com/rs/zerolog"
)

// network is what goes wrong between the gateway and a service: it lets an answer through up to a place, and then does something else. The
// network counts in bytes; what they mean is looked up so that the place is the same each time.
type network struct {
	place place
	then  func(c *cut, rest []byte)
	reset bool // whether connections end by a reset, and not in an orderly way
	once  bool // whether only the first connection is hurt
}

// place finds a place in what a service has sent on a connection so far. It gives the place and true, or how much is before it for sure.
type place func(sent []byte) (int, bool)

// answerBytes is how much of an answer's body has come by the middle of it: all answers have more.
const answerBytes = 40

// The places in HTTP/1.1.
func beforeHeaders1(sent []byte) (int, bool) { return 0, len(sent) > 0 }

func inBody1(sent []byte) (int, bool) {
	end := bytes.Index(sent, []byte("\r\n\r\n"))
	if at := end + 4 + answerBytes; end >= 0 && at <= len(sent) {
		return at, true
	}
	return len(sent), false
}

// The places in HTTP/2, after what the two sides tell each other when they connect.
func beforeHeaders2(sent []byte) (int, bool) { return frame(sent, 1) }

func inBody2(sent []byte) (int, bool) {
	at, found := frame(sent, 0)
	if found && at+9+answerBytes <= len(sent) {
		return at + 9 + answerBytes, true
	}
	return at, false
}

// frame finds the first HTTP/2 frame of a type (RFC 9113, section 4.1): 0 is DATA, 1 is HEADERS.
func frame(sent []byte, kind byte) (int, bool) {
	at := 0
	for at+9 <= len(sent) {
		if sent[at+3] == kind {
			return at, true
		}
		length := int(binary.BigEndian.Uint32(sent[at:]) >> 8)
		if at+9+length > len(sent) {
			return at, false
		}
		at += 9 + length
	}
	return at, false
}

// What happens at the place.

// silence lets nothing more through, and leaves the connection open.
func silence(c *cut, _ []byte) { c.drain() }

// end closes the connection.
func end(c *cut, _ []byte) { c.stub.Close() }

// drip lets one byte through each second.
func drip(c *cut, rest []byte) {
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for {
		select {
		case chunk := <-c.stub.Input:
			if chunk == nil {
				return
			}
			rest = append(rest, chunk.Data...)
		case <-second.C:
			if len(rest) > 0 && c.send(rest[:1]) {
				rest = rest[1:]
			}
		case <-c.stopped:
			return
		}
	}
}

// goAway says that no call was taken up (RFC 9113, section 6.8), and closes the connection.
func goAway(c *cut, _ []byte) {
	c.send([]byte{0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}) // of 8 bytes, type 7; the last call taken up is 0, and there was no error
	c.stub.Close()
}

// toxic is a network as toxiproxy knows it: toxiproxy's own toxics know of no places, have a kilobyte for the least that they count, and some
// leave goroutines behind.
type toxic struct {
	network
	stopped chan struct{} // closed when the proxy stops
	hurt    *atomic.Bool  // whether a connection was hurt
}

// cut is one connection's direction from the service to the gateway.
type cut struct {
	stub    *toxics.ToxicStub
	stopped <-chan struct{}
}

// Pipe passes an answer on, and cuts it.
func (x *toxic) Pipe(stub *toxics.ToxicStub) {
	c := &cut{stub, x.stopped}
	defer func() {
		c.drain() // or those before it in the chain would wait for ever
		stub.Close()
	}()
	var sent []byte
	passed, place := 0, x.place
	for chunk := range stub.Input {
		if chunk == nil {
			return
		}
		sent = append(sent, chunk.Data...)
		at, found := place(sent)
		if found && x.once && !x.hurt.CompareAndSwap(false, true) {
			place = nowhere
			at, found = place(sent)
		}
		if at > passed && !c.send(sent[passed:at]) {
			return
		}
		passed = at
		if found {
			x.then(c, sent[at:])
			return
		}
	}
}

func nowhere(sent []byte) (int, bool) { return len(sent), false }

// send passes bytes on. It gives false if nobody takes them any more.
func (c *cut) send(data []byte) bool {
	select {
	case c.stub.Output <- &stream.StreamChunk{Data: bytes.Clone(data), Timestamp: time.Now()}:
		return true
	case <-c.stopped:
		return false
	}
}

// drain lets nothing through until the service's side has ended.
func (c *cut) drain() {
	for chunk := range c.stub.Input {
		if chunk == nil {
			return
		}
	}
}

// through runs toxiproxy before an address until the test ends, with its own API off, and gives where it listens.
func (n network) through(t *testing.T, address string) string {
	t.Helper()
	toxics.Register("network", new(toxic))
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	proxy := toxiproxy.NewProxy(server, t.Name(), "127.0.0.1:0", address)
	added, err := proxy.Toxics.AddToxicJson(strings.NewReader(`{"type": "network"}`))
	if err != nil {
		t.Fatal(err)
	}
	stopped := make(chan struct{})
	*added.Toxic.(*toxic) = toxic{network: n, stopped: stopped, hurt: new(atomic.Bool)} // before there are connections
	if n.reset {
		// This one does nothing at no toxicity, but has connections closed by a reset.
		if _, err := proxy.Toxics.AddToxicJson(strings.NewReader(`{"type": "reset_peer", "toxicity": 0}`)); err != nil {
			t.Fatal(err)
		}
	}
	if err := proxy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		close(stopped)
		proxy.Stop()
	})
	return proxy.Listen
}
