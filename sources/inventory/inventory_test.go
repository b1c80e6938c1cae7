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

// What the service is given of a request is for whoever reads the contract to say: a source must not come to declare more unnoticed.
func TestInputs(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff(upstream.Inputs{Claims: []string{"sub"}}, inventory.Inputs); diff != "" {
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
