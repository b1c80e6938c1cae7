package placeorder

import (
	"math"
	"testing"

	"github.com/mainstem/mainstem/sources"
	"github.com/mainstem/mainstem/sources/orders"
)

func line(price, quantity int32) orders.NewOrderLine {
	return orders.NewOrderLine{Quantity: quantity, UnitPrice: sources.Money{Amount: price, Currency: "EUR"}}
}

func TestAmounts(t *testing.T) {
	t.Parallel()
	dear := make([]orders.NewOrderLine, 100)
	for i := range dear {
		dear[i] = line(math.MaxInt32, 999)
	}
	tests := map[string]struct {
		lines                          []orders.NewOrderLine
		subtotal, shipping, tax, total int32
		tooMuch                        bool
	}{
		"a little, which costs sending":       {lines: []orders.NewOrderLine{line(495, 2)}, subtotal: 990, shipping: 490, tax: 236, total: 1480},
		"the most that costs sending":         {lines: []orders.NewOrderLine{line(4999, 1)}, subtotal: 4999, shipping: 490, tax: 876, total: 5489},
		"the least that is sent for nothing":  {lines: []orders.NewOrderLine{line(2500, 2)}, subtotal: 5000, tax: 798, total: 5000},
		"several lines":                       {lines: []orders.NewOrderLine{line(3999, 2), line(2999, 1)}, subtotal: 10997, tax: 1756, total: 10997},
		"nothing":                             {lines: []orders.NewOrderLine{line(0, 1)}, shipping: 490, tax: 78, total: 490},
		"as much as there can be":             {lines: []orders.NewOrderLine{line(math.MaxInt32, 1)}, subtotal: math.MaxInt32, tax: 342875540, total: math.MaxInt32},
		"more than there can be":              {lines: []orders.NewOrderLine{line(math.MaxInt32, 1), line(1, 1)}, tooMuch: true},
		"as much as can be asked for, at all": {lines: dear, tooMuch: true},
	}
	for reason, test := range tests {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			got, ok := amountsOf(test.lines)
			if ok == test.tooMuch {
				t.Fatalf("it can be: %t", ok)
			}
			of := func(amount int32) sources.Money { return sources.Money{Amount: amount, Currency: "EUR"} }
			want := Amounts{Subtotal: of(test.subtotal), ShippingCost: of(test.shipping), Tax: of(test.tax), Total: of(test.total)}
			if ok && got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

func TestOneCurrency(t *testing.T) {
	t.Parallel()
	dollars := line(100, 1)
	dollars.UnitPrice.Currency = "USD"
	s, err := Checkout{Priced: []orders.NewOrderLine{line(100, 1), dollars}}.add()
	if err == nil || len(s.Problems) != 1 || s.Problems[0].Kind != InvalidInput || s.Problems[0].Field != "lines" {
		t.Errorf("got %+v and %v", s.Problems, err)
	}
}

// TestClientsNames: what a service does not accept has the name that the client gave it.
func TestClientsNames(t *testing.T) {
	t.Parallel()
	for field, want := range map[string]string{
		"address.postalCode":    "address.postalCode",  // shipping
		"postalCode":            "address.postalCode",  // orders, which gives the last part alone
		"shippingAddress.city":  "address.city",        // orders, should it give the whole
		"lines[2].quantity":     "lines[2].quantity",   // inventory
		"lines[0].sku":          "lines[0].sku",        //
		"method.card.something": "payment",             // payments
		"":                      "payment",             // a name that is none
		"address.lines[1]":      "address.lines[1]",    //
		"countryCode":           "address.countryCode", //
		"customerId":            "payment",             // not the client's
	} {
		if got := clientsName(field, "payment"); got != want {
			t.Errorf("%q is %q, want %q", field, got, want)
		}
	}
	if got := clientsName("tax", ""); got != "lines" {
		t.Errorf("what a price is made of is %q", got)
	}
}
