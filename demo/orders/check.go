package orders

import (
	"fmt"
	"math"
	"regexp"
	"unicode/utf8"

	"github.com/mainstem/mainstem/sources/orders/ordersapi"
)

// What the contract bounds.
const (
	minKey, maxKey = 8, 200
	maxLines       = 100
	maxQuantity    = 999
	maxStreet      = 4
	maxName        = 200
	maxAddressText = 120
	maxPostalCode  = 20
	maxViolations  = 20
)

var (
	currencies = regexp.MustCompile(`^[A-Z]{3}$`)
	countries  = regexp.MustCompile(`^[A-Z]{2}$`)
	ids        = regexp.MustCompile(`^[A-Za-z0-9._~-]{1,128}$`)
)

const idRule = "has 1 to 128 characters of A-Z, a-z, 0-9, '.', '_', '~' and '-'."

// checkKey checks a command's idempotency key.
func checkKey(key string) *problem {
	if len(key) < minKey || len(key) > maxKey {
		return malformed(fmt.Sprintf("An Idempotency-Key has %d to %d characters.", minKey, maxKey))
	}
	return nil
}

// checkID checks an id outside of a body.
func checkID(id string) *problem {
	if !ids.MatchString(id) {
		return malformed("An id " + idRule)
	}
	return nil
}

// checkNamed checks what a command on one order has.
func checkNamed(id, key string) *problem {
	if err := checkID(id); err != nil {
		return err
	}
	return checkKey(key)
}

// violations collects what is wrong with a body.
type violations []ordersapi.Violation

func (v *violations) add(ok bool, pointer, detail string) {
	if !ok && len(*v) < maxViolations {
		*v = append(*v, ordersapi.Violation{Pointer: pointer, Detail: detail})
	}
}

func (v *violations) text(pointer, s string, longest int) {
	n := utf8.RuneCountInString(s)
	v.add(n >= 1 && n <= longest, pointer, fmt.Sprintf("It has 1 to %d characters.", longest))
}

func (v *violations) id(pointer, s string) {
	v.add(ids.MatchString(s), pointer, "It "+idRule)
}

func (v *violations) money(pointer string, m ordersapi.Money, currency string) {
	v.add(m.MinorUnits >= 0, pointer, "An amount is not negative.")
	v.add(currencies.MatchString(m.Currency), pointer, "A currency is an ISO 4217 code, such as EUR.")
	v.add(m.Currency == currency, pointer, "All amounts of an order are in one currency.")
}

// checkNewOrder gives what is wrong with an order to place.
func checkNewOrder(in ordersapi.NewOrder) []ordersapi.Violation {
	var v violations
	v.id("#/customer_id", in.CustomerId)
	v.add(len(in.Lines) >= 1 && len(in.Lines) <= maxLines, "#/lines", fmt.Sprintf("An order has 1 to %d lines.", maxLines))
	currency := in.ShippingCost.Currency
	for i, line := range in.Lines {
		at := fmt.Sprintf("#/lines/%d/", i)
		v.id(at+"sku", line.Sku)
		v.text(at+"name", line.Name, maxName)
		v.add(line.Quantity >= 1 && line.Quantity <= maxQuantity, at+"quantity", fmt.Sprintf("A quantity is 1 to %d.", maxQuantity))
		v.money(at+"unit_price", line.UnitPrice, currency)
	}
	v.money("#/shipping_cost", in.ShippingCost, currency)
	v.money("#/tax", in.Tax, currency)
	if len(v) == 0 { // a sum of what is not acceptable says nothing
		total := sum(in)
		v.add(total <= math.MaxInt32, "#/lines", "The sum of an order fits 32 bits.")
		v.add(int64(in.Tax.MinorUnits) <= total, "#/tax", "The tax is not more than the total, which contains it.")
	}
	v.address("#/ship_to/", in.ShipTo)
	return v
}

func (v *violations) address(at string, a ordersapi.Address) {
	v.text(at+"recipient", a.Recipient, maxAddressText)
	v.add(len(a.Street) >= 1 && len(a.Street) <= maxStreet, at+"street", fmt.Sprintf("A street has 1 to %d lines.", maxStreet))
	for _, line := range a.Street {
		v.text(at+"street", line, maxAddressText)
	}
	v.text(at+"city", a.City, maxAddressText)
	if a.Region != nil {
		v.text(at+"region", *a.Region, maxAddressText)
	}
	v.text(at+"postal_code", a.PostalCode, maxPostalCode)
	v.add(countries.MatchString(a.Country), at+"country", "A country is an ISO 3166-1 alpha-2 code, such as DE.")
}

// checkUndoCreate gives what is wrong with the undoing of a placing.
func checkUndoCreate(in ordersapi.UndoCreate) []ordersapi.Violation {
	var v violations
	n := len(in.CreationKey)
	v.add(n >= minKey && n <= maxKey, "#/creation_key", fmt.Sprintf("A key has %d to %d characters.", minKey, maxKey))
	return v
}

// sum gives what the customer pays.
func sum(in ordersapi.NewOrder) int64 {
	total := int64(in.ShippingCost.MinorUnits)
	for _, line := range in.Lines {
		total += int64(line.UnitPrice.MinorUnits) * int64(line.Quantity)
	}
	return total
}
