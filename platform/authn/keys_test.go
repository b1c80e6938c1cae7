package authn_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"go.uber.org/goleak"

	"github.com/mainstem/mainstem/platform/authn"
	"github.com/mainstem/mainstem/platform/fault"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// jwks writes a set of public keys by id; a text stands for itself.
func jwks(keys map[string]any) string {
	var list []string
	for id, key := range keys {
		text, ok := key.(string)
		if !ok {
			public := must(jwk.PublicKeyOf(key))
			if err := public.Set(jwk.KeyIDKey, id); err != nil {
				panic(err)
			}
			text = string(must(json.Marshal(public)))
		}
		list = append(list, text)
	}
	return `{"keys":[` + strings.Join(list, ",") + `]}`
}

// keyServer publishes a document that can be replaced; the empty one is an outage. It counts the fetches.
type keyServer struct {
	*httptest.Server
	document atomic.Value
	fetches  atomic.Int64
	first    chan struct{} // closed with the first fetch, which the cache makes on its own
}

func serveKeys(t *testing.T, document string) *keyServer {
	t.Helper()
	s := &keyServer{first: make(chan struct{})}
	s.document.Store(document)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if s.fetches.Add(1) == 1 {
			close(s.first)
		}
		text := s.document.Load().(string)
		if text == "" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_, _ = io.WriteString(w, text)
	}))
	t.Cleanup(s.Close)
	return s
}

// clock can be moved while a verifier reads it.
type clock struct{ at atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.at.Store(noon.Unix())
	return c
}

func (c *clock) now() time.Time       { return time.Unix(c.at.Load(), 0) }
func (c *clock) move(d time.Duration) { c.at.Add(int64(d / time.Second)) }

func fromServer(s *keyServer, c *clock) func(*authn.Options) {
	return func(o *authn.Options) { o.JWKSURL, o.Now = s.URL, c.now }
}

func TestKeysFromServer(t *testing.T) {
	t.Parallel()
	encryption := must(jwk.PublicKeyOf(otherRSA))
	for name, value := range map[string]any{"kid": "enc", "use": "enc"} {
		if err := encryption.Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
	several := jwks(map[string]any{
		"r": rsaKey, "e": ecKey, "d": edKey,
		"enc":    string(must(json.Marshal(encryption))),
		"future": `{"kty":"ML-DSA","kid":"future","x":"y"}`,
		"oct":    `{"kty":"oct","kid":"oct","k":"YSBzZWNyZXQgb2YgbW9yZSB0aGFuIHRoaXJ0eS10d28gYnl0ZXM"}`,
		"bound":  strings.Replace(jwks(map[string]any{"bound": rsaKey})[9:], `]}`, "", 1),
	})
	several = strings.Replace(several, `"kid":"bound"`, `"kid":"bound","alg":"RS512"`, 1)
	tests := map[string]struct {
		document, token, want string
	}{
		"RSA":                             {several, sign(jwa.RS256(), rsaKey, nil, "kid", "r"), ""},
		"elliptic curve":                  {several, sign(jwa.ES256(), ecKey, nil, "kid", "e"), ""},
		"Edwards curve":                   {several, sign(jwa.EdDSA(), edKey, nil, "kid", "d"), ""},
		"the key's own algorithm":         {several, sign(jwa.RS512(), rsaKey, nil, "kid", "bound"), ""},
		"the only key needs no name":      {jwks(map[string]any{"r": rsaKey}), sign(jwa.RS256(), rsaKey, nil), ""},
		"not the key's own algorithm":     {several, sign(jwa.RS256(), rsaKey, nil, "kid", "bound"), "The token is not valid."},
		"one of several keys has no name": {several, sign(jwa.RS256(), rsaKey, nil), "The token is signed with a key that is not known."},
		"an unknown key":                  {several, sign(jwa.RS256(), rsaKey, nil, "kid", "x"), "The token is signed with a key that is not known."},
		"another key's name":              {several, sign(jwa.RS256(), rsaKey, nil, "kid", "e"), "The token is not valid."},
		"a key for encryption":            {several, sign(jwa.RS256(), otherRSA, nil, "kid", "enc"), "The token is not valid."},
		"a key of an unknown kind":        {several, sign(jwa.RS256(), rsaKey, nil, "kid", "future"), "The token is not valid."},
		"a published secret": {several, sign(jwa.HS256(), secret, nil, "kid", "oct"),
			"The token is signed with an algorithm that is not accepted."},
		"the server cannot be reached": {"", sign(jwa.RS256(), rsaKey, nil, "kid", "r"), "A service is not available at the moment."},
		"the server publishes no keys": {"hello", sign(jwa.RS256(), rsaKey, nil, "kid", "r"), "A service is not available at the moment."},
		"the server publishes too much": {several + strings.Repeat(" ", 1<<20), sign(jwa.RS256(), rsaKey, nil, "kid", "r"),
			"A service is not available at the moment."},
	}
	for reason, test := range tests {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			v := verifier(t, fromServer(serveKeys(t, test.document), newClock()))
			caller, err := v.Verify(t.Context(), test.token)
			if err == nil && (test.want != "" || caller.Subject != "customer-7") || err != nil && fault.From(err).Message() != test.want {
				t.Errorf("got %+v, %v, want %q", caller, err, test.want)
			}
		})
	}
}

func TestNewKeyIsFetchedButSeldom(t *testing.T) {
	t.Parallel()
	server, clock := serveKeys(t, jwks(map[string]any{"old": rsaKey})), newClock()
	v := verifier(t, fromServer(server, clock))
	<-server.first
	rotated := sign(jwa.ES256(), ecKey, nil, "kid", "new")
	if _, err := v.Verify(t.Context(), rotated); err == nil {
		t.Fatal("the key is not there yet")
	}
	before := server.fetches.Load()
	server.document.Store(jwks(map[string]any{"old": rsaKey, "new": ecKey}))
	for range 20 {
		if _, err := v.Verify(t.Context(), rotated); err == nil {
			t.Fatal("the keys were fetched again at once")
		}
	}
	if after := server.fetches.Load(); after != before {
		t.Errorf("%d fetches for 20 tokens", after-before)
	}
	clock.move(11 * time.Second)
	if _, err := v.Verify(t.Context(), rotated); err != nil {
		t.Errorf("the new key is not known: %v", err)
	}
}

func TestServerThatComesUpLater(t *testing.T) {
	t.Parallel()
	server, clock := serveKeys(t, ""), newClock()
	v := verifier(t, fromServer(server, clock))
	token := sign(jwa.RS256(), rsaKey, nil, "kid", "r")
	_, err := v.Verify(t.Context(), token)
	if f := fault.From(err); f == nil || f.Code != fault.SourceUnavailable || f.Source != "jwks" {
		t.Fatalf("got %v", err)
	}
	server.document.Store(jwks(map[string]any{"r": rsaKey}))
	clock.move(11 * time.Second)
	if _, err := v.Verify(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	server.document.Store("")
	clock.move(11 * time.Second)
	if _, err := v.Verify(t.Context(), token); err != nil {
		t.Errorf("keys that were fetched are forgotten: %v", err)
	}
}

func TestWaitingEndsWithTheRequest(t *testing.T) {
	t.Parallel()
	asked, release := make(chan struct{}, 10), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		asked <- struct{}{}
		<-release
	}))
	defer server.Close()
	defer close(release)
	v := verifier(t, func(o *authn.Options) { o.JWKSURL = server.URL })
	ctx, cancel := context.WithCancel(t.Context())
	var waiting sync.WaitGroup
	for range 5 {
		waiting.Go(func() {
			_, err := v.Verify(ctx, sign(jwa.RS256(), rsaKey, nil, "kid", "r"))
			if f, ok := errors.AsType[*fault.Error](err); !ok || f.Code != fault.DeadlineExceeded {
				t.Errorf("got %v", err)
			}
		})
	}
	<-asked
	cancel()
	waiting.Wait()
}

func TestNothingRunsOnAfterTheContext(t *testing.T) { // it counts goroutines, so not in parallel
	before := goleak.IgnoreCurrent()
	server := serveKeys(t, jwks(map[string]any{"r": rsaKey}))
	ctx, cancel := context.WithCancel(t.Context())
	v, err := authn.New(ctx, authn.Options{Issuer: issuer, Audience: audience, JWKSURL: server.URL, Now: newClock().now})
	if err != nil {
		t.Fatal(err)
	}
	token := sign(jwa.RS256(), rsaKey, nil, "kid", "r")
	if _, err := v.Verify(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	cancel()
	server.Close()
	goleak.VerifyNone(t, before)
	if _, err := v.Verify(t.Context(), token); err != nil {
		t.Errorf("the keys are gone: %v", err)
	}
}
