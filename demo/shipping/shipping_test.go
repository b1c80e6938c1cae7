package shipping_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/mainstem/mainstem/demo/ledger"
	"github.com/mainstem/mainstem/demo/rpc/rpctest"
	"github.com/mainstem/mainstem/demo/shipping"
	"github.com/mainstem/mainstem/demo/world"
	"github.com/mainstem/mainstem/sources/shipping/shippingapi"
)

var day = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// small is a world with one parcel delivered, one with a label only, and an order that is not sent.
func small() *world.World {
	return &world.World{Orders: []world.Order{
		{ID: "ord-1", CustomerID: "cus-1", Shipment: &world.Shipment{
			ID: "shp-000001", Status: "delivered", Carrier: "Nordpost", TrackingNumber: "NP1", TrackingURL: "https://nordpost.example/NP1",
			EstimatedAt: day, DeliveredAt: day.Add(time.Hour),
			Events: []world.TrackingEvent{{At: day, Description: "Out", Location: "Ulm"}, {At: day.Add(time.Hour), Description: "There"}},
		}},
		{ID: "ord-2", CustomerID: "cus-2", Shipment: &world.Shipment{ID: "shp-000003", Status: "labelled", Carrier: "Velo", TrackingNumber: "V1"}},
		{ID: "ord-3", CustomerID: "cus-2"},
	}}
}

func serve(t *testing.T, w *world.World, opts ...shipping.Option) (shippingapi.ShippingClient, *ledger.Ledger) {
	t.Helper()
	l := ledger.New()
	conn := rpctest.Serve(t, func(s grpc.ServiceRegistrar) { shipping.Register(s, w, l, opts...) })
	return shippingapi.NewShippingClient(conn), l
}

func refused(t *testing.T, err error, code codes.Code, reason string) {
	t.Helper()
	if info := rpctest.Refused[*errdetails.ErrorInfo](t, err, code); info.GetReason() != reason || info.GetDomain() != "shipping.mainstem.example" {
		t.Errorf("got %v, want the reason %s", info, reason)
	}
}

func berlin() *shippingapi.Address {
	return &shippingapi.Address{Recipient: "Ada Berg", Lines: []string{"Am Ufer 1"}, City: "Berlin", PostalCode: "10115", CountryCode: "DE"}
}

func creation(key, order string) *shippingapi.CreateShipmentRequest {
	return &shippingapi.CreateShipmentRequest{IdempotencyKey: key, OrderId: order, CustomerId: "cus-2", Address: berlin()}
}

func TestReads(t *testing.T) {
	t.Parallel()
	c, _ := serve(t, small())
	byID := func(ids ...string) []*shippingapi.Shipment {
		answer, err := c.BatchGetShipments(t.Context(), &shippingapi.BatchGetShipmentsRequest{Ids: ids})
		if err != nil {
			t.Fatal(err)
		}
		return answer.GetShipments()
	}
	byOrder := func(ids ...string) []*shippingapi.Shipment {
		answer, err := c.BatchGetShipmentsByOrder(t.Context(), &shippingapi.BatchGetShipmentsByOrderRequest{OrderIds: ids})
		if err != nil {
			t.Fatal(err)
		}
		return answer.GetShipments()
	}
	delivered := &shippingapi.Shipment{
		Id: "shp-000001", OrderId: "ord-1", CustomerId: "cus-1", State: shippingapi.ParcelState_PARCEL_STATE_HANDED_OVER,
		Carrier: "Nordpost", TrackingNumber: "NP1", TrackingUrl: proto.String("https://nordpost.example/NP1"),
		EstimatedAt: timestamppb.New(day), HandedOverAt: timestamppb.New(day.Add(time.Hour)),
		Scans: []*shippingapi.TrackingScan{
			{At: timestamppb.New(day), Text: "Out", Place: proto.String("Ulm")},
			{At: timestamppb.New(day.Add(time.Hour)), Text: "There"},
		},
	}
	labelled := &shippingapi.Shipment{
		Id: "shp-000003", OrderId: "ord-2", CustomerId: "cus-2", State: shippingapi.ParcelState_PARCEL_STATE_LABEL_PRINTED,
		Carrier: "Velo", TrackingNumber: "V1",
	}
	for reason, test := range map[string]struct{ got, want []*shippingapi.Shipment }{
		"by id, in the request's order":             {byID("shp-000003", "shp-000001"), []*shippingapi.Shipment{labelled, delivered}},
		"an unknown id is absent, a known one once": {byID("shp-000002", "shp-000003", "shp-000003"), []*shippingapi.Shipment{labelled}},
		"by order, in the request's order":          {byOrder("ord-2", "ord-1"), []*shippingapi.Shipment{labelled, delivered}},
		"an order that is not sent is absent":       {byOrder("ord-3", "ord-9", "ord-1"), []*shippingapi.Shipment{delivered}},
		"nothing asked":                             {byOrder(), nil},
	} {
		if diff := cmp.Diff(test.want, test.got, protocmp.Transform()); diff != "" {
			t.Errorf("%s: %s", reason, diff)
		}
	}
}

func TestInvalidArguments(t *testing.T) {
	t.Parallel()
	c, l := serve(t, small())
	ctx := t.Context()
	create := func(change func(*shippingapi.CreateShipmentRequest)) func() error {
		return func() error {
			req := creation("create-01", "ord-3")
			change(req)
			_, err := c.CreateShipment(ctx, req)
			return err
		}
	}
	for reason, test := range map[string]struct {
		call func() error
		want []string
	}{
		"too many ids": {func() error {
			_, err := c.BatchGetShipments(ctx, &shippingapi.BatchGetShipmentsRequest{Ids: make([]string, 51)})
			return err
		}, []string{"ids"}},
		"too many orders": {func() error {
			_, err := c.BatchGetShipmentsByOrder(ctx, &shippingapi.BatchGetShipmentsByOrderRequest{OrderIds: make([]string, 51)})
			return err
		}, []string{"order_ids"}},
		"what is no id": {func() error {
			_, err := c.BatchGetShipments(ctx, &shippingapi.BatchGetShipmentsRequest{Ids: []string{"shp-000001", "a/b"}})
			return err
		}, []string{"ids[1]"}},
		"no address": {create(func(r *shippingapi.CreateShipmentRequest) { r.Address = nil }), []string{"address"}},
		"an empty address": {
			create(func(r *shippingapi.CreateShipmentRequest) { r.Address = &shippingapi.Address{} }),
			[]string{"address.recipient", "address.lines", "address.city", "address.postal_code", "address.country_code"},
		},
		"an empty line, and a country in words": {
			create(func(r *shippingapi.CreateShipmentRequest) {
				r.Address.Lines, r.Address.CountryCode = []string{"x", ""}, "Germany"
			}),
			[]string{"address.lines[1]", "address.country_code"},
		},
		"no key, no order, what is no customer": {
			create(func(r *shippingapi.CreateShipmentRequest) { r.IdempotencyKey, r.OrderId, r.CustomerId = "", "", "a b" }),
			[]string{"idempotency_key", "order_id", "customer_id"},
		},
		"too long a region": {
			create(func(r *shippingapi.CreateShipmentRequest) { r.Address.Region = proto.String(strings.Repeat("ü", 201)) }),
			[]string{"address.region"},
		},
		"cancelling without keys": {func() error {
			_, err := c.CancelShipment(ctx, &shippingapi.CancelShipmentRequest{})
			return err
		}, []string{"idempotency_key", "creation_key"}},
		"cancelling no shipment": {func() error {
			_, err := c.CancelShipmentById(ctx, &shippingapi.CancelShipmentByIdRequest{})
			return err
		}, []string{"idempotency_key", "shipment_id"}},
	} {
		t.Run(reason, func(t *testing.T) {
			var got []string
			for _, v := range rpctest.Refused[*errdetails.BadRequest](t, test.call(), codes.InvalidArgument).GetFieldViolations() {
				got = append(got, v.GetField())
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	if n := len(l.Entries()); n != 0 {
		t.Errorf("%d commands took effect", n)
	}
}

func TestCreateShipment(t *testing.T) {
	t.Parallel()
	c, _ := serve(t, small())
	first, err := c.CreateShipment(t.Context(), creation("create-01", "ord-3"))
	if err != nil {
		t.Fatal(err)
	}
	s := first.GetShipment()
	if s.GetState() != shippingapi.ParcelState_PARCEL_STATE_LABEL_PRINTED || s.GetOrderId() != "ord-3" || s.GetCustomerId() != "cus-2" ||
		s.GetId() != "shp-000004" || s.GetCarrier() == "" || s.GetTrackingNumber() == "" || len(s.GetScans()) != 1 || s.GetEstimatedAt() == nil {
		t.Errorf("got %v", s)
	}
	again, err := c.CreateShipment(t.Context(), creation("create-01", "ord-3"))
	if diff := cmp.Diff(first, again, protocmp.Transform()); diff != "" || err != nil {
		t.Error(err, diff)
	}
	_, err = c.CreateShipment(t.Context(), creation("create-01", "ord-4"))
	refused(t, err, codes.Aborted, "IDEMPOTENCY_KEY_REUSED")
	_, err = c.CreateShipment(t.Context(), creation("create-02", "ord-3"))
	refused(t, err, codes.AlreadyExists, "ORDER_HAS_SHIPMENT")

	far := creation("create-03", "ord-4")
	far.Address.CountryCode = "US"
	_, err = c.CreateShipment(t.Context(), far)
	refused(t, err, codes.FailedPrecondition, "ADDRESS_NOT_SERVED")

	read, err := c.BatchGetShipmentsByOrder(t.Context(), &shippingapi.BatchGetShipmentsByOrderRequest{OrderIds: []string{"ord-3", "ord-4"}})
	if diff := cmp.Diff([]*shippingapi.Shipment{s}, read.GetShipments(), protocmp.Transform()); diff != "" || err != nil {
		t.Error(err, diff)
	}
}

func TestCancelShipment(t *testing.T) {
	t.Parallel()
	c, l := serve(t, small())
	made, err := c.CreateShipment(t.Context(), creation("create-01", "ord-3"))
	if err != nil {
		t.Fatal(err)
	}
	id := made.GetShipment().GetId()
	for _, step := range []struct{ reason, key, target, want string }{
		{"what was made is voided", "cancel-01", "create-01", id},
		{"the same key gives the same answer", "cancel-01", "create-01", id},
		{"voided before", "cancel-02", "create-01", id},
		{"never done", "cancel-03", "create-02", ""},
		{"another command's key", "cancel-04", "cancel-01", ""},
	} {
		answer, err := c.CancelShipment(t.Context(), &shippingapi.CancelShipmentRequest{IdempotencyKey: step.key, CreationKey: step.target})
		s := answer.GetShipment()
		if err != nil || s.GetId() != step.want {
			t.Errorf("%s: got %v, %v; want %q", step.reason, s, err, step.want)
		}
		if s != nil && (s.GetState() != shippingapi.ParcelState_PARCEL_STATE_VOIDED || len(s.GetScans()) != 2 || s.GetEstimatedAt() != nil) {
			t.Errorf("%s: got %v", step.reason, s)
		}
	}
	_, err = c.CreateShipment(t.Context(), creation("create-02", "ord-3"))
	refused(t, err, codes.FailedPrecondition, "COMMAND_UNDONE")

	next, err := c.CreateShipment(t.Context(), creation("create-03", "ord-3"))
	if err != nil || next.GetShipment().GetId() == id {
		t.Errorf("after a voided shipment: got %v, %v", next, err)
	}
	var changed []bool
	for _, e := range l.Entries() {
		changed = append(changed, e.Changed)
	}
	if diff := cmp.Diff([]bool{true, true, false, false, false, true}, changed); diff != "" {
		t.Error(diff)
	}
	for i, want := range []string{
		`{"shipmentId":"shp-000004","orderId":"ord-3","customerId":"cus-2","status":"labelled"`,
		`{"shipmentId":"shp-000004","orderId":"ord-3","customerId":"cus-2","status":"cancelled"`,
		`{"shipmentId":"shp-000004","orderId":"ord-3","customerId":"cus-2","status":"cancelled"`,
		`{}`,
	} {
		if text, err := json.Marshal(l.Entries()[i].Detail); err != nil || !strings.HasPrefix(string(text), want) || strings.Contains(string(text), "0001-") {
			t.Errorf("entry %d tells of %s, %v", i, text, err)
		}
	}
}

func TestCancelShipmentById(t *testing.T) {
	t.Parallel()
	c, _ := serve(t, small())
	cancel := func(key, id string) (*shippingapi.Shipment, error) {
		answer, err := c.CancelShipmentById(t.Context(), &shippingapi.CancelShipmentByIdRequest{IdempotencyKey: key, ShipmentId: id})
		return answer.GetShipment(), err
	}
	for _, key := range []string{"cancel-01", "cancel-01", "cancel-02"} {
		s, err := cancel(key, "shp-000003")
		if err != nil || s.GetState() != shippingapi.ParcelState_PARCEL_STATE_VOIDED || len(s.GetScans()) != 1 {
			t.Errorf("%s: got %v, %v", key, s, err)
		}
	}
	_, err := cancel("cancel-03", "shp-000001")
	refused(t, err, codes.FailedPrecondition, "SHIPMENT_IN_TRANSIT")
	_, err = cancel("cancel-04", "shp-000009")
	refused(t, err, codes.NotFound, "SHIPMENT_UNKNOWN")
}

func TestGeneratedWorld(t *testing.T) {
	t.Parallel()
	w := world.Generate(world.Options{Products: 300})
	c, _ := serve(t, w, shipping.WithRate(1e6, 1e6))
	for _, o := range w.Orders {
		answer, err := c.BatchGetShipmentsByOrder(t.Context(), &shippingapi.BatchGetShipmentsByOrderRequest{OrderIds: []string{o.ID}})
		if err != nil {
			t.Fatal(err)
		}
		if o.Shipment == nil && len(answer.GetShipments()) == 0 {
			continue
		}
		if s := answer.GetShipments()[0]; s.GetId() != o.Shipment.ID || s.GetCustomerId() != o.CustomerID || s.GetState() == 0 {
			t.Errorf("%s has %v", o.ID, s)
		}
	}
}
