package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mainstem/mainstem/demo"
)

// instant is when in a call of a service the gateway is killed.
type instant string

const (
	never     instant = ""
	onArrival instant = "before the service has it"
	onEffect  instant = "when it is done, and not answered"
	onAnswer  instant = "when it is answered"
	late      instant = "before the service has it, which does it when all is over"
)

// hangman stands before the services, and kills the gateway in the middle of a call. It is safe for concurrent use.
type hangman struct {
	kill func()

	mu    sync.Mutex
	fails map[string]int // calls that the service does not accept, by their names, and how often; less than 0 is always
	calls []string       // that have come since arm
	at    int            // which of them is the last
	when  instant        // in it
	dead  chan struct{}  // closed when the gateway is
	still func()         // has the service do the call that was late
}

// arm has the gateway killed in one of the calls that come, counted from 0.
func (h *hangman) arm(at int, when instant, fails map[string]int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls, h.at, h.when, h.fails, h.dead, h.still = nil, at, when, maps.Clone(fails), make(chan struct{}), func() {}
}

// take notes a call, and says whether and when it is the last one, and whether the service is to refuse it.
func (h *hangman) take(call string, still func()) (when instant, refused bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.calls) == h.at {
		when = h.when
	}
	if when == late {
		h.still = still
	}
	h.calls = append(h.calls, call)
	if refused = h.fails[call] != 0 && when != onArrival && when != late; refused {
		h.fails[call]--
	}
	return when, refused
}

// before stands before one service.
func (h *hangman) before(service string) spoil {
	return func(w http.ResponseWriter, r *http.Request, serve http.Handler) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler) // the gateway is dead
		}
		caller := r.Context()
		r = r.WithContext(context.WithoutCancel(caller)) // the service does what the dead have asked for
		r.Body = io.NopCloser(bytes.NewReader(body))
		when, refused := h.take(nameOf(service, r), func() { serve.ServeHTTP(httptest.NewRecorder(), r) })
		if refused {
			serve = http.HandlerFunc(notAccepted)
		}
		switch when {
		case onEffect:
			serve.ServeHTTP(httptest.NewRecorder(), r)
			h.strike()
			panic(http.ErrAbortHandler)
		case onArrival, late:
			h.strike()
			panic(http.ErrAbortHandler)
		case onAnswer:
			context.AfterFunc(caller, h.strike) // which ends when the answer is sent
			serve.ServeHTTP(w, r)
		case never:
			serve.ServeHTTP(w, r)
		}
	}
}

func (h *hangman) strike() {
	h.kill()
	close(h.dead)
}

var localIDs = regexp.MustCompile(`(cus|ord|pay|shp)-[0-9]+`)

// nameOf gives what a call is called: without ids, it is the same each time.
func nameOf(service string, r *http.Request) string {
	path := r.URL.Path[strings.LastIndex(r.URL.Path, ".")+1:] // of gRPC, without the package
	return service + " " + localIDs.ReplaceAllString(path, "ID")
}

// notAccepted is how a service refuses a request that it does not accept, over REST and gRPC.
func notAccepted(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/grpc") {
		w.Header().Set("Content-Type", "application/grpc")
		w.Header().Set("Grpc-Status", "3") // INVALID_ARGUMENT
		return
	}
	w.WriteHeader(http.StatusBadRequest)
}

// gallows are the services with a hangman before them, and a gateway.
type gallows struct {
	*hangman
	*gateway
	demo     *demo.Demo
	owner    http.Header
	client   *http.Client
	executed int // how often so far
}

// hasty has clients wait for the end, and what fails is tried again at once.
const hasty = "workflows: {wait: 20s, retry: {attempts: 4, first: 5ms, max: 100ms}, rounds: {first: 20ms, max: 200ms}, stuckAfter: 2, lease: 1s}\n"

// newGallows builds them. The workflows are as a section of the configuration says.
func newGallows(t *testing.T, workflows string) *gallows {
	t.Helper()
	d := start(t, options{}).demo
	x := &gallows{hangman: &hangman{}, demo: d, owner: signed(t, "cus-00001", ""), client: patient(t)}
	x.arm(-1, never, nil)
	services := urls(d)
	for name, url := range services {
		f := newFront(t, url, frontOptions{spoil: x.before(name)})
		services[name] = f.scheme + "://" + f.address
	}
	x.gateway = newGateway(t, killable(t, sqlite(t), workflows, services))
	x.hangman.kill = x.gateway.kill
	x.restart(t)
	return x
}

// ask asks the gateway once.
func (x *gallows) ask(t *testing.T, query string) outcome {
	t.Helper()
	return <-question{query: query, header: x.owner}.begin(t.Context(), t, x.stack(x.client))
}

// open are the states of what has not ended.
var open = regexp.MustCompile(`"state":"(PENDING|UNDOING|STUCK)"`)

// told asks the gateway until it tells how it ended.
func (x *gallows) told(t *testing.T, query string) string {
	t.Helper()
	for end := time.Now().Add(patience); ; {
		body := x.ask(t, query).good(t)
		if !open.MatchString(body) {
			return body
		}
		if time.Now().After(end) {
			t.Fatalf("it does not end: %s", body)
		}
	}
}

// effects gives what the services' ledgers tell of what took effect since a time, by how often.
func (x *gallows) effects(since map[string]int) map[string]int {
	all := map[string]int{}
	for _, s := range x.demo.Services() {
		for _, e := range x.demo.Ledger(s.Name)[since[s.Name]:] {
			if e.Changed {
				all[s.Name+" "+e.Command]++
			}
		}
	}
	return all
}

// now gives how long the ledgers are.
func (x *gallows) now() map[string]int {
	all := map[string]int{}
	for _, s := range x.demo.Services() {
		all[s.Name] = len(x.demo.Ledger(s.Name))
	}
	return all
}

// crime is a mutation that the gateway is killed in the middle of.
type crime struct {
	query func(t *testing.T, x *gallows, key string) string
	fails map[string]int // calls that their services do not accept, and how often; less than 0 is always
	state string         // how it ends
	calls []string       // in their order; those of one step that are made at once by their names
	from  int            // the first of them that the gateway is killed in; in all of them, if what is late is what counts
	ends  []string       // other states that it may end in, since what fails once may have failed for nobody
}

const (
	toGermany = ""
	toUS      = `address: { recipient: "Ada", lines: ["1 Main St"], city: "Springfield", postalCode: "12345", countryCode: "US" }`
)

// placing gives a mutation that places an order.
func placing(address string) func(t *testing.T, x *gallows, key string) string {
	return func(_ *testing.T, _ *gallows, key string) string {
		return fmt.Sprintf(`mutation { placeOrder(input: {
			lines: [{ productId: "${Product:SKU-000011}", quantity: 1 }, { productId: "${Product:SKU-000006}", quantity: 1 }] %s
			payment: { card: { brand: "visa", last4: "4242", expiryMonth: 12, expiryYear: 2030 } } idempotencyKey: %q
		}) { checkout { id state } order { id } problems { __typename } } }`, address, key)
	}
}

// cancelling places an order, and gives a mutation that calls it off.
func cancelling(t *testing.T, x *gallows, key string) string {
	t.Helper()
	answer, _ := decode[struct {
		PlaceOrder struct{ Order struct{ ID string } }
	}](t, []byte(x.told(t, placing(toGermany)(t, x, key))))
	return fmt.Sprintf(`mutation { cancelOrder(input: { orderId: %q, idempotencyKey: %q }) { cancellation { id state } problems { __typename } } }`,
		answer.PlaceOrder.Order.ID, key)
}

// crimes are by what happens. The calls are listed so that none is forgotten: a step that is added is one to be killed in.
var crimes = map[string]crime{
	"an order is placed": {
		query: placing(toGermany), state: "COMPLETED", calls: []string{
			"catalog /products/batch", "customers /customers/ID", "inventory Inventory/Reserve", "payments /payments", "orders /orders",
			"shipping Shipping/CreateShipment", "payments /payments/ID/capture", "orders /orders/ID/mark-paid", "orders /orders/batch",
		},
	},
	"an order is refused at its fifth step, and undone": {
		query: placing(toUS), state: "REFUSED", from: 5, calls: []string{
			"catalog /products/batch", "customers /customers/ID", "inventory Inventory/Reserve", "payments /payments", "orders /orders",
			"shipping Shipping/CreateShipment", "shipping Shipping/CancelShipment", "orders /orders/undo-create", "payments /payments/undo-authorize",
			"inventory Inventory/Release",
		},
	},
	"an order fails at its last step, and is undone": {
		query: placing(toGermany), fails: map[string]int{"orders /orders/ID/mark-paid": -1}, state: "FAILED", from: 7, calls: []string{
			"catalog /products/batch", "customers /customers/ID", "inventory Inventory/Reserve", "payments /payments", "orders /orders",
			"shipping Shipping/CreateShipment", "payments /payments/ID/capture", "orders /orders/ID/mark-paid", "payments /payments/undo-capture",
			"shipping Shipping/CancelShipment", "orders /orders/undo-create", "payments /payments/undo-authorize", "inventory Inventory/Release",
		},
	},
	"an order is called off": {
		query: cancelling, state: "COMPLETED", calls: []string{
			"orders /orders/batch", "shipping Shipping/BatchGetShipmentsByOrder", "shipping Shipping/CancelShipmentById", "orders /orders/ID/cancel",
			"shipping Shipping/BatchGetShipmentsByOrder", "payments /payments/by-order", "payments /payments/ID/refund", "inventory Inventory/ReleaseByReference",
		},
	},
	"an order is not called off after all": {
		query: cancelling, fails: map[string]int{"shipping Shipping/CancelShipmentById": 1}, state: "FAILED", from: 2, calls: []string{
			"orders /orders/batch", "shipping Shipping/BatchGetShipmentsByOrder", "shipping Shipping/CancelShipmentById",
			"shipping Shipping/CancelShipmentById", "shipping Shipping/CreateShipment",
		}, ends: []string{"COMPLETED"},
	},
}

// TestKilledInEveryCall kills the gateway in every call that its workflows make, and between them, and starts it again: what was begun ends as if nothing
// had been, nothing is done twice, and who asks again is told what came of it.
func TestKilledInEveryCall(t *testing.T) {
	t.Parallel()
	for what, c := range crimes {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			newGallows(t, hasty).play(t, c)
		})
	}
}

// play plays a crime once to its end, and then with the gateway killed at each moment.
func (x *gallows) play(t *testing.T, c crime) {
	query := c.query(t, x, "nobody-is-killed")
	before := x.now()
	x.arm(-1, never, c.fails)
	body := x.told(t, query)
	calls := slices.Clone(x.calls)
	if calls[0] > calls[1] && strings.HasPrefix(calls[1], "catalog") {
		calls[0], calls[1] = calls[1], calls[0] // they are made at once
	}
	if diff := cmp.Diff(c.calls, calls); diff != "" || !strings.Contains(body, `"state":"`+c.state+`"`) {
		t.Fatalf("unharmed, it ends with %s and makes these calls (-want +got):\n%s", body, diff)
	}
	want := x.effects(before)
	for at := range c.calls {
		for _, when := range []instant{onArrival, onEffect, onAnswer, late} {
			if at >= c.from || when == late {
				t.Run(fmt.Sprintf("%d %s %s", at, c.calls[at], when), func(t *testing.T) { x.execute(t, c, at, when, want) })
			}
		}
	}
	t.Run("when its client has been told", func(t *testing.T) { x.execute(t, c, len(c.calls), never, want) })
}

// execute plays a crime with the gateway killed in one call.
func (x *gallows) execute(t *testing.T, c crime, at int, when instant, want map[string]int) {
	x.executed++
	x.arm(-1, never, nil)
	query := c.query(t, x, fmt.Sprintf("killed-once-%d", x.executed))
	before := x.now()
	x.arm(at, when, c.fails)
	first := x.ask(t, query)
	if when == never {
		x.gateway.kill()
	} else {
		await(t, x.dead, "the gateway's death")
	}
	x.restart(t)
	told := x.told(t, query)
	x.still()
	if first.err == nil && string(first.body) != told {
		t.Errorf("its client was told %s first, and then %s", first.body, told)
	}
	if again := x.told(t, query); again != told {
		t.Errorf("its client was told %s, and then %s", told, again)
	}
	states := append([]string{c.state}, c.ends...)
	ended := slices.IndexFunc(states, func(state string) bool { return strings.Contains(told, `"state":"`+state+`"`) })
	if ended < 0 {
		t.Errorf("it ends with %s", told)
	}
	if diff := cmp.Diff(want, x.effects(before)); diff != "" && ended == 0 {
		t.Errorf("it ends with %s, and takes effect in another way than unharmed (-want +got):\n%s", told, diff)
	}
	for _, wrong := range audit(x.demo) {
		t.Errorf("it ends with %s, and %s", told, wrong)
	}
}
