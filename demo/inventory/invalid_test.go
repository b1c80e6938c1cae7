package inventory_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"

	"github.com/mainstem/mainstem/demo/rpc/rpctest"
	"github.com/mainstem/mainstem/sources/inventory/inventoryapi"
)

func TestInvalidArguments(t *testing.T) {
	t.Parallel()
	c, l := serve(t, small())
	ctx := t.Context()
	lines := []*inventoryapi.ReservationLine{{Sku: "lamp", Quantity: 1}}
	for reason, test := range map[string]struct {
		call func() error
		want []string
	}{
		"too many products to read": {func() error {
			_, err := c.BatchGetStock(ctx, &inventoryapi.BatchGetStockRequest{Skus: make([]string, 201)})
			return err
		}, []string{"skus"}},
		"what is no product, to read": {func() error {
			_, err := c.BatchGetStock(ctx, &inventoryapi.BatchGetStockRequest{Skus: []string{"lamp", "", "a/b"}})
			return err
		}, []string{"skus[1]", "skus[2]"}},
		"what is no product, to reserve": {func() error {
			_, err := c.Reserve(ctx, &inventoryapi.ReserveRequest{
				IdempotencyKey: "reserve-1", Reference: "ord-9", Lines: []*inventoryapi.ReservationLine{{Sku: "a b", Quantity: 1}},
			})
			return err
		}, []string{"lines[0].sku"}},
		"nothing to watch": {func() error {
			stream, err := c.WatchStock(ctx, &inventoryapi.WatchStockRequest{})
			if err != nil {
				return err
			}
			_, err = stream.Recv()
			return err
		}, []string{"skus"}},
		"nothing to reserve, for nothing, under a short key": {func() error {
			_, err := c.Reserve(ctx, &inventoryapi.ReserveRequest{IdempotencyKey: "short"})
			return err
		}, []string{"idempotency_key", "reference", "lines"}},
		"a line without product or quantity": {func() error {
			_, err := c.Reserve(ctx, &inventoryapi.ReserveRequest{
				IdempotencyKey: "reserve-1", Reference: "ord-9", Lines: append(lines, &inventoryapi.ReservationLine{}),
			})
			return err
		}, []string{"lines[1].sku", "lines[1].quantity"}},
		"too long a reference": {func() error {
			_, err := c.Reserve(ctx, &inventoryapi.ReserveRequest{
				IdempotencyKey: "reserve-1", Reference: strings.Repeat("x", 101), Lines: lines,
			})
			return err
		}, []string{"reference"}},
		"release without the key that it undoes": {func() error {
			_, err := c.Release(ctx, &inventoryapi.ReleaseRequest{IdempotencyKey: "release-1"})
			return err
		}, []string{"reservation_key"}},
		"release of no reference": {func() error {
			_, err := c.ReleaseByReference(ctx, &inventoryapi.ReleaseByReferenceRequest{IdempotencyKey: "release-1"})
			return err
		}, []string{"reference"}},
		"commit of nothing": {func() error {
			_, err := c.Commit(ctx, &inventoryapi.CommitRequest{IdempotencyKey: strings.Repeat("x", 201)})
			return err
		}, []string{"idempotency_key", "reservation_id"}},
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
	if n := len(l.Entries()); n != 1 { // the opening balance
		t.Errorf("%d commands took effect", n-1)
	}
}
