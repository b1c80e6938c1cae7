package shipping_test

import (
	"context"
	"errors"
	"net"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/upstream"
	"github.com/mainstem/mainstem/sources"
	"github.com/mainstem/mainstem/sources/shipping"
	"github.com/mainstem/mainstem/sources/shipping/shippingapi"
	"github.com/mainstem/mainstem/sources/sourcestest"
)

const (
	key     = "create-shipment-1"
	undoing = "cancel-shipment-1"
)

var region = "Brandenburg"

var ordered = shipping.NewShipment{
	OrderID: "ord-000101", CustomerID: "cus-000007",
	Address: sources.Address{
		Recipient: "Ada Weber", Lines: []string{"Lange Str. 4", "Hinterhaus"}, City: "Potsdam", Region: &region, PostalCode: "14467", CountryCode: "DE",
	},
}

// shipmentOutOfRange has what the contract excludes of the shipment at a place of an answer.
func shipmentOutOfRange(at string) map[string]any {
	return map[string]any{
		at + "/id": sourcestest.Several{"", "../x"}, at + "/orderId": sourcestest.Several{"", "../x"}, at + "/customerId": sourcestest.Several{"", "../x"},
		at + "/carrier": "", at + "/trackingNumber": "", at + "/trackingUrl": sourcestest.Several{"", "/PA00000042", "javascript:alert(1)"},
		at + "/scans/0/text": "",
	}
}

func TestSource(t *testing.T) {
	required := []string{"/shipment", "/shipment/id", "/shipment/orderId", "/shipment/customerId", "/shipment/carrier", "/shipment/trackingNumber"}
	created, cancelled := shipmentOutOfRange("/shipment"), shipmentOutOfRange("/shipment")
	created["/shipment/orderId"] = sourcestest.Several{"", "../x", "ord-000102"} // another order's
	cancelled["/shipment/id"] = sourcestest.Several{"", "../x", "shp-000045"}
	sourcestest.GRPC(t, shipping.Inputs, func(g *upstream.GRPC) []sourcestest.Call {
		s := shipping.New(g)
		return []sourcestest.Call{
			{
				Name: "ByIDs", Operation: "BatchGetShipments", Answer: "shipments.json", Message: &shippingapi.BatchGetShipmentsResponse{},
				Do: func(ctx context.Context) error {
					_, err := s.ByIDs(ctx, []string{"shp-000042", "shp-000043"})
					return err
				},
				Required: []string{
					"/shipments/0/id", "/shipments/0/orderId", "/shipments/0/customerId", "/shipments/0/carrier", "/shipments/0/trackingNumber",
					"/shipments/0/scans/0/at", "/shipments/0/scans/2/text", "/shipments/1/id",
				},
				Enums: []string{"/shipments/0/state", "/shipments/1/state"}, OutOfRange: shipmentOutOfRange("/shipments/0"),
			},
			{
				Name: "ByOrderID", Operation: "BatchGetShipmentsByOrder",
				Answer: "shipments.json", Message: &shippingapi.BatchGetShipmentsByOrderResponse{},
				Do: func(ctx context.Context) error {
					_, err := s.ByOrderID(ctx, []string{"ord-000099", "ord-000100"})
					return err
				},
				Required: []string{"/shipments/0/id", "/shipments/0/orderId", "/shipments/1/orderId", "/shipments/1/carrier"},
				Enums:    []string{"/shipments/0/state"}, OutOfRange: shipmentOutOfRange("/shipments/0"),
			},
			{
				Name: "Create", Operation: "CreateShipment", Key: key, Answer: "shipment.json", Message: &shippingapi.CreateShipmentResponse{},
				Do: func(ctx context.Context) error {
					_, err := s.Create(ctx, key, ordered)
					return err
				},
				Required: required, Enums: []string{"/shipment/state"}, OutOfRange: created,
			},
			{
				Name: "Cancel", Operation: "CancelShipment", Key: undoing, Answer: "voided.json", Message: &shippingapi.CancelShipmentResponse{},
				Do: func(ctx context.Context) error { return s.Cancel(ctx, undoing, key) },
			},
			{
				Name: "CancelByID", Operation: "CancelShipmentById", Key: key,
				Answer: "voided.json", Message: &shippingapi.CancelShipmentByIdResponse{},
				Do: func(ctx context.Context) error {
					_, err := s.CancelByID(ctx, key, "shp-000044")
					return err
				},
				Required: required, Enums: []string{"/shipment/state"}, OutOfRange: cancelled,
			},
		}
	})
}

// What the service is given of a request is for whoever reads the contract to say: a source must not come to declare more unnoticed.
func TestInputs(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff(upstream.Inputs{Claims: []string{"sub"}}, shipping.Inputs); diff != "" {
		t.Errorf("-want +declared:\n%s", diff)
	}
}

// recorded reads a recorded answer into m, and gives m.
func recorded[M proto.Message](t *testing.T, file string, m M) M {
	t.Helper()
	answer, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	if err := protojson.Unmarshal(answer, m); err != nil {
		t.Fatal(err)
	}
	return m
}

// served gives a source whose service answers every call alike, and keeps the last request.
func served(t *testing.T, answer proto.Message, err error) (s *shipping.Source, request *proto.Message) {
	t.Helper()
	listener, listening := net.Listen("tcp", "127.0.0.1:0")
	if listening != nil {
		t.Fatal(listening)
	}
	request = new(proto.Message)
	server := grpc.NewServer(grpc.UnaryInterceptor(
		func(_ context.Context, req any, _ *grpc.UnaryServerInfo, _ grpc.UnaryHandler) (any, error) {
			*request, _ = req.(proto.Message)
			return answer, err
		}))
	shippingapi.RegisterShippingServer(server, shippingapi.UnimplementedShippingServer{})
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	g, making := upstream.NewGRPC(upstream.Options{Name: "shipping", URL: "grpc://" + listener.Addr().String()}, shipping.Inputs)
	if making != nil {
		t.Fatal(making)
	}
	t.Cleanup(func() { _ = g.Close() })
	return shipping.New(g), request
}

func refusal(t *testing.T, code codes.Code, details ...protoadapt.MessageV1) error {
	t.Helper()
	st, err := status.New(code, "refused").WithDetails(details...)
	if err != nil {
		t.Fatal(err)
	}
	return st.Err()
}

func text(s string) *string { return &s }

func TestByOrderID(t *testing.T) {
	t.Parallel()
	s, request := served(t, recorded(t, "shipments.json", &shippingapi.BatchGetShipmentsByOrderResponse{}), nil)
	ids := []string{"ord-000100", "ord-000099", "ord-999999"}
	got, err := s.ByOrderID(t.Context(), ids)
	if err != nil {
		t.Fatal(err)
	}
	asked := &shippingapi.BatchGetShipmentsByOrderRequest{OrderIds: ids}
	if diff := cmp.Diff(proto.Message(asked), *request, protocmp.Transform()); diff != "" {
		t.Errorf("asked for something else: -want +got:\n%s", diff)
	}
	page := sources.URL("https://track.example/PA00000042")
	estimated, delivered := time.Date(2026, 1, 12, 17, 0, 0, 0, time.UTC), time.Date(2026, 1, 12, 10, 41, 7, 0, time.UTC)
	want := map[string]*shipping.Shipment{
		"ord-000099": {
			ID: sources.ID{Type: "Shipment", Local: "shp-000042"}, OrderID: "ord-000099", CustomerID: "cus-000007",
			Status: shipping.ShipmentDelivered, Carrier: "Paketwerk", TrackingNumber: "PA00000042", TrackingURL: &page,
			EstimatedDelivery: &estimated, DeliveredAt: &delivered,
			Events: []shipping.TrackingEvent{ // the latest first
				{At: delivered, Description: "The parcel was handed over"},
				{At: time.Date(2026, 1, 10, 4, 30, 0, 0, time.UTC), Description: "The parcel was sorted", Location: text("Leipzig")},
				{At: time.Date(2026, 1, 9, 15, 2, 0, 0, time.UTC), Description: "The label was printed", Location: text("Berlin")},
			},
		},
		"ord-000100": {
			ID: sources.ID{Type: "Shipment", Local: "shp-000043"}, OrderID: "ord-000100", CustomerID: "cus-000008",
			Status: shipping.ShipmentCancelled, Carrier: "Nordpost", TrackingNumber: "NO00000043", Events: []shipping.TrackingEvent{},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestByIDs(t *testing.T) {
	t.Parallel()
	s, request := served(t, recorded(t, "shipments.json", &shippingapi.BatchGetShipmentsResponse{}), nil)
	got, err := s.ByIDs(t.Context(), []string{"shp-000043"})
	if err != nil {
		t.Fatal(err)
	}
	asked := &shippingapi.BatchGetShipmentsRequest{Ids: []string{"shp-000043"}}
	if diff := cmp.Diff(proto.Message(asked), *request, protocmp.Transform()); diff != "" {
		t.Errorf("asked for something else: -want +got:\n%s", diff)
	}
	if len(got) != 1 || got["shp-000043"].ID.Local != "shp-000043" {
		t.Errorf("got %v, want what was asked for alone", got)
	}
}

func TestStatuses(t *testing.T) {
	t.Parallel()
	want := map[shippingapi.ParcelState]shipping.ShipmentStatus{
		shippingapi.ParcelState_PARCEL_STATE_LABEL_PRINTED: shipping.ShipmentLabelled,
		shippingapi.ParcelState_PARCEL_STATE_WITH_CARRIER:  shipping.ShipmentInTransit,
		shippingapi.ParcelState_PARCEL_STATE_ON_VAN:        shipping.ShipmentOutForDelivery,
		shippingapi.ParcelState_PARCEL_STATE_HANDED_OVER:   shipping.ShipmentDelivered,
		shippingapi.ParcelState_PARCEL_STATE_VOIDED:        shipping.ShipmentCancelled,
	}
	for number, name := range shippingapi.ParcelState_name {
		if number == 0 {
			continue // never sent
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answer := recorded(t, "shipments.json", &shippingapi.BatchGetShipmentsResponse{})
			answer.GetShipments()[0].State = shippingapi.ParcelState(number)
			s, _ := served(t, answer, nil)
			got, err := s.ByIDs(t.Context(), []string{"shp-000042"})
			if err != nil {
				t.Fatal(err)
			}
			if got := got["shp-000042"].Status; got != want[shippingapi.ParcelState(number)] {
				t.Errorf("%s is %q, want %q", name, got, want[shippingapi.ParcelState(number)])
			}
		})
	}
}

func TestBrokenShipmentCostsItselfOnly(t *testing.T) {
	t.Parallel()
	for reason, breakIt := range map[string]func(*shippingapi.Shipment){
		"a page that is no URL":               func(m *shippingapi.Shipment) { m.TrackingUrl = text("javascript:alert(1)") },
		"an estimate that no calendar knows":  func(m *shippingapi.Shipment) { m.EstimatedAt.Nanos = -1 },
		"a delivery that no calendar knows":   func(m *shippingapi.Shipment) { m.HandedOverAt.Nanos = -1 },
		"a scan that no calendar knows":       func(m *shippingapi.Shipment) { m.Scans[1].At.Nanos = -1 },
		"an id that could leave its path":     func(m *shippingapi.Shipment) { m.Id = "../42" },
		"a customer's id that is none":        func(m *shippingapi.Shipment) { m.CustomerId = "cus 7" },
		"a state that the contract will have": func(m *shippingapi.Shipment) { m.State = 6 },
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			answer := recorded(t, "shipments.json", &shippingapi.BatchGetShipmentsByOrderResponse{})
			breakIt(answer.GetShipments()[0])
			s, _ := served(t, answer, nil)
			got, err := s.ByOrderID(t.Context(), []string{"ord-000099", "ord-000100"})
			items, ok := errors.AsType[fault.Items[string]](err)
			if !ok || len(items) != 1 || items["ord-000099"] == nil || items["ord-000099"].Code != fault.SourceContractViolation {
				t.Errorf("failed with %v, want SOURCE_CONTRACT_VIOLATION of ord-000099 alone", err)
			}
			if got["ord-000100"] == nil {
				t.Error("the other order's shipment is lost")
			}
		})
	}
}

func TestCreate(t *testing.T) {
	t.Parallel()
	s, request := served(t, recorded(t, "shipment.json", &shippingapi.CreateShipmentResponse{}), nil)
	got, err := s.Create(t.Context(), key, ordered)
	if err != nil {
		t.Fatal(err)
	}
	want := &shippingapi.CreateShipmentRequest{
		IdempotencyKey: key, OrderId: "ord-000101", CustomerId: "cus-000007",
		Address: &shippingapi.Address{
			Recipient: "Ada Weber", Lines: []string{"Lange Str. 4", "Hinterhaus"}, City: "Potsdam", Region: &region, PostalCode: "14467", CountryCode: "DE",
		},
	}
	if diff := cmp.Diff(proto.Message(want), *request, protocmp.Transform()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got.ID.Local != "shp-000044" || got.Status != shipping.ShipmentLabelled || got.DeliveredAt != nil {
		t.Errorf("got %+v", got)
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	s, request := served(t, &shippingapi.CancelShipmentResponse{}, nil) // none was ever made
	if err := s.Cancel(t.Context(), undoing, key); err != nil {
		t.Fatal(err)
	}
	want := &shippingapi.CancelShipmentRequest{IdempotencyKey: undoing, CreationKey: key}
	if diff := cmp.Diff(proto.Message(want), *request, protocmp.Transform()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestCancelByID(t *testing.T) {
	t.Parallel()
	s, request := served(t, recorded(t, "voided.json", &shippingapi.CancelShipmentByIdResponse{}), nil)
	got, err := s.CancelByID(t.Context(), key, "shp-000044")
	if err != nil {
		t.Fatal(err)
	}
	want := &shippingapi.CancelShipmentByIdRequest{IdempotencyKey: key, ShipmentId: "shp-000044"}
	if diff := cmp.Diff(proto.Message(want), *request, protocmp.Transform()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got.Status != shipping.ShipmentCancelled || got.Events[0].Description != "The shipment was called off" {
		t.Errorf("got %+v", got)
	}
}
