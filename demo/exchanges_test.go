package demo_test

import (
	"slices"
	"strings"

	"github.com/mainstem/mainstem/demo"
	"github.com/mainstem/mainstem/demo/world"
)

const (
	anOrder = `{"customer_id":"cus-00001","lines":[{"sku":"SKU-000001","name":"Lantern","quantity":2,
		"unit_price":{"minor_units":1000,"currency":"EUR"}}],"shipping_cost":{"minor_units":490,"currency":"EUR"},
		"tax":{"minor_units":100,"currency":"EUR"},
		"ship_to":{"recipient":"Ada","street":["Torstraße 12"],"city":"Berlin","postal_code":"10119","country":"DE"}}`
	anAuthorization = `{"reference":"checkout-1","customer_id":"cus-00001","amount":{"value":1000,"currency":"EUR"},
		"method":{"type":"card","card":{"network":"visa","last4":"4242","expiry_month":1,"expiry_year":2030}}}`
	anAmount = `{"amount":{"value":1,"currency":"EUR"}}`
)

// orderIn gives the id of the newest order in a state.
func orderIn(d *demo.Demo, status string) string {
	for _, o := range slices.Backward(d.World().Orders) {
		if o.Status == status {
			return o.ID
		}
	}
	return "none"
}

// paymentIn gives the id of the newest payment in a state.
func paymentIn(d *demo.Demo, status string) string {
	for _, o := range slices.Backward(d.World().Orders) {
		if o.Payment != nil && o.Payment.Status == status {
			return o.Payment.ID
		}
	}
	return "none"
}

// exchanges are requests of every kind, each after those before it.
func exchanges(d *demo.Demo) []exchange {
	return slices.Concat(catalogExchanges(), customersExchanges(d.World()), ordersExchanges(d), paymentsExchanges(d))
}

func catalogExchanges() []exchange {
	const service, get = "catalog", "GET"
	return []exchange{
		{service, get, "/products", "", "", 200},
		{service, get, "/products?limit=100&status=active&status=announced&status=discontinued", "", "", 200},
		{service, get, "/products?limit=0", "", "", 400},
		{service, get, "/products?limit=many", "", "", 400},
		{service, get, "/products?limit=1&limit=2", "", "", 400},
		{service, get, "/products?min_price=99999999999", "", "", 400},
		{service, get, "/products?sort=size", "", "", 400},
		{service, get, "/products?after=nowhere", "", "", 400},
		{service, get, "/products/batch?sku=SKU-000001&sku=SKU-000002", "", "", 200},
		{service, get, "/products/batch", "", "", 400},
		{service, get, "/categories", "", "", 200},
		{service, get, "/categories/batch?id=CAT-01", "", "", 200},
		{service, get, "/categories/batch?id=" + strings.Repeat("a&id=", 101) + "a", "", "", 400},
	}
}

func customersExchanges(w *world.World) []exchange {
	const service, path = "customers", "/customers/cus-00001"
	return []exchange{
		{service, "GET", path, "", "", 200},
		{service, "GET", "/customers/cus-99999", "", "", 404},
		{service, "GET", "/customers/a%20b", "", "", 400},
		{service, "PATCH", path, "key-000001", `{"display_name":"Ada"}`, 200},
		{service, "PATCH", path, "key-000001", `{"display_name":"Grace"}`, 409},
		{service, "PATCH", path, "key-000002", `{"email":"` + w.Customers[1].Email + `"}`, 409},
		{service, "PATCH", path, "key-000003", `{"email":"nobody"}`, 422},
		{service, "PATCH", path, "key-000004", `{"email":null}`, 400},
		{service, "PATCH", path, "short", `{}`, 400},
		{service, "PATCH", path, "", `{}`, 400},
		{service, "PATCH", path, "key-000005", strings.Repeat(" ", 17000), 413},
		{service, "PATCH", "/customers/cus-99999", "key-000006", `{}`, 404},
	}
}

func ordersExchanges(d *demo.Demo) []exchange {
	const service, orders, undo = "orders", "/orders", "/orders/undo-create"
	return []exchange{
		{service, "GET", "/orders?limit=100", "", "", 200},
		{service, "GET", "/orders?customer_id=cus-00001&status=delivered", "", "", 200},
		{service, "GET", "/orders?offset=2147483647", "", "", 200},
		{service, "GET", "/orders?limit=0", "", "", 400},
		{service, "GET", "/orders?limit=many", "", "", 400},
		{service, "GET", "/orders?status=lost", "", "", 400},
		{service, "GET", "/orders/batch?id=ord-000001&id=ord-999999", "", "", 200},
		{service, "GET", "/orders/batch?id=a%2Fb", "", "", 400},
		{service, "POST", orders, "key-create", anOrder, 201},
		{service, "POST", orders, "key-create", anOrder, 201},
		{service, "POST", orders, "key-create", strings.Replace(anOrder, "Lantern", "Rope", 1), 409},
		{service, "POST", orders, "", anOrder, 400},
		{service, "POST", orders, "key-000001", "{", 400},
		{service, "POST", orders, "key-000001", "{}", 422},
		{service, "POST", orders, "key-000001", strings.Replace(anOrder, `"minor_units":1000,`, "", 1), 422},
		{service, "POST", undo, "key-undo-1", `{"creation_key":"key-create"}`, 200},
		{service, "POST", undo, "key-undo-2", `{"creation_key":"key-never-was"}`, 200},
		{service, "POST", undo, "key-undo-3", `{}`, 422},
		{service, "POST", orders, "key-create", anOrder, 412},
		{service, "POST", orders, "key-never-was", anOrder, 412},
		{service, "POST", "/orders/" + orderIn(d, "pending") + "/mark-paid", "key-pay-1", "", 200},
		{service, "POST", "/orders/" + orderIn(d, "shipped") + "/mark-paid", "key-pay-2", "", 412},
		{service, "POST", "/orders/ord-999999/mark-paid", "key-pay-3", "", 404},
		{service, "POST", "/orders/" + orderIn(d, "paid") + "/cancel", "key-cancel-1", "", 200},
		{service, "POST", "/orders/" + orderIn(d, "delivered") + "/cancel", "key-cancel-2", "", 412},
		{service, "POST", "/orders/a%2Fb/cancel", "key-cancel-3", "", 400},
	}
}

func paymentsExchanges(d *demo.Demo) []exchange {
	const service, payments = "payments", "/payments"
	captured := "/payments/" + paymentIn(d, "captured")
	voided := "/payments/" + paymentIn(d, "voided")
	return []exchange{
		{service, "GET", "/payments/batch?id=pay-000001&id=pay-999999", "", "", 200},
		{service, "GET", "/payments/batch", "", "", 400},
		{service, "GET", "/payments/by-order?order_id=ord-000001&order_id=ord-000002", "", "", 200},
		{service, "GET", "/payments/by-order?order_id=a%2Fb", "", "", 400},
		{service, "POST", payments, "key-authorize", anAuthorization, 201},
		{service, "POST", payments, "key-authorize", strings.Replace(anAuthorization, "1000", "2000", 1), 409},
		{service, "POST", payments, "", anAuthorization, 400},
		{service, "POST", payments, "key-000001", "{}", 400},
		{service, "POST", payments, "key-declined", strings.Replace(anAuthorization, "4242", "9995", 1), 422},
		{service, "POST", captured + "/refund", "key-refund-1", anAmount, 200},
		{service, "POST", captured + "/refund", "key-refund-2", strings.Replace(anAmount, "1", "2147483647", 1), 412},
		{service, "POST", captured + "/capture", "key-capture-1", anAmount, 412},
		{service, "POST", captured + "/void", "key-void-1", "", 412},
		{service, "POST", voided + "/void", "key-void-2", "", 200},
		{service, "POST", "/payments/pay-999999/void", "key-void-3", "", 404},
		{service, "POST", "/payments/undo-capture", "key-undo-1", `{"capture_key":"key-authorize"}`, 200},
		{service, "POST", "/payments/undo-authorize", "key-undo-2", `{"authorization_key":"key-authorize"}`, 200},
		{service, "POST", "/payments/undo-authorize", "key-undo-2", `{"authorization_key":"key-another"}`, 409},
		{service, "POST", "/payments/undo-authorize", "key-undo-3", `{}`, 400},
		{service, "POST", payments, "key-authorize", anAuthorization, 412},
	}
}
