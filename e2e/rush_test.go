package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mainstem/mainstem/demo"
	"github.com/mainstem/mainstem/demo/breaking"
	"github.com/mainstem/mainstem/sources"
	"github.com/mainstem/mainstem/storage/storagetest"
)

// rush is clients who place orders, and call some off, while calls of services fail, answers are lost, and gateways are killed.
type rush struct {
	demo     *demo.Demo
	gateways []*gateway
	client   *http.Client
	headers  []http.Header // of the customers

	mu   sync.Mutex
	told []wish
}

// wish is what a client wants, and what it was told of it.
type wish struct {
	header  http.Header
	format  string // the mutation, without what is selected
	ordered bool   // whether it places an order
	outcome string
}

// trouble is what goes wrong in a rush.
type trouble struct {
	storage  func(t *testing.T) string
	gateways int
	clients  int
	orders   int           // of each client, and more as long as there are too few kills
	kills    int           // how often gateways are killed
	apart    time.Duration // the longest time between two kills
	steadily bool          // whether it is always that long, and the kills go on as long as there are clients
}

// inRush is how many of the services' calls fail, and how many are done and not answered.
var inRush = breaking.Break{ErrorRate: 0.1, LoseAnswers: 0.02}

// patientWorkflows are as by default, but that nobody waits long for what has to be done, and for the dead.
const patientWorkflows = "workflows: {wait: 2s, rounds: {first: 200ms, max: 2s}, lease: 1s}\n"

// TestRush is a small one.
func TestRush(t *testing.T) {
	t.Parallel()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		runRush(t, trouble{storage: sqlite, gateways: 1, clients: 15, orders: 4, kills: 4, apart: 500 * time.Millisecond})
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		runRush(t, trouble{storage: storagetest.Postgres, gateways: 3, clients: 15, orders: 4, kills: 3, apart: 500 * time.Millisecond})
	})
}

// runRush plays a rush. In the end all that was begun has ended, the books balance, and each client is told what it was told before.
func runRush(t *testing.T, x trouble) {
	t.Helper()
	at := x.storage(t)
	r := &rush{demo: start(t, options{}).demo, client: patient(t)}
	for range x.gateways {
		r.gateways = append(r.gateways, newGateway(t, killable(t, at, patientWorkflows, urls(r.demo))))
	}
	r.all(t, (*gateway).restart)
	for i := range 20 {
		r.headers = append(r.headers, signed(t, fmt.Sprintf("cus-%05d", i+1), ""))
	}
	r.breakAll(t, inRush)
	begun := time.Now()
	kills := r.play(t, x)
	took := time.Since(begun)
	r.breakAll(t, breaking.Break{})
	r.all(t, func(g *gateway, _ *testing.T) { g.kill() })
	r.all(t, (*gateway).restart)
	if _, err := r.gateways[0].command("workflows", "retry", "--stuck"); err != nil {
		t.Error(err)
	}
	ends := r.askAgain(t)
	for _, wrong := range audit(r.demo) {
		t.Error(wrong)
	}
	t.Logf("%d orders and cancellations in %s, with %d kills: %v", len(r.told), took.Round(time.Millisecond), kills, ends)
}

func (r *rush) all(t *testing.T, do func(*gateway, *testing.T)) {
	t.Helper()
	for _, g := range r.gateways {
		do(g, t)
	}
}

func (r *rush) breakAll(t *testing.T, b breaking.Break) {
	t.Helper()
	for _, s := range r.demo.Services() {
		if err := r.demo.Break(s.Name, b); err != nil {
			t.Fatal(err)
		}
	}
}

// play has clients place orders, and kills gateways in turn. It gives how often.
func (r *rush) play(t *testing.T, x trouble) (kills int) {
	t.Helper()
	var clients sync.WaitGroup
	defer clients.Wait()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	busy, enough := context.WithCancel(ctx)
	defer enough()
	for i := range x.clients {
		clients.Go(func() {
			random := rand.New(rand.NewPCG(seed, uint64(i)))
			for n := 0; n < x.orders || busy.Err() == nil; n++ {
				if err := r.shop(ctx, t, random, fmt.Sprintf("wish-%d-%d", i, n)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	over := make(chan struct{})
	go func() {
		defer close(over)
		clients.Wait()
	}()
	random := rand.New(rand.NewPCG(seed, 1<<32))
	for ; ; kills++ {
		if kills == x.kills {
			enough()
		}
		var again <-chan time.Time // never
		switch {
		case x.steadily && x.kills > 0:
			again = time.After(x.apart)
		case kills < x.kills:
			again = time.After(time.Duration(random.Int64N(int64(x.apart))))
		}
		select {
		case <-again:
		case <-over:
			return kills
		}
		g := r.gateways[kills%len(r.gateways)]
		g.kill()
		g.restart(t)
	}
}

// plenty are products of which there is enough for long.
var plenty = []string{"SKU-000006", "SKU-000011", "SKU-000022", "SKU-000041", "SKU-000044", "SKU-000075", "SKU-000088", "SKU-000093", "SKU-000096", "SKU-000103"}

// shop places an order that can be refused, and sometimes calls it off.
func (r *rush) shop(ctx context.Context, t *testing.T, random *rand.Rand, key string) error {
	t.Helper()
	header := r.headers[random.IntN(len(r.headers))]
	country, card := "DE", "4242"
	switch random.IntN(10) {
	case 0:
		country = "US" // where no carrier goes
	case 1:
		card = "0002" // which is declined
	}
	first := random.IntN(len(plenty))
	format := fmt.Sprintf(`mutation { placeOrder(input: {
		lines: [{ productId: "${Product:%s}", quantity: %d }, { productId: "${Product:%s}", quantity: 1 }] idempotencyKey: %q
		address: { recipient: "Ada", lines: ["1 Main St"], city: "Springfield", postalCode: "12345", countryCode: %q }
		payment: { card: { brand: "visa", last4: %q, expiryMonth: 12, expiryYear: 2030 } }
	}) { checkout { id state %%s } problems { __typename } } }`,
		plenty[first], 1+random.IntN(2), plenty[(first+1)%len(plenty)], key, country, card)
	w := wish{header: header, format: format, ordered: true}
	outcome, err := r.ask(ctx, t, random, w)
	if err != nil || random.IntN(8) > 0 || !strings.Contains(outcome, `"COMPLETED"`) {
		return err
	}
	id, err := r.orderOf(ctx, t, random, w)
	if err != nil {
		return err
	}
	format = fmt.Sprintf(`mutation { cancelOrder(input: { orderId: %q, idempotencyKey: %q }) { cancellation { id state %%s } problems { __typename } } }`, id.String(), key)
	_, err = r.ask(ctx, t, random, wish{header: header, format: format})
	return err
}

// orderOf asks for the order that was placed or called off.
func (r *rush) orderOf(ctx context.Context, t *testing.T, random *rand.Rand, w wish) (sources.ID, error) {
	t.Helper()
	body, err := r.exchange(ctx, t, random, w.header, fmt.Sprintf(w.format, "order { id }"))
	if err != nil {
		return sources.ID{}, err
	}
	_, after, _ := strings.Cut(string(body), `"order":{"id":"`)
	id, _, _ := strings.Cut(after, `"`)
	return sources.ParseID(id)
}

// ask asks until it is told the end of a wish, and notes it.
func (r *rush) ask(ctx context.Context, t *testing.T, random *rand.Rand, w wish) (string, error) {
	t.Helper()
	for ends := time.Now().Add(3 * patience); ; {
		body, err := r.exchange(ctx, t, random, w.header, fmt.Sprintf(w.format, ""))
		if err != nil {
			return "", err
		}
		if w.outcome = string(body); !open.MatchString(w.outcome) {
			break
		}
		if time.Now().After(ends) {
			return "", fmt.Errorf("it does not end: %s", body)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.told = append(r.told, w)
	return w.outcome, nil
}

// exchange asks any of the gateways until one answers without errors. Errors for which it does not help to ask again are none that may be.
func (r *rush) exchange(ctx context.Context, t *testing.T, random *rand.Rand, header http.Header, query string) ([]byte, error) {
	t.Helper()
	for ends := time.Now().Add(3 * patience); ; {
		g := r.gateways[random.IntN(len(r.gateways))]
		o := <-question{query: query, header: header}.begin(ctx, t, g.stack(r.client))
		var answer struct{ Errors []problem }
		if o.err == nil && json.Unmarshal(o.body, &answer) == nil && len(answer.Errors) == 0 {
			return o.body, nil
		}
		late := time.Now().After(ends)
		if final := len(answer.Errors) > 0 && !answer.Errors[0].Extensions.Retryable; final || late || ctx.Err() != nil {
			return nil, fmt.Errorf("got %w, %d and %s", errors.Join(o.err, ctx.Err()), o.status, o.body)
		}
		select { // as a client that asks again; what is dead is not asked without pause
		case <-time.After(time.Duration(10+random.IntN(20)) * time.Millisecond):
		case <-ctx.Done():
		}
	}
}

// askAgain has every client ask again for all that it was told. It gives how often things ended how.
func (r *rush) askAgain(t *testing.T) map[string]int {
	t.Helper()
	ends, live := map[string]int{}, map[string]bool{}
	random := rand.New(rand.NewPCG(seed, 1<<33))
	for _, w := range r.told {
		body, err := r.exchange(t.Context(), t, random, w.header, fmt.Sprintf(w.format, ""))
		if err != nil {
			t.Fatal(err)
		}
		if string(body) != w.outcome {
			t.Errorf("a client was told %s, and then %s", w.outcome, body)
		}
		data, _ := decode[map[string]map[string]json.RawMessage](t, body)
		for mutation, payload := range data {
			var run struct{ State string }
			for _, member := range []string{"checkout", "cancellation"} {
				if text := payload[member]; text != nil {
					if err := json.Unmarshal(text, &run); err != nil {
						t.Fatal(err)
					}
				}
			}
			ends[mutation+" "+run.State]++
			if run.State != "COMPLETED" {
				continue
			}
			id, err := r.orderOf(t.Context(), t, random, w)
			if err != nil {
				t.Fatal(err)
			}
			if live[id.Local] == w.ordered { // an order is placed once, and called off afterwards
				t.Errorf("%s: the order %s is there already, or not: %s", mutation, id.Local, body)
			}
			live[id.Local] = w.ordered
		}
	}
	maps.DeleteFunc(live, func(_ string, is bool) bool { return !is })
	if diff := cmp.Diff(placedOrders(r.demo), slices.Sorted(maps.Keys(live))); diff != "" {
		t.Errorf("the orders that clients were told of (+), and those that there are (-):\n%s", diff)
	}
	r.checkRuns(t)
	return ends
}

// checkRuns checks that there is one run for each wish, which has ended.
func (r *rush) checkRuns(t *testing.T) {
	t.Helper()
	list, err := r.gateways[0].command("workflows", "list", "--json", "--limit", "1000000")
	if err != nil {
		t.Fatal(err)
	}
	runs := strings.Split(strings.TrimSpace(list), "\n")
	if len(runs) != len(r.told) {
		t.Errorf("there are %d runs of %d wishes", len(runs), len(r.told))
	}
	for _, run := range runs {
		if !strings.Contains(run, `"endedAt"`) {
			t.Errorf("it has not ended: %s", run)
		}
	}
}
