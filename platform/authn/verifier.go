package authn

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"github.com/lestrrat-go/jwx/v3/jws"
	"github.com/lestrrat-go/jwx/v3/jwt"

	"github.com/mainstem/mainstem/platform/fault"
)

// Options say which tokens are good. Issuer and Audience are needed, and one of JWKSURL and StaticKey.
type Options struct {
	Issuer    string           // what a token's iss is
	Audience  string           // what a token's aud has
	JWKSURL   string           // where the issuer publishes its keys
	StaticKey []byte           // its key instead: PEM or a JWK, or else an HMAC secret of at least 32 bytes
	Leeway    time.Duration    // how far the issuer's clock may be off
	Now       func() time.Time // time.Now when nil
}

// algorithms are those that are allowed, with the kind of key that each fits. "none" is not among them.
var algorithms = map[string]jwa.KeyType{
	"RS256": jwa.RSA(), "RS384": jwa.RSA(), "RS512": jwa.RSA(), "PS256": jwa.RSA(), "PS384": jwa.RSA(), "PS512": jwa.RSA(),
	"ES256": jwa.EC(), "ES384": jwa.EC(), "ES512": jwa.EC(), "EdDSA": jwa.OKP(),
	"HS256": jwa.OctetSeq(), "HS384": jwa.OctetSeq(), "HS512": jwa.OctetSeq(),
}

// Verifier tells good tokens from bad ones. It is safe for concurrent use. A nil Verifier accepts no token.
type Verifier struct {
	options Options
	keys    keySource
	allowed map[string]bool // algorithms
}

// New makes a verifier. It fails if the options contradict each other; it does not wait for the key server, which may come up
// later. What it starts ends with ctx.
func New(ctx context.Context, o Options) (*Verifier, error) {
	if o.Issuer == "" || o.Audience == "" {
		return nil, errors.New("authn: an issuer and an audience are needed")
	}
	if (o.JWKSURL == "") == (len(o.StaticKey) == 0) {
		return nil, errors.New("authn: either a JWKS address or a static key is needed")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if len(o.StaticKey) > 0 {
		key, err := parseStaticKey(o.StaticKey)
		if err != nil {
			return nil, err
		}
		return &Verifier{options: o, keys: staticKey{key}, allowed: allow(func(kind jwa.KeyType) bool { return kind == key.KeyType() })}, nil
	}
	keys, err := newKeySet(ctx, o.JWKSURL, o.Now)
	if err != nil {
		return nil, err
	}
	// Keys from a server are never secrets: whoever could read one could sign.
	return &Verifier{options: o, keys: keys, allowed: allow(func(kind jwa.KeyType) bool { return kind != jwa.OctetSeq() })}, nil
}

// allow gives the algorithms that fit the kinds of keys.
func allow(fits func(jwa.KeyType) bool) map[string]bool {
	allowed := map[string]bool{}
	for name, kind := range algorithms {
		allowed[name] = fits(kind)
	}
	return allowed
}

const maxTokenBytes = 16 << 10

// Verify gives the caller whom the token names. The error is a *fault.Error: Unauthenticated with a sentence that says in general
// what is wrong, SourceUnavailable if the issuer's keys cannot be had, or DeadlineExceeded. No error holds any of the token.
func (v *Verifier) Verify(ctx context.Context, token string) (Caller, error) {
	if v == nil {
		return Caller{}, fault.New(fault.Unauthenticated, "Tokens are not accepted here.")
	}
	if len(token) > maxTokenBytes || strings.Count(token, ".") != 2 { // the compact form only
		return Caller{}, notValid()
	}
	algorithm, key, err := v.keyFor(ctx, token)
	if err != nil {
		return Caller{}, err
	}
	parsed, err := jwt.ParseString(token,
		jwt.WithKey(algorithm, key), jwt.WithStrictStringClaims(true),
		jwt.WithClock(jwt.ClockFunc(v.options.Now)), jwt.WithAcceptableSkew(v.options.Leeway),
		jwt.WithIssuer(v.options.Issuer), jwt.WithAudience(v.options.Audience),
		jwt.WithRequiredClaim(jwt.ExpirationKey), jwt.WithRequiredClaim(jwt.SubjectKey))
	if err != nil {
		return Caller{}, explain(err)
	}
	subject, _ := parsed.Subject()
	if subject == "" {
		return Caller{}, notValid()
	}
	expiry, _ := parsed.Expiration() // which is required
	return Caller{Issuer: v.options.Issuer, Subject: subject, Scopes: scopesOf(parsed), Expires: expiry.Add(v.options.Leeway)}, nil
}

// keyFor gives the algorithm and the key to verify with. The token names both; that the key is of the algorithm's kind, and that
// both are allowed, is decided here.
func (v *Verifier) keyFor(ctx context.Context, token string) (jwa.SignatureAlgorithm, jwk.Key, error) {
	none := jwa.NoSignature()
	message, err := jws.Parse([]byte(token), jws.WithCompact())
	if err != nil || len(message.Signatures()) != 1 {
		return none, nil, notValid()
	}
	header := message.Signatures()[0].ProtectedHeaders()
	algorithm, ok := header.Algorithm()
	if !ok || !v.allowed[algorithm.String()] {
		return none, nil, fault.New(fault.Unauthenticated, "The token is signed with an algorithm that is not accepted.")
	}
	if _, critical := header.Critical(); critical { // extensions that we would have to understand
		return none, nil, notValid()
	}
	id, _ := header.KeyID()
	key, err := v.keys.key(ctx, id)
	if err != nil {
		return none, nil, err
	}
	if !mayVerify(key, algorithm) {
		return none, nil, notValid()
	}
	return algorithm, key, nil
}

func mayVerify(key jwk.Key, algorithm jwa.SignatureAlgorithm) bool {
	if usage, ok := key.KeyUsage(); ok && usage != "" && usage != jwk.ForSignature.String() {
		return false
	}
	if only, ok := key.Algorithm(); ok && only.String() != algorithm.String() {
		return false
	}
	return key.KeyType() == algorithms[algorithm.String()]
}

func notValid() *fault.Error { return fault.New(fault.Unauthenticated, "The token is not valid.") }

// explain says what is wrong with a token whose signature may be good.
func explain(err error) *fault.Error {
	switch {
	case errors.Is(err, jwt.TokenExpiredError()):
		return fault.New(fault.Unauthenticated, "The token has expired.")
	case errors.Is(err, jwt.TokenNotYetValidError()), errors.Is(err, jwt.InvalidIssuedAtError()):
		return fault.New(fault.Unauthenticated, "The token is not valid yet.")
	case errors.Is(err, jwt.InvalidIssuerError()), errors.Is(err, jwt.InvalidAudienceError()):
		return fault.New(fault.Unauthenticated, "The token is not meant for this service.")
	}
	return notValid()
}

// scopesOf reads scope (RFC 8693) and scp, of which issuers write either as one text or as a list.
func scopesOf(token jwt.Token) []string {
	var scopes []string
	for _, name := range []string{"scope", "scp"} {
		var claim any
		if token.Get(name, &claim) != nil {
			continue
		}
		switch claim := claim.(type) {
		case string:
			scopes = append(scopes, strings.Fields(claim)...)
		case []any:
			for _, item := range claim {
				if scope, ok := item.(string); ok {
					scopes = append(scopes, scope)
				}
			}
		}
	}
	return scopes
}
