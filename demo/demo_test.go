package demo_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/mainstem/mainstem/demo"
	"github.com/mainstem/mainstem/sources/inventory/inventoryapi"
	"github.com/mainstem/mainstem/sources/reviews/reviewsapi"
	"github.com/mainstem/mainstem/sources/shipping/shippingapi"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start runs a small demo until the test ends, or until the test stops it.
func start(t *testing.T, o demo.Options) *demo.Demo {
	t.Helper()
	if o.Products == 0 {
		o.Products = 60
	}
	d, err := demo.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, d) })
	return d
}

func stop(t *testing.T, d *demo.Demo) {
	t.Helper()
	if err := d.Stop(context.Background()); err != nil {
		t.Errorf("stopping: %v", err)
	}
}

// do sends a request on a connection of its own, and gives the answer with its body read.
func do(t *testing.T, r *http.Request) (*http.Response, string, error) {
	t.Helper()
	transport := &http.Transport{DisableKeepAlives: true}
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(r)
	if err != nil {
		return nil, "", err
	}
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	return resp, string(body), err
}

func request(t *testing.T, method, url, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// connect opens a connection to a gRPC service that ends with the test.
func connect(t *testing.T, d *demo.Demo, service string) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient(addressOf(t, d.URL(service)), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() }) // a test may have closed it already
	return conn
}

// reads has a path that every REST service answers.
var reads = map[string]string{
	"catalog":   "/products?limit=1",
	"customers": "/customers/cus-00001",
	"orders":    "/orders?limit=1",
	"payments":  "/payments/by-order?order_id=ord-000001",
}

// ask reads from a service on a new connection and says what came of it: "OK", or else the status or the failure of the
// connection.
func ask(t *testing.T, d *demo.Demo, service string) string {
	t.Helper()
	if path, ok := reads[service]; ok {
		resp, body, err := do(t, request(t, http.MethodGet, d.URL(service)+path, ""))
		switch {
		case errors.Is(err, syscall.ECONNREFUSED):
			return "refused"
		case err != nil:
			return err.Error()
		case resp.StatusCode != http.StatusOK:
			return resp.Status
		case !json.Valid([]byte(body)):
			return "no JSON: " + body
		}
		return "OK"
	}
	conn := connect(t, d, service)
	defer func() { _ = conn.Close() }()
	var err error
	switch service {
	case "inventory":
		_, err = inventoryapi.NewInventoryClient(conn).BatchGetStock(t.Context(), &inventoryapi.BatchGetStockRequest{Skus: []string{"SKU-000001"}})
	case "shipping":
		_, err = shippingapi.NewShippingClient(conn).BatchGetShipmentsByOrder(t.Context(), &shippingapi.BatchGetShipmentsByOrderRequest{OrderIds: []string{"ord-000001"}})
	case "reviews":
		_, err = reviewsapi.NewReviewsClient(conn).BatchGetReviews(t.Context(), &reviewsapi.BatchGetReviewsRequest{Ids: []string{"rev-0000001"}})
	default:
		t.Fatalf("there is no service %q", service)
	}
	if strings.Contains(status.Convert(err).Message(), "connection refused") {
		return "refused"
	}
	return status.Code(err).String()
}

func TestEveryServiceAnswers(t *testing.T) {
	t.Parallel()
	d := start(t, demo.Options{})
	want := []demo.Service{
		{Name: "catalog", Kind: demo.REST},
		{Name: "customers", Kind: demo.REST},
		{Name: "orders", Kind: demo.REST},
		{Name: "payments", Kind: demo.REST},
		{Name: "inventory", Kind: demo.GRPC},
		{Name: "shipping", Kind: demo.GRPC},
		{Name: "reviews", Kind: demo.GRPC},
	}
	services := d.Services()
	if len(services) != len(want) {
		t.Fatalf("%d services, want %d", len(services), len(want))
	}
	for i, s := range services {
		if s.Name != want[i].Name || s.Kind != want[i].Kind || s.URL != d.URL(s.Name) {
			t.Errorf("service %d is %+v at %q, want %+v", i, s, d.URL(s.Name), want[i])
		}
		if strings.TrimPrefix(s.URL, "http://127.0.0.1:") == s.URL && s.Kind == demo.REST || s.Kind == demo.GRPC && !strings.HasPrefix(s.URL, "grpc://127.0.0.1:") {
			t.Errorf("%s is at %q", s.Name, s.URL)
		}
		if got := ask(t, d, s.Name); got != "OK" {
			t.Errorf("%s answers %s", s.Name, got)
		}
	}
	if d.URL("nobody") != "" || d.Ledger("nobody") != nil {
		t.Error("a service that does not exist has a URL or a ledger")
	}
	if len(d.World().Products) != 60 {
		t.Errorf("the world has %d products, want 60", len(d.World().Products))
	}
}

func TestStop(t *testing.T) {
	t.Parallel()
	d, err := demo.Start(t.Context(), demo.Options{Products: 10})
	if err != nil {
		t.Fatal(err)
	}
	stream := watch(t, d)
	reserve, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", addressOf(t, d.URL("catalog")))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reserve.Close() }()
	began := time.Now()
	for range 2 { // the second time changes nothing
		stop(t, d)
	}
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("stopping took %v", took)
	}
	if _, err := stream.Recv(); status.Code(err) != codes.Unavailable {
		t.Errorf("the open stream ended with %v, want UNAVAILABLE", err)
	}
}

func TestNothingAnswersAfterStop(t *testing.T) {
	t.Parallel()
	var answering []string
	for range 3 { // for another program may take a port that has become free
		d, err := demo.Start(t.Context(), demo.Options{Products: 10})
		if err != nil {
			t.Fatal(err)
		}
		stop(t, d)
		if answering = stillAnswering(t, d); len(answering) == 0 {
			return
		}
	}
	t.Errorf("after the demo has stopped: %v", answering)
}

func stillAnswering(t *testing.T, d *demo.Demo) []string {
	t.Helper()
	var answering []string
	for _, s := range d.Services() {
		if got := ask(t, d, s.Name); got != "refused" {
			answering = append(answering, s.Name+" answers "+got)
		}
	}
	if _, _, err := do(t, request(t, http.MethodGet, d.JWKSURL(), "")); !errors.Is(err, syscall.ECONNREFUSED) {
		answering = append(answering, fmt.Sprintf("the control server answers: %v", err))
	}
	return answering
}

// watch opens a stream of stock changes and reads what is sent first.
func watch(t *testing.T, d *demo.Demo) grpc.ServerStreamingClient[inventoryapi.WatchStockResponse] {
	t.Helper()
	for _, p := range d.World().Products {
		if len(p.Stock) == 0 {
			continue
		}
		stream, err := inventoryapi.NewInventoryClient(connect(t, d, "inventory")).
			WatchStock(t.Context(), &inventoryapi.WatchStockRequest{Skus: []string{p.SKU}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := stream.Recv(); err != nil {
			t.Fatal(err)
		}
		return stream
	}
	t.Fatal("no product is in stock")
	return nil
}

// logged is where a logger writes to.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func TestRequestsAreLogged(t *testing.T) {
	t.Parallel()
	const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	out := &logged{}
	d := start(t, demo.Options{Logger: slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	r := request(t, http.MethodGet, d.URL("customers")+"/customers/nobody?token=secret", "")
	r.Header.Set("Traceparent", traceparent)
	if _, _, err := do(t, r); err != nil {
		t.Fatal(err)
	}
	ctx := metadata.AppendToOutgoingContext(t.Context(), "traceparent", traceparent)
	if _, err := reviewsapi.NewReviewsClient(connect(t, d, "reviews")).BatchGetReviews(ctx, &reviewsapi.BatchGetReviewsRequest{}); err == nil {
		t.Log("an empty batch is allowed")
	}
	stop(t, d) // then everything is written
	for _, want := range []string{
		"service=customers method=GET path=/customers/nobody status=404 took=",
		"service=reviews method=/",
		"traceparent=" + traceparent,
	} {
		if !strings.Contains(out.b.String(), want) {
			t.Errorf("the log has no %q:\n%s", want, out.b.String())
		}
	}
	if strings.Count(out.b.String(), traceparent) != 2 || strings.Contains(out.b.String(), "secret") {
		t.Errorf("the log should have the trace twice and no query:\n%s", out.b.String())
	}
}
