package placeorder

import (
	"context"
	"errors"
	"math"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/upstream"
	"github.com/mainstem/mainstem/sources"
	"github.com/mainstem/mainstem/sources/catalog"
	"github.com/mainstem/mainstem/sources/customers"
	"github.com/mainstem/mainstem/sources/orders"
)

// Amounts are what an order costs.
type Amounts struct {
	Subtotal     sources.Money `json:"subtotal"`
	ShippingCost sources.Money `json:"shippingCost"`
	Tax          sources.Money `json:"tax"` // contained in the total
	Total        sources.Money `json:"total"`
}

// What the shop charges beside the prices, in minor units.
const (
	freeShipping = 5000 // the subtotal from which sending costs nothing
	shippingCost = 490
	taxPercent   = 19
)

// amountsOf gives what lines cost together, all of them in one currency. It fails if the sum is more than an amount can be.
func amountsOf(lines []orders.NewOrderLine) (Amounts, bool) {
	currency := lines[0].UnitPrice.Currency
	var subtotal, shipping int64
	for _, l := range lines {
		subtotal += int64(l.UnitPrice.Amount) * int64(l.Quantity) // of 100 lines at most: far from overflowing
	}
	if subtotal < freeShipping {
		shipping = shippingCost
	}
	total := subtotal + shipping
	if total > math.MaxInt32 {
		return Amounts{}, false
	}
	tax := (total*taxPercent + (100+taxPercent)/2) / (100 + taxPercent) // rounded
	of := func(amount int64) sources.Money {
		return sources.Money{Amount: int32(amount), Currency: currency} //nolint:gosec // none is more than the total
	}
	return Amounts{Subtotal: of(subtotal), ShippingCost: of(shipping), Tax: of(tax), Total: of(total)}, true
}

// price finds out what is ordered, where it goes and what it costs.
func (c commands) price(ctx context.Context, _ string, s Checkout) (Checkout, error) {
	products, customer, err := c.read(ctx, s)
	if err != nil {
		return s, err
	}
	if customer == nil {
		return s.refuse(Problem{Kind: NotACustomer, Message: "Only customers can order, and your account is none. Nothing was charged."})
	}
	s.Priced = make([]orders.NewOrderLine, len(s.Lines))
	var problems []Problem
	for i, l := range s.Lines {
		p := products[l.SKU]
		if p == nil || p.Status != catalog.ProductActive {
			problems = append(problems, Problem{
				Kind: ProductNotFound, SKUs: []string{l.SKU},
				Message: "There is no such product on sale. Leave it out, and order with a new key; nothing was charged.",
			})
			continue
		}
		s.Priced[i] = orders.NewOrderLine{SKU: l.SKU, Name: p.Name, Quantity: l.Quantity, UnitPrice: p.Price}
	}
	switch {
	case s.Address != nil:
		s.ShipTo = *s.Address
	case len(customer.Addresses) > 0:
		s.ShipTo = customer.Addresses[0]
	default:
		problems = append(problems, Problem{
			Kind: InvalidInput, Field: "address", Message: "You have no address yet. Say where to send it, with a new key; nothing was charged.",
		})
	}
	if len(problems) > 0 {
		return s.refuse(problems...)
	}
	return s.add()
}

// add adds the priced lines up.
func (s Checkout) add() (Checkout, error) {
	for _, l := range s.Priced {
		if l.UnitPrice.Currency != s.Priced[0].UnitPrice.Currency {
			return s.refuse(Problem{
				Kind: InvalidInput, Field: "lines",
				Message: "These products are sold in different currencies. Order them apart, with new keys; nothing was charged.",
			})
		}
	}
	amounts, ok := amountsOf(s.Priced)
	if !ok {
		return s.refuse(Problem{
			Kind: InvalidInput, Field: "lines", Message: "This costs more than one order can. Order less at once, with a new key; nothing was charged.",
		})
	}
	s.Amounts = amounts
	if s.ExpectedTotal != nil && *s.ExpectedTotal != amounts.Total {
		return s.refuse(Problem{
			Kind: PriceChanged, Expected: s.ExpectedTotal, Actual: &amounts.Total,
			Message: "The total has changed. If the new one will do, expect it, with a new key; nothing was charged.",
		})
	}
	return s, nil
}

// read gives the products by their SKUs, and the customer, nil if there is none. It asks for both at once.
func (c commands) read(ctx context.Context, s Checkout) (products map[string]*catalog.Product, customer *customers.Customer, err error) {
	skus := make([]string, len(s.Lines))
	for i, l := range s.Lines {
		skus[i] = l.SKU
	}
	const ofProducts, ofCustomer = 0, 1
	_, err = upstream.Each(ctx, 2, []int{ofProducts, ofCustomer}, func(ctx context.Context, what int) (struct{}, error) {
		var err error
		if what == ofProducts {
			products, err = c.Catalog.ProductsBySKU(ctx, skus)
		} else {
			var found map[string]*customers.Customer
			found, err = c.Customers.ByIDs(ctx, []string{s.CustomerID})
			customer = found[s.CustomerID]
		}
		return struct{}{}, anyOf[string](err)
	})
	return products, customer, anyOf[int](err)
}

// anyOf gives one fault in place of those of several items, since all of them are needed; nil for nil.
func anyOf[K comparable](err error) error {
	if items, ok := errors.AsType[fault.Items[K]](err); ok {
		return items.Any()
	}
	return err
}
