package orders_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/sources"
	"github.com/mainstem/mainstem/sources/orders"
)

func TestList(t *testing.T) {
	t.Parallel()
	s, seen := served(t, "page.json")
	q := orders.OrderQuery{CustomerID: "cus-00017", Status: orders.OrderPaid, Page: sources.PageArgs{First: 2, After: "20"}}
	got, err := s.List(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	if want := "GET /orders?customer_id=cus-00017&status=paid&offset=20&limit=2"; seen.all() != want {
		t.Errorf("asked for %s, want %s", seen.all(), want)
	}
	if f := got.Edges[1].Fault; f == nil || f.Code != fault.SourceContractViolation || f.Operation != "listOrders" {
		t.Errorf("the second order has the fault %v, want a violation by listOrders", f)
	}
	got.Edges[1].Fault = nil
	start, end := sources.Cursor(orders.OrderList, "21"), sources.Cursor(orders.OrderList, "22")
	want := &orders.OrderConnection{
		Edges: []orders.OrderEdge{
			{Cursor: start, Item: wantOrder("ord-000042", "2026-000042", orders.OrderPaid)},
			{Cursor: end},
		},
		PageInfo:   sources.PageInfo{HasNextPage: true, HasPreviousPage: true, StartCursor: &start, EndCursor: &end},
		TotalCount: 23,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestPaging reads lists of several lengths to their ends, through cursors as clients do.
func TestPaging(t *testing.T) {
	t.Parallel()
	recorded, err := os.ReadFile("testdata/order.json")
	if err != nil {
		t.Fatal(err)
	}
	for reason, test := range map[string]struct {
		total, most int // most: how many the service gives at once, though more are asked for
		first       int32
		pages       int
	}{
		"an empty list":                     {total: 0, most: 100, first: 2, pages: 1},
		"less than a page":                  {total: 1, most: 100, first: 2, pages: 1},
		"pages that fit":                    {total: 4, most: 100, first: 2, pages: 2},
		"one more":                          {total: 5, most: 100, first: 2, pages: 3},
		"a service that gives less at once": {total: 5, most: 1, first: 2, pages: 5},
		"a service that gives nothing":      {total: 5, most: 0, first: 2, pages: 1},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			s, _ := answering(t, func(w http.ResponseWriter, r *http.Request) {
				offset, err := strconv.Atoi(r.URL.Query().Get("offset"))
				if err != nil {
					t.Error(err)
				}
				limit, err := strconv.Atoi(r.URL.Query().Get("limit"))
				if err != nil {
					t.Error(err)
				}
				items := make([]json.RawMessage, min(limit, test.most, test.total-offset))
				for i := range items {
					items[i] = json.RawMessage(strings.Replace(string(recorded), "ord-000042", "ord-"+strconv.Itoa(offset+i), 1))
				}
				w.Header().Set("Content-Type", "application/json")
				if err := json.NewEncoder(w).Encode(map[string]any{"items": items, "offset": offset, "total": test.total}); err != nil {
					t.Error(err)
				}
			})
			read, pages := 0, 0
			for after := (*string)(nil); pages <= test.pages; {
				args, err := sources.NewPageArgs(orders.OrderList, test.first, after)
				if err != nil {
					t.Fatal(err)
				}
				page, err := s.List(t.Context(), orders.OrderQuery{CustomerID: orders.Everybody, Page: args})
				if err != nil {
					t.Fatal(err)
				}
				if got, want := page.PageInfo.HasPreviousPage, read > 0; got != want {
					t.Errorf("after %d orders, hasPreviousPage is %t", read, got)
				}
				for _, e := range page.Edges {
					if want := "ord-" + strconv.Itoa(read); e.Item.ID.Local != want {
						t.Errorf("read %s, want %s", e.Item.ID.Local, want)
					}
					read++
				}
				pages++
				if !page.PageInfo.HasNextPage {
					break
				}
				after = page.PageInfo.EndCursor
			}
			if pages != test.pages || read != min(test.total, test.most*test.pages) {
				t.Errorf("read %d orders in %d pages, want %d pages of %d orders", read, pages, test.pages, test.total)
			}
		})
	}
}

func TestNobodysOrdersAreNotEverybodys(t *testing.T) {
	t.Parallel()
	s, seen := served(t, "list.json")
	_, err := s.List(t.Context(), orders.OrderQuery{Page: sources.PageArgs{First: 1}})
	if fault.From(err).Code != fault.Internal || seen.all() != "" {
		t.Errorf("got %v after asking for %q, want INTERNAL_SERVER_ERROR and no call", err, seen.all())
	}
}

func TestListRefusesWhatIsNoPosition(t *testing.T) {
	t.Parallel()
	for reason, q := range map[string]orders.OrderQuery{
		"a word":                   {Page: sources.PageArgs{First: 1, After: "twenty"}},
		"nothing before the first": {Page: sources.PageArgs{First: 1, After: "0"}},
		"a negative number":        {Page: sources.PageArgs{First: 1, After: "-20"}},
		"a sign":                   {Page: sources.PageArgs{First: 1, After: "+20"}},
		"a leading zero":           {Page: sources.PageArgs{First: 1, After: "020"}},
		"a space":                  {Page: sources.PageArgs{First: 1, After: "20 "}},
		"an underscore":            {Page: sources.PageArgs{First: 1, After: "2_0"}},
		"a fraction":               {Page: sources.PageArgs{First: 1, After: "20.0"}},
		"more than a list holds":   {Page: sources.PageArgs{First: 1, After: "2147483648"}},
		"a state that is none":     {Status: "LOST", Page: sources.PageArgs{First: 1}},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			s, seen := served(t, "list.json")
			q.CustomerID = orders.Everybody
			if _, err := s.List(t.Context(), q); err == nil || fault.From(err).Code != fault.BadUserInput {
				t.Errorf("got %v, want BAD_USER_INPUT", err)
			}
			if seen.all() != "" {
				t.Errorf("asked for %s", seen.all())
			}
		})
	}
}

func TestListThatIsNotTheOneAskedFor(t *testing.T) {
	t.Parallel()
	for reason, body := range map[string]string{
		"another offset":    `{"items":[],"offset":19,"total":31}`,
		"a negative total":  `{"items":[],"offset":20,"total":-1}`,
		"more than a page":  `{"items":[{},{}],"offset":20,"total":31}`,
		"a negative offset": `{"items":[],"offset":-20,"total":31}`,
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			s, _ := answering(t, reply(http.StatusOK, "application/json", body))
			_, err := s.List(t.Context(), orders.OrderQuery{CustomerID: orders.Everybody, Page: sources.PageArgs{First: 1, After: "20"}})
			if f := fault.From(err); f == nil || f.Code != fault.SourceContractViolation || f.Source != "orders" || f.Operation != "listOrders" {
				t.Errorf("got %v, want a violation by orders.listOrders", err)
			}
		})
	}
}

func TestListPastTheEnd(t *testing.T) {
	t.Parallel()
	s, _ := answering(t, reply(http.StatusOK, "application/json", `{"items":[],"offset":2147483647,"total":3}`))
	got, err := s.List(t.Context(), orders.OrderQuery{CustomerID: orders.Everybody, Page: sources.PageArgs{First: 1, After: "2147483647"}})
	if err != nil {
		t.Fatal(err)
	}
	want := &orders.OrderConnection{Edges: []orders.OrderEdge{}, PageInfo: sources.PageInfo{HasPreviousPage: true}, TotalCount: 3}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestListsKeepsWhatDidNotFail(t *testing.T) {
	t.Parallel()
	page := sources.PageArgs{First: 2}
	good := orders.OrderQuery{CustomerID: "cus-00017", Page: page}
	failing := orders.OrderQuery{CustomerID: "cus-00018", Status: orders.OrderPending, Page: page}
	s, seen := answering(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("customer_id") == failing.CustomerID {
			reply(http.StatusServiceUnavailable, "text/plain", "later")(w, r)
			return
		}
		reply(http.StatusOK, "application/json", `{"items":[],"offset":0,"total":0}`)(w, r)
	})
	got, err := s.Lists(t.Context(), []orders.OrderQuery{good, failing})
	want := map[orders.OrderQuery]*orders.OrderConnection{good: {Edges: []orders.OrderEdge{}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	items, ok := errors.AsType[fault.Items[orders.OrderQuery]](err)
	if !ok || len(items) != 1 || items[failing] == nil || items[failing].Code != fault.SourceUnavailable {
		t.Errorf("failed with %v, want SOURCE_UNAVAILABLE of one query", err)
	}
	if want := "customer_id=cus-00018&status=pending&offset=0&limit=2"; !strings.Contains(seen.all(), want) {
		t.Errorf("asked for %s, want %s among it", seen.all(), want)
	}
}
