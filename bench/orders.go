package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jwt"

	"github.com/mainstem/mainstem/bench/load"
	"github.com/mainstem/mainstem/bench/posts/process"
	"github.com/mainstem/mainstem/demo/world"
	"github.com/mainstem/mainstem/platform/upstream"
	"github.com/mainstem/mainstem/sources"
	"github.com/mainstem/mainstem/sources/catalog"
	"github.com/mainstem/mainstem/sources/customers"
	"github.com/mainstem/mainstem/sources/inventory"
	"github.com/mainstem/mainstem/sources/orders"
	"github.com/mainstem/mainstem/sources/payments"
	"github.com/mainstem/mainstem/sources/shipping"
	"github.com/mainstem/mainstem/workflows/placeorder"
)

// shop is a way to place orders.
type shop struct {
	name  string
	place func(ctx context.Context, sku, key string) error
	usage func(ctx context.Context) (process.Usage, error) // of the process that does it
	at    *child                                           // nil: this process
}

// The callers of the gateways that are measured.
const (
	signingKey = "what the benchmark's tokens are signed with"
	issuer     = "https://issuer.bench"
	customer   = "cus-00001"
)

// direct places orders by the workflow's own commands, one after the other, without anything that remembers them.
func direct(services *child) (shop, func() error, error) {
	var clients []io.Closer
	var wrong error
	options := func(name string) upstream.Options {
		return upstream.Options{
			Name: name, URL: services.Services[name], Timeout: 30 * time.Second, MaxBytes: 8 << 20,
			Policy: upstream.DefaultPolicy(), Connections: upstream.DefaultConnections(),
		}
	}
	overHTTP := func(name string, inputs upstream.Inputs) *upstream.HTTP {
		c, err := upstream.NewHTTP(options(name), inputs)
		clients, wrong = append(clients, c), errors.Join(wrong, err)
		return c
	}
	overGRPC := func(name string, inputs upstream.Inputs) *upstream.GRPC {
		c, err := upstream.NewGRPC(options(name), inputs)
		clients, wrong = append(clients, c), errors.Join(wrong, err)
		return c
	}
	steps := placeorder.New(placeorder.Sources{
		Catalog: catalog.New(overHTTP("catalog", catalog.Inputs)), Customers: customers.New(overHTTP("customers", customers.Inputs)),
		Inventory: inventory.New(overGRPC("inventory", inventory.Inputs)), Payments: payments.New(overHTTP("payments", payments.Inputs)),
		Orders: orders.New(overHTTP("orders", orders.Inputs)), Shipping: shipping.New(overGRPC("shipping", shipping.Inputs)),
	}).Steps
	closeAll := func() error {
		var errs []error
		for _, c := range clients {
			errs = append(errs, c.Close())
		}
		return errors.Join(errs...)
	}
	place := func(ctx context.Context, sku, key string) (err error) {
		ctx = upstream.WithRequest(ctx, upstream.Request{Claims: map[string]string{"iss": issuer, "sub": customer}, Fresh: true})
		c := placeorder.Checkout{
			CustomerID: customer, Lines: []placeorder.Line{{SKU: sku, Quantity: 1}},
			Payment: placeorder.Method{GiftCard: &payments.GiftCard{CodeLast4: "A1B2"}},
		}
		for _, step := range steps {
			if c, err = step.Do(ctx, key+"-"+step.Name, c); err != nil {
				return fmt.Errorf("%s: %w", step.Name, err)
			}
		}
		return nil
	}
	return shop{name: "directly", place: place, usage: func(context.Context) (process.Usage, error) { return process.Read(), nil }}, closeAll, wrong
}

// byWorkflow places orders by a gateway's mutation.
func (f *fleet) byWorkflow(ctx context.Context, services *child, name, storage string) (shop, error) {
	config := fmt.Sprintf("listen: 127.0.0.1:0\nrequestTimeout: 30s\nstorage: {url: %q}\nworkflows: {wait: 30s}\n"+
		"auth: {issuer: %q, audience: bench, staticKey: {file: %q}}\nsources:\n", storage, issuer, filepath.Join(f.dir, "key"))
	for name, url := range services.Services {
		config += fmt.Sprintf("  %s: {url: %q, timeout: 30s}\n", name, url)
	}
	file := filepath.Join(f.dir, "orders-"+name+".yaml")
	err := errors.Join(os.WriteFile(file, []byte(config), 0o600), os.WriteFile(filepath.Join(f.dir, "key"), []byte(signingKey), 0o600))
	if err != nil {
		return shop{}, err
	}
	gateway, err := f.start(ctx, "storefront", "gateway", "--config", file)
	if err != nil {
		return shop{}, err
	}
	token, err := sign()
	if err != nil {
		return shop{}, err
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1000}}
	place := func(ctx context.Context, sku, key string) error {
		id := sources.ID{Type: "Product", Local: sku}
		body, err := json.Marshal(map[string]string{"query": fmt.Sprintf(`mutation { placeOrder(input: {
			lines: [{ productId: %q, quantity: 1 }] payment: { giftCard: { codeLast4: "A1B2" } } idempotencyKey: %q
		}) { checkout { state } problems { __typename } } }`, id.String(), key)})
		if err != nil {
			return err
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, gateway.URL, bytes.NewReader(body))
		if err != nil {
			return err
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+token)
		resp, err := client.Do(r)
		if err != nil {
			return err
		}
		defer func() { _ = resp.Body.Close() }()
		answer, err := io.ReadAll(resp.Body)
		if err == nil && !strings.Contains(string(answer), `"COMPLETED"`) {
			err = fmt.Errorf("%w: %.500s", errNotPlaced, answer)
		}
		return err
	}
	return shop{name: name, place: place, usage: gateway.usage, at: gateway}, nil
}

var errNotPlaced = errors.New("an order was not placed")

// sign gives a customer's token.
func sign() (string, error) {
	token, err := jwt.NewBuilder().Issuer(issuer).Audience([]string{"bench"}).Subject(customer).Expiration(time.Now().Add(24 * time.Hour)).Build()
	if err != nil {
		return "", err
	}
	key, err := jwk.Import([]byte(signingKey))
	if err != nil {
		return "", err
	}
	text, err := jwt.Sign(token, jwt.WithKey(jwa.HS256(), key))
	return string(text), err
}

// stocked gives products of which there is enough.
func stocked() []string {
	const enough = 200
	var skus []string
	for _, p := range world.Generate(world.Options{Products: world.DefaultProducts}).Products {
		onHand := int32(0)
		for _, s := range p.Stock {
			onHand += s.OnHand
		}
		if p.Status == "active" && onHand >= enough {
			skus = append(skus, p.SKU)
		}
	}
	return skus
}

var placedSoFar atomic.Int64

// measure has so many clients place orders in a shop, each one after the other, for a while, after another that counts for nothing but CPU.
func (s shop) measure(ctx context.Context, skus []string, clients int, warmup, duration time.Duration) (figures, error) {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	before, err := s.usage(ctx)
	if err != nil {
		return figures{}, err
	}
	var all sync.WaitGroup
	var latencies load.Histogram
	var orders atomic.Int64
	from := time.Now().Add(warmup)
	until := from.Add(duration)
	for range clients {
		all.Go(func() {
			for ctx.Err() == nil {
				key := fmt.Sprintf("an-order-%d", placedSoFar.Add(1))
				begun := time.Now()
				if begun.After(until) {
					return
				}
				if err := s.place(ctx, skus[rand.IntN(len(skus))], key); err != nil { //nolint:gosec // any of them
					fail(err)
					return
				}
				orders.Add(1)
				if begun.After(from) {
					latencies.Add(time.Since(begun))
				}
			}
		})
	}
	all.Wait()
	if err := context.Cause(ctx); err != nil {
		return figures{}, err
	}
	took := time.Since(from.Add(-warmup))
	after, err := s.usage(ctx)
	return figures{
		rps: float64(orders.Load()) / took.Seconds(), p50: float64(latencies.Quantile(0.5).Microseconds()), p99: float64(latencies.Quantile(0.99).Microseconds()),
		cpuMicros: float64(after.CPUMicros-before.CPUMicros) / float64(max(orders.Load(), 1)),
	}, err
}
