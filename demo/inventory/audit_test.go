package inventory_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mainstem/mainstem/demo/ledger"
	"github.com/mainstem/mainstem/sources/inventory/inventoryapi"
)

// moved is what an entry of the ledger says of a reservation.
type moved struct {
	ReservationID string
	Reference     string
	Lines         []struct {
		SKU      string
		Quantity int32
	}
}

// read gives what an entry moved, as an auditor reads it.
func read(t *testing.T, e ledger.Entry) []moved {
	t.Helper()
	text, err := json.Marshal(e.Detail)
	if err != nil {
		t.Fatal(err)
	}
	var several []moved
	if json.Unmarshal(text, &several) == nil {
		return several
	}
	var one moved
	if err := json.Unmarshal(text, &one); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if len(one.Lines) == 0 {
		if string(text) != "{}" {
			t.Errorf("an entry that moved nothing says %s", text)
		}
		return nil
	}
	return []moved{one}
}

func TestTheLedgerBalances(t *testing.T) {
	t.Parallel()
	c, l := serve(t, small())
	id, err := reserve(t, c, "reserve-1", "ord-9", some("lamp", 5), some("chair", 1))
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"reserve-2", "reserve-3"} {
		if _, err := reserve(t, c, key, "ord-10", some("lamp", 1)); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []error{
		second(c.Commit(t.Context(), &inventoryapi.CommitRequest{IdempotencyKey: "commit-01", ReservationId: id})),
		second(c.Commit(t.Context(), &inventoryapi.CommitRequest{IdempotencyKey: "commit-02", ReservationId: id})),
		second(c.Release(t.Context(), &inventoryapi.ReleaseRequest{IdempotencyKey: "release-1", ReservationKey: "reserve-2"})),
		second(c.Release(t.Context(), &inventoryapi.ReleaseRequest{IdempotencyKey: "release-2", ReservationKey: "reserve-2"})),
		second(c.ReleaseByReference(t.Context(), &inventoryapi.ReleaseByReferenceRequest{IdempotencyKey: "release-3", Reference: "ord-1"})),
		second(c.ReleaseByReference(t.Context(), &inventoryapi.ReleaseByReferenceRequest{IdempotencyKey: "release-4", Reference: "ord-1"})),
	} {
		if step != nil {
			t.Fatal(step)
		}
	}
	sign := map[string]int32{ledger.Opening: 1, "reserve": 1, "release": -1, "releaseByReference": -1, "commit": -1}
	held, sold := map[string]int32{}, map[string]int32{}
	var changed []bool
	for _, e := range l.Entries() {
		changed = append(changed, e.Changed)
		if (e.Input == nil) != (e.Command == ledger.Opening) {
			t.Errorf("the input of %s is %v", e.Command, e.Input)
		}
		for _, m := range read(t, e) {
			if m.ReservationID == "" || m.Reference == "" {
				t.Errorf("%s moved %+v", e.Command, m)
			}
			for _, line := range m.Lines {
				held[line.SKU] += sign[e.Command] * line.Quantity
				if e.Command == "commit" {
					sold[line.SKU] += line.Quantity
				}
			}
		}
	}
	if diff := cmp.Diff([]bool{true, true, true, true, true, false, true, false, true, false}, changed); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]int32{"lamp": 1, "chair": 0}, held); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]int32{"lamp": 5, "chair": 1}, sold); diff != "" {
		t.Error(diff)
	}
	expect(t, c, "lamp 2/1 BER-1:3 MUC-1:0", "chair 9/0 BER-1:9")
}

func second[T any](_ T, err error) error { return err }
