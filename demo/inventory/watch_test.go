package inventory_test

import (
	"context"
	"fmt"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/mainstem/mainstem/demo/world"
	"github.com/mainstem/mainstem/sources/inventory/inventoryapi"
)

func TestWatchStock(t *testing.T) {
	t.Parallel()
	c, _ := serve(t, small())
	ctx, stop := context.WithCancel(t.Context())
	stream, err := c.WatchStock(ctx, &inventoryapi.WatchStockRequest{Skus: []string{"lamp", "rug", "chair", "lamp"}})
	if err != nil {
		t.Fatal(err)
	}
	expect := func(want string) {
		t.Helper()
		message, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		if got := level(message.GetStock()); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	expect("lamp 8/0 BER-1:3 MUC-1:5")
	expect("chair 6/4 BER-1:10")

	id, err := reserve(t, c, "reserve-1", "ord-9", some("lamp", 8), some("chair", 1))
	if err != nil {
		t.Fatal(err)
	}
	expect("lamp 0/8 BER-1:3 MUC-1:5")
	expect("chair 5/5 BER-1:10")
	if _, err := reserve(t, c, "reserve-2", "ord-9", some("lamp", 1)); err == nil {
		t.Fatal("reserved what is not there")
	}
	if _, err := c.Commit(t.Context(), &inventoryapi.CommitRequest{IdempotencyKey: "commit-01", ReservationId: id}); err != nil {
		t.Fatal(err)
	}
	expect("lamp 0/0 BER-1:0 MUC-1:0")
	expect("chair 5/4 BER-1:9")
	if _, err := c.ReleaseByReference(t.Context(), &inventoryapi.ReleaseByReferenceRequest{IdempotencyKey: "release-1", Reference: "ord-1"}); err != nil {
		t.Fatal(err)
	}
	expect("chair 9/0 BER-1:9")

	stop()
	if _, err := stream.Recv(); status.Code(err) != codes.Canceled {
		t.Errorf("got %v, want the end", err)
	}
}

// A watcher that does not read is ended as soon as its buffer and the connection's are full, and holds nobody up.
func TestWatchStockTooSlowly(t *testing.T) {
	t.Parallel()
	w := &world.World{}
	var skus []string
	var lines []*inventoryapi.ReservationLine
	for i := range 100 {
		sku := fmt.Sprintf("SKU-%06d", i)
		skus, lines = append(skus, sku), append(lines, some(sku, 1))
		w.Products = append(w.Products, world.Product{SKU: sku, Stock: []world.Stock{{Warehouse: "BER-1", OnHand: 1000}}})
	}
	window := int32(64 << 10) // fixed, so that it does not grow to hold everything
	c, _ := serve(t, w, grpc.WithInitialWindowSize(window), grpc.WithInitialConnWindowSize(window))
	stream, err := c.WatchStock(t.Context(), &inventoryapi.WatchStockRequest{Skus: skus})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); err != nil { // it is watched from here on
		t.Fatal(err)
	}
	const commands = 150
	for i := range commands {
		if _, err := reserve(t, c, fmt.Sprintf("reserve-%d", i), "ord-9", lines...); err != nil {
			t.Fatal(err)
		}
	}
	received := 1
	for ; err == nil; received++ {
		_, err = stream.Recv()
	}
	refused(t, err, codes.ResourceExhausted, "WATCHER_TOO_SLOW")
	if received >= commands*len(lines) {
		t.Errorf("%d messages were kept for a watcher that does not read", received)
	}
}
