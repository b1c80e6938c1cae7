// Package payments is the demo's payments service: REST, and no command without an idempotency key. Its contract is
// sources/payments/openapi.yaml.
package payments

import (
	"errors"
	"net/http"

	"github.com/mainstem/mainstem/demo/ledger"
	"github.com/mainstem/mainstem/demo/world"
	"github.com/mainstem/mainstem/sources/payments/paymentsapi"
)

// service answers the contract's operations. It is safe for concurrent use.
type service struct {
	ledger *ledger.Ledger // its lock guards what follows

	byID         map[string]*paymentsapi.Payment
	current      map[string]*paymentsapi.Payment // by order: the payment begun for it last
	authorizedBy map[string]*paymentsapi.Payment // by the key of the authorization; declined ones are not here
	capturedBy   map[string]*paymentsapi.Payment // by the key of the capture
}

// New makes the service. It starts with the payments of the world's orders, which it copies, and keeps its commands in the
// ledger, whose lock it uses. The handler is safe for concurrent use.
func New(w *world.World, l *ledger.Ledger) http.Handler {
	s := &service{
		ledger:       l,
		byID:         make(map[string]*paymentsapi.Payment, len(w.Orders)),
		current:      make(map[string]*paymentsapi.Payment, len(w.Orders)),
		authorizedBy: map[string]*paymentsapi.Payment{},
		capturedBy:   map[string]*paymentsapi.Payment{},
	}
	for _, o := range w.Orders {
		if o.Payment != nil {
			s.add(paymentOf(o.ID, o.CustomerID, o.Payment))
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, noSuchOperation(r))
	})
	return paymentsapi.HandlerWithOptions(s, paymentsapi.StdHTTPServerOptions{
		BaseRouter: mux,
		ErrorHandlerFunc: func(w http.ResponseWriter, _ *http.Request, err error) {
			refuse(w, refusalOfParameter(err))
		},
	})
}

// refusalOfParameter refuses what the generated code found wrong with a request's parameters.
func refusalOfParameter(err error) *refusal {
	if missing, ok := errors.AsType[*paymentsapi.RequiredHeaderError](err); ok { // the only header that the contract has
		return badKey("The header " + missing.ParamName + " is missing.")
	}
	if missing, ok := errors.AsType[*paymentsapi.RequiredParamError](err); ok {
		return invalid("The parameter " + missing.ParamName + " is missing.")
	}
	return invalid("A parameter cannot be read.")
}

// add takes a new payment in. The caller holds the ledger's lock, or is the only one who knows the service.
func (s *service) add(p *paymentsapi.Payment) {
	s.byID[p.Id] = p
	if p.OrderId != nil {
		s.current[*p.OrderId] = p
	}
}

// paymentOf gives a payment of the world in the contract's terms.
func paymentOf(orderID, customerID string, p *world.Payment) *paymentsapi.Payment {
	return &paymentsapi.Payment{
		Id:             p.ID,
		OrderId:        &orderID,
		CustomerId:     customerID,
		Status:         paymentsapi.PaymentStatus(p.Status), // the world's words are the contract's
		Method:         methodOf(p),
		Amount:         amount(p.Amount),
		CapturedAmount: amount(p.Captured),
		RefundedAmount: amount(p.Refunded),
		CreatedAt:      p.CreatedAt,
	}
}

func methodOf(p *world.Payment) paymentsapi.Method {
	m := paymentsapi.Method{Type: paymentsapi.MethodType(p.Kind)}
	switch m.Type {
	case paymentsapi.MethodTypeCard:
		m.Card = &paymentsapi.CardMethod{Network: p.Brand, Last4: p.Last4, ExpiryMonth: p.Month, ExpiryYear: p.Year}
	case paymentsapi.MethodTypeBankTransfer:
		m.BankTransfer = &paymentsapi.BankTransferMethod{BankName: p.Brand, IbanLast4: p.Last4}
	case paymentsapi.MethodTypeGiftCard:
		m.GiftCard = &paymentsapi.GiftCardMethod{CodeLast4: p.Last4}
	}
	return m
}

func amount(value int32) paymentsapi.Amount {
	return paymentsapi.Amount{Value: value, Currency: world.Currency}
}
