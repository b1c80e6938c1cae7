package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jwt"
	"pgregory.net/rapid"

	"github.com/mainstem/mainstem/demo/breaking"
)

// signingKey is that of an issuer of our own, who knows more callers than the demo's.
const signingKey = "nobody else knows these 32 bytes"

// signed gives the headers of a caller's requests; none for nobody.
func signed(t *testing.T, subject, scope string) http.Header {
	t.Helper()
	if subject == "" {
		return http.Header{}
	}
	token, err := jwt.NewBuilder().Issuer("https://issuer.test").Audience([]string{"test"}).Subject(subject).
		Expiration(time.Now().Add(time.Hour)).Claim("scope", scope).Build()
	if err != nil {
		t.Fatal(err)
	}
	key, err := jwk.Import([]byte(signingKey))
	if err != nil {
		t.Fatal(err)
	}
	text, err := jwt.Sign(token, jwt.WithKey(jwa.HS256(), key))
	if err != nil {
		t.Fatal(err)
	}
	return http.Header{"Authorization": {"Bearer " + string(text)}}
}

// whoAsks are the callers: customers, one of them with scopes and without, support, and nobody.
var whoAsks = [][2]string{
	{"", ""},
	{"cus-00001", "payments:read"},
	{"cus-00001", ""},
	{"cus-00002", "payments:read"},
	{"cus-00003", "payments:read"},
	{"support-1", "checkouts:read customers:read orders:read payments:read"},
}

// whatIsAsked depends on who asks, and some of it on arguments too.
var whatIsAsked = []question{
	{query: `{ me { id displayName email phone orders(first: 3) { totalCount nodes { number payment { status } shipment { status } } } } }`},
	{query: `{ me { email } orders(first: 3) { nodes { number customer { email } payment { status } } } }`},
	{query: `query($id: ID!) { order(id: $id) { number customer { id email } payment { status } } }`, variables: map[string]any{"id": "${Order:ord-000028}"}},
	{query: `query($id: ID!) { order(id: $id) { number customer { id email } payment { status } } }`, variables: map[string]any{"id": "${Order:ord-000001}"}},
	{query: `query($id: ID!) { customer(id: $id) { id displayName email addresses { city } } }`, variables: map[string]any{"id": "${Customer:cus-00001}"}},
	{query: `query($id: ID!) { customer(id: $id) { id displayName email addresses { city } } }`, variables: map[string]any{"id": "${Customer:cus-00002}"}},
	{query: aPage, variables: map[string]any{"first": 2}},
}

// TestNobodySeesAnothersAnswer: whoever asks for whatever at the same time, each answer is the one that its caller gets alone.
func TestNobodySeesAnothersAnswer(t *testing.T) {
	t.Parallel()
	slow := map[string]breaking.Break{} // so that requests meet
	for _, service := range services {
		slow[service] = breaking.Break{Jitter: 2 * time.Millisecond}
	}
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte(signingKey), 0o600); err != nil {
		t.Fatal(err)
	}
	s := start(t, options{broken: slow, config: "auth: {issuer: 'https://issuer.test', audience: test, jwksUrl: '', staticKey: {file: '" + key + "'}}"})

	var all []question // of each caller
	var alone []string
	var calls []int
	for _, who := range whoAsks {
		for _, q := range whatIsAsked {
			q.header = signed(t, who[0], who[1])
			q.header.Set("Cache-Control", "no-cache")
			alone = append(alone, essentials(t, <-q.begin(t.Context(), t, s)))
			calls = append(calls, len(s.spans.settled(t)))
			q.header.Del("Cache-Control")
			all = append(all, q)
		}
	}
	me := len(whatIsAsked) // of the first customer, who is the second to ask
	if !strings.Contains(alone[me], "wendy.foster1@example.net") || alone[me] == alone[3*len(whatIsAsked)] {
		t.Fatalf("alone, a customer is answered %s", alone[me])
	}

	expected, made := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		picks := rapid.SliceOfN(rapid.IntRange(0, len(all)-1), 2, 12).Draw(rt, "who asks for what")
		picks = append(picks, picks...) // each at least twice
		asked := make([]<-chan outcome, len(picks))
		for i, pick := range picks {
			asked[i] = all[pick].begin(t.Context(), t, s)
		}
		for i, pick := range picks {
			if got := essentials(t, <-asked[i]); got != alone[pick] {
				rt.Errorf("%v asks %s %v and gets %s, want %s", whoAsks[pick/len(whatIsAsked)], all[pick].query, all[pick].variables, got, alone[pick])
			}
			expected += calls[pick]
		}
		made += len(s.spans.settled(t))
	})
	if made >= expected {
		t.Errorf("%d calls were made for what takes %d without sharing: nothing was shared", made, expected)
	}
	t.Logf("%d calls for what takes %d without sharing", made, expected)
}

// essentials gives an answer without what is each request's own.
func essentials(t *testing.T, o outcome) string {
	t.Helper()
	if o.err != nil || o.status != http.StatusOK {
		t.Fatalf("got %v, %d and %s", o.err, o.status, o.body)
	}
	text, err := readable(o.body)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(o.status, " ", text)
}
