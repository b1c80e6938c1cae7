package e2e

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mainstem/mainstem/demo"
	"github.com/mainstem/mainstem/demo/breaking"
	"github.com/mainstem/mainstem/platform/telemetry"
)

// front is a server before one of the demo's services: it passes calls on, by REST or gRPC, counts them, and can spoil their answers.
type front struct {
	scheme  string // of the source's URL
	address string
	caFile  string       // of what the gateway is to trust; empty without TLS
	calls   atomic.Int64 // that have come so far
	byPath  sync.Map     // how many of them for each operation: *atomic.Int64
	now     atomic.Int64 // that are being served
	most    atomic.Int64 // that were served at once
	sent    atomic.Int64 // bytes of answers
}

// spoil answers a call in place of serve, which answers as the service does.
type spoil func(w http.ResponseWriter, r *http.Request, serve http.Handler)

// frontOptions say how a front differs from one that only counts.
type frontOptions struct {
	spoil   spoil
	refuse  bool          // whether connections are refused
	tls     bool          // whether it speaks TLS, with a certificate that the gateway trusts
	expired time.Duration // for how long the certificate has not been good any more
}

// newFront puts a front before the service at a URL until the test ends.
func newFront(t *testing.T, service string, o frontOptions) *front {
	t.Helper()
	target, err := url.Parse(service)
	if err != nil {
		t.Fatal(err)
	}
	f := &front{scheme: target.Scheme}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(f.scheme == "http")
	protocols.SetHTTP2(true) // over TLS
	protocols.SetUnencryptedHTTP2(f.scheme == "grpc")
	transport := &http.Transport{Protocols: protocols}
	t.Cleanup(transport.CloseIdleConnections)
	// Nothing is flushed by a timer: a refusal over gRPC is one frame, which a flush that comes before its end would tear in two. What is of an unknown
	// length, as a stream is, is passed on at once all the same.
	pass := &httputil.ReverseProxy{
		Transport: transport,
		ErrorLog:  log.New(io.Discard, "", 0),
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(&url.URL{Scheme: "http", Host: target.Host}) },
	}
	server := &http.Server{Handler: f.handler(o.spoil, pass), Protocols: protocols, ErrorLog: log.New(io.Discard, "", 0)}
	f.serve(t, server, o)
	return f
}

// serve serves on a port that is nobody else's while it refuses connections.
func (f *front) serve(t *testing.T, server *http.Server, o frontOptions) {
	t.Helper()
	port := breaking.NewSwitch(seed)
	l, err := port.Listen(t.Context(), "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f.address = l.Addr().String()
	if err := port.Set(breaking.Break{Refuse: o.refuse}); err != nil {
		t.Fatal(err)
	}
	serve := func() error { return server.Serve(l) }
	if o.tls {
		server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{f.certificate(t, time.Now().Add(-o.expired))}, MinVersion: tls.VersionTLS12}
		f.scheme += "s"
		serve = func() error { return server.ServeTLS(l, "", "") }
	}
	served := make(chan error, 1)
	go func() { served <- serve() }()
	t.Cleanup(func() {
		port.Stop()
		if err := errors.Join(server.Close(), l.Close()); err != nil && !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
		if err := <-served; !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
}

// handler counts, and spoils.
func (f *front) handler(spoil spoil, pass http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.calls.Add(1)
		ofPath, _ := f.byPath.LoadOrStore(r.URL.Path, new(atomic.Int64))
		ofPath.(*atomic.Int64).Add(1)
		now := f.now.Add(1)
		defer f.now.Add(-1)
		for most := f.most.Load(); now > most && !f.most.CompareAndSwap(most, now); most = f.most.Load() {
		}
		counted := &countedWriter{ResponseWriter: w, sent: &f.sent}
		if spoil == nil {
			pass.ServeHTTP(counted, r)
			return
		}
		spoil(counted, r, pass)
	})
}

// tries gives how often the operation was called that was called most often.
func (f *front) tries() int {
	most := int64(0)
	f.byPath.Range(func(_, calls any) bool {
		most = max(most, calls.(*atomic.Int64).Load())
		return true
	})
	return int(most)
}

// countedWriter counts what an answer's body has.
type countedWriter struct {
	http.ResponseWriter
	sent *atomic.Int64
}

func (w *countedWriter) Write(b []byte) (int, error) {
	n, err := w.ResponseWriter.Write(b)
	w.sent.Add(int64(n))
	return n, err
}

// Unwrap lets http.ResponseController reach the server's own writer.
func (w *countedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// source gives the settings of a source whose service is the front, or what stands before it at another address.
func (f *front) source(address string) string {
	settings := "url: '" + f.scheme + "://" + address + "'"
	if f.caFile != "" {
		settings += ", connections: {tls: {caFile: '" + f.caFile + "'}}"
	}
	return settings
}

// hang answers nothing for as long as the caller waits. It reads the request, so that the server notices when the caller has gone.
func hang(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
	_, _ = io.Copy(io.Discard, r.Body) // whoever has gone sends no more
	<-r.Context().Done()
}

// certificate gives a certificate as of a day, good for an hour before and after it, and has the gateway trust it.
func (f *front) certificate(t *testing.T, day time.Time) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    day.Add(-time.Hour),
		NotAfter:     day.Add(time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	f.caFile = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(f.caFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// gatewayBefore runs a gateway before a demo that others use too, with what a test has else in its configuration. What it logs is told if the test fails.
func gatewayBefore(t *testing.T, d *demo.Demo, yaml string) *stack {
	t.Helper()
	logged := &logged{}
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(logged)
		}
	})
	transport := &http.Transport{MaxIdleConnsPerHost: 256}
	s := &stack{demo: d, spans: newSpans(), client: &http.Client{Transport: transport, Timeout: patience}}
	t.Cleanup(s.client.CloseIdleConnections)
	s.run(t, configOf(t, d, yaml, s.spans), telemetry.NewLogger(logged, slog.LevelWarn), options{})
	return s
}

// logged keeps the first of what is logged. It is safe for concurrent use.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.text.Len() < 64<<10 {
		l.text.Write(line)
	}
	return len(line), nil
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
