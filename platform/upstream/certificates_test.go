package upstream_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/peer"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/upstream"
)

// authority signs certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// pair is a certificate and its key, in PEM.
type pair struct{ cert, key []byte }

func newAuthority(t *testing.T) *authority {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "the tests' authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	key := newKey(t)
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{cert, key}
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// issue gives a certificate for the loopback address, good for an hour and for servers and clients, unless change says otherwise.
func (a *authority) issue(t *testing.T, name string, change func(*x509.Certificate)) pair {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if change != nil {
		change(template)
	}
	key := newKey(t)
	cert, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pair{
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
	}
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// file gives the name of a file of the authority's own certificate.
func (a *authority) file(t *testing.T) string {
	t.Helper()
	return write(t, filepath.Join(t.TempDir(), "ca.pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw}))
}

// files gives the settings of a client that shows the certificate.
func (p pair) files(t *testing.T, caFile string) upstream.TLS {
	t.Helper()
	dir := t.TempDir()
	return upstream.TLS{
		CAFile:   caFile,
		CertFile: write(t, filepath.Join(dir, "cert.pem"), p.cert),
		KeyFile:  write(t, filepath.Join(dir, "key.pem"), p.key),
	}
}

// server gives the settings of a service that shows the certificate.
func (p pair) server(t *testing.T) *tls.Config {
	t.Helper()
	cert, err := tls.X509KeyPair(p.cert, p.key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{cert}}
}

func write(t *testing.T, file string, text []byte) string {
	t.Helper()
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// secured start a service that is spoken to over TLS and give its URL. It ends each connection soon, and tells seen whose certificate
// a call came with; none is "".
var secured = map[string]func(t *testing.T, config *tls.Config, seen func(name string)) (url string){
	"HTTP": func(t *testing.T, config *tls.Config, seen func(string)) string {
		t.Helper()
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			seen(nameOf(r.TLS))
			w.Header().Set("Connection", "close")
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{}`)
		}))
		server.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes that fail are what is tested
		server.TLS, server.EnableHTTP2 = config, true
		server.StartTLS()
		t.Cleanup(server.Close)
		return server.URL
	},
	"gRPC": func(t *testing.T, config *tls.Config, seen func(string)) string {
		t.Helper()
		l := listen(t, "127.0.0.1:0")
		serveGRPC(t, l, func(stream grpc.ServerStream) error {
			caller, _ := peer.FromContext(stream.Context())
			info := caller.AuthInfo.(credentials.TLSInfo)
			seen(nameOf(&info.State))
			return stream.SendMsg([]byte{})
		}, grpc.Creds(credentials.NewTLS(config)), grpc.KeepaliveParams(keepalive.ServerParameters{MaxConnectionAge: short}))
		return "grpcs://" + l.Addr().String()
	},
}

func nameOf(state *tls.ConnectionState) string {
	if len(state.PeerCertificates) == 0 {
		return ""
	}
	return state.PeerCertificates[0].Subject.CommonName
}

// caller gives the one call that is made of a service of either protocol.
func caller(t *testing.T, o upstream.Options) func() error {
	t.Helper()
	if strings.HasPrefix(o.URL, "grpc") {
		g := newGRPC(t, o, upstream.Inputs{})
		return func() error { return getGRPC(t.Context(), g) }
	}
	h := newHTTP(t, o, upstream.Inputs{})
	return func() error {
		_, err := h.Do(t.Context(), "Get", get(""))
		return err
	}
}

// through gives the default settings, with TLS.
func through(settings upstream.TLS) upstream.Connections {
	c := upstream.DefaultConnections()
	c.TLS = settings
	return c
}

func TestTLS(t *testing.T) {
	t.Parallel()
	ours, other := newAuthority(t), newAuthority(t)
	caFile := ours.file(t)
	good := ours.issue(t, "service", nil)
	named := ours.issue(t, "service", func(c *x509.Certificate) { c.IPAddresses, c.DNSNames = nil, []string{"shop.test"} })
	expired := ours.issue(t, "service", func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })
	asking := func(t *testing.T) *tls.Config {
		c := good.server(t)
		c.ClientAuth, c.ClientCAs = tls.RequireAndVerifyClientCert, ours.pool()
		return c
	}
	old := func(t *testing.T) *tls.Config {
		c := good.server(t)
		c.MaxVersion = tls.VersionTLS11
		return c
	}
	for reason, test := range map[string]struct {
		server func(*testing.T) *tls.Config
		client upstream.TLS
		want   fault.Code
		says   string // who the service sees, if the call is good, or else what the log says
	}{
		"an authority of our own":                      {good.server, upstream.TLS{CAFile: caFile}, "", ""},
		"an authority that the system does not know":   {good.server, upstream.TLS{}, fault.SourceUnavailable, "unknown authority"},
		"another authority":                            {good.server, upstream.TLS{CAFile: other.file(t)}, fault.SourceUnavailable, "unknown authority"},
		"an expired certificate":                       {expired.server, upstream.TLS{CAFile: caFile}, fault.SourceUnavailable, "expired"},
		"a certificate for another host":               {named.server, upstream.TLS{CAFile: caFile}, fault.SourceUnavailable, "127.0.0.1"},
		"a certificate for the name that is set":       {named.server, upstream.TLS{CAFile: caFile, ServerName: "shop.test"}, "", ""},
		"a certificate for another than the set name":  {good.server, upstream.TLS{CAFile: caFile, ServerName: "shop.test"}, fault.SourceUnavailable, "shop.test"},
		"a version that is too old":                    {old, upstream.TLS{CAFile: caFile}, fault.SourceUnavailable, "protocol version"},
		"a service that asks who we are":               {asking, ours.issue(t, "gateway", nil).files(t, caFile), "", "gateway"},
		"a service that does not ask who we are":       {good.server, ours.issue(t, "gateway", nil).files(t, caFile), "", ""},
		"a service that asks, and we have no answer":   {asking, upstream.TLS{CAFile: caFile}, fault.SourceUnavailable, ""},
		"a service that asks, and does not believe us": {asking, other.issue(t, "gateway", nil).files(t, caFile), fault.SourceUnavailable, ""},
	} {
		for protocol, start := range secured {
			t.Run(protocol+": "+reason, func(t *testing.T) {
				t.Parallel()
				seen := make(chan string, 1)
				url := start(t, test.server(t), func(name string) { seen <- name })
				err := caller(t, upstream.Options{URL: url, Connections: through(test.client)})()
				wantCode(t, err, test.want)
				if err != nil {
					if !strings.Contains(err.Error(), test.says) {
						t.Errorf("the log has %v, want %q in it", err, test.says)
					}
					return
				}
				if who := <-seen; who != test.says {
					t.Errorf("the service sees %q, want %q", who, test.says)
				}
			})
		}
	}
}

func TestCertificateThatIsReplaced(t *testing.T) {
	t.Parallel()
	ours := newAuthority(t)
	for protocol, start := range secured {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			seen := make(chan string, 1)
			config := ours.issue(t, "service", nil).server(t)
			config.ClientAuth, config.ClientCAs = tls.RequireAndVerifyClientCert, ours.pool()
			settings := ours.issue(t, "first", nil).files(t, ours.file(t))
			call := caller(t, upstream.Options{
				URL:         start(t, config, func(name string) { seen <- name }),
				Connections: through(settings),
			})
			until := func(want string) {
				t.Helper()
				for begun := time.Now(); ; {
					wantCode(t, call(), "")
					if got := <-seen; got == want {
						return
					}
					if t.Failed() || time.Since(begun) > patience {
						t.Fatalf("the service never saw %s", want)
					}
				}
			}
			until("first")
			next := ours.issue(t, "second", nil)
			later := time.Now().Add(time.Minute) // clocks of file systems are coarse
			touch(t, write(t, settings.CertFile, next.cert), later)
			wantCode(t, call(), "") // with the first: a certificate and a key of two pairs are none
			if got := <-seen; got != "first" {
				t.Errorf("between the two, the service saw %s", got)
			}
			touch(t, write(t, settings.KeyFile, next.key), later)
			until("second")
		})
	}
}

func touch(t *testing.T, file string, at time.Time) {
	t.Helper()
	if err := os.Chtimes(file, at, at); err != nil {
		t.Fatal(err)
	}
}
