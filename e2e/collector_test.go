package e2e

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	traces "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
)

// collected is an OpenTelemetry collector, over gRPC and HTTP, that keeps the spans that it is sent. It is safe for concurrent use.
type collected struct {
	collector.UnimplementedTraceServiceServer

	mu       sync.Mutex
	spans    []*traces.Span
	resource map[string]string // what is said of who has sent them
}

// Export keeps spans.
func (c *collected) Export(_ context.Context, r *collector.ExportTraceServiceRequest) (*collector.ExportTraceServiceResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.resource = map[string]string{}
	for _, of := range r.ResourceSpans {
		for _, a := range of.Resource.Attributes {
			c.resource[a.Key] = a.Value.GetStringValue()
		}
		for _, scope := range of.ScopeSpans {
			c.spans = append(c.spans, scope.Spans...)
		}
	}
	return &collector.ExportTraceServiceResponse{}, nil
}

// ServeHTTP keeps spans that come by HTTP.
func (c *collected) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var request collector.ExportTraceServiceRequest
	if err != nil || r.URL.Path != "/v1/traces" || r.Header.Get("Content-Type") != "application/x-protobuf" || proto.Unmarshal(body, &request) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	_, _ = c.Export(r.Context(), &request) // it does not fail
	w.Header().Set("Content-Type", "application/x-protobuf")
}

// collect runs a collector until the test ends, and gives the settings by which spans are sent to it over a protocol.
func collect(t *testing.T, protocol string) (c *collected, settings string) {
	t.Helper()
	c = &collected{}
	if protocol == "otlp-http" {
		server := httptest.NewServer(c)
		t.Cleanup(server.Close)
		return c, fmt.Sprintf("exporter: otlp-http, endpoint: '%s'", server.URL)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	collector.RegisterTraceServiceServer(server, c)
	go func() { _ = server.Serve(listener) }() // until it is stopped
	t.Cleanup(server.Stop)
	return c, fmt.Sprintf("exporter: otlp-grpc, endpoint: 'http://%s'", listener.Addr())
}

// received are the ids of the spans that services have been called by, with what they were asked. It is safe for concurrent use.
type received struct {
	mu   sync.Mutex
	bySp map[string]string
}

func (r *received) note(traceparent, what string) {
	parts := strings.Split(traceparent, "-")
	if len(parts) != 4 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.bySp == nil {
		r.bySp = map[string]string{}
	}
	r.bySp[parts[2]] = what
}

// forest writes all spans: each below its parent, beside its siblings in the order of their text, with its attributes, events and links, and what of a service
// was asked by it. What differs each time is left out.
func (c *collected) forest(r *received) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	f := forest{byID: map[string]*traces.Span{}, below: map[string][]*traces.Span{}, received: r.bySp}
	for _, s := range c.spans {
		f.byID[hex.EncodeToString(s.SpanId)] = s
	}
	var roots []*traces.Span
	for _, s := range c.spans {
		if parent := hex.EncodeToString(s.ParentSpanId); f.byID[parent] != nil {
			f.below[parent] = append(f.below[parent], s)
		} else {
			roots = append(roots, s)
		}
	}
	return f.write(roots, "")
}

type forest struct {
	byID     map[string]*traces.Span
	below    map[string][]*traces.Span
	received map[string]string
}

func (f forest) write(spans []*traces.Span, indent string) string {
	texts := make([]string, len(spans))
	for i, s := range spans {
		texts[i] = f.one(s, indent)
	}
	slices.Sort(texts)
	return strings.Join(texts, "")
}

func (f forest) one(s *traces.Span, indent string) string {
	var b strings.Builder
	kind := strings.ToLower(strings.TrimPrefix(s.Kind.String(), "SPAN_KIND_"))
	fmt.Fprintf(&b, "%s%s (%s)", indent, s.Name, kind)
	if s.Status.GetCode() == traces.Status_STATUS_CODE_ERROR {
		fmt.Fprintf(&b, " failed: %s", s.Status.Message)
	}
	b.WriteString("\n")
	id, parent := hex.EncodeToString(s.SpanId), hex.EncodeToString(s.ParentSpanId)
	if parent != "" && f.byID[parent] == nil {
		fmt.Fprintf(&b, "%s  . below the caller's %s of %s, %s\n", indent, parent, hex.EncodeToString(s.TraceId), s.TraceState)
	}
	if what := f.received[id]; what != "" {
		fmt.Fprintf(&b, "%s  . received by %s\n", indent, what)
	}
	for _, line := range attributes(s.Attributes) {
		fmt.Fprintf(&b, "%s  . %s\n", indent, line)
	}
	for _, e := range s.Events {
		fmt.Fprintf(&b, "%s  . event %s\n", indent, strings.Join(append([]string{e.Name}, attributes(e.Attributes)...), " "))
	}
	var links []string
	for _, l := range s.Links {
		to := "something else"
		if linked := f.byID[hex.EncodeToString(l.SpanId)]; linked != nil {
			to = linked.Name
		}
		links = append(links, fmt.Sprintf("%s  . linked to %s\n", indent, to))
	}
	slices.Sort(links)
	b.WriteString(strings.Join(links, ""))
	b.WriteString(f.write(f.below[id], indent+"  "))
	return b.String()
}

// differing are the attributes whose values are others each time.
var differing = []string{"server.port", "mainstem.workflow.id", "mainstem.waited"}

func attributes(list []*common.KeyValue) []string {
	var lines []string
	for _, a := range list {
		value := "…"
		if !slices.Contains(differing, a.Key) {
			value = valueOf(a.Value)
		}
		lines = append(lines, a.Key+"="+value)
	}
	slices.Sort(lines)
	return lines
}

func valueOf(v *common.AnyValue) string {
	switch v := v.Value.(type) {
	case *common.AnyValue_StringValue:
		return v.StringValue
	case *common.AnyValue_IntValue:
		return fmt.Sprint(v.IntValue)
	case *common.AnyValue_BoolValue:
		return fmt.Sprint(v.BoolValue)
	case *common.AnyValue_DoubleValue:
		return fmt.Sprint(v.DoubleValue)
	case *common.AnyValue_ArrayValue:
		var all []string
		for _, e := range v.ArrayValue.Values {
			all = append(all, valueOf(e))
		}
		return "[" + strings.Join(all, " ") + "]"
	default:
		return fmt.Sprintf("%T", v)
	}
}
