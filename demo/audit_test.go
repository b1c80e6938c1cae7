package demo_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/mainstem/mainstem/demo"
	"github.com/mainstem/mainstem/demo/breaking"
	"github.com/mainstem/mainstem/demo/ledger"
	"github.com/mainstem/mainstem/demo/world"
	"github.com/mainstem/mainstem/sources/inventory/inventoryapi"
	"github.com/mainstem/mainstem/sources/shipping/shippingapi"
)

func TestLedgerIsShown(t *testing.T) {
	t.Parallel()
	d := start(t, demo.Options{})
	if _, body := control(t, d, http.MethodGet, "/ledger/orders", ""); body != "[]" {
		t.Errorf("the ledger of a service that did nothing is %s", body)
	}
	i := slices.IndexFunc(d.World().Products, func(p world.Product) bool { return len(p.Stock) > 0 && p.Stock[0].OnHand > 20 })
	_, err := inventoryapi.NewInventoryClient(connect(t, d, "inventory")).Reserve(t.Context(), &inventoryapi.ReserveRequest{
		IdempotencyKey: "key-0001", Reference: "cart-1", Lines: []*inventoryapi.ReservationLine{{Sku: d.World().Products[i].SKU, Quantity: 1}},
	})
	if err != nil {
		t.Fatal(err)
	}
	var shown []struct {
		At            time.Time
		Command, Key  string
		Input, Detail any
	}
	_, body := control(t, d, http.MethodGet, "/ledger/inventory", "")
	if err := json.Unmarshal([]byte(body), &shown); err != nil || len(shown) != 2 || shown[0].Command != ledger.Opening ||
		shown[1].Key != "key-0001" || shown[1].Command == "" || shown[1].At.IsZero() || shown[1].Input == nil || shown[1].Detail == nil {
		t.Errorf("the ledger is %s, %v", body, err)
	}
	if entries := d.Ledger("inventory"); len(entries) != 2 || entries[1].Key != "key-0001" {
		t.Errorf("Ledger gives %+v", entries)
	}
}

func TestWhatIsDoneButNotAnsweredIsInTheLedger(t *testing.T) {
	t.Parallel()
	lossy := breaking.Break{LoseAnswers: 1}
	d := start(t, demo.Options{Break: map[string]breaking.Break{"orders": lossy, "shipping": lossy}})
	cancel := request(t, http.MethodPost, d.URL("orders"), "")
	for _, o := range d.World().Orders {
		if o.Status == "pending" {
			cancel.URL.Path = "/orders/" + o.ID + "/cancel"
		}
	}
	cancel.Header.Set("Idempotency-Key", "cancel-01")
	if resp, body, err := do(t, cancel); err == nil {
		t.Errorf("orders answers %s %s", resp.Status, body)
	}
	_, err := shippingapi.NewShippingClient(connect(t, d, "shipping")).CreateShipment(t.Context(), &shippingapi.CreateShipmentRequest{
		IdempotencyKey: "create-01", OrderId: "ord-new", CustomerId: "cus-00001",
		Address: &shippingapi.Address{Recipient: "Ada", Lines: []string{"Torstraße 12"}, City: "Berlin", PostalCode: "10119", CountryCode: "DE"},
	})
	if status.Code(err) != codes.Unavailable {
		t.Errorf("shipping answers %v", err)
	}
	for service, key := range map[string]string{"orders": "cancel-01", "shipping": "create-01"} {
		if entries := d.Ledger(service); len(entries) != 1 || entries[0].Key != key {
			t.Errorf("the ledger of %s is %+v", service, entries)
		}
	}
}
