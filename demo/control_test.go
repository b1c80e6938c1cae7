package demo_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jws"
	"github.com/lestrrat-go/jwx/v3/jwt"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/mainstem/mainstem/demo"
	"github.com/mainstem/mainstem/demo/breaking"
)

// control asks the control server, and gives status and body.
func control(t *testing.T, d *demo.Demo, method, path, body string) (int, string) {
	t.Helper()
	resp, answer, err := do(t, request(t, method, d.ControlURL()+path, body))
	if err != nil {
		t.Fatal(err)
	}
	if resp.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%s %s is answered as %q", method, path, resp.Header.Get("Content-Type"))
	}
	return resp.StatusCode, answer
}

func TestBreakAndHeal(t *testing.T) {
	t.Parallel()
	d := start(t, demo.Options{})
	modes := map[string]struct{ body, rest, grpc string }{
		"down":      {`{"down":true}`, "503 Service Unavailable", "Unavailable"},
		"failing":   {`{"errorRate":1}`, "500 Internal Server Error", "Internal"},
		"refusing":  {`{"refuse":true}`, "refused", "refused"},
		"tardy":     {`{"latency":"1ms","jitter":"1ms"}`, "OK", "OK"},
		"both ways": {`{"down":true,"refuse":true}`, "refused", "refused"},
	}
	for reason, mode := range modes {
		for _, s := range d.Services() {
			want := mode.rest
			if s.Kind == demo.GRPC {
				want = mode.grpc
			}
			if code, body := control(t, d, http.MethodPut, "/break/"+s.Name, mode.body); code != http.StatusOK || body != mode.body {
				t.Fatalf("%s: breaking %s is answered with %d %s", reason, s.Name, code, body)
			}
			if _, body := control(t, d, http.MethodGet, "/break/"+s.Name, ""); body != mode.body {
				t.Errorf("%s: %s is %s", reason, s.Name, body)
			}
			if got := ask(t, d, s.Name); got != want {
				t.Errorf("%s: %s answers %s, want %s", reason, s.Name, got, want)
			}
		}
		heal := []func(service string) (int, string){
			func(service string) (int, string) { return control(t, d, http.MethodPut, "/break/"+service, "") },
			func(service string) (int, string) { return control(t, d, http.MethodPut, "/break/"+service, "{}") },
			func(service string) (int, string) { return control(t, d, http.MethodDelete, "/break/"+service, "") },
		}
		for i, s := range d.Services() {
			if code, body := heal[i%len(heal)](s.Name); code != http.StatusOK || body != "{}" {
				t.Errorf("%s: healing %s is answered with %d %s", reason, s.Name, code, body)
			}
			if got := ask(t, d, s.Name); got != "OK" {
				t.Errorf("%s: healed %s answers %s", reason, s.Name, got)
			}
		}
	}
}

func TestRefusingCutsOpenConnections(t *testing.T) {
	t.Parallel()
	d := start(t, demo.Options{})
	stream := watch(t, d)
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", addressOf(t, d.URL("catalog")))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	r, read := request(t, http.MethodGet, d.URL("catalog")+"/categories", ""), bufio.NewReader(conn)
	if err := r.Write(conn); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(read, r)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	for _, service := range []string{"catalog", "inventory"} {
		if err := d.Break(service, breaking.Break{Refuse: true}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := conn.Read(make([]byte, 1)); err == nil || errors.Is(err, net.ErrClosed) {
		t.Errorf("the open connection to the catalog gave %v", err)
	}
	if _, err := stream.Recv(); status.Code(err) != codes.Unavailable {
		t.Errorf("the open stream of the inventory gave %v", err)
	}
}

func TestHealingFailsIfThePortIsTaken(t *testing.T) {
	t.Parallel()
	d := start(t, demo.Options{Break: map[string]breaking.Break{"orders": {Refuse: true}}})
	if got := ask(t, d, "orders"); got != "refused" {
		t.Fatalf("orders answers %s", got)
	}
	thief, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", addressOf(t, d.URL("orders")))
	if err != nil {
		t.Fatal(err)
	}
	if code, body := control(t, d, http.MethodDelete, "/break/orders", ""); code != http.StatusInternalServerError || !strings.Contains(body, "orders stays refuse") {
		t.Errorf("the answer is %d %s", code, body)
	}
	if err := d.Break("orders", breaking.Break{}); err == nil {
		t.Error("healing did not fail")
	}
	if err := thief.Close(); err != nil {
		t.Fatal(err)
	}
	if err := d.Break("orders", breaking.Break{}); err != nil {
		t.Error(err)
	}
	if got := ask(t, d, "orders"); got != "OK" {
		t.Errorf("healed, orders answers %s", got)
	}
	if err := d.Break("nobody", breaking.Break{}); err == nil {
		t.Error("a service that does not exist was healed")
	}
}

func TestWaitingRequestsEndWithTheDemo(t *testing.T) {
	t.Parallel()
	began := time.Now()
	d := start(t, demo.Options{Break: map[string]breaking.Break{"orders": {Latency: time.Minute}, "reviews": {Latency: time.Minute}}})
	answers := make(chan string, 2)
	for _, service := range []string{"orders", "reviews"} {
		go func() { answers <- ask(t, d, service) }()
	}
	if _, body := control(t, d, http.MethodGet, "/break", ""); !strings.Contains(body, `"orders":{"latency":"1m0s"}`) || !strings.Contains(body, `"catalog":{}`) {
		t.Errorf("the states are %s", body)
	}
	stop(t, d)
	for range 2 {
		if got := <-answers; got == "OK" {
			t.Error("a request that was to wait for a minute was answered")
		}
	}
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestControlRefuses(t *testing.T) {
	t.Parallel()
	d := start(t, demo.Options{})
	const names = "the services are catalog, customers, orders, payments, inventory, shipping, reviews"
	cases := map[string]struct {
		method, path, body string
		code               int
		says               string
	}{
		"breaking a service that is none":    {http.MethodPut, "/break/nobody", "{}", http.StatusNotFound, names},
		"healing a service that is none":     {http.MethodDelete, "/break/nobody", "", http.StatusNotFound, names},
		"the ledger of a service that is no": {http.MethodGet, "/ledger/nobody", "", http.StatusNotFound, names},
		"a member that is none":              {http.MethodPut, "/break/catalog", `{"slow":true}`, http.StatusBadRequest, `\"slow\" is no member of a break`},
		"a value out of bounds":              {http.MethodPut, "/break/catalog", `{"errorRate":2}`, http.StatusBadRequest, "errorRate must be between 0 and 1"},
		"a body without end":                 {http.MethodPut, "/break/catalog", strings.Repeat(" ", 5000), http.StatusRequestEntityTooLarge, "4096 bytes at most"},
		"another method":                     {http.MethodPost, "/break/catalog", `{}`, http.StatusMethodNotAllowed, "GET, HEAD, PUT, DELETE and not with POST"},
		"another path":                       {http.MethodGet, "/", "", http.StatusNotFound, "there are /break"},
	}
	for reason, c := range cases {
		t.Run(reason, func(t *testing.T) {
			code, body := control(t, d, c.method, c.path, c.body)
			if code != c.code || !strings.Contains(body, c.says) {
				t.Errorf("the answer is %d %s; want %d with %q", code, body, c.code, c.says)
			}
			if got := ask(t, d, "catalog"); got != "OK" {
				t.Errorf("afterwards the catalog answers %s", got)
			}
		})
	}
}

func TestControlIsForLocalNamesOnly(t *testing.T) {
	t.Parallel()
	d := start(t, demo.Options{})
	cases := map[string]int{
		"localhost":                   http.StatusOK,
		"LOCALHOST:4100":              http.StatusOK,
		"127.0.0.1":                   http.StatusOK,
		"[::1]:4100":                  http.StatusOK,
		"[::1]":                       http.StatusOK,
		"demo.example":                http.StatusForbidden,
		"localhost.example:4100":      http.StatusForbidden,
		"127.0.0.1.example:4100":      http.StatusForbidden,
		"192.0.2.1:4100":              http.StatusForbidden,
		"127.0.0.1:4100@evil.example": http.StatusForbidden,
	}
	for host, want := range cases {
		r := request(t, http.MethodGet, d.ControlURL()+"/tokens", "")
		r.Host = host
		resp, _, err := do(t, r)
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != want && (want != http.StatusForbidden || resp.StatusCode != http.StatusBadRequest) {
			t.Errorf("as %q: %s, want %d", host, resp.Status, want)
		}
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	d, other := start(t, demo.Options{}), start(t, demo.Options{})
	keys := keysOf(t, d)
	_, body := control(t, d, http.MethodGet, "/tokens", "")
	var tokens map[string]string
	if err := json.Unmarshal([]byte(body), &tokens); err != nil {
		t.Fatal(err)
	}
	roles := map[string]struct{ subject, scope string }{
		"customer": {"cus-00001", "payments:read reviews:write"},
		"support":  {"support-1", "checkouts:read customers:read orders:read payments:read"},
		"admin":    {"admin-1", "checkouts:read customers:read customers:write orders:read orders:write payments:read reviews:write"},
		"limited":  {"cus-00001", ""},
	}
	if len(tokens) != len(roles) {
		t.Errorf("there are tokens for %d roles, want %d", len(tokens), len(roles))
	}
	for name, want := range roles {
		direct, err := d.Token(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, raw := range []string{tokens[name], direct} {
			token, err := jwt.ParseString(raw, jwt.WithKeySet(keys), jwt.WithIssuer(d.Issuer()), jwt.WithAudience(d.Audience()), jwt.WithValidate(true))
			if err != nil {
				t.Errorf("the token of %s is not good: %v", name, err)
				continue
			}
			subject, _ := token.Subject()
			expires, _ := token.Expiration()
			var scope string
			if err := token.Get("scope", &scope); (err != nil) != (want.scope == "") {
				t.Errorf("the scopes of %s: %v", name, err)
			}
			if left := time.Until(expires); subject != want.subject || scope != want.scope || left > 24*time.Hour || left < 23*time.Hour {
				t.Errorf("the token of %s is for %q with %q, and ends in %v", name, subject, scope, left)
			}
			if _, err := jwt.ParseString(raw, jwt.WithKeySet(keysOf(t, other))); err == nil {
				t.Errorf("the key of another demo verifies the token of %s", name)
			}
		}
	}
	if _, err := d.Token("king"); err == nil || !strings.Contains(err.Error(), "customer, support, admin, limited") {
		t.Errorf("a role that is none gives %v", err)
	}
}

// keysOf reads the issuer's keys from where the demo says, and checks that they hold nothing secret.
func keysOf(t *testing.T, d *demo.Demo) jwk.Set {
	t.Helper()
	_, body, err := do(t, request(t, http.MethodGet, d.JWKSURL(), ""))
	if err != nil {
		t.Fatal(err)
	}
	keys, err := jwk.ParseString(body)
	if err != nil || keys.Len() != 1 {
		t.Fatalf("the keys are %s: %v", body, err)
	}
	key, _ := keys.Key(0)
	kid, _ := key.KeyID()
	usage, _ := key.KeyUsage()
	algorithm, _ := key.Algorithm()
	if private, err := jwk.IsPrivateKey(key); private || err != nil || kid == "" || usage != "sig" || algorithm.String() != "ES256" {
		t.Errorf("the key is %s", body)
	}
	token, err := d.Token("limited")
	if err != nil {
		t.Fatal(err)
	}
	message, err := jws.ParseString(token)
	if err != nil {
		t.Fatal(err)
	}
	if named, _ := message.Signatures()[0].ProtectedHeaders().KeyID(); named != kid {
		t.Errorf("a token names the key %q, which is %q", named, kid)
	}
	return keys
}
