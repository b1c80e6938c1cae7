package orders_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/mainstem/mainstem/sources/orders/ordersapi"
)

// Nothing that the contract requires may be left out: a price that is not there is not a price of nothing.
func TestWhatIsRequiredMustBeThere(t *testing.T) {
	t.Parallel()
	_, l, url := start(t, smallWorld(1))
	body, err := json.Marshal(newOrder())
	if err != nil {
		t.Fatal(err)
	}
	good := string(body)
	for reason, c := range map[string]struct{ old, replacement, pointer string }{
		"a price without an amount":         {`"unit_price":{"currency":"EUR","minor_units":1999}`, `"unit_price":{"currency":"EUR"}`, "#/lines/0/unit_price/minor_units"},
		"a price whose amount is null":      {`"minor_units":1999`, `"minor_units":null`, "#/lines/0/unit_price/minor_units"},
		"an amount that is written wrongly": {`"minor_units":1999`, `"Minor_Units":1999`, "#/lines/0/unit_price/minor_units"},
		"a line without a price":            {`"unit_price"`, `"price"`, "#/lines/0/unit_price"},
		"a line without a quantity":         {`"quantity"`, `"count"`, "#/lines/0/quantity"},
		"a line that is null":               {`"lines":[`, `"lines":[null,`, "#/lines/0"},
		"no tax":                            {`"tax"`, `"vat"`, "#/tax"},
		"shipping without an amount":        {`"minor_units":490`, `"x":490`, "#/shipping_cost/minor_units"},
		"no lines":                          {`"lines"`, `"rows"`, "#/lines"},
		"no address":                        {`"ship_to"`, `"to"`, "#/ship_to"},
		"an address without a city":         {`"city"`, `"town"`, "#/ship_to/city"},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			if !strings.Contains(good, c.old) {
				t.Fatalf("%s is not in %s", c.old, good)
			}
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/orders", strings.NewReader(strings.Replace(good, c.old, c.replacement, 1)))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Idempotency-Key", "key-00000001")
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = answer.Body.Close() }()
			text, err := io.ReadAll(answer.Body)
			if err != nil {
				t.Fatal(err)
			}
			var problem ordersapi.Problem
			if err := json.Unmarshal(text, &problem); err != nil {
				t.Fatal(err)
			}
			if answer.StatusCode != http.StatusUnprocessableEntity || problem.Errors == nil || (*problem.Errors)[0].Pointer != c.pointer {
				t.Errorf("want %s refused, got %s %s", c.pointer, answer.Status, text)
			}
		})
	}
	t.Cleanup(func() { // after the parallel cases
		if n := len(l.Entries()); n != 0 {
			t.Errorf("want nothing done, got %d entries", n)
		}
	})
}
