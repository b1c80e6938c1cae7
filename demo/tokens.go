package demo

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jwt"
)

const (
	issuerName    = "https://issuer.demo.mainstem"
	audience      = "mainstem"
	tokenLifetime = 24 * time.Hour
)

// role is somebody to try the demo as.
type role struct{ name, subject, scope string }

var roles = []role{
	{"customer", "cus-00001", "payments:read reviews:write"},
	{"support", "support-1", "checkouts:read customers:read orders:read payments:read"},
	{"admin", "admin-1", "checkouts:read customers:read customers:write orders:read orders:write payments:read reviews:write"},
	{"limited", "cus-00001", ""},
}

func roleNames() []string {
	names := make([]string, len(roles))
	for i, r := range roles {
		names[i] = r.name
	}
	return names
}

// issuer signs the demo's tokens with a key of its own, which nobody has seen before or sees after. It is safe for concurrent
// use.
type issuer struct {
	key  jwk.Key
	jwks []byte // the public half, as a JSON Web Key Set
}

func newIssuer() (*issuer, error) {
	raw, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making the issuer's key: %w", err)
	}
	key, err := jwk.Import(raw)
	if err != nil {
		return nil, fmt.Errorf("making the issuer's key: %w", err)
	}
	if err := jwk.AssignKeyID(key); err != nil {
		return nil, fmt.Errorf("naming the issuer's key: %w", err)
	}
	public, err := key.PublicKey()
	if err != nil {
		return nil, fmt.Errorf("publishing the issuer's key: %w", err)
	}
	set := jwk.NewSet()
	for member, value := range map[string]any{jwk.AlgorithmKey: jwa.ES256(), jwk.KeyUsageKey: "sig"} {
		if err := public.Set(member, value); err != nil {
			return nil, fmt.Errorf("publishing the issuer's key: %w", err)
		}
	}
	if err := set.AddKey(public); err != nil {
		return nil, fmt.Errorf("publishing the issuer's key: %w", err)
	}
	jwks, err := json.Marshal(set)
	if err != nil {
		return nil, fmt.Errorf("publishing the issuer's key: %w", err)
	}
	return &issuer{key: key, jwks: jwks}, nil
}

// token signs a fresh token for a role.
func (i *issuer) token(name string, now time.Time) (string, error) {
	n := slices.IndexFunc(roles, func(r role) bool { return r.name == name })
	if n < 0 {
		return "", fmt.Errorf("there is no role %q; the roles are %s", name, strings.Join(roleNames(), ", "))
	}
	r := roles[n]
	b := jwt.NewBuilder().Issuer(issuerName).Audience([]string{audience}).Subject(r.subject).
		IssuedAt(now).Expiration(now.Add(tokenLifetime))
	if r.scope != "" {
		b = b.Claim("scope", r.scope)
	}
	token, err := b.Build()
	if err != nil {
		return "", fmt.Errorf("making a token for %s: %w", name, err)
	}
	signed, err := jwt.Sign(token, jwt.WithKey(jwa.ES256(), i.key))
	if err != nil {
		return "", fmt.Errorf("signing a token for %s: %w", name, err)
	}
	return string(signed), nil
}
