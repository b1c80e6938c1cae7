package resolvers

import (
	"context"
	"fmt"
	"regexp"

	"github.com/mainstem/mainstem/graph/model"
	"github.com/mainstem/mainstem/platform/authn"
	"github.com/mainstem/mainstem/platform/exec"
	"github.com/mainstem/mainstem/platform/upstream"
	"github.com/mainstem/mainstem/sources"
	"github.com/mainstem/mainstem/sources/payments"
	"github.com/mainstem/mainstem/workflows"
	"github.com/mainstem/mainstem/workflows/cancelorder"
	"github.com/mainstem/mainstem/workflows/placeorder"
)

// What an order may have at most.
const (
	maxOrderLines  = 100
	maxQuantity    = 999
	maxStreet      = 4
	maxAddressText = 120
)

var (
	fourDigits     = regexp.MustCompile(`^[0-9]{4}$`)
	fourCharacters = regexp.MustCompile(`^[0-9A-Z]{4}$`)
)

func (r *Resolver) placeOrder(ctx context.Context, in model.PlaceOrderInput) (*model.PlaceOrderPayload, error) {
	caller, _ := authn.From(ctx)
	if !sources.ValidLocal(caller.Subject) {
		return nil, invalidSubject()
	}
	lines, c, err := orderLines(in.Lines)
	if err != nil {
		return nil, err
	}
	c.address(in.Address)
	c.method(in.Payment)
	if in.ExpectedTotal != nil {
		c.that(in.ExpectedTotal.Amount >= 0, "expectedTotal.amount", "It must not be negative.")
		c.that(sources.ValidCurrency(in.ExpectedTotal.Currency), "expectedTotal.currency", "It must be an ISO 4217 code, such as `EUR`.")
	}
	c.key(&in.IdempotencyKey)
	if len(c) > 0 {
		payload := &model.PlaceOrderPayload{Problems: make([]model.PlaceOrderProblem, len(c))}
		for i, invalid := range c {
			payload.Problems[i] = invalid
		}
		return payload, nil
	}
	run, err := r.Workflows.PlaceOrder.Start(ctx, ownerOf(caller), in.IdempotencyKey, placeorder.Checkout{
		CustomerID: caller.Subject, Lines: lines, Address: in.Address, Payment: in.Payment, ExpectedTotal: in.ExpectedTotal,
	}, upstream.RequestOf(ctx).Reserve)
	if err != nil {
		return nil, err
	}
	exec.TraceRun(ctx, "placeOrder", run.ID, string(run.State))
	checkout := checkoutOf(run)
	return &model.PlaceOrderPayload{Checkout: checkout, Problems: checkout.Problems}, nil
}

// orderLines gives the lines of an order, and what is wrong with them. It fails for ids that are not of products.
func orderLines(in []model.PlaceOrderLine) ([]placeorder.Line, checks, error) {
	var c checks
	c.that(len(in) >= 1 && len(in) <= maxOrderLines, "lines", fmt.Sprintf("There must be 1 to %d lines, not %d.", maxOrderLines, len(in)))
	lines, seen := make([]placeorder.Line, len(in)), map[string]bool{}
	for i, l := range in {
		sku, err := l.ProductID.Of("Product")
		if err != nil {
			return nil, nil, err
		}
		if len(c) < maxOrderLines { // enough of them
			c.that(!seen[sku], fmt.Sprintf("lines[%d].productId", i), "It must be in one line alone: add the quantities up.")
			c.that(l.Quantity >= 1 && l.Quantity <= maxQuantity, fmt.Sprintf("lines[%d].quantity", i),
				fmt.Sprintf("It must be 1 to %d.", maxQuantity))
		}
		seen[sku] = true
		lines[i] = placeorder.Line{SKU: sku, Quantity: l.Quantity}
	}
	return lines, c, nil
}

func (c *checks) address(a *sources.Address) {
	if a == nil {
		return
	}
	c.length(&a.Recipient, "address.recipient", maxAddressText)
	c.that(len(a.Lines) >= 1 && len(a.Lines) <= maxStreet, "address.lines", fmt.Sprintf("There must be 1 to %d lines, not %d.", maxStreet, len(a.Lines)))
	for i := range a.Lines[:min(len(a.Lines), maxStreet)] {
		c.length(&a.Lines[i], fmt.Sprintf("address.lines[%d]", i), maxAddressText)
	}
	c.length(&a.City, "address.city", maxAddressText)
	c.length(a.Region, "address.region", maxAddressText)
	c.length(&a.PostalCode, "address.postalCode", 20)
	c.that(countryPattern.MatchString(a.CountryCode), "address.countryCode", "It must be an ISO 3166-1 alpha-2 code, such as `DE`.")
}

var countryPattern = regexp.MustCompile(`^[A-Z]{2}$`)

func (c *checks) method(m placeorder.Method) {
	chosen := 0
	if m.Card != nil {
		chosen++
		c.length(&m.Card.Brand, "payment.card.brand", 40)
		c.that(fourDigits.MatchString(m.Card.Last4), "payment.card.last4", "It must be the last four digits of the card's number.")
		c.that(m.Card.ExpiryMonth >= 1 && m.Card.ExpiryMonth <= 12, "payment.card.expiryMonth", "It must be 1 to 12.")
		c.that(m.Card.ExpiryYear >= 2000 && m.Card.ExpiryYear <= 2199, "payment.card.expiryYear", "It must be a year of four digits, such as 2029.")
	}
	if m.BankTransfer != nil {
		chosen++
		c.length(&m.BankTransfer.Bank, "payment.bankTransfer.bank", 120)
		c.that(fourCharacters.MatchString(m.BankTransfer.IBANLast4), "payment.bankTransfer.ibanLast4", "It must be the last four characters of the IBAN.")
	}
	if m.GiftCard != nil {
		chosen++
		c.that(fourCharacters.MatchString(m.GiftCard.CodeLast4), "payment.giftCard.codeLast4", "It must be the last four characters of the code.")
	}
	c.that(chosen == 1, "payment", "There must be exactly one of card, bankTransfer and giftCard.")
}

// placeOrderProblems gives why an order was not placed, as far as this is known.
func placeOrderProblems(run *workflows.Run[placeorder.Checkout]) []model.PlaceOrderProblem {
	list := make([]model.PlaceOrderProblem, 0, len(run.Value.Problems))
	for _, p := range run.Value.Problems {
		list = append(list, placeOrderProblem(p))
	}
	switch run.State {
	case workflows.Failed:
		again := retryable(run.Fault)
		list = append(list, model.CheckoutFailed{Message: failure("Nothing was charged, and nothing is ordered.", again), Retryable: again})
	case workflows.Abandoned:
		list = append(list, model.CheckoutFailed{Message: "It went wrong, and our staff have ended it: ask them before you order again."})
	default:
	}
	return list
}

// failure gives the sentence for what has failed, and is undone.
func failure(undone string, again bool) string {
	if again {
		return "Something failed on our side. " + undone + " Try it again with a new key, later."
	}
	return "Something failed on our side. " + undone + " Trying it again will not help: tell us of it."
}

func placeOrderProblem(p placeorder.Problem) model.PlaceOrderProblem {
	switch p.Kind {
	case placeorder.ProductNotFound:
		return model.ProductNotFound{Message: p.Message, ProductID: sources.ID{Type: "Product", Local: p.SKUs[0]}}
	case placeorder.PriceChanged:
		return model.PriceChanged{Message: p.Message, Expected: *p.Expected, Actual: *p.Actual}
	case placeorder.OutOfStock:
		return model.OutOfStock{Message: p.Message, Skus: append([]string{}, p.SKUs...)}
	case placeorder.PaymentDeclined:
		return model.PaymentDeclined{Message: p.Message, Reason: declineReasons[p.Reason]}
	case placeorder.AddressNotServed:
		return model.AddressNotServed{Message: p.Message, CountryCode: p.Country}
	case placeorder.InvalidInput:
		return model.InvalidInput{Message: p.Message, Field: p.Field}
	default: // placeorder.NotACustomer
		return model.CheckoutFailed{Message: p.Message}
	}
}

var declineReasons = map[string]model.DeclineReason{
	payments.ReasonDeclined:          model.DeclineReasonRefused,
	payments.ReasonInsufficientFunds: model.DeclineReasonInsufficientFunds,
	payments.ReasonMethodExpired:     model.DeclineReasonExpired,
}

func (r *Resolver) cancelOrder(ctx context.Context, in model.CancelOrderInput) (*model.CancelOrderPayload, error) {
	caller, _ := authn.From(ctx)
	id, err := in.OrderID.Of("Order")
	if err != nil {
		return nil, err
	}
	begin := cancelorder.Cancellation{OrderID: id}
	if !caller.HasScopes(scopeWriteOrders) {
		if begin.CustomerID = caller.Subject; !sources.ValidLocal(begin.CustomerID) {
			return nil, invalidSubject()
		}
	}
	var c checks
	if c.key(&in.IdempotencyKey); len(c) > 0 {
		return &model.CancelOrderPayload{Problems: []model.CancelOrderProblem{c[0]}}, nil
	}
	run, err := r.Workflows.CancelOrder.Start(ctx, ownerOf(caller), in.IdempotencyKey, begin, upstream.RequestOf(ctx).Reserve)
	if err != nil {
		return nil, err
	}
	exec.TraceRun(ctx, "cancelOrder", run.ID, string(run.State))
	cancellation := cancellationOf(run)
	return &model.CancelOrderPayload{Cancellation: cancellation, Problems: cancellation.Problems}, nil
}

// cancelOrderProblems gives why an order was not called off, as far as this is known.
func cancelOrderProblems(run *workflows.Run[cancelorder.Cancellation]) []model.CancelOrderProblem {
	list := make([]model.CancelOrderProblem, 0, len(run.Value.Problems))
	for _, p := range run.Value.Problems {
		switch p.Kind {
		case cancelorder.OrderOnItsWay:
			list = append(list, model.OrderOnItsWay{Message: p.Message})
		case cancelorder.OrderBeingPlaced:
			list = append(list, model.OrderBeingPlaced{Message: p.Message})
		default: // cancelorder.OrderNotFound
			list = append(list, model.OrderNotFound{Message: p.Message})
		}
	}
	switch run.State {
	case workflows.Failed:
		again := retryable(run.Fault)
		list = append(list, model.CancellationFailed{Message: failure("The order is as it was.", again), Retryable: again})
	case workflows.Abandoned:
		list = append(list, model.CancellationFailed{Message: "It went wrong, and our staff have ended it: ask them what became of the order."})
	default:
	}
	return list
}
