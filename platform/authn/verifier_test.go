package authn_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jws"
	"github.com/lestrrat-go/jwx/v3/jwt"

	"github.com/mainstem/mainstem/platform/authn"
	"github.com/mainstem/mainstem/platform/fault"
)

const (
	issuer   = "https://issuer.example"
	audience = "mainstem"
)

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

var secret = []byte("a secret of more than thirty-two bytes")

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

var (
	rsaKey     = must(rsa.GenerateKey(rand.Reader, 2048))
	otherRSA   = must(rsa.GenerateKey(rand.Reader, 2048))
	ecKey      = must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	edKey      = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
	rsaPEM     = pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: must(x509.MarshalPKIXPublicKey(&rsaKey.PublicKey))})
	privatePEM = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: must(x509.MarshalPKCS8PrivateKey(rsaKey))})
)

// claims are those of a good token, changed.
func claims(change map[string]any) map[string]any {
	all := map[string]any{"iss": issuer, "aud": []string{"other", audience}, "sub": "customer-7", "exp": noon.Add(time.Hour).Unix(), "scope": "orders:read a"}
	for name, value := range change {
		all[name] = value
		if value == nil {
			delete(all, name)
		}
	}
	return all
}

// sign makes a token; header fields beyond alg are given as pairs.
func sign(alg jwa.SignatureAlgorithm, key any, change map[string]any, header ...string) string {
	token := jwt.New()
	for name, value := range claims(change) {
		if err := token.Set(name, value); err != nil {
			panic(err)
		}
	}
	fields := jws.NewHeaders()
	for i := 0; i < len(header); i += 2 {
		if err := fields.Set(header[i], header[i+1]); err != nil {
			panic(err)
		}
	}
	return string(must(jwt.Sign(token, jwt.WithKey(alg, key, jws.WithProtectedHeaders(fields)))))
}

// raw makes a token of any JSON, without a signature that is good.
func raw(header, payload string) string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(header)) + "." + encode([]byte(payload)) + "." + encode([]byte("signature"))
}

func verifier(t *testing.T, change func(*authn.Options)) *authn.Verifier {
	t.Helper()
	options := authn.Options{Issuer: issuer, Audience: audience, Leeway: time.Minute, Now: func() time.Time { return noon }}
	change(&options)
	v, err := authn.New(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func static(key []byte) func(*authn.Options) {
	return func(o *authn.Options) { o.StaticKey = key }
}

func TestVerifyAccepts(t *testing.T) {
	t.Parallel()
	edJWK := must(json.Marshal(must(jwk.PublicKeyOf(edKey))))
	tests := map[string]struct {
		options func(*authn.Options)
		token   string
		scopes  []string
	}{
		"a secret":                 {static(secret), sign(jwa.HS256(), secret, nil), []string{"orders:read", "a"}},
		"a public key in PEM":      {static(rsaPEM), sign(jwa.PS512(), rsaKey, nil), []string{"orders:read", "a"}},
		"a private key's half":     {static(privatePEM), sign(jwa.RS256(), rsaKey, nil), []string{"orders:read", "a"}},
		"a JWK":                    {static(edJWK), sign(jwa.EdDSA(), edKey, nil), []string{"orders:read", "a"}},
		"scopes as a list":         {static(secret), sign(jwa.HS384(), secret, map[string]any{"scope": nil, "scp": []string{"x", "y"}}), []string{"x", "y"}},
		"no scopes":                {static(secret), sign(jwa.HS512(), secret, map[string]any{"scope": nil}), nil},
		"scopes of another type":   {static(secret), sign(jwa.HS256(), secret, map[string]any{"scope": 7, "scp": []any{1, "x"}}), []string{"x"}},
		"expired within leeway":    {static(secret), sign(jwa.HS256(), secret, map[string]any{"exp": noon.Add(-30 * time.Second).Unix()}), []string{"orders:read", "a"}},
		"a single audience":        {static(secret), sign(jwa.HS256(), secret, map[string]any{"aud": audience}), []string{"orders:read", "a"}},
		"a key that is named":      {static(secret), sign(jwa.HS256(), secret, nil, "kid", "any"), []string{"orders:read", "a"}},
		"an access token's header": {static(secret), sign(jwa.HS256(), secret, nil, "typ", "at+jwt"), []string{"orders:read", "a"}},
	}
	for reason, test := range tests {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			got, err := verifier(t, test.options).Verify(t.Context(), test.token)
			if err != nil {
				t.Fatal(err)
			}
			want := authn.Caller{Issuer: issuer, Subject: "customer-7", Scopes: test.scopes, Expires: noon.Add(time.Hour + time.Minute)}
			if reason == "expired within leeway" {
				want.Expires = noon.Add(30 * time.Second)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("caller (-want +got):\n%s", diff)
			}
		})
	}
}

func TestVerifyRefuses(t *testing.T) {
	t.Parallel()
	const invalid = "The token is not valid."
	const algorithm = "The token is signed with an algorithm that is not accepted."
	const elsewhere = "The token is not meant for this service."
	good := sign(jwa.HS256(), secret, nil)
	body := `{"iss":"` + issuer + `","aud":"mainstem","sub":"x","exp":1999999999}`
	withClaim := func(name string, value any) string { return sign(jwa.HS256(), secret, map[string]any{name: value}) }
	tests := map[string]struct {
		options func(*authn.Options)
		token   string
		want    string
	}{
		"nothing":                         {static(secret), "", invalid},
		"no token at all":                 {static(secret), "a.b.c", invalid},
		"two parts":                       {static(secret), "e30.e30", invalid},
		"an encrypted token":              {static(secret), "a.b.c.d.e", invalid},
		"a token as JSON":                 {static(secret), `{"payload":"..","signatures":[]}`, invalid},
		"a huge token":                    {static(secret), good + strings.Repeat("A", 20000), invalid},
		"a signature that was changed":    {static(secret), good[:len(good)-4] + "AAAA", invalid},
		"no signature":                    {static(secret), good[:strings.LastIndex(good, ".")+1], invalid},
		"another secret":                  {static(secret), sign(jwa.HS256(), append([]byte("!"), secret...), nil), invalid},
		"another key":                     {static(rsaPEM), sign(jwa.RS256(), otherRSA, nil), invalid},
		"the algorithm none":              {static(secret), raw(`{"alg":"none"}`, body), algorithm},
		"none without signature":          {static(secret), strings.TrimSuffix(raw(`{"alg":"none"}`, body), "c2lnbmF0dXJl"), algorithm},
		"no algorithm":                    {static(secret), raw(`{}`, body), algorithm},
		"an unknown algorithm":            {static(secret), raw(`{"alg":"XX1"}`, body), invalid},
		"the public key used as a secret": {static(rsaPEM), sign(jwa.HS256(), rsaPEM, nil), algorithm},
		"another kind of key's algorithm": {static(rsaPEM), sign(jwa.ES256(), ecKey, nil), algorithm},
		"a public key's with a secret":    {static(secret), sign(jwa.RS256(), rsaKey, nil), algorithm},
		"an extension that is critical":   {static(secret), raw(`{"alg":"HS256","crit":["exp"],"exp":1}`, body), invalid},
		"expired":                         {static(secret), withClaim("exp", noon.Add(-2*time.Minute).Unix()), "The token has expired."},
		"expired, wrongly signed":         {static(secret), sign(jwa.HS256(), rsaPEM, map[string]any{"exp": 1}), invalid},
		"not valid yet":                   {static(secret), withClaim("nbf", noon.Add(2*time.Minute).Unix()), "The token is not valid yet."},
		"issued in the future":            {static(secret), withClaim("iat", noon.Add(2*time.Minute).Unix()), "The token is not valid yet."},
		"no expiry":                       {static(secret), withClaim("exp", nil), invalid},
		"another issuer":                  {static(secret), withClaim("iss", "https://evil.example"), elsewhere},
		"no issuer":                       {static(secret), withClaim("iss", nil), elsewhere},
		"another audience":                {static(secret), withClaim("aud", "other"), elsewhere},
		"no audience":                     {static(secret), withClaim("aud", nil), elsewhere},
		"no subject":                      {static(secret), withClaim("sub", nil), invalid},
		"an empty subject":                {static(secret), withClaim("sub", ""), invalid},
	}
	for reason, test := range tests {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			caller, err := verifier(t, test.options).Verify(t.Context(), test.token)
			f, ok := errors.AsType[*fault.Error](err)
			if !ok || f.Code != fault.Unauthenticated || f.Message() != test.want || caller.Subject != "" {
				t.Fatalf("got %+v, %v, want %q", caller, err, test.want)
			}
			for part := range strings.SplitSeq(test.token, ".") {
				if len(part) > 4 && strings.Contains(f.Error(), part) {
					t.Errorf("the fault holds a part of the token: %v", f)
				}
			}
		})
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]authn.Options{
		"no issuer":             {Audience: "a", StaticKey: secret},
		"no audience":           {Issuer: "i", StaticKey: secret},
		"no key":                {Issuer: "i", Audience: "a"},
		"two kinds of key":      {Issuer: "i", Audience: "a", StaticKey: secret, JWKSURL: "https://k"},
		"a short secret":        {Issuer: "i", Audience: "a", StaticKey: []byte("short")},
		"a broken PEM":          {Issuer: "i", Audience: "a", StaticKey: []byte("-----BEGIN PUBLIC KEY-----\n")},
		"a broken JWK":          {Issuer: "i", Audience: "a", StaticKey: []byte(`{"kty":"oct","k":"hunter2`)},
		"a short secret as JWK": {Issuer: "i", Audience: "a", StaticKey: []byte(`{"kty":"oct","k":"aHVudGVyMg"}`)},
		"no address":            {Issuer: "i", Audience: "a", JWKSURL: "keys.json"},
		"an address of a file":  {Issuer: "i", Audience: "a", JWKSURL: "file:///keys.json"},
	}
	for reason, options := range tests {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			v, err := authn.New(t.Context(), options)
			if err == nil || v != nil {
				t.Fatal("there is no error")
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error holds the key: %v", err)
			}
		})
	}
}

func TestCaller(t *testing.T) {
	t.Parallel()
	c := authn.Caller{Issuer: issuer, Subject: "x", Scopes: []string{"a", "b"}}
	if !c.HasScopes() || !c.HasScopes("b", "a") || c.HasScopes("a", "c") || (authn.Caller{}).HasScopes("a") {
		t.Error("HasScopes is wrong")
	}
	if _, ok := authn.From(t.Context()); ok {
		t.Error("an empty context has a caller")
	}
	if _, ok := authn.From(authn.With(t.Context(), authn.Caller{Scopes: []string{"a"}})); ok {
		t.Error("a caller without a subject is known")
	}
	if got, ok := authn.From(authn.With(context.Background(), c)); !ok || got.Subject != "x" {
		t.Errorf("caller is %+v, %v", got, ok)
	}
}

func FuzzVerify(f *testing.F) {
	v, err := authn.New(f.Context(), authn.Options{Issuer: issuer, Audience: audience, StaticKey: secret, Now: func() time.Time { return noon }})
	if err != nil {
		f.Fatal(err)
	}
	good := sign(jwa.HS256(), secret, nil)
	f.Add(good)
	f.Add(raw(`{"alg":"none"}`, `{}`))
	f.Add(sign(jwa.HS512(), rsaPEM, nil))
	f.Fuzz(func(t *testing.T, token string) {
		caller, err := v.Verify(t.Context(), token)
		if err == nil && (caller.Subject != "customer-7" || !strings.HasPrefix(token, good[:strings.LastIndex(good, ".")])) {
			t.Errorf("accepted %q", token)
		}
	})
}
