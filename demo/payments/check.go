package payments

import (
	"fmt"
	"net/http"
	"regexp"
	"unicode/utf8"

	"github.com/mainstem/mainstem/sources/payments/paymentsapi"
)

// What the contract bounds.
const (
	minKey, maxKey   = 8, 200
	maxReference     = 200
	maxNetwork       = 40
	maxBank          = 120
	minYear, maxYear = 2000, 2199
)

var (
	currencies  = regexp.MustCompile(`^[A-Z]{3}$`)
	fourDigits  = regexp.MustCompile(`^[0-9]{4}$`)
	fourLetters = regexp.MustCompile(`^[0-9A-Z]{4}$`)
	ids         = regexp.MustCompile(`^[A-Za-z0-9._~-]{1,128}$`)
)

// declineCodes are the last four characters that the contract gives for trying out what is declined.
var declineCodes = map[string]paymentsapi.DeclineCode{
	"0002": paymentsapi.DeclineCodeRefused,
	"9995": paymentsapi.DeclineCodeInsufficientFunds,
	"0069": paymentsapi.DeclineCodeExpired,
}

// checkKey checks a command's idempotency key.
func checkKey(key string) *refusal {
	if len(key) < minKey || len(key) > maxKey {
		return badKey(fmt.Sprintf("An Idempotency-Key has %d to %d characters.", minKey, maxKey))
	}
	return nil
}

// need refuses a member of a body unless it is as it must be.
func need(ok bool, member, sentence string) *refusal {
	if ok {
		return nil
	}
	return invalid(member + ": " + sentence)
}

// first gives the first refusal there is.
func first(refusals ...*refusal) *refusal {
	for _, r := range refusals {
		if r != nil {
			return r
		}
	}
	return nil
}

func needText(member, s string, longest int) *refusal {
	n := utf8.RuneCountInString(s)
	return need(n >= 1 && n <= longest, member, fmt.Sprintf("It has 1 to %d characters.", longest))
}

func needOptionalText(member string, s *string, longest int) *refusal {
	if s == nil {
		return nil
	}
	return needText(member, *s, longest)
}

func needID(member, s string) *refusal {
	return need(ids.MatchString(s), member, "An id has 1 to 128 characters of A-Z, a-z, 0-9, '.', '_', '~' and '-'.")
}

func needOptionalID(member string, s *string) *refusal {
	if s == nil {
		return nil
	}
	return needID(member, *s)
}

// checkNamed checks what a command on one payment has besides its body.
func checkNamed(id, key string) *refusal {
	return first(needID("id", id), checkKey(key))
}

func checkAmount(a paymentsapi.Amount) *refusal {
	return first(
		need(a.Value >= 1, "amount", "An amount is 1 or more."),
		need(currencies.MatchString(a.Currency), "amount", "A currency is an ISO 4217 code, such as EUR."),
	)
}

func checkAuthorization(in paymentsapi.Authorization) *refusal {
	return first(
		need(in.OrderId != nil || in.Reference != nil, "order_id", "There is one, or a reference."),
		needOptionalID("order_id", in.OrderId),
		needOptionalText("reference", in.Reference, maxReference),
		needID("customer_id", in.CustomerId),
		checkAmount(in.Amount),
		checkMethod(in.Method),
	)
}

func checkCapture(in paymentsapi.Capture) *refusal {
	return first(checkAmount(in.Amount), needOptionalID("order_id", in.OrderId))
}

func checkMethod(m paymentsapi.Method) *refusal {
	type kinds struct{ card, bankTransfer, giftCard bool }
	present := kinds{m.Card != nil, m.BankTransfer != nil, m.GiftCard != nil}
	wanted := kinds{m.Type == paymentsapi.MethodTypeCard, m.Type == paymentsapi.MethodTypeBankTransfer, m.Type == paymentsapi.MethodTypeGiftCard}
	if !m.Type.Valid() || present != wanted {
		return invalid("method: It has a type, and exactly the member that the type names.")
	}
	switch m.Type {
	case paymentsapi.MethodTypeCard:
		return checkCard(*m.Card)
	case paymentsapi.MethodTypeBankTransfer:
		return first(
			needText("bank_name", m.BankTransfer.BankName, maxBank),
			need(fourLetters.MatchString(m.BankTransfer.IbanLast4), "iban_last4", "It is four digits or capital letters."),
		)
	default: // a gift card
		return need(fourLetters.MatchString(m.GiftCard.CodeLast4), "code_last4", "It is four digits or capital letters.")
	}
}

func checkCard(c paymentsapi.CardMethod) *refusal {
	return first(
		needText("network", c.Network, maxNetwork),
		need(fourDigits.MatchString(c.Last4), "last4", "It is four digits."),
		need(c.ExpiryMonth >= 1 && c.ExpiryMonth <= 12, "expiry_month", "A month is 1 to 12."),
		need(c.ExpiryYear >= minYear && c.ExpiryYear <= maxYear, "expiry_year", fmt.Sprintf("A year is %d to %d.", minYear, maxYear)),
	)
}

// lastFour gives the last four characters of a method that is checked.
func lastFour(m paymentsapi.Method) string {
	switch m.Type {
	case paymentsapi.MethodTypeCard:
		return m.Card.Last4
	case paymentsapi.MethodTypeBankTransfer:
		return m.BankTransfer.IbanLast4
	default: // a gift card
		return m.GiftCard.CodeLast4
	}
}

// checkMovable fails if an amount is not in a payment's currency or more than the payment has to move. It returns an error and
// not a refusal, so that no nil refusal becomes an error.
func checkMovable(p *paymentsapi.Payment, a paymentsapi.Amount, most int32) error {
	if a.Currency != p.Amount.Currency {
		return invalid(fmt.Sprintf("amount: The payment %s is in %s.", p.Id, p.Amount.Currency))
	}
	if a.Value > most {
		message := fmt.Sprintf("At most %d %s in minor units can be moved.", most, p.Amount.Currency)
		return &refusal{http.StatusPreconditionFailed, paymentsapi.ErrorCodeAmountTooLarge, message}
	}
	return nil
}
