package server

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"pgregory.net/rapid"

	"github.com/mainstem/mainstem/platform/authn"
	"github.com/mainstem/mainstem/platform/upstream"
)

// shops is a gateway whose sources pass on what the storefront's do not: headers too.
var shops = &Server{clients: &clients{inputs: map[string]upstream.Inputs{
	"near":  {Headers: []string{"Accept-Language"}, Claims: []string{"sub"}},
	"far":   {Headers: []string{"X-Region"}},
	"quiet": {},
}}}

// asker is who asks, with which headers, and how long she will wait.
type asker struct {
	caller  authn.Caller // nobody without a subject
	header  http.Header
	timeout time.Duration // the gateway's if 0
}

// identity is that of a query which reaches some sources.
func (a *asker) identity(ctx context.Context, sources ...string) (string, bool) {
	seen := upstream.Request{Header: a.header}
	if a.caller.Subject != "" {
		ctx = authn.With(ctx, a.caller)
		seen.Claims = map[string]string{"iss": a.caller.Issuer, "sub": a.caller.Subject}
	}
	if a.timeout > 0 {
		ctx = context.WithValue(ctx, timeoutKey{}, a.timeout)
	}
	ctx = graphql.WithOperationContext(ctx, &graphql.OperationContext{Headers: a.header})
	return shops.identity(upstream.WithRequest(ctx, seen), sources)
}

func TestWhoseAnswersAreShared(t *testing.T) {
	t.Parallel()
	wendy := authn.Caller{Issuer: "a", Subject: "wendy", Scopes: []string{"x", "y"}}
	with := func(change func(*authn.Caller)) asker {
		changed := wendy
		change(&changed)
		return asker{caller: changed}
	}
	german := asker{caller: wendy, header: http.Header{"Accept-Language": {"de"}}}
	for reason, test := range map[string]struct {
		one, other asker
		sources    []string
		shared     bool
	}{
		"nobody and nobody":                {asker{}, asker{}, []string{"near"}, true},
		"one caller":                       {asker{caller: wendy}, asker{caller: wendy}, []string{"near"}, true},
		"nobody and somebody":              {asker{}, asker{caller: wendy}, []string{"near"}, false},
		"somebody, of whom nothing passes": {asker{}, asker{caller: wendy}, []string{"quiet"}, false},
		"another subject":                  {asker{caller: wendy}, with(func(c *authn.Caller) { c.Subject = "mary" }), nil, false},
		"another issuer":                   {asker{caller: wendy}, with(func(c *authn.Caller) { c.Issuer = "b" }), nil, false},
		"fewer scopes":                     {asker{caller: wendy}, with(func(c *authn.Caller) { c.Scopes = []string{"x"} }), nil, false},
		"scopes in another order":          {asker{caller: wendy}, with(func(c *authn.Caller) { c.Scopes = []string{"y", "x"} }), nil, true},
		"a scope that looks like two":      {asker{caller: wendy}, with(func(c *authn.Caller) { c.Scopes = []string{`x""y`} }), nil, false},
		"two scopes in one":                {asker{caller: wendy}, with(func(c *authn.Caller) { c.Scopes = []string{"xy"} }), nil, false},
		"a subject with half the issuer":   {asker{caller: wendy}, with(func(c *authn.Caller) { c.Issuer, c.Subject = "", "awendy" }), nil, false},
		"a header that a source is given":  {asker{caller: wendy}, german, []string{"near"}, false},
		"less time":                        {asker{caller: wendy}, asker{caller: wendy, timeout: time.Second}, nil, false},
		"other times":                      {asker{timeout: time.Minute}, asker{timeout: time.Second}, nil, false},
		"the same time":                    {asker{timeout: time.Second}, asker{timeout: time.Second}, nil, true},
		"a header that no source is given": {asker{caller: wendy}, german, []string{"far", "quiet"}, true},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			one, ok := test.one.identity(t.Context(), test.sources...)
			other, otherOK := test.other.identity(t.Context(), test.sources...)
			if !ok || !otherOK || (one == other) != test.shared {
				t.Errorf("the identities are %q and %q", one, other)
			}
		})
	}
}

func TestWhoWantsAnAnswerOfHerOwn(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]bool{
		"": true, "no-cache": false, "No-Store": false, "max-age=0, no-cache": false, "max-age=0": true, "private": true, "x-no-cache": true,
	} {
		a := &asker{header: http.Header{"Cache-Control": {"private", header}}}
		_, got := a.identity(t.Context())
		if got != want {
			t.Errorf("Cache-Control: %q: shared %t, want %t", header, got, want)
		}
	}
}

// TestIdentitiesTellCallersApart: two requests have one identity just if callers, scopes, and what their sources are given of the requests
// are the same. The letters of both are the same, and are cut into issuer, subject and scopes at different places.
func TestIdentitiesTellCallersApart(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		letters := rapid.StringOfN(rapid.SampledFrom([]rune{'a', 'a', '"', '|', ':', '\\'}), 1, 6, -1).Draw(t, "letters")
		language := rapid.SampledFrom([]string{"", "de", "en"})
		drawn := rapid.Custom(func(t *rapid.T) *asker {
			cuts := rapid.SliceOfN(rapid.IntRange(0, len(letters)), 3, 3).Draw(t, "cuts")
			slices.Sort(cuts)
			return &asker{
				authn.Caller{Issuer: letters[:cuts[0]], Subject: letters[cuts[0]:cuts[1]], Scopes: []string{letters[cuts[1]:cuts[2]], letters[cuts[2]:]}},
				http.Header{"Accept-Language": {language.Draw(t, "language")}, "X-Region": {language.Draw(t, "region")}},
				rapid.SampledFrom([]time.Duration{0, 1, time.Second}).Draw(t, "timeout"),
			}
		})
		one, other := drawn.Draw(t, "one"), drawn.Draw(t, "other")
		reached := rapid.SliceOfDistinct(rapid.SampledFrom(slices.Sorted(maps.Keys(shops.clients.inputs))), rapid.ID).Draw(t, "sources")
		a, _ := one.identity(t.Context(), reached...)
		b, _ := other.identity(t.Context(), reached...)
		if same := one.looksLike(other, reached); (a == b) != same {
			t.Errorf("the identities are %s and %s; the same: %t", a, b, same)
		}
	})
}

// looksLike says whether nobody who answers can tell two askers apart.
func (a *asker) looksLike(b *asker, reached []string) bool {
	if a.caller.Subject != b.caller.Subject || a.timeout != b.timeout ||
		slices.Contains(reached, "near") && a.header.Get("Accept-Language") != b.header.Get("Accept-Language") ||
		slices.Contains(reached, "far") && a.header.Get("X-Region") != b.header.Get("X-Region") {
		return false
	}
	return a.caller.Subject == "" || // nobody has neither issuer nor scopes
		a.caller.Issuer == b.caller.Issuer && slices.Equal(slices.Sorted(slices.Values(a.caller.Scopes)), slices.Sorted(slices.Values(b.caller.Scopes)))
}
