package telemetry_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	traces "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/protobuf/proto"

	"github.com/mainstem/mainstem/platform/telemetry"
)

// TestVariablesThatCannotBeFollowed: what the exporters would leave out stops the start, and secrets are not told.
func TestVariablesThatCannotBeFollowed(t *testing.T) { // not in parallel: it sets variables
	text := filepath.Join(t.TempDir(), "text.pem")
	if err := os.WriteFile(text, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for reason, test := range map[string]struct{ name, value, says string }{
		"a host alone":                  {"OTEL_EXPORTER_OTLP_ENDPOINT", "collector", "http://collector:4318"},
		"a port and no scheme":          {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "127.0.0.1:4318", "http://collector:4318"},
		"another scheme":                {"OTEL_EXPORTER_OTLP_ENDPOINT", "ftp://collector", "http://collector:4318"},
		"no host":                       {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://", "http://collector:4318"},
		"a time with its unit":          {"OTEL_EXPORTER_OTLP_TIMEOUT", "10s", `not "10s"`},
		"an unknown compression":        {"OTEL_EXPORTER_OTLP_COMPRESSION", "zstd", `"zstd"`},
		"a header as HTTP writes it":    {"OTEL_EXPORTER_OTLP_HEADERS", "authorization: Bearer hunter2", "name=value"},
		"a header that is not encoded":  {"OTEL_EXPORTER_OTLP_TRACES_HEADERS", "x-token=hunter2%", "X-Token"},
		"a header without a name":       {"OTEL_EXPORTER_OTLP_HEADERS", "=hunter2", "name=value"},
		"a file that is not there":      {"OTEL_EXPORTER_OTLP_CERTIFICATE", text + "x", "no such file"},
		"a file without a certificate":  {"OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", text, "has no certificate"},
		"a certificate without its key": {"OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", text, "and its key"},
		"neither true nor false":        {"OTEL_EXPORTER_OTLP_INSECURE", "yes", `"yes"`},
		"a queue of less than nothing":  {"OTEL_BSP_MAX_QUEUE_SIZE", "-5", "1 or more"},
		"a queue for nothing":           {"OTEL_BSP_MAX_QUEUE_SIZE", "0", "1 or more"},
		"batches without spans":         {"OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "0", "1 or more"},
		"no delay":                      {"OTEL_BSP_SCHEDULE_DELAY", "soon", "1 or more"},
		"an interval of metrics":        {"OTEL_METRIC_EXPORT_INTERVAL", "0", "1 or more"},
		"a temporality":                 {"OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "none", "delta"},
		"neither on nor off":            {"OTEL_SDK_DISABLED", "yes", `"yes"`},
		"headers of metrics":            {"OTEL_EXPORTER_OTLP_METRICS_HEADERS", "hunter2", "name=value"},
	} {
		t.Run(reason, func(t *testing.T) {
			for name, value := range map[string]string{"OTEL_TRACES_EXPORTER": "otlp", "OTEL_METRICS_EXPORTER": "otlp", test.name: test.value} {
				t.Setenv(name, value)
			}
			_, err := telemetry.New(t.Context(), telemetry.Defaults())
			if err == nil || !strings.Contains(err.Error(), test.name) || !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("failed with %v, want %s and %s", err, test.name, test.says)
			}
		})
	}
}

// TestVariablesWithoutAnEffect are named in the log, once; others are not.
func TestVariablesWithoutAnEffect(t *testing.T) { // not in parallel: it sets variables
	for name, value := range map[string]string{
		"OTEL_PROPAGATORS": "tracecontext,b3", "OTEL_LOGS_EXPORTER": "otlp", "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "1", "OTEL_EXPORTER_OTLP_LOGS_HEADERS": "a=b",
		"OTEL_SERVICE_NAME": "shop", "OTEL_BSP_SCHEDULE_DELAY": "1", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT": "1", "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL": "grpc",
	} {
		t.Setenv(name, value)
	}
	var log bytes.Buffer
	c := telemetry.Defaults()
	c.Log = slog.New(slog.NewTextHandler(&log, nil))
	if _, err := telemetry.New(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	const want = `variables="[OTEL_EXPORTER_OTLP_LOGS_HEADERS OTEL_LOGS_EXPORTER OTEL_PROPAGATORS OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT]"`
	if !strings.Contains(log.String(), want) || strings.Count(log.String(), "\n") != 1 {
		t.Errorf("the log says %s, want %s", log.String(), want)
	}
}

// TestSDKDisabled: nothing is sent or shown, whatever else is said.
func TestSDKDisabled(t *testing.T) { // not in parallel: it sets variables
	t.Setenv("OTEL_SDK_DISABLED", "True")
	c := telemetry.Defaults()
	c.Exporter, c.Prometheus, c.Metrics.Exporter = "otlp-http", true, "otlp-http"
	tel, err := telemetry.New(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	_, span := tel.Tracer("test").Start(t.Context(), "x")
	if span.IsRecording() || tel.Metrics() != nil || tel.Meter("test") != nil {
		t.Error("something is recorded")
	}
}

// TestSpansAreProtobuf whatever a variable says that a setting goes before.
func TestSpansAreProtobuf(t *testing.T) { // not in parallel: it sets variables
	t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json")
	names := make(chan string, 1)
	collector := httptest.NewServer(keepsNames(names))
	defer collector.Close()
	sendSpan(t, "otlp-http", collector.URL)
	if got := <-names; got != "x" {
		t.Errorf("the collector got %q", got)
	}
}

// TestMutualTLS: the collector is one that the given authority vouches for, and is shown who the gateway is.
func TestMutualTLS(t *testing.T) { // not in parallel: it sets variables
	at := newAuthority(t)
	names := make(chan string, 1)

	web := httptest.NewUnstartedServer(keepsNames(names))
	web.TLS = at.server
	web.StartTLS()
	defer web.Close()

	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(grpc.Creds(credentials.NewTLS(at.server)))
	traces.RegisterTraceServiceServer(server, &spanNames{names: names})
	go func() { _ = server.Serve(listener) }() // until it is stopped
	defer server.Stop()

	for name, file := range map[string]string{"CERTIFICATE": "ca.pem", "CLIENT_CERTIFICATE": "own.pem", "CLIENT_KEY": "own.key"} {
		t.Setenv("OTEL_EXPORTER_OTLP_"+name, filepath.Join(at.dir, file))
	}
	for exporter, endpoint := range map[string]string{"otlp-http": web.URL, "otlp-grpc": listener.Addr().String()} {
		t.Run(exporter, func(t *testing.T) {
			sendSpan(t, exporter, endpoint)
			select {
			case got := <-names:
				if got != "x" {
					t.Errorf("the collector got %q", got)
				}
			default:
				t.Error("the collector got nothing")
			}
		})
	}
}

// sendSpan sends a span named x.
func sendSpan(t *testing.T, exporter, endpoint string) {
	t.Helper()
	c := telemetry.Defaults()
	c.Exporter, c.Endpoint, c.Log = exporter, endpoint, slog.New(slog.NewTextHandler(t.Output(), nil))
	tel, err := telemetry.New(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	_, span := tel.Tracer("test").Start(t.Context(), "x")
	span.End()
	if err := tel.Shutdown(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// spanNames is a collector that gives the name of the first span that it is sent.
type spanNames struct {
	traces.UnimplementedTraceServiceServer
	names chan string
}

// Export takes spans over gRPC.
func (c *spanNames) Export(_ context.Context, sent *traces.ExportTraceServiceRequest) (*traces.ExportTraceServiceResponse, error) {
	c.names <- sent.GetResourceSpans()[0].GetScopeSpans()[0].GetSpans()[0].GetName()
	return &traces.ExportTraceServiceResponse{}, nil
}

// keepsNames takes spans over HTTP.
func keepsNames(names chan string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		sent := &traces.ExportTraceServiceRequest{}
		if err != nil || proto.Unmarshal(body, sent) != nil || len(sent.GetResourceSpans()) == 0 {
			names <- r.Header.Get("Content-Type")
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		_, _ = (&spanNames{names: names}).Export(r.Context(), sent) // it cannot fail
	})
}

// authority is one that vouches for a collector and for a gateway.
type authority struct {
	dir    string // has ca.pem, own.pem and own.key, which are the gateway's
	server *tls.Config
}

func newAuthority(t *testing.T) authority {
	t.Helper()
	at := authority{dir: t.TempDir()}
	write := func(name, kind string, der []byte) {
		if err := os.WriteFile(filepath.Join(at.dir, name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	issue := func(serial int64, parent *x509.Certificate, by *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		wanted := &x509.Certificate{
			SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "test"}, NotAfter: time.Now().Add(time.Hour),
			IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: parent == nil, BasicConstraintsValid: true,
		}
		if parent == nil {
			parent, by = wanted, key
		}
		der, err := x509.CreateCertificate(rand.Reader, wanted, parent, key.Public(), by)
		if err != nil {
			t.Fatal(err)
		}
		issued, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		return issued, key
	}
	ca, by := issue(1, nil, nil)
	write("ca.pem", "CERTIFICATE", ca.Raw)
	theirs, theirKey := issue(2, ca, by)
	own, ownKey := issue(3, ca, by)
	write("own.pem", "CERTIFICATE", own.Raw)
	encoded, err := x509.MarshalPKCS8PrivateKey(ownKey)
	if err != nil {
		t.Fatal(err)
	}
	write("own.key", "PRIVATE KEY", encoded)
	known := x509.NewCertPool()
	known.AddCert(ca)
	at.server = &tls.Config{
		MinVersion: tls.VersionTLS12, ClientCAs: known, ClientAuth: tls.RequireAndVerifyClientCert, NextProtos: []string{"h2"},
		Certificates: []tls.Certificate{{Certificate: [][]byte{theirs.Raw}, PrivateKey: theirKey}},
	}
	return at
}
