// Package orders is the demo's orders service: REST, lists by offset, and a problem document (RFC 9457) for every refusal. Its
// contract is sources/orders/openapi.yaml.
package orders

import (
	"errors"
	"net/http"

	"github.com/mainstem/mainstem/demo/ledger"
	"github.com/mainstem/mainstem/demo/world"
	"github.com/mainstem/mainstem/sources/orders/ordersapi"
)

// service answers the contract's operations. It is safe for concurrent use.
type service struct {
	ledger *ledger.Ledger // its lock guards what follows

	all        []*ordersapi.Order // oldest first
	byID       map[string]*ordersapi.Order
	byCustomer map[string][]*ordersapi.Order // oldest first
	byKey      map[string]*ordersapi.Order   // by the key that it was created under
}

// New makes the service. It starts with the world's orders, which it copies, and keeps its commands in the ledger, whose lock
// it uses. The handler is safe for concurrent use.
func New(w *world.World, l *ledger.Ledger) http.Handler {
	s := &service{
		ledger:     l,
		byID:       make(map[string]*ordersapi.Order, len(w.Orders)),
		byCustomer: map[string][]*ordersapi.Order{},
		byKey:      map[string]*ordersapi.Order{},
	}
	for i := range w.Orders {
		s.add(orderOf(&w.Orders[i]))
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, noSuchOperation(r))
	})
	return ordersapi.HandlerWithOptions(s, ordersapi.StdHTTPServerOptions{
		BaseRouter: mux,
		ErrorHandlerFunc: func(w http.ResponseWriter, _ *http.Request, err error) {
			refuse(w, malformed(sentenceOf(err)))
		},
	})
}

// sentenceOf says what the generated code found wrong with a request's parameters.
func sentenceOf(err error) string {
	if missing, ok := errors.AsType[*ordersapi.RequiredHeaderError](err); ok {
		return "The header " + missing.ParamName + " is missing."
	}
	if missing, ok := errors.AsType[*ordersapi.RequiredParamError](err); ok {
		return "The parameter " + missing.ParamName + " is missing."
	}
	if malformed, ok := errors.AsType[*ordersapi.InvalidParamFormatError](err); ok {
		return "The parameter " + malformed.ParamName + " cannot be read."
	}
	return "A parameter cannot be read."
}

// add takes a new order in. The caller holds the ledger's lock, or is the only one who knows the service.
func (s *service) add(o *ordersapi.Order) {
	s.all = append(s.all, o)
	s.byID[o.Id] = o
	s.byCustomer[o.CustomerId] = append(s.byCustomer[o.CustomerId], o)
}

// orderOf gives an order of the world in the contract's terms.
func orderOf(o *world.Order) *ordersapi.Order {
	lines := make([]ordersapi.OrderLine, len(o.Lines))
	for i, line := range o.Lines {
		lines[i] = ordersapi.OrderLine{
			Sku:       line.SKU,
			Name:      line.Name,
			Quantity:  line.Quantity,
			UnitPrice: money(line.Price),
			LineTotal: money(line.Price * line.Quantity),
		}
	}
	return &ordersapi.Order{
		Id:           o.ID,
		Number:       o.Number,
		CustomerId:   o.CustomerID,
		Status:       ordersapi.OrderStatus(o.Status), // the world's words are the contract's
		PlacedAt:     o.PlacedAt,
		Lines:        lines,
		Subtotal:     money(o.Subtotal()),
		ShippingCost: money(o.ShippingCost),
		Tax:          money(o.Tax),
		Total:        money(o.Total()),
		ShipTo:       addressOf(o.Address),
	}
}

func money(amount int32) ordersapi.Money {
	return ordersapi.Money{MinorUnits: amount, Currency: world.Currency}
}

func addressOf(a world.Address) ordersapi.Address {
	address := ordersapi.Address{
		Recipient:  a.Recipient,
		Street:     a.Lines,
		City:       a.City,
		PostalCode: a.PostalCode,
		Country:    a.CountryCode,
	}
	if a.Region != "" {
		address.Region = &a.Region
	}
	return address
}
