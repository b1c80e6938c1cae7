package payments

import (
	"regexp"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/upstream"
	"github.com/mainstem/mainstem/sources"
	"github.com/mainstem/mainstem/sources/payments/paymentsapi"
)

func payment(p *paymentsapi.Payment) (*Payment, error) {
	status, ok := statuses[p.Status]
	if !ok {
		return nil, upstream.Violation("payment %q has the status %q", p.Id, p.Status)
	}
	orderID := orderOf(p)
	if !sources.ValidLocal(p.Id) || !sources.ValidLocal(p.CustomerId) || p.OrderId != nil && !sources.ValidLocal(orderID) {
		return nil, upstream.Violation("payment %q of customer %q for order %q: not an id", p.Id, p.CustomerId, orderID)
	}
	for _, a := range []paymentsapi.Amount{p.Amount, p.CapturedAmount, p.RefundedAmount} {
		if a.Value < 0 || !sources.ValidCurrency(a.Currency) || a.Currency != p.Amount.Currency {
			return nil, upstream.Violation("payment %q has an amount of %d %q, in %q", p.Id, a.Value, a.Currency, p.Amount.Currency)
		}
	}
	if p.RefundedAmount.Value > p.CapturedAmount.Value {
		return nil, upstream.Violation("payment %q: of %d that were taken, %d were given back", p.Id, p.CapturedAmount.Value, p.RefundedAmount.Value)
	}
	method, err := methodOf(p)
	if err != nil {
		return nil, err
	}
	return &Payment{
		ID:         sources.ID{Type: "Payment", Local: p.Id},
		Status:     status,
		Method:     method,
		Amount:     money(p.Amount),
		Captured:   money(p.CapturedAmount),
		Refunded:   money(p.RefundedAmount),
		CreatedAt:  p.CreatedAt,
		OrderID:    orderID,
		CustomerID: p.CustomerId,
	}, nil
}

// orderOf gives the id of a payment's order, empty for a payment without one.
func orderOf(p *paymentsapi.Payment) string {
	if p.OrderId == nil {
		return ""
	}
	return *p.OrderId
}

// paymentOfOrder is payment for an answer in which every payment names its order.
func paymentOfOrder(p *paymentsapi.Payment) (*Payment, error) {
	if p.OrderId == nil {
		return nil, upstream.Violation("payment %q does not name its order", p.Id)
	}
	return payment(p)
}

// methodOf gives what a payment is made with: the member of its method that the method's type names.
func methodOf(p *paymentsapi.Payment) (PaymentMethod, error) {
	switch m := p.Method; {
	case m.Type == paymentsapi.MethodTypeCard && m.Card != nil:
		card := Card{Brand: m.Card.Network, Last4: m.Card.Last4, ExpiryMonth: m.Card.ExpiryMonth, ExpiryYear: m.Card.ExpiryYear}
		return card, checkCard(p, card)
	case m.Type == paymentsapi.MethodTypeBankTransfer && m.BankTransfer != nil:
		if m.BankTransfer.BankName == "" {
			return nil, upstream.Violation("payment %q: a transfer from a bank without a name", p.Id)
		}
		return BankTransfer{Bank: m.BankTransfer.BankName, IBANLast4: m.BankTransfer.IbanLast4}, checkLast4(p, m.BankTransfer.IbanLast4, fourCharacters)
	case m.Type == paymentsapi.MethodTypeGiftCard && m.GiftCard != nil:
		return GiftCard{CodeLast4: m.GiftCard.CodeLast4}, checkLast4(p, m.GiftCard.CodeLast4, fourCharacters)
	default:
		return nil, upstream.Violation("payment %q: no known method, or not the member that its type %q names", p.Id, m.Type)
	}
}

func checkCard(p *paymentsapi.Payment, c Card) error {
	if c.Brand == "" {
		return upstream.Violation("payment %q: a card without a network", p.Id)
	}
	if c.ExpiryMonth < 1 || c.ExpiryMonth > 12 || c.ExpiryYear < 2000 || c.ExpiryYear > 2199 {
		return upstream.Violation("payment %q: a card that expires in the month %d of %d", p.Id, c.ExpiryMonth, c.ExpiryYear)
	}
	return checkLast4(p, c.Last4, fourDigits)
}

// What the contract says of the last four characters of cards, and of those of accounts and codes.
var (
	fourDigits     = regexp.MustCompile(`^[0-9]{4}$`)
	fourCharacters = regexp.MustCompile(`^[0-9A-Z]{4}$`)
)

// checkLast4 sees to it that no whole number is shown, should a service send one. The fault does not say it: faults are logged.
func checkLast4(p *paymentsapi.Payment, s string, four *regexp.Regexp) error {
	if !four.MatchString(s) {
		return upstream.Violation("payment %q: the last four characters of its method are %d, or are none", p.Id, len(s))
	}
	return nil
}

func money(a paymentsapi.Amount) sources.Money {
	return sources.Money{Amount: a.Value, Currency: a.Currency}
}

func amountOut(m sources.Money) paymentsapi.Amount {
	return paymentsapi.Amount{Value: m.Amount, Currency: m.Currency}
}

var statuses = map[paymentsapi.PaymentStatus]PaymentStatus{
	paymentsapi.PaymentStatusAuthorized: PaymentAuthorized,
	paymentsapi.PaymentStatusCaptured:   PaymentCaptured,
	paymentsapi.PaymentStatusVoided:     PaymentVoided,
	paymentsapi.PaymentStatusRefunded:   PaymentRefunded,
	paymentsapi.PaymentStatusDeclined:   PaymentDeclined,
}

// authorization says money to hold in the service's words. It fails with BAD_USER_INPUT for a payment by no method.
func authorization(n NewPayment) (paymentsapi.Authorization, error) {
	a := paymentsapi.Authorization{
		OrderId: optional(n.OrderID), Reference: optional(n.Reference), CustomerId: n.CustomerID, Amount: amountOut(n.Amount),
	}
	switch m := n.Method.(type) {
	case Card:
		a.Method.Type = paymentsapi.MethodTypeCard
		a.Method.Card = &paymentsapi.CardMethod{Network: m.Brand, Last4: m.Last4, ExpiryMonth: m.ExpiryMonth, ExpiryYear: m.ExpiryYear}
	case BankTransfer:
		a.Method.Type = paymentsapi.MethodTypeBankTransfer
		a.Method.BankTransfer = &paymentsapi.BankTransferMethod{BankName: m.Bank, IbanLast4: m.IBANLast4}
	case GiftCard:
		a.Method.Type = paymentsapi.MethodTypeGiftCard
		a.Method.GiftCard = &paymentsapi.GiftCardMethod{CodeLast4: m.CodeLast4}
	default:
		return a, fault.New(fault.BadUserInput, "A payment is made with a card, a bank transfer or a gift card.")
	}
	return a, nil
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func undonePayment(u *paymentsapi.Undone) (UndonePayment, error) {
	if u.Payment == nil {
		if u.Undone {
			return UndonePayment{}, upstream.Violation("a payment was undone, and there was none")
		}
		return UndonePayment{}, nil
	}
	p, err := payment(u.Payment)
	return UndonePayment{Undone: u.Undone, Payment: p}, err
}

// checkID refuses what could leave its segment of a path.
func checkID(id string) error {
	if !sources.ValidLocal(id) {
		return fault.New(fault.BadUserInput, "This is not the id of a payment.")
	}
	return nil
}

// typeDeclined is the type of the service's only problem document; its other refusals are plain JSON.
const typeDeclined = "https://payments.storefront.example/problems/payment-declined"

// refused gives the fault of a command with the Reason that the service gave in its own way.
func refused(answer upstream.Answer, err error) error {
	f := *fault.From(err)
	if f.Reason == typeDeclined {
		f.Reason = declined(answer)
	} else if said := upstream.Refusal[paymentsapi.ErrorAnswer](answer); said != nil {
		f.Reason = string(said.Error.Code)
	}
	return &f
}

// declined gives why a payment was declined. That it was is known: a cause that cannot be read does not make it a failure.
func declined(answer upstream.Answer) string {
	if said := upstream.Refusal[paymentsapi.Decline](answer); said != nil {
		switch said.DeclineCode {
		case paymentsapi.DeclineCodeInsufficientFunds:
			return ReasonInsufficientFunds
		case paymentsapi.DeclineCodeExpired:
			return ReasonMethodExpired
		case paymentsapi.DeclineCodeRefused:
		}
	}
	return ReasonDeclined
}
