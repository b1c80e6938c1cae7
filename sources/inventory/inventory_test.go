package inventory_test

import (
	"context"
	"errors"
	"iter"
	"net"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/upstream"
	"github.com/mainstem/mainstem/sources/inventory"
	"github.com/mainstem/mainstem/sources/inventory/inventoryapi"
	"github.com/mainstem/mainstem/sources/sourcestest"
)

const (
	key      = "reserve-stock-1"
	undoing  = "release-stock-1"
	orderRef = "ord-000099"
)

var reserved = inventory.NewReservation{
	Reference: orderRef,
	Lines:     []inventory.ReservationLine{{SKU: "SKU-000017", Quantity: 2}, {SKU: "SKU-000018", Quantity: 1}},
}

func TestSource(t *testing.T) {
	sourcestest.GRPC(t, inventory.Inputs, func(g *upstream.GRPC) []sourcestest.Call {
		s := inventory.New(g)
		return []sourcestest.Call{
			{
				Name: "StockBySKU", Operation: "BatchGetStock", Answer: "stock.json", Message: &inventoryapi.BatchGetStockResponse{},
				Do: func(ctx context.Context) error {
					_, err := s.StockBySKU(ctx, []string{"SKU-000017", "SKU-000018"})
					return err
				},
				Required: []string{
					"/stock/0/sku", "/stock/0/warehouses", "/stock/0/warehouses/0/code", "/stock/0/updatedAt", "/stock/1/sku", "/stock/1/updatedAt",
				},
				OutOfRange: map[string]any{
					"/stock/0/sku": sourcestest.Several{"", "../x"}, "/stock/0/available": -1, "/stock/0/reserved": -1, "/stock/1/warehouses": []any{},
					"/stock/0/warehouses/0/code": "", "/stock/0/warehouses/1/onHand": -1,
				},
			},
			{
				Name: "Reserve", Operation: "Reserve", Key: key, Answer: "reserved.json", Message: &inventoryapi.ReserveResponse{},
				Do: func(ctx context.Context) error {
					_, err := s.Reserve(ctx, key, reserved)
					return err
				},
				Required:   []string{"/reservationId"},
				OutOfRange: map[string]any{"/reservationId": sourcestest.Several{"", "../x"}},
			},
			{
				Name: "Release", Operation: "Release", Key: undoing, Answer: "released.json", Message: &inventoryapi.ReleaseResponse{},
				Do: func(ctx context.Context) error { return s.Release(ctx, undoing, key) },
			},
			{
				Name: "ReleaseByReference", Operation: "ReleaseByReference", Key: undoing,
				Answer: "released_by_reference.json", Message: &inventoryapi.ReleaseByReferenceResponse{},
				Do: func(ctx context.Context) error { return s.ReleaseByReference(ctx, undoing, orderRef) },
			},
			{
				Name: "Commit", Operation: "Commit", Key: key, Answer: "committed.json", Message: &inventoryapi.CommitResponse{},
				Do: func(ctx context.Context) error { return s.Commit(ctx, key, "res-000412") },
			},
			{
				Name: "Changes", Operation: "WatchStock", Answer: "change.json", Message: &inventoryapi.WatchStockResponse{},
				Stream: func(ctx context.Context) iter.Seq[error] {
					return func(yield func(error) bool) {
						for _, err := range s.Changes(ctx, []string{"SKU-000017"}) {
							if !yield(err) {
								return
							}
						}
					}
				},
				Required: []string{"/stock", "/stock/sku", "/stock/warehouses", "/stock/warehouses/0/code", "/stock/updatedAt"},
				OutOfRange: map[string]any{
					"/stock/sku": sourcestest.Several{"", "../x", "SKU-000018"}, "/stock/available": -1, "/stock/reserved": -1,
					"/stock/warehouses": []any{}, "/stock/warehouses/0/onHand": -1,
				},
			},
		}
	})
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

// serve gives a source of the service that register puts on a server. Both end with the test.
func serve(t *testing.T, service inventoryapi.InventoryServer, opts ...grpc.ServerOption) *inventory.Source {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(opts...)
	inventoryapi.RegisterInventoryServer(server, service)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	g, err := upstream.NewGRPC(upstream.Options{Name: "inventory", URL: "grpc://" + listener.Addr().String()}, inventory.Inputs)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.Close() })
	return inventory.New(g)
}

// served gives a source whose service answers every call alike, and keeps the last request.
func served(t *testing.T, answer proto.Message, err error) (s *inventory.Source, request *proto.Message) {
	t.Helper()
	request = new(proto.Message)
	s = serve(t, inventoryapi.UnimplementedInventoryServer{}, grpc.UnaryInterceptor(
		func(_ context.Context, req any, _ *grpc.UnaryServerInfo, _ grpc.UnaryHandler) (any, error) {
			*request, _ = req.(proto.Message)
			return answer, err
		}))
	return s, request
}

func refusal(t *testing.T, code codes.Code, details ...protoadapt.MessageV1) error {
	t.Helper()
	st, err := status.New(code, "refused").WithDetails(details...)
	if err != nil {
		t.Fatal(err)
	}
	return st.Err()
}

func TestStockBySKU(t *testing.T) {
	t.Parallel()
	s, request := served(t, recorded(t, "stock.json", &inventoryapi.BatchGetStockResponse{}), nil)
	got, err := s.StockBySKU(t.Context(), []string{"SKU-000018", "SKU-000017", "SKU-999999"})
	if err != nil {
		t.Fatal(err)
	}
	asked := &inventoryapi.BatchGetStockRequest{Skus: []string{"SKU-000018", "SKU-000017", "SKU-999999"}}
	if diff := cmp.Diff(proto.Message(asked), *request, protocmp.Transform()); diff != "" {
		t.Errorf("asked for something else: -want +got:\n%s", diff)
	}
	want := map[string]*inventory.StockLevel{
		"SKU-000017": {
			Available: 31, Reserved: 4, Status: inventory.StockIn,
			Warehouses: []inventory.WarehouseStock{{Warehouse: "BER-1", OnHand: 20}, {Warehouse: "HAM-2", OnHand: 15}},
			UpdatedAt:  time.Date(2026, 2, 11, 9, 30, 0, 250e6, time.UTC),
		},
		"SKU-000018": {
			Available: 0, Reserved: 2, Status: inventory.StockOut,
			Warehouses: []inventory.WarehouseStock{{Warehouse: "BER-1", OnHand: 2}},
			UpdatedAt:  time.Date(2026, 2, 12, 17, 5, 41, 0, time.UTC),
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestStockStatus(t *testing.T) {
	t.Parallel()
	for reason, c := range map[string]struct {
		available int32
		want      inventory.StockStatus
	}{
		"none":            {0, inventory.StockOut},
		"the last":        {1, inventory.StockLow},
		"just few":        {10, inventory.StockLow},
		"no longer few":   {11, inventory.StockIn},
		"more than a lot": {1 << 30, inventory.StockIn},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			answer := recorded(t, "stock.json", &inventoryapi.BatchGetStockResponse{})
			answer.GetStock()[0].Available = c.available
			s, _ := served(t, answer, nil)
			got, err := s.StockBySKU(t.Context(), []string{"SKU-000017"})
			if err != nil {
				t.Fatal(err)
			}
			if status := got["SKU-000017"].Status; status != c.want {
				t.Errorf("%d available are %s, want %s", c.available, status, c.want)
			}
		})
	}
}

func TestBrokenStockCostsItselfOnly(t *testing.T) {
	t.Parallel()
	for reason, breakIt := range map[string]func(*inventoryapi.Stock){
		"a negative number available":     func(m *inventoryapi.Stock) { m.Available = -1 },
		"a negative number reserved":      func(m *inventoryapi.Stock) { m.Reserved = -1 },
		"a negative number on a shelf":    func(m *inventoryapi.Stock) { m.Warehouses[1].OnHand = -1 },
		"a moment that no calendar knows": func(m *inventoryapi.Stock) { m.UpdatedAt.Nanos = -1 },
		"an SKU that is no id":            func(m *inventoryapi.Stock) { m.Sku = "SKU 17" },
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			answer := recorded(t, "stock.json", &inventoryapi.BatchGetStockResponse{})
			breakIt(answer.GetStock()[0])
			s, _ := served(t, answer, nil)
			got, err := s.StockBySKU(t.Context(), []string{"SKU-000017", "SKU-000018"})
			items, ok := errors.AsType[fault.Items[string]](err)
			if !ok || len(items) != 1 || items["SKU-000017"] == nil || items["SKU-000017"].Code != fault.SourceContractViolation {
				t.Errorf("failed with %v, want SOURCE_CONTRACT_VIOLATION of SKU-000017 alone", err)
			}
			if got["SKU-000018"] == nil {
				t.Error("the other product's stock is lost")
			}
		})
	}
}

func TestCommandsSend(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer proto.Message
		do     func(*testing.T, *inventory.Source) error
		want   proto.Message
	}{
		"Reserve": {
			recorded(t, "reserved.json", &inventoryapi.ReserveResponse{}),
			func(t *testing.T, s *inventory.Source) error {
				got, err := s.Reserve(t.Context(), key, reserved)
				if err == nil && got.ID != "res-000412" {
					t.Errorf("Reserve gave %+v", got)
				}
				return err
			},
			&inventoryapi.ReserveRequest{IdempotencyKey: key, Reference: orderRef, Lines: []*inventoryapi.ReservationLine{
				{Sku: "SKU-000017", Quantity: 2}, {Sku: "SKU-000018", Quantity: 1},
			}},
		},
		"Release": {
			&inventoryapi.ReleaseResponse{}, // nothing was held
			func(t *testing.T, s *inventory.Source) error { return s.Release(t.Context(), undoing, key) },
			&inventoryapi.ReleaseRequest{IdempotencyKey: undoing, ReservationKey: key},
		},
		"ReleaseByReference": {
			&inventoryapi.ReleaseByReferenceResponse{},
			func(t *testing.T, s *inventory.Source) error {
				return s.ReleaseByReference(t.Context(), undoing, orderRef)
			},
			&inventoryapi.ReleaseByReferenceRequest{IdempotencyKey: undoing, Reference: orderRef},
		},
		"Commit": {
			&inventoryapi.CommitResponse{},
			func(t *testing.T, s *inventory.Source) error { return s.Commit(t.Context(), key, "res-000412") },
			&inventoryapi.CommitRequest{IdempotencyKey: key, ReservationId: "res-000412"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, request := served(t, c.answer, nil)
			if err := c.do(t, s); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, *request, protocmp.Transform()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	reserve := func(ctx context.Context, s *inventory.Source) error {
		_, err := s.Reserve(ctx, key, reserved)
		return err
	}
	release := func(ctx context.Context, s *inventory.Source) error { return s.Release(ctx, undoing, key) }
	commit := func(ctx context.Context, s *inventory.Source) error { return s.Commit(ctx, key, "res-000412") }
	for reason, c := range map[string]struct {
		do     func(context.Context, *inventory.Source) error
		status codes.Code
		info   string
		want   fault.Code
	}{
		"too little stock":             {reserve, codes.FailedPrecondition, inventory.ReasonOutOfStock, fault.PreconditionFailed},
		"undone before it arrived":     {reserve, codes.FailedPrecondition, inventory.ReasonCommandUndone, fault.PreconditionFailed},
		"a key with another input":     {reserve, codes.Aborted, inventory.ReasonKeyReused, fault.Conflict},
		"stock that has left":          {release, codes.FailedPrecondition, inventory.ReasonReservationCommitted, fault.PreconditionFailed},
		"a reservation nobody knows":   {commit, codes.NotFound, inventory.ReasonReservationUnknown, fault.NotFound},
		"a reservation that was ended": {commit, codes.FailedPrecondition, inventory.ReasonReservationReleased, fault.PreconditionFailed},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			s, _ := served(t, nil, refusal(t, c.status, &errdetails.ErrorInfo{Reason: c.info, Domain: "inventory.mainstem.example"}))
			f := fault.From(c.do(t.Context(), s))
			if f == nil || f.Code != c.want || f.Reason != c.info {
				t.Errorf("failed with %v, want %s for the reason %s", f, c.want, c.info)
			}
		})
	}
}

func TestViolationsHaveTheNamesOfInputs(t *testing.T) {
	t.Parallel()
	s, _ := served(t, nil, refusal(t, codes.InvalidArgument, &errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{
		{Field: "idempotency_key", Description: "must have 8 to 200 characters, not 3"},
		{Field: "lines[1].quantity", Description: "must be 1 to 10000, not 0"},
	}}))
	_, err := s.Reserve(t.Context(), "abc", reserved)
	f := fault.From(err)
	want := []fault.Violation{
		{Field: "idempotencyKey", Message: "must have 8 to 200 characters, not 3"},
		{Field: "lines[1].quantity", Message: "must be 1 to 10000, not 0"},
	}
	if diff := cmp.Diff(want, f.Violations); diff != "" || f.Code != fault.BadUserInput {
		t.Errorf("failed with %v: -want +got:\n%s", f, diff)
	}
}

func TestShortages(t *testing.T) {
	t.Parallel()
	s, _ := served(t, nil, refusal(t, codes.FailedPrecondition,
		&errdetails.ErrorInfo{Reason: inventory.ReasonOutOfStock, Domain: "inventory.mainstem.example"},
		&errdetails.PreconditionFailure{Violations: []*errdetails.PreconditionFailure_Violation{
			{Type: "OUT_OF_STOCK", Subject: "SKU-000017", Description: "2 asked for, 1 available"},
			{Type: "NOT_KEPT", Subject: "SKU-000018", Description: "the warehouses do not keep the product"},
			{Type: "SOMETHING_NEW", Subject: "SKU-000019", Description: "what this contract does not know"},
		}}))
	_, err := s.Reserve(t.Context(), key, reserved)
	want := []inventory.Shortage{{SKU: "SKU-000017", Kept: true}, {SKU: "SKU-000018", Kept: false}}
	if diff := cmp.Diff(want, inventory.Shortages(err)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for reason, err := range map[string]error{
		"no error":       nil,
		"no fault":       errors.New("something else"),
		"another reason": fault.New(fault.PreconditionFailed, ""),
		"no details":     &fault.Error{Code: fault.PreconditionFailed, Reason: inventory.ReasonOutOfStock},
	} {
		if got := inventory.Shortages(err); got != nil {
			t.Errorf("%s: got %v", reason, got)
		}
	}
}
