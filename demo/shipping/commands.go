package shipping

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/mainstem/mainstem/demo/ledger"
	"github.com/mainstem/mainstem/demo/rpc"
	"github.com/mainstem/mainstem/demo/world"
	"github.com/mainstem/mainstem/sources/shipping/shippingapi"
)

const (
	maxText  = 200
	maxLines = 5

	daysOnTheWay = 3

	createShipment = "createShipment" // the command that CancelShipment undoes
)

// served are the countries that carriers go to, with who goes there: the member states of the European Union.
var served = map[string]string{
	"AT": "Alpenkurier", "BE": "Benepost", "BG": "Balkan Express", "CY": "Mediterra", "CZ": "Alpenkurier", "DE": "Paketwerk",
	"DK": "Nordpost", "EE": "Nordpost", "ES": "Iberenvío", "FI": "Nordpost", "FR": "Colivite", "GR": "Balkan Express",
	"HR": "Balkan Express", "HU": "Balkan Express", "IE": "Nordpost", "IT": "Mediterra", "LT": "Nordpost", "LU": "Benepost",
	"LV": "Nordpost", "MT": "Mediterra", "NL": "Benepost", "PL": "Paketwerk", "PT": "Iberenvío", "RO": "Balkan Express",
	"SE": "Nordpost", "SI": "Alpenkurier", "SK": "Alpenkurier",
}

var country = regexp.MustCompile(`^[A-Z]{2}$`)

// CreateShipment implements the contract.
func (s *service) CreateShipment(ctx context.Context, req *shippingapi.CreateShipmentRequest) (*shippingapi.CreateShipmentResponse, error) {
	if err := s.rate.take(); err != nil {
		return nil, err
	}
	if err := checkCreate(req); err != nil {
		return nil, err
	}
	a := address(req.GetAddress())
	c := command(ctx, createShipment, req.GetIdempotencyKey(), wanted{req.GetOrderId(), req.GetCustomerId(), a})
	made, err := ledger.Do(s.ledger, c, func() (effect, bool, error) {
		if p, ok := s.byOrder[req.GetOrderId()]; ok && p.Status != "cancelled" {
			return effect{}, false, me.Refuse(codes.AlreadyExists, "ORDER_HAS_SHIPMENT", "the order has the shipment "+p.ID)
		}
		carrier, ok := served[a.CountryCode]
		if !ok {
			return effect{}, false, me.Refuse(codes.FailedPrecondition, "ADDRESS_NOT_SERVED", "no carrier goes to "+a.CountryCode)
		}
		p := s.label(carrier)
		p.OrderID, p.CustomerID = req.GetOrderId(), req.GetCustomerId()
		s.keep(p)
		s.byKey[req.GetIdempotencyKey()] = p
		return p.effect(), true, nil
	})
	if err != nil {
		return nil, me.Outcome(err)
	}
	return &shippingapi.CreateShipmentResponse{Shipment: made.after.message()}, nil
}

func checkCreate(req *shippingapi.CreateShipmentRequest) error {
	var v rpc.Violations
	v.Key("idempotency_key", req.GetIdempotencyKey())
	v.ID("order_id", req.GetOrderId())
	v.ID("customer_id", req.GetCustomerId())
	a := req.GetAddress()
	if a == nil {
		v.Add("address", "is required")
		return v.Err()
	}
	v.Length("address.recipient", a.GetRecipient(), 1, maxText)
	v.Count("address.lines", len(a.GetLines()), 1, maxLines)
	for i, l := range a.GetLines() {
		v.Length(fmt.Sprintf("address.lines[%d]", i), l, 1, maxText)
	}
	v.Length("address.city", a.GetCity(), 1, maxText)
	v.Length("address.region", a.GetRegion(), 0, maxText)
	v.Length("address.postal_code", a.GetPostalCode(), 1, 20)
	if !country.MatchString(a.GetCountryCode()) {
		v.Add("address.country_code", "must be two capital letters")
	}
	return v.Err()
}

func address(a *shippingapi.Address) destination {
	return destination{
		Recipient:   a.GetRecipient(),
		Lines:       a.GetLines(),
		City:        a.GetCity(),
		Region:      a.GetRegion(),
		PostalCode:  a.GetPostalCode(),
		CountryCode: a.GetCountryCode(),
	}
}

// label makes a new parcel.
func (s *service) label(carrier string) *parcel {
	id := s.nextID()
	now := time.Now().UTC()
	number := fmt.Sprintf("%s%08d", strings.ToUpper(carrier[:2]), s.lastID)
	return &parcel{Shipment: world.Shipment{
		ID:             id,
		Status:         "labelled",
		Carrier:        carrier,
		TrackingNumber: number,
		TrackingURL:    "https://track.example/" + number,
		EstimatedAt:    now.AddDate(0, 0, daysOnTheWay),
		Events:         []world.TrackingEvent{{At: now, Description: "The label was printed", Location: "Berlin"}},
	}}
}

// nextID gives an id that no parcel has: the world's ids may have gaps.
func (s *service) nextID() string {
	for {
		s.lastID++
		id := fmt.Sprintf("shp-%06d", s.lastID)
		if _, taken := s.parcels[id]; !taken {
			return id
		}
	}
}

// CancelShipment implements the contract.
func (s *service) CancelShipment(ctx context.Context, req *shippingapi.CancelShipmentRequest) (*shippingapi.CancelShipmentResponse, error) {
	if err := s.rate.take(); err != nil {
		return nil, err
	}
	var v rpc.Violations
	v.Key("idempotency_key", req.GetIdempotencyKey())
	v.Key("creation_key", req.GetCreationKey())
	if err := v.Err(); err != nil {
		return nil, err
	}
	target := req.GetCreationKey()
	c := command(ctx, "cancelShipment", req.GetIdempotencyKey(), target)
	voided, err := ledger.Undo(s.ledger, c, ledger.Target{Name: createShipment, Key: target}, func() (effect, bool, error) {
		p, ok := s.byKey[target]
		if !ok {
			return effect{}, false, nil
		}
		return p.void()
	})
	if err != nil {
		return nil, me.Outcome(err)
	}
	if voided.after == nil {
		return &shippingapi.CancelShipmentResponse{}, nil
	}
	return &shippingapi.CancelShipmentResponse{Shipment: voided.after.message()}, nil
}

// CancelShipmentById implements the contract.
func (s *service) CancelShipmentById(ctx context.Context, req *shippingapi.CancelShipmentByIdRequest) (*shippingapi.CancelShipmentByIdResponse, error) {
	if err := s.rate.take(); err != nil {
		return nil, err
	}
	var v rpc.Violations
	v.Key("idempotency_key", req.GetIdempotencyKey())
	v.ID("shipment_id", req.GetShipmentId())
	if err := v.Err(); err != nil {
		return nil, err
	}
	c := command(ctx, "cancelShipmentById", req.GetIdempotencyKey(), req.GetShipmentId())
	voided, err := ledger.Do(s.ledger, c, func() (effect, bool, error) {
		p, ok := s.parcels[req.GetShipmentId()]
		if !ok {
			return effect{}, false, me.Refuse(codes.NotFound, "SHIPMENT_UNKNOWN", "there is no such shipment")
		}
		return p.void()
	})
	if err != nil {
		return nil, me.Outcome(err)
	}
	return &shippingapi.CancelShipmentByIdResponse{Shipment: voided.after.message()}, nil
}

// void calls the parcel off, unless the carrier has it, and says what it is then and whether it was not called off before.
func (p *parcel) void() (effect, bool, error) {
	switch p.Status {
	case "labelled":
		p.Status = "cancelled"
		p.EstimatedAt = time.Time{}
		p.Events = slices.Concat(p.Events, []world.TrackingEvent{{At: time.Now().UTC(), Description: "The shipment was called off"}})
		return p.effect(), true, nil
	case "cancelled":
		return p.effect(), false, nil
	default:
		return effect{}, false, me.Refuse(codes.FailedPrecondition, "SHIPMENT_IN_TRANSIT", "the carrier has, or had, the parcel")
	}
}

// What the ledger keeps of the commands.
type (
	// wanted is what a CreateShipment asks for.
	wanted struct {
		OrderID    string      `json:"orderId"`
		CustomerID string      `json:"customerId"`
		Address    destination `json:"address"`
	}

	destination struct {
		Recipient   string   `json:"recipient"`
		Lines       []string `json:"lines"`
		City        string   `json:"city"`
		Region      string   `json:"region,omitempty"`
		PostalCode  string   `json:"postalCode"`
		CountryCode string   `json:"countryCode"`
	}

	// effect is what a command made of a shipment. It is empty if there is none.
	effect struct {
		ShipmentID     string    `json:"shipmentId,omitempty"`
		OrderID        string    `json:"orderId,omitempty"`
		CustomerID     string    `json:"customerId,omitempty"`
		Status         string    `json:"status,omitempty"`
		Carrier        string    `json:"carrier,omitempty"`
		TrackingNumber string    `json:"trackingNumber,omitempty"`
		EstimatedAt    time.Time `json:"estimatedAt,omitzero"`

		after *parcel // for the answer
	}
)

func (p *parcel) effect() effect {
	return effect{
		ShipmentID: p.ID, OrderID: p.OrderID, CustomerID: p.CustomerID, Status: p.Status,
		Carrier: p.Carrier, TrackingNumber: p.TrackingNumber, EstimatedAt: p.EstimatedAt,
		after: p.snapshot(),
	}
}

func command(ctx context.Context, name, key string, input any) ledger.Command {
	return ledger.Command{Name: name, Key: key, Caller: rpc.Caller(ctx), Input: input}
}
