package inventory_test

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/mainstem/mainstem/demo/inventory"
	"github.com/mainstem/mainstem/demo/ledger"
	"github.com/mainstem/mainstem/demo/rpc/rpctest"
	"github.com/mainstem/mainstem/demo/world"
	"github.com/mainstem/mainstem/sources/inventory/inventoryapi"
)

var stockAt = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// small is a world with eight lamps in two warehouses, ten chairs of which an order holds four, and a rug that is not kept.
func small() *world.World {
	return &world.World{
		Products: []world.Product{
			{SKU: "lamp", StockAt: stockAt, Stock: []world.Stock{{Warehouse: "BER-1", OnHand: 3}, {Warehouse: "MUC-1", OnHand: 5}}},
			{SKU: "chair", StockAt: stockAt, Stock: []world.Stock{{Warehouse: "BER-1", OnHand: 10}}},
			{SKU: "rug"},
		},
		Orders: []world.Order{
			{ID: "ord-1", Status: "paid", Lines: []world.OrderLine{{SKU: "chair", Quantity: 4}, {SKU: "gone", Quantity: 1}}},
			{ID: "ord-2", Status: "delivered", Lines: []world.OrderLine{{SKU: "lamp", Quantity: 2}}},
		},
	}
}

func serve(t *testing.T, w *world.World, opts ...grpc.DialOption) (inventoryapi.InventoryClient, *ledger.Ledger) {
	t.Helper()
	l := ledger.New()
	conn := rpctest.Serve(t, func(s grpc.ServiceRegistrar) { inventory.Register(s, w, l) }, opts...)
	return inventoryapi.NewInventoryClient(conn), l
}

// level is a stock in short: available, reserved, and on hand in each warehouse.
func level(s *inventoryapi.Stock) string {
	text := fmt.Sprintf("%s %d/%d", s.GetSku(), s.GetAvailable(), s.GetReserved())
	for _, w := range s.GetWarehouses() {
		text += fmt.Sprintf(" %s:%d", w.GetCode(), w.GetOnHand())
	}
	return text
}

func levels(t *testing.T, c inventoryapi.InventoryClient, skus ...string) []string {
	t.Helper()
	answer, err := c.BatchGetStock(t.Context(), &inventoryapi.BatchGetStockRequest{Skus: skus})
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, s := range answer.GetStock() {
		all = append(all, level(s))
	}
	return all
}

func TestBatchGetStock(t *testing.T) {
	t.Parallel()
	c, _ := serve(t, small())
	for reason, test := range map[string]struct {
		skus []string
		want []string
	}{
		"in the request's order, with what orders hold":    {[]string{"chair", "lamp"}, []string{"chair 6/4 BER-1:10", "lamp 8/0 BER-1:3 MUC-1:5"}},
		"products that are not kept or unknown are absent": {[]string{"rug", "lamp", "nonsense"}, []string{"lamp 8/0 BER-1:3 MUC-1:5"}},
		"each product once": {[]string{"chair", "chair"}, []string{"chair 6/4 BER-1:10"}},
		"nothing asked":     {nil, nil},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(test.want, levels(t, c, test.skus...)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// refused checks the status and the reason of a refusal.
func refused(t *testing.T, err error, code codes.Code, reason string) {
	t.Helper()
	if info := rpctest.Refused[*errdetails.ErrorInfo](t, err, code); info.GetReason() != reason || info.GetDomain() != "inventory.mainstem.example" {
		t.Errorf("got %v, want the reason %s", info, reason)
	}
}

func reserve(t *testing.T, c inventoryapi.InventoryClient, key, reference string, lines ...*inventoryapi.ReservationLine) (string, error) {
	t.Helper()
	ctx := metadata.AppendToOutgoingContext(t.Context(), "caller-sub", "cus-00001")
	answer, err := c.Reserve(ctx, &inventoryapi.ReserveRequest{IdempotencyKey: key, Reference: reference, Lines: lines})
	return answer.GetReservationId(), err
}

func some(sku string, quantity int32) *inventoryapi.ReservationLine {
	return &inventoryapi.ReservationLine{Sku: sku, Quantity: quantity}
}

func expect(t *testing.T, c inventoryapi.InventoryClient, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, levels(t, c, "lamp", "chair")); diff != "" {
		t.Error(diff)
	}
}

func TestReserve(t *testing.T) {
	t.Parallel()
	c, l := serve(t, small())
	id, err := reserve(t, c, "reserve-1", "ord-9", some("lamp", 2), some("chair", 6), some("lamp", 3))
	if err != nil {
		t.Fatal(err)
	}
	expect(t, c, "lamp 3/5 BER-1:3 MUC-1:5", "chair 0/10 BER-1:10")

	again, err := reserve(t, c, "reserve-1", "ord-9", some("lamp", 2), some("chair", 6), some("lamp", 3))
	if err != nil || again != id {
		t.Errorf("the same key gave %q, %v; want %q", again, err, id)
	}
	_, err = reserve(t, c, "reserve-1", "ord-9", some("lamp", 1))
	refused(t, err, codes.Aborted, "IDEMPOTENCY_KEY_REUSED")

	_, err = reserve(t, c, "reserve-2", "ord-9", some("lamp", 1), some("chair", 1), some("rug", 1), some("lamp", 3))
	refused(t, err, codes.FailedPrecondition, "OUT_OF_STOCK")
	want := &errdetails.PreconditionFailure{Violations: []*errdetails.PreconditionFailure_Violation{
		{Type: "OUT_OF_STOCK", Subject: "lamp", Description: "4 asked for, 3 available"},
		{Type: "OUT_OF_STOCK", Subject: "chair", Description: "1 asked for, 0 available"},
		{Type: "NOT_KEPT", Subject: "rug", Description: "the warehouses do not keep the product"},
	}}
	got := rpctest.Refused[*errdetails.PreconditionFailure](t, err, codes.FailedPrecondition)
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
		t.Error(diff)
	}
	expect(t, c, "lamp 3/5 BER-1:3 MUC-1:5", "chair 0/10 BER-1:10")

	entries := l.Entries()
	if len(entries) != 2 || entries[1].Command != "reserve" || entries[1].Caller != "cus-00001" {
		t.Errorf("the ledger has %+v", entries)
	}
}

func TestRelease(t *testing.T) {
	t.Parallel()
	c, _ := serve(t, small())
	id, err := reserve(t, c, "reserve-1", "ord-9", some("lamp", 5))
	if err != nil {
		t.Fatal(err)
	}
	release := func(key, target string) (string, error) {
		answer, err := c.Release(t.Context(), &inventoryapi.ReleaseRequest{IdempotencyKey: key, ReservationKey: target})
		return answer.GetReservationId(), err
	}
	for _, step := range []struct{ reason, key, target, want string }{
		{"what is held is released", "release-1", "reserve-1", id},
		{"the same key gives the same answer", "release-1", "reserve-1", id},
		{"released before", "release-2", "reserve-1", ""},
		{"never done", "release-3", "reserve-2", ""},
		{"another command's key", "release-4", "release-1", ""},
	} {
		if got, err := release(step.key, step.target); err != nil || got != step.want {
			t.Errorf("%s: got %q, %v; want %q", step.reason, got, err, step.want)
		}
		expect(t, c, "lamp 8/0 BER-1:3 MUC-1:5", "chair 6/4 BER-1:10")
	}
	_, err = reserve(t, c, "reserve-2", "ord-9", some("lamp", 5))
	refused(t, err, codes.FailedPrecondition, "COMMAND_UNDONE")
	expect(t, c, "lamp 8/0 BER-1:3 MUC-1:5", "chair 6/4 BER-1:10")
}

func TestReleaseByReference(t *testing.T) {
	t.Parallel()
	c, _ := serve(t, small())
	release := func(key, reference string, want int) {
		t.Helper()
		answer, err := c.ReleaseByReference(t.Context(), &inventoryapi.ReleaseByReferenceRequest{IdempotencyKey: key, Reference: reference})
		if err != nil || len(answer.GetReservationIds()) != want {
			t.Errorf("got %v, %v; want %d released", answer, err, want)
		}
	}
	for i := range 2 {
		if _, err := reserve(t, c, fmt.Sprintf("reserve-%d", i), "ord-9", some("lamp", 2)); err != nil {
			t.Fatal(err)
		}
	}
	release("release-1", "ord-9", 2)
	expect(t, c, "lamp 8/0 BER-1:3 MUC-1:5", "chair 6/4 BER-1:10")
	release("release-2", "ord-9", 0)
	release("release-3", "ord-1", 1) // what the world's own order holds
	release("release-4", "unheard-of", 0)
	expect(t, c, "lamp 8/0 BER-1:3 MUC-1:5", "chair 10/0 BER-1:10")
}

func TestCommit(t *testing.T) {
	t.Parallel()
	c, _ := serve(t, small())
	commit := func(key, id string) error {
		_, err := c.Commit(t.Context(), &inventoryapi.CommitRequest{IdempotencyKey: key, ReservationId: id})
		return err
	}
	id, err := reserve(t, c, "reserve-1", "ord-9", some("lamp", 6))
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"commit-01", "commit-01", "commit-02"} {
		if err := commit(key, id); err != nil {
			t.Errorf("%s: %v", key, err)
		}
		expect(t, c, "lamp 2/0 BER-1:2 MUC-1:0", "chair 6/4 BER-1:10")
	}
	_, err = c.Release(t.Context(), &inventoryapi.ReleaseRequest{IdempotencyKey: "release-1", ReservationKey: "reserve-1"})
	refused(t, err, codes.FailedPrecondition, "RESERVATION_COMMITTED")
	refused(t, commit("commit-03", "res-999999"), codes.NotFound, "RESERVATION_UNKNOWN")

	id, err = reserve(t, c, "reserve-2", "ord-9", some("lamp", 1))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Release(t.Context(), &inventoryapi.ReleaseRequest{IdempotencyKey: "release-2", ReservationKey: "reserve-2"}); err != nil {
		t.Fatal(err)
	}
	refused(t, commit("commit-04", id), codes.FailedPrecondition, "RESERVATION_RELEASED")
}

// Many ask for the last pieces at once: exactly as many get one as there are.
func TestReserveTogether(t *testing.T) {
	t.Parallel()
	c, _ := serve(t, small())
	var won atomic.Int32
	var all sync.WaitGroup
	for i := range 30 {
		all.Go(func() {
			if _, err := reserve(t, c, fmt.Sprintf("reserve-%d", i), "ord-9", some("lamp", 1)); err == nil {
				won.Add(1)
			}
		})
	}
	all.Wait()
	if won.Load() != 8 {
		t.Errorf("%d reserved one of 8", won.Load())
	}
	expect(t, c, "lamp 0/8 BER-1:3 MUC-1:5", "chair 6/4 BER-1:10")
}

func TestGeneratedWorld(t *testing.T) {
	t.Parallel()
	w := world.Generate(world.Options{Products: 300})
	c, _ := serve(t, w)
	held := 0
	for products := range slices.Chunk(w.Products, 200) {
		var skus []string
		for _, p := range products {
			skus = append(skus, p.SKU)
		}
		answer, err := c.BatchGetStock(t.Context(), &inventoryapi.BatchGetStockRequest{Skus: skus})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range answer.GetStock() {
			var sum int32
			for _, at := range s.GetWarehouses() {
				sum += at.GetOnHand()
			}
			if s.GetAvailable() < 0 || s.GetReserved() < 0 || s.GetAvailable()+s.GetReserved() != sum {
				t.Errorf("%v does not add up", s)
			}
			held += int(s.GetReserved())
		}
	}
	if held == 0 {
		t.Error("no order holds anything")
	}
}
