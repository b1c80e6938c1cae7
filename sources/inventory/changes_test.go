package inventory_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/upstream"
	"github.com/mainstem/mainstem/sources/inventory"
	"github.com/mainstem/mainstem/sources/inventory/inventoryapi"
)

// watched is a service that answers WatchStock as the test says, and tells when a stream is over.
type watched struct {
	inventoryapi.UnimplementedInventoryServer
	watch func(*inventoryapi.WatchStockRequest, grpc.ServerStreamingServer[inventoryapi.WatchStockResponse]) error
	over  chan struct{}
}

func (w watched) WatchStock(r *inventoryapi.WatchStockRequest, stream grpc.ServerStreamingServer[inventoryapi.WatchStockResponse]) error {
	defer func() { w.over <- struct{}{} }()
	return w.watch(r, stream)
}

type stream = grpc.ServerStreamingServer[inventoryapi.WatchStockResponse]

// watching gives a source whose service sends messages and then does what last says; nil waits until the caller goes.
func watching(t *testing.T, last func(stream) error, messages ...*inventoryapi.WatchStockResponse) (*inventory.Source, watched) {
	t.Helper()
	w := watched{over: make(chan struct{}, 10)}
	w.watch = func(_ *inventoryapi.WatchStockRequest, s stream) error {
		for _, m := range messages {
			if err := s.Send(m); err != nil {
				return err
			}
		}
		if last != nil {
			return last(s)
		}
		<-s.Context().Done()
		return status.FromContextError(s.Context().Err()).Err()
	}
	return serve(t, w), w
}

// ended waits until the service has seen the end of a stream.
func (w watched) ended(t *testing.T) {
	t.Helper()
	select {
	case <-w.over:
	case <-time.After(10 * time.Second):
		t.Fatal("the stream goes on")
	}
}

// stocks gives two changes, the second of which is the change of fix.
func stocks(t *testing.T, fix func(*inventoryapi.Stock)) []*inventoryapi.WatchStockResponse {
	t.Helper()
	first := recorded(t, "change.json", &inventoryapi.WatchStockResponse{})
	second := proto.CloneOf(first)
	fix(second.GetStock())
	return []*inventoryapi.WatchStockResponse{first, second}
}

func none(*inventoryapi.Stock) {}

func TestChanges(t *testing.T) {
	t.Parallel()
	var asked []string
	var sub []string
	messages := stocks(t, func(m *inventoryapi.Stock) { m.Sku, m.Available = "SKU-000018", 0 })
	w := watched{over: make(chan struct{}, 1)}
	w.watch = func(r *inventoryapi.WatchStockRequest, s stream) error {
		asked, sub = r.GetSkus(), metadata.ValueFromIncomingContext(s.Context(), "caller-sub")
		for _, m := range messages {
			if err := s.Send(m); err != nil {
				return err
			}
		}
		<-s.Context().Done()
		return nil
	}
	source := serve(t, w)
	skus := []string{"SKU-000017", "SKU-000018"}
	ctx := upstream.WithRequest(t.Context(), upstream.Request{Claims: map[string]string{"sub": "cus-000007"}})
	var got []inventory.StockChange
	for change, err := range source.Changes(ctx, skus) {
		if err != nil {
			t.Fatal(err)
		}
		if got = append(got, change); len(got) == 2 {
			break
		}
	}
	w.ended(t)
	warehouses := []inventory.WarehouseStock{{Warehouse: "BER-1", OnHand: 20}, {Warehouse: "HAM-2", OnHand: 15}}
	at := time.Date(2026, 2, 11, 9, 31, 12, 0, time.UTC)
	want := []inventory.StockChange{
		{SKU: "SKU-000017", Stock: &inventory.StockLevel{Available: 10, Reserved: 25, Status: inventory.StockLow, Warehouses: warehouses, UpdatedAt: at}},
		{SKU: "SKU-000018", Stock: &inventory.StockLevel{Available: 0, Reserved: 25, Status: inventory.StockOut, Warehouses: warehouses, UpdatedAt: at}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if diff := cmp.Diff(skus, asked); diff != "" || !slices.Equal(sub, []string{"cus-000007"}) {
		t.Errorf("asked in the name of %q: -want +got:\n%s", sub, diff)
	}
}

// No goroutine may be left: these tests look at all goroutines of the process, so they are not parallel.
func TestChangesEnd(t *testing.T) {
	for reason, consume := range map[string]func(t *testing.T, s *inventory.Source){
		"when the consumer breaks out": func(t *testing.T, s *inventory.Source) {
			for _, err := range s.Changes(t.Context(), []string{"SKU-000017"}) {
				if err != nil {
					t.Error(err)
				}
				break
			}
		},
		"when the context is cancelled": func(t *testing.T, s *inventory.Source) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			n := 0
			for _, err := range s.Changes(ctx, []string{"SKU-000017"}) {
				if err != nil {
					t.Errorf("cancelling is no fault, got %v", err)
				}
				if n++; n == 2 {
					cancel()
				}
			}
		},
		"when the context's time is over": func(t *testing.T, s *inventory.Source) {
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			for _, err := range s.Changes(ctx, []string{"SKU-000017"}) {
				if err != nil {
					t.Errorf("the end of the time is no fault, got %v", err)
				}
			}
		},
		"when the consumer panics": func(t *testing.T, s *inventory.Source) {
			defer func() { _ = recover() }()
			for _, err := range s.Changes(t.Context(), []string{"SKU-000017"}) {
				panic(err)
			}
		},
	} {
		t.Run(reason, func(t *testing.T) {
			s, w := watching(t, nil, stocks(t, none)...)
			if _, err := s.StockBySKU(t.Context(), nil); fault.From(err).Code != fault.SourceContractViolation {
				t.Fatalf("the service does not implement this, got %v", err) // and from here on, there is a connection
			}
			before := goleak.IgnoreCurrent()
			consume(t, s)
			w.ended(t)
			goleak.VerifyNone(t, before)
		})
	}
}

func TestChangesBeforeTheyBegin(t *testing.T) {
	t.Parallel()
	s, _ := watching(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for change, err := range s.Changes(ctx, []string{"SKU-000017"}) {
		t.Errorf("got %v and %v after the context's end", change, err)
	}
}

func TestFaultsAmongChanges(t *testing.T) {
	t.Parallel()
	refused := func(code codes.Code, details ...*errdetails.ErrorInfo) func(stream) error {
		return func(stream) error {
			st := status.New(code, "refused")
			for _, d := range details {
				st, _ = st.WithDetails(d)
			}
			return st.Err()
		}
	}
	for reason, c := range map[string]struct {
		last func(stream) error
		fix  func(*inventoryapi.Stock)
		want []fault.Code // of each change, empty for none
		info string
	}{
		"the service goes away":          {refused(codes.Unavailable), none, []fault.Code{"", "", fault.SourceUnavailable}, "Unavailable"},
		"the service fails":              {refused(codes.Internal), none, []fault.Code{"", "", fault.SourceFailed}, "Internal"},
		"the service gives up by itself": {refused(codes.DeadlineExceeded), none, []fault.Code{"", "", fault.SourceTimeout}, "DeadlineExceeded"},
		"changes were lost": {
			refused(codes.ResourceExhausted, &errdetails.ErrorInfo{Reason: inventory.ReasonWatcherTooSlow}), none,
			[]fault.Code{"", "", fault.RateLimited}, inventory.ReasonWatcherTooSlow,
		},
		"the service ends what it promised to go on with": {
			func(stream) error { return nil }, none, []fault.Code{"", "", fault.SourceContractViolation}, "",
		},
		"a change that is broken": {
			refused(codes.Unavailable), func(m *inventoryapi.Stock) { m.Available = -1 },
			[]fault.Code{"", fault.SourceContractViolation, fault.SourceUnavailable}, "Unavailable",
		},
		"a product that was not asked for": {
			refused(codes.Unavailable), func(m *inventoryapi.Stock) { m.Sku = "SKU-000018" },
			[]fault.Code{"", fault.SourceContractViolation, fault.SourceUnavailable}, "Unavailable",
		},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			s, _ := watching(t, c.last, stocks(t, c.fix)...)
			var got []fault.Code
			var last *fault.Error
			for change, err := range s.Changes(t.Context(), []string{"SKU-000017"}) {
				if err == nil {
					got = append(got, "")
					continue
				}
				last = fault.From(err)
				got = append(got, last.Code)
				if change.Stock != nil || last.Source != "inventory" || last.Operation != "WatchStock" {
					t.Errorf("got %+v and a fault of %s.%s", change, last.Source, last.Operation)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" || last.Reason != c.info {
				t.Errorf("the reason is %q, want %q: -want +got:\n%s", last.Reason, c.info, diff)
			}
		})
	}
}

func TestChangesOfAServiceThatIsAway(t *testing.T) {
	t.Parallel()
	g, err := upstream.NewGRPC(upstream.Options{Name: "inventory", URL: "grpc://127.0.0.1:1"}, inventory.Inputs)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.Close() })
	n := 0
	for _, err := range inventory.New(g).Changes(t.Context(), []string{"SKU-000017"}) {
		if n++; fault.From(err).Code != fault.SourceUnavailable {
			t.Errorf("got %v, want SOURCE_UNAVAILABLE", err)
		}
	}
	if n != 1 {
		t.Errorf("got %d changes, want the fault alone", n)
	}
}
