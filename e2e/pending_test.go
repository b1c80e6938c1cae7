package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mainstem/mainstem/demo/breaking"
)

// TestCheckoutsThatTakeLong: a mutation waits for as long as the configuration says, or the request has time less what its answer needs. Asked
// again, while it goes on or later, it gives the same checkout.
func TestCheckoutsThatTakeLong(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct{ config, timeout string }{
		"than the gateway waits":   {"workflows: {wait: 50ms}\n", "20"},
		"than the request has got": {"workflows: {wait: 20s}\n", "0.5"},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			s := start(t, options{config: signing(t) + test.config, broken: map[string]breaking.Break{"inventory": {Latency: 2 * time.Second}}})
			owner := signed(t, "cus-00001", "")
			ask := func(timeout string) (id, state, order string) {
				t.Helper()
				header := owner.Clone()
				header.Set("Request-Timeout", timeout)
				o := <-question{query: anOrder("one-that-takes-long", "{ checkout { id state } order { id } }"), header: header}.begin(t.Context(), t, s)
				answer, _ := decode[struct {
					PlaceOrder struct {
						Checkout struct{ ID, State string }
						Order    struct{ ID string }
					}
				}](t, []byte(o.good(t)))
				return answer.PlaceOrder.Checkout.ID, answer.PlaceOrder.Checkout.State, answer.PlaceOrder.Order.ID
			}
			first, state, _ := ask(test.timeout)
			if state != "PENDING" {
				t.Errorf("it answers %s", state)
			}
			if second, _, _ := ask(test.timeout); second != first {
				t.Errorf("asked again, it gives the checkout %s, and not %s", second, first)
			}
			for e := range s.follow(t, owner, fmt.Sprintf(`subscription { checkoutChanged(id: %q) { kind } }`, first)) {
				if len(e.Errors) > 0 {
					t.Fatalf("got %+v", e.Errors)
				}
			}
			id, state, order := ask("20")
			if id != first || state != "COMPLETED" || order == "" {
				t.Errorf("at the end, it gives the checkout %s, %s, with the order %q", id, state, order)
			}
		})
	}
}

// TestWhatACheckoutWaitsFor: whoever looks at what is under way sees which step of its workflow a mutation waits for, whoever has begun the run.
func TestWhatACheckoutWaitsFor(t *testing.T) {
	t.Parallel()
	s, payments := gated(t, "payments", options{config: signing(t) + "admin: {listen: '127.0.0.1:0'}\n"})
	q := question{query: anOrder("one-that-waits", "{ order { status } }"), header: signed(t, "cus-00001", "")}
	look := func(format string) []byte {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.admin+"/debug/requests?format="+format, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		page, err := s.exchange(r)
		if err != nil {
			t.Fatal(err)
		}
		return page.body
	}
	await := func(want int) { // nothing tells that somebody has begun to wait
		t.Helper()
		for began := time.Now(); ; {
			var seen struct {
				Operations []struct {
					Waits []struct{ Workflow, Step string }
				}
			}
			if err := json.Unmarshal(look("json"), &seen); err != nil {
				t.Fatal(err)
			}
			n := 0
			for _, o := range seen.Operations {
				for _, w := range o.Waits {
					if w.Workflow == "placeOrder" && w.Step == "authorize" {
						n++
					}
				}
			}
			if n == want {
				return
			}
			if time.Since(began) > patience {
				t.Fatalf("%d operations wait for the step, want %d: %+v", n, want, seen)
			}
		}
	}
	first := q.begin(t.Context(), t, s)
	payments.await(t)
	await(1)
	second := q.begin(t.Context(), t, s)
	await(2)
	if page := string(look("text")); strings.Count(page, "waits for authorize of the workflow placeOrder for ") != 2 {
		t.Errorf("the page for people says\n%s", page)
	}
	payments.open()
	for _, o := range []outcome{<-first, <-second} {
		if body := o.good(t); !strings.Contains(body, "PAID") {
			t.Errorf("got %s", body)
		}
	}
	await(0)
}

// TestOneCheckoutForEachKey: however many ask at the same time.
func TestOneCheckoutForEachKey(t *testing.T) {
	t.Parallel()
	s := start(t, options{config: signing(t)})
	asked := make([]<-chan outcome, 20)
	for i := range asked {
		key := fmt.Sprintf("one-of-two-keys-%d", i%2)
		asked[i] = question{query: anOrder(key, "{ order { id status } }"), header: signed(t, "cus-00001", "")}.begin(t.Context(), t, s)
	}
	answers := map[string]int{}
	for _, answer := range asked {
		o := <-answer
		answers[o.good(t)]++
	}
	for body, n := range answers {
		if n != len(asked)/2 || !strings.Contains(body, "PAID") {
			t.Errorf("%d times %s", n, body)
		}
	}
	placed := 0
	for _, entry := range s.demo.Ledger("orders") {
		if entry.Command == "createOrder" {
			placed++
		}
	}
	if placed != 2 || len(answers) != 2 {
		t.Errorf("%d orders were placed, and %d answers given", placed, len(answers))
	}
}
