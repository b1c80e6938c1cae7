package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mainstem/mainstem/demo/breaking"
	"github.com/mainstem/mainstem/sources"
)

// signing gives the configuration of a gateway that takes the tokens of signed.
func signing(t *testing.T) string {
	t.Helper()
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte(signingKey), 0o600); err != nil {
		t.Fatal(err)
	}
	return "auth: {issuer: 'https://issuer.test', audience: test, jwksUrl: '', staticKey: {file: '" + key + "'}}\n"
}

// anOrder gives a mutation that places an order.
func anOrder(key, selection string) string {
	return fmt.Sprintf(`mutation { placeOrder(input: {
		lines: [{ productId: "${Product:SKU-000006}", quantity: 1 }], payment: { giftCard: { codeLast4: "A1B2" } }, idempotencyKey: %q
	}) %s }`, key, selection)
}

// placed places an order, and gives the id of the checkout, which may go on.
func placed(t *testing.T, s *stack, header http.Header, key string) string {
	t.Helper()
	o := <-question{query: anOrder(key, "{ checkout { id } }"), header: header}.begin(t.Context(), t, s)
	answer, _ := decode[struct {
		PlaceOrder struct{ Checkout struct{ ID string } }
	}](t, []byte(o.good(t)))
	return answer.PlaceOrder.Checkout.ID
}

// refusals gives the codes of an answer's errors.
func refusals(t *testing.T, o outcome) string {
	t.Helper()
	if o.err != nil {
		t.Fatal(o.err)
	}
	_, errs := decode[any](t, o.body)
	return codesOf(errs)
}

func codesOf(errs []problem) string {
	all := make([]string, len(errs))
	for i, e := range errs {
		all[i] = e.Extensions.Code
	}
	return strings.Join(all, " ")
}

// TestCheckoutsAreTheirOwners: a checkout is for whom it is of, and for staff with the scope, and so is what went wrong in it.
func TestCheckoutsAreTheirOwners(t *testing.T) {
	t.Parallel()
	s := start(t, options{config: signing(t)})
	owner := signed(t, "cus-00001", "")
	checkout := placed(t, s, owner, "one-that-is-mine")
	cancel := `mutation { cancelOrder(input: { orderId: "${Order:ord-000101}", idempotencyKey: "one-that-is-mine" }) { cancellation { id } } }`
	o := <-question{query: cancel, header: owner}.begin(t.Context(), t, s)
	answer, _ := decode[struct {
		CancelOrder struct{ Cancellation struct{ ID string } }
	}](t, []byte(o.good(t)))
	cancellation := answer.CancelOrder.Cancellation.ID

	tests := map[string]struct {
		subject, scope       string
		read, faults, follow string // the codes of what is refused
	}{
		"the owner":                   {"cus-00001", "", "", "FORBIDDEN", ""},
		"another customer":            {"cus-00002", "orders:read", "FORBIDDEN FORBIDDEN FORBIDDEN FORBIDDEN", "FORBIDDEN", "FORBIDDEN"},
		"staff with the scope":        {"support-1", "checkouts:read orders:read", "", "", ""},
		"staff who may see no orders": {"support-1", "checkouts:read", "FORBIDDEN FORBIDDEN", "", ""},
		"nobody":                      {"", "", "UNAUTHENTICATED UNAUTHENTICATED UNAUTHENTICATED UNAUTHENTICATED", "UNAUTHENTICATED", "UNAUTHENTICATED"},
	}
	for reason, test := range tests {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			header := signed(t, test.subject, test.scope)
			read := fmt.Sprintf(`{ checkout(id: %[1]q) { id state endedAt order { id } } cancellation(id: %[2]q) { state order { id } } a: node(id: %[1]q) { id } b: node(id: %[2]q) { id } }`, checkout, cancellation)
			if got := refusals(t, <-question{query: read, header: header}.begin(t.Context(), t, s)); got != test.read {
				t.Errorf("who reads it gets %q, want %q", got, test.read)
			}
			faults := fmt.Sprintf(`{ checkout(id: %q) { steps { fault { code message source operation reason } } } }`, checkout)
			got, _, _ := strings.Cut(refusals(t, <-question{query: faults, header: header}.begin(t.Context(), t, s)), " ") // one for each step
			if got != test.faults {
				t.Errorf("who reads its faults gets %q, want %q", got, test.faults)
			}
			e := first(t, s.follow(t, header, fmt.Sprintf(`subscription { checkoutChanged(id: %q) { kind } }`, checkout)))
			if got := codesOf(e.Errors); got != test.follow {
				t.Errorf("who follows it gets %q, want %q", got, test.follow)
			}
		})
	}
}

// first gives the first event of a subscription.
func first(t *testing.T, events func(func(event) bool)) event {
	t.Helper()
	for e := range events {
		return e
	}
	t.Fatal("nothing comes")
	return event{}
}

// TestCheckoutIsFollowed: from its beginning to its end, and after any change, what comes after it.
func TestCheckoutIsFollowed(t *testing.T) {
	t.Parallel()
	s := start(t, options{config: signing(t)})
	owner := signed(t, "cus-00001", "")
	id := placed(t, s, owner, "one-to-follow")
	other := placed(t, s, owner, "another-to-follow")
	follow := func(after string) (all []change) {
		t.Helper()
		query := fmt.Sprintf(`subscription { checkoutChanged(id: %q %s) { cursor kind step state checkout { state } } }`, id, after)
		for e := range s.follow(t, owner, query) {
			if len(e.Errors) > 0 {
				t.Fatalf("got %+v", e.Errors)
			}
			all = append(all, *e.Data["checkoutChanged"])
		}
		return all
	}
	all := follow("")
	want := []string{"STARTED  PENDING"}
	for _, step := range []string{"price", "reserve", "authorize", "order", "ship", "capture"} {
		want = append(want, "STEP_DONE "+step+" PENDING")
	}
	want = append(want, "STEP_DONE confirm COMPLETED", "ENDED  COMPLETED")
	if diff := cmp.Diff(want, told(all)); diff != "" {
		t.Errorf("what happens to a checkout (-want +got):\n%s", diff)
	}
	for i, c := range all {
		if diff := cmp.Diff(told(all[i+1:]), told(follow(fmt.Sprintf("after: %q", c.Cursor)))); diff != "" {
			t.Errorf("after %v (-want +got):\n%s", c, diff)
		}
	}
	parsed, err := sources.ParseID(id)
	if err != nil {
		t.Fatal(err)
	}
	list := "checkout-" + parsed.Local
	for reason, after := range map[string]string{
		"of another checkout":  first(t, s.follow(t, owner, fmt.Sprintf(`subscription { checkoutChanged(id: %q) { cursor } }`, other))).Data["checkoutChanged"].Cursor,
		"of another list":      sources.Cursor("orders-of-cus-00001", "3"),
		"of the future":        sources.Cursor(list, "1000000"),
		"of before everything": sources.Cursor(list, "0"),
		"written otherwise":    sources.Cursor(list, "03"),
		"not a number":         sources.Cursor(list, "three"),
		"nonsense":             "nonsense",
	} {
		e := first(t, s.follow(t, owner, fmt.Sprintf(`subscription { checkoutChanged(id: %q after: %q) { kind } }`, id, after)))
		if codesOf(e.Errors) != "BAD_USER_INPUT" {
			t.Errorf("a cursor %s: got %+v", reason, e)
		}
	}
}

// told gives changes as texts.
func told(changes []change) []string {
	texts := []string{}
	for _, c := range changes {
		texts = append(texts, c.Kind+" "+c.Step+" "+c.State)
	}
	return texts
}

// TestOrdersAreFollowed: those of one customer, from now on or after what is known.
func TestOrdersAreFollowed(t *testing.T) {
	t.Parallel()
	s := start(t, options{config: signing(t)})
	owner := signed(t, "cus-00001", "")
	placed(t, s, owner, "before-all-that")
	placed(t, s, signed(t, "cus-00002", ""), "of-somebody-else")

	events := make(chan event)
	go func() {
		defer close(events)
		for e := range s.follow(t, owner, `subscription { orderChanged { kind orderId } }`) {
			events <- e
			return
		}
	}()
	var got event
	for i := 0; got.Data == nil; i++ { // nothing tells when it is being followed
		placed(t, s, owner, fmt.Sprintf("while-it-is-followed-%d", i))
		select {
		case got = <-events:
		default:
		}
	}
	before := sources.ID{Type: "Order", Local: "ord-000101"}.String()
	if c := got.Data["orderChanged"]; c == nil || c.OrderID == before {
		t.Errorf("from now on, got %+v", got)
	}

	cancel := `mutation { cancelOrder(input: { orderId: "${Order:ord-000101}", idempotencyKey: "no-more-of-that" }) { cancellation { id } } }`
	(<-question{query: cancel, header: owner}.begin(t.Context(), t, s)).good(t)
	var kinds []string
	for e := range s.follow(t, signed(t, "support-1", "orders:read"), `subscription {
		orderChanged(customer: "${Customer:cus-00001}", after: "${cursor:orders-of-cus-00001:1}") { cursor at kind orderId order { id status } }
	}`) {
		c := e.Data["orderChanged"]
		if len(e.Errors) > 0 || c.Order == nil || c.Order.ID != c.OrderID {
			t.Fatalf("got %+v", e)
		}
		if c.OrderID == before {
			kinds = append(kinds, c.Kind)
		}
		if c.Kind == "CANCELLED" {
			break
		}
	}
	if diff := cmp.Diff([]string{"CREATED", "PAID", "CANCELLED"}, kinds); diff != "" {
		t.Errorf("what happens to an order (-want +got):\n%s", diff)
	}
	for reason, test := range map[string]struct{ subject, arguments, code string }{
		"another customer's":     {"cus-00002", `(customer: "${Customer:cus-00001}")`, "FORBIDDEN"},
		"no customer's":          {"cus-00002", `(customer: "${Order:cus-00002}")`, "BAD_USER_INPUT"},
		"nobody's":               {"", "", "UNAUTHENTICATED"},
		"after another list":     {"cus-00001", `(after: "${cursor:orders-of-cus-00002:1}")`, "BAD_USER_INPUT"},
		"after the end of times": {"cus-00001", `(after: "${cursor:orders-of-cus-00001:1000000}")`, "BAD_USER_INPUT"},
	} {
		e := first(t, s.follow(t, signed(t, test.subject, ""), "subscription { orderChanged"+test.arguments+" { kind } }"))
		if got := codesOf(e.Errors); got != test.code {
			t.Errorf("%s: got %q, want %q", reason, got, test.code)
		}
	}
}

// hurried has workflows turn back, and try again, after very short times.
const hurried = "workflows: {wait: 50ms, retry: {attempts: 2, first: 1ms, max: 2ms}, rounds: {first: 10ms, max: 50ms}, stuckAfter: 1}\n"

// undone are the commands that are undone by which others.
var undone = map[string]string{
	"reserve": "release", "authorizePayment": "undoAuthorization", "createOrder": "undoCreateOrder", "createShipment": "cancelShipment",
}

// TestOutagesAreUndone: a service that is down, or does what it does not answer, leaves nothing of an order once it is back.
func TestOutagesAreUndone(t *testing.T) {
	t.Parallel()
	for _, service := range []string{"catalog", "customers", "inventory", "payments", "orders", "shipping"} {
		for reason, wrong := range map[string]breaking.Break{"down": {Down: true}, "silent": {LoseAnswers: 1}} {
			t.Run(service+" "+reason, func(t *testing.T) {
				t.Parallel()
				s := start(t, options{config: signing(t) + hurried, broken: map[string]breaking.Break{service: wrong}})
				owner := signed(t, "cus-00001", "")
				id := placed(t, s, owner, "one-that-fails")
				var last change
				for e := range s.follow(t, owner, fmt.Sprintf(`subscription { checkoutChanged(id: %q) { kind step state } }`, id)) {
					if len(e.Errors) > 0 {
						t.Fatalf("got %+v", e.Errors)
					}
					if last = *e.Data["checkoutChanged"]; last.Kind == "STEP_STUCK" {
						if err := s.demo.Break(service, breaking.Break{}); err != nil {
							t.Fatal(err)
						}
					}
				}
				if last.Kind != "ENDED" || last.State != "FAILED" {
					t.Errorf("it ends by %+v", last)
				}
				balanced(t, s)
				again := anOrder("one-that-fails", "{ order { id } problems { __typename ... on CheckoutFailed { retryable } } }")
				o := <-question{query: again, header: owner}.begin(t.Context(), t, s)
				if want := `{"data":{"placeOrder":{"order":null,"problems":[{"__typename":"CheckoutFailed","retryable":true}]}}}`; o.good(t) != want {
					t.Errorf("asked again, it gives %s, want %s", o.body, want)
				}
			})
		}
	}
}

// balanced checks that everything that was done is undone.
func balanced(t *testing.T, s *stack) {
	t.Helper()
	done := map[string]int{}
	for _, service := range s.demo.Services() {
		for _, entry := range s.demo.Ledger(service.Name) {
			if entry.Changed {
				done[entry.Command]++
			}
		}
	}
	for command, undoing := range undone {
		if done[command] != done[undoing] || done[command] > 1 {
			t.Errorf("%s took effect %d times, and %s %d times", command, done[command], undoing, done[undoing])
		}
	}
	if moved := done["capturePayment"] + done["markPaid"]; moved > 0 {
		t.Errorf("money was taken: %v", done)
	}
}
