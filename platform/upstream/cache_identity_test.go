package upstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/types/known/wrapperspb"
	"pgregory.net/rapid"

	"github.com/mainstem/mainstem/platform/config"
	"github.com/mainstem/mainstem/platform/fault"
)

// visitor is what a client's request has.
type visitor struct{ language, shop, subject, issuer string }

func (v visitor) request() Request {
	r := Request{Header: http.Header{}, Claims: map[string]string{}}
	for name, value := range map[string]string{"Accept-Language": v.language, "X-Shop": v.shop} {
		if value != absent {
			r.Header.Set(name, value)
		}
	}
	for claim, value := range map[string]string{"sub": v.subject, "iss": v.issuer} {
		if value != absent {
			r.Claims[claim] = value
		}
	}
	return r
}

const absent = "(absent)"

// passed gives what a service receives of a value: nothing if it is not there, empty, or nothing that a header can hold.
func passed(value string) string {
	if value == absent || strings.ContainsAny(value, "ë\x00") {
		return ""
	}
	return value
}

// identity gives all by which a source may tell a visitor from others, and what the service receives of it.
func (v visitor) identity(in Inputs) (identity, received string) {
	for _, name := range []string{"Accept-Language", "X-Shop", "sub", "iss"} {
		value := map[string]string{"Accept-Language": v.language, "X-Shop": v.shop, "sub": v.subject, "iss": v.issuer}[name]
		if slices.Contains(in.Headers, name) || slices.Contains(in.Claims, name) {
			received += passed(value) + ";"
		}
	}
	identity = received
	if slices.Contains(in.Claims, "sub") && passed(v.subject) != "" {
		identity += "by " + strings.TrimSuffix(v.issuer, absent) // a token without one has the same as one with an empty one
	}
	return identity, received
}

// echo is what a service answers.
type echo struct {
	N        int    // of this answer: no other has it
	Path     string // that was asked for
	Received string // of the inputs
	Private  bool   // whether it said so
}

// parrot is a service that answers with what it has received, in its own time, and says what it likes of keeping it.
type parrot struct {
	in Inputs

	mu     sync.Mutex
	random *rand.Rand
	n      int
}

func (p *parrot) draw(n int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.random.IntN(n)
}

var controls = []string{
	"", "max-age=1", "max-age=1, private", "private", "no-cache", "no-store", "max-age=0, stale-while-revalidate=1", "max-age=0, stale-if-error=9, private",
	"s-maxage=1", "max-age=1, stale-while-revalidate=1, private",
}

// say gives an answer that says control of keeping it, or fails.
func (p *parrot) say(ctx context.Context, path, control string, get func(name string) string) (string, error) {
	timer := time.NewTimer(time.Duration(p.draw(300)) * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return "", ctx.Err()
	}
	if p.draw(8) == 0 {
		return "", errors.New("reset")
	}
	received := ""
	for _, name := range []string{"Accept-Language", "X-Shop"} {
		if slices.Contains(p.in.Headers, name) {
			received += get(name) + ";"
		}
	}
	for _, claim := range []string{"sub", "iss"} {
		if slices.Contains(p.in.Claims, claim) {
			received += get("Caller-"+strings.ToUpper(claim[:1])+claim[1:]) + ";"
		}
	}
	p.mu.Lock()
	p.n++
	e := echo{p.n, path, received, strings.Contains(control, "private")}
	p.mu.Unlock()
	body, err := json.Marshal(e)
	return string(body), err
}

// RoundTrip is the service over HTTP. All its answers have one tag, and half of those who ask by it hear that nothing has changed.
func (p *parrot) RoundTrip(r *http.Request) (*http.Response, error) {
	control := controls[p.draw(len(controls))]
	body, err := p.say(r.Context(), r.URL.Path, control, r.Header.Get)
	if err != nil {
		return nil, err
	}
	status := http.StatusOK
	if r.Header.Get("If-None-Match") != "" && p.draw(2) == 0 {
		status, body = http.StatusNotModified, ""
	}
	header := http.Header{"Content-Type": {"application/json"}, "Etag": {`"same"`}, "Cache-Control": {control}}
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(strings.NewReader(body))}, nil
}

// attempt is the service over gRPC.
func (p *parrot) attempt(ctx context.Context, r *request) (*reply, error) {
	body, err := p.say(ctx, string(r.message), "", func(name string) string { return metadataCarrier(r.metadata).Get(strings.ToLower(name)) })
	message, _ := encode(wrapperspb.String(body))
	return &reply{message: message}, err
}

// asking is a call with one argument.
type asking func(ctx context.Context, path string) (string, error)

// clientsOf give what calls a service, reads and commands, and what ends that.
var clientsOf = map[string]func(t *testing.T, o Options, p *parrot) (get, do asking, end func()){
	"HTTP": func(t *testing.T, o Options, p *parrot) (get, do asking, end func()) {
		t.Helper()
		h, err := NewHTTP(o, p.in)
		if err != nil {
			t.Fatal(err)
		}
		h.transport = p
		by := func(method string) asking {
			return func(ctx context.Context, path string) (string, error) {
				a, err := h.Do(ctx, "Get", func(base string) (*http.Request, error) {
					return http.NewRequestWithContext(ctx, method, base+path, nil)
				})
				return a.body, err
			}
		}
		return by(http.MethodGet), by(http.MethodPost), h.background.close
	},
	"gRPC": func(t *testing.T, o Options, p *parrot) (get, do asking, end func()) {
		t.Helper()
		g := &GRPC{} // without a connection
		o.setDefaults()
		if err := g.init(o, p.in, p.attempt); err != nil {
			t.Fatal(err)
		}
		g.kinds.Store("/shop.Shop/Get", read) // other methods are commands: no contract says what they do
		by := func(method string) asking {
			return func(ctx context.Context, path string) (string, error) {
				var answer wrapperspb.StringValue
				err := g.Invoke(ctx, method, wrapperspb.String(path), &answer)
				return answer.Value, err
			}
		}
		return by("/shop.Shop/Get"), by("/shop.Shop/Do"), g.background.close
	},
}

// TestNobodyHasAnothersAnswer: visitors who differ in anything that the source declares are never given the same answer, by shared flights, by
// the cache, or by both, however fast the service is and whatever it says of keeping its answers.
func TestNobodyHasAnothersAnswer(t *testing.T) {
	t.Parallel()
	cache := CachePolicy{Enabled: true, MaxBytes: 1 << 20, MaxAge: config.Duration(time.Second), Stale: config.Duration(time.Minute)}
	hedge := HedgePolicy{Enabled: true, Quantile: 0.5, MinCalls: 1, Budget: 1}
	for protocol, start := range clientsOf {
		for policies, policy := range map[string]Policy{
			"shared": {Share: true}, "cached": {Cache: cache}, "shared and cached": {Share: true, Cache: cache},
			"shared, cached, retried and hedged": {Share: true, Cache: cache, Hedge: hedge, Retry: retries(2).Retry},
		} {
			for inputs, in := range map[string]Inputs{
				"all":         {Headers: []string{"Accept-Language", "X-Shop"}, Claims: []string{"sub", "iss"}},
				"the subject": {Claims: []string{"sub"}},
				"headers":     {Headers: []string{"X-Shop", "Accept-Language"}},
			} {
				t.Run(protocol+", "+policies+", by "+inputs, func(t *testing.T) {
					t.Parallel()
					for seed := range uint64(4) {
						synctest.Test(t, func(t *testing.T) {
							p := &parrot{in: in, random: rand.New(rand.NewPCG(seed, 1))}
							get, do, end := start(t, Options{Name: "shop", URL: "http://shop", Policy: policy}, p)
							defer end()
							m := &mall{t: t, in: in, parrot: p, get: get, do: do, given: map[int]string{}}
							m.open()
							if m.good < 50 || m.again == 0 {
								t.Errorf("seed %d: %d answers were given, %d of them again", seed, m.good, m.again)
							}
						})
					}
				})
			}
		}
	}
}

// mall is where many visitors ask at once.
type mall struct {
	t       *testing.T
	in      Inputs
	parrot  *parrot
	get, do asking

	mu          sync.Mutex
	given       map[int]string // who was given which answer
	good, again int            // answers, and those of them that were given before
}

// open has visitors read and write, with little time or none to lose, until they have had enough.
func (m *mall) open() {
	var all sync.WaitGroup
	for range 24 {
		all.Go(func() {
			for range 12 {
				pick := func(of ...string) string { return of[m.parrot.draw(len(of))] }
				v := visitor{pick(absent, "", "de"), pick(absent, "7", "zoë"), pick(absent, "", "ann", "bob", "zoë"), pick(absent, "", "us", "them", "us\x00")}
				ctx, cancel := context.WithTimeout(m.t.Context(), time.Duration(50+m.parrot.draw(3000))*time.Millisecond)
				m.visit(ctx, v, pick("a", "b"))
				cancel()
			}
		})
	}
	all.Wait()
}

// visit makes one call, and checks whose answer it gives.
func (m *mall) visit(ctx context.Context, v visitor, path string) {
	request := v.request()
	request.Fresh = m.parrot.draw(20) == 0
	how := ""
	ctx = WithCalls(WithRequest(ctx, request), func(c Call) { how = c.How })
	if m.parrot.draw(30) == 0 {
		_, _ = m.do(ctx, path)
		return
	}
	if m.parrot.draw(10) == 0 {
		ctx = WithKept(ctx, time.Hour, func(time.Duration) {})
	}
	body, err := m.get(ctx, path)
	m.mu.Lock()
	defer m.mu.Unlock()
	if err != nil {
		if f := fault.From(err); f.Code == fault.Internal || f.Code == fault.SourceContractViolation {
			m.t.Errorf("a read failed with %v", err)
		}
		return
	}
	var e echo
	if err := json.Unmarshal([]byte(body), &e); err != nil {
		m.t.Errorf("read %q: %v", body, err)
	}
	identity, received := v.identity(m.in)
	if e.Received != received || !strings.HasSuffix(e.Path, path) {
		m.t.Errorf("%+v asked for %s, and was given %+v (%s)", v, path, e, how)
	}
	other, again := m.given[e.N]
	if again && other != identity {
		m.t.Errorf("%q was given the answer of %q (%s)", identity, other, how)
	}
	m.good++
	if again {
		m.again++
	}
	m.given[e.N] = identity
	personal := strings.Contains(identity, "by ")
	if kept := how == string(howFresh) || how == string(howStale) || how == string(howRevalidated); kept && e.Private && !personal {
		m.t.Errorf("%q was given a private answer that was kept (%s)", identity, how)
	}
	if request.Fresh && (how == string(howShared) || how == string(howFresh)) {
		m.t.Errorf("who wanted an answer of her own was given one that is %s", how)
	}
}

// TestKeysTellRequestsApart: two calls whose keys are equal are sent with the same bytes, and by the same issuer's subject if the source
// knows one; whatever is in arguments, messages, inputs and issuers.
func TestKeysTellRequestsApart(t *testing.T) {
	t.Parallel()
	in := Inputs{Headers: []string{"X-A", "X-B"}, Claims: []string{"sub", "c"}}
	part := rapid.SampledFrom([]string{"", "a", "\x00", "\x00\x00", "X-A:", "X-B:a", "Caller-Sub:a", "Caller-C:a", `"`, `"a"`, ",", "&", "=", "é"})
	text := rapid.Map(rapid.SliceOfN(part, 0, 4), func(parts []string) string { return strings.Join(parts, "") })
	draw := func(t *rapid.T) (key, sent string) {
		client := Request{Header: http.Header{}, Claims: map[string]string{}}
		for _, name := range in.Headers {
			client.Header.Set(name, text.Draw(t, name))
		}
		for _, claim := range []string{"sub", "iss", "c"} {
			client.Claims[claim] = text.Draw(t, claim)
		}
		b := &base{inputs: in}
		ctx := WithRequest(context.Background(), client)
		r := &request{}
		passedOn := http.Header{}
		if rapid.Bool().Draw(t, "HTTP") {
			req, err := http.NewRequest(http.MethodGet, "http://shop/", nil)
			if err != nil {
				t.Fatal(err)
			}
			req.URL.Path += text.Draw(t, "path")
			req.URL.RawQuery = fmt.Sprintf("%x", text.Draw(t, "query")) // as generated code writes it: escaped
			if rapid.Bool().Draw(t, "a header of its own") {
				req.Header["X-C"] = rapid.SliceOfN(text, 1, 2).Draw(t, "X-C")
			}
			key := keyOf([]byte{}, "Get", req)
			passedOn = req.Header
			b.take(ctx, termsOf(ctx), r, key, passedOn.Set)
			sent = req.URL.String()
		} else {
			r.message = []byte(text.Draw(t, "message"))
			b.take(ctx, termsOf(ctx), r, []byte("/shop.Shop/Get"), passedOn.Set)
			sent = fmt.Sprintf("/shop.Shop/Get %q", r.message)
		}
		who := ""
		if r.personal {
			who = client.Claims["iss"]
		}
		return r.key, fmt.Sprintf("%s %q by %t %q", sent, passedOn, r.personal, who)
	}
	rapid.Check(t, func(t *rapid.T) {
		seen := map[string]string{}
		for range 20 {
			key, sent := draw(t)
			if other, ok := seen[key]; ok && other != sent {
				t.Fatalf("%s and %s have the key %q", sent, other, key)
			}
			seen[key] = sent
		}
	})
}

// TestKeysOfForgers: what looks like an input to whoever reads a key carelessly is none.
func TestKeysOfForgers(t *testing.T) {
	t.Parallel()
	in := Inputs{Headers: []string{"X-A"}, Claims: []string{"sub", "c"}}
	key := func(a, sub, c, iss, message string) string {
		client := Request{Header: http.Header{"X-A": {a}}, Claims: map[string]string{"sub": sub, "c": c, "iss": iss}}
		r := &request{message: []byte(message)}
		ctx := WithRequest(t.Context(), client)
		(&base{inputs: in}).take(ctx, termsOf(ctx), r, []byte("/shop.Shop/Get"), func(string, string) {})
		return r.key
	}
	for reason, keys := range map[string][2]string{
		"a message with an input":              {key("", "ann", "", "", ""), key("", "", "", "", "Caller-Sub:ann\x00\"\"\x00\x00")},
		"a message that begins with zeros":     {key("a", "", "", "", "b"), key("", "", "", "", "\x00X-A:a\x00\x00b")},
		"an issuer with a claim":               {key("", "ann", "x", "x", ""), key("", "ann", "", "Caller-C:x\x00x", "")},
		"an issuer with a quote and a message": {key("", "ann", "", "us", "m"), key("", "ann", "", "us\"\x00\x00m", "")},
		"an input with another":                {key("a", "ann", "", "", ""), key("a\x00Caller-Sub:ann", "", "", "", "")},
		"no issuer, and one who is nobody":     {key("", "ann", "", "", ""), key("", "ann", "", `""`, "")},
	} {
		if keys[0] == keys[1] {
			t.Errorf("%s has the same key: %q", reason, keys[0])
		}
	}
}
