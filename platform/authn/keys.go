package authn

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/lestrrat-go/httprc/v3"
	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"

	"github.com/mainstem/mainstem/platform/fault"
)

// keySource gives the key that a token names. The error is a fault.
type keySource interface {
	key(ctx context.Context, id string) (jwk.Key, error)
}

// staticKey is the one key of an issuer without a key server; a token need not name it.
type staticKey struct{ only jwk.Key }

func (s staticKey) key(context.Context, string) (jwk.Key, error) { return s.only, nil }

const minSecretBytes = 32 // RFC 7518, section 3.2

// parseStaticKey reads a key in PEM or as a JWK; any other bytes are an HMAC secret. Of a private key it keeps the public half.
func parseStaticKey(text []byte) (jwk.Key, error) {
	trimmed := bytes.TrimSpace(text)
	var key jwk.Key
	var err error
	switch {
	case bytes.HasPrefix(trimmed, []byte("-----BEGIN")):
		key, err = jwk.ParseKey(trimmed, jwk.WithPEM(true))
	case bytes.HasPrefix(trimmed, []byte("{")):
		key, err = jwk.ParseKey(trimmed)
	default:
		key, err = jwk.Import(text)
	}
	if err != nil {
		return nil, errors.New("authn: the static key is neither PEM nor a JWK nor a secret") // its text must not be in a log
	}
	var secret []byte
	if key.KeyType() != jwa.OctetSeq() {
		return key.PublicKey()
	}
	if err := jwk.Export(key, &secret); err != nil || len(secret) < minSecretBytes {
		return nil, fmt.Errorf("authn: the static key is shorter than %d bytes", minSecretBytes)
	}
	return key, nil
}

const (
	fetchTimeout   = 5 * time.Second
	maxFetchBytes  = 512 << 10
	maxKeys        = 100
	minRefresh     = time.Minute // between two fetches that the cache makes on its own
	maxRefresh     = time.Hour
	fetchAgainOnce = 10 * time.Second // between two fetches that tokens cause
)

// keySet is what an issuer's key server publishes. The cache fetches it again as its headers say; a token that names an unknown
// key, or a server that could not be reached, causes a fetch at once, but seldom: tokens come from anybody.
type keySet struct {
	life   context.Context // ends with the verifier
	cache  *jwk.Cache
	url    string
	stored *httprc.ResourceBase[jwk.Set]
	now    func() time.Time

	mu      sync.Mutex
	flight  chan struct{} // closed when the fetch in flight has ended; nil if there is none
	fetched time.Time     // when the last one ended
	err     error         // why it failed
}

// newKeySet starts the cache. It does not wait for the first fetch, and goes on if that fails. Nothing runs on after ctx has ended.
func newKeySet(ctx context.Context, address string, now func() time.Time) (*keySet, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, fmt.Errorf("authn: the JWKS address is not an http or https URL: %q", address)
	}
	cache, err := jwk.NewCache(ctx, httprc.NewClient(httprc.WithWorkers(1)))
	if err != nil {
		return nil, fmt.Errorf("authn: cache of keys: %w", err)
	}
	err = cache.Register(ctx, address, jwk.WithWaitReady(false), jwk.WithHTTPClient(fetchClient()), jwk.WithMaxFetchBodySize(maxFetchBytes),
		jwk.WithMaxKeys(maxKeys), jwk.WithStrictKeySetParsing(false), jwk.WithMinInterval(minRefresh), jwk.WithMaxInterval(maxRefresh))
	if err != nil {
		return nil, fmt.Errorf("authn: cache of keys: %w", err)
	}
	stored, err := cache.LookupResource(ctx, address)
	if err != nil {
		return nil, fmt.Errorf("authn: cache of keys: %w", err)
	}
	return &keySet{life: ctx, cache: cache, url: address, stored: stored, now: now}, nil
}

func fetchClient() *http.Client {
	return &http.Client{
		Timeout:       fetchTimeout,
		Transport:     &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true, ForceAttemptHTTP2: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func (s *keySet) key(ctx context.Context, id string) (jwk.Key, error) {
	if key, ok := find(s.stored.Resource(), id); ok {
		return key, nil
	}
	if err := s.fetch(ctx); err != nil {
		return nil, err
	}
	if key, ok := find(s.stored.Resource(), id); ok {
		return key, nil
	}
	return nil, fault.New(fault.Unauthenticated, "The token is signed with a key that is not known.")
}

// find gives the key with this id. A token may leave the id out where there is one key only.
func find(set jwk.Set, id string) (jwk.Key, bool) {
	switch {
	case set == nil:
		return nil, false
	case id == "" && set.Len() == 1:
		return set.Key(0)
	case id == "":
		return nil, false
	}
	return set.LookupKeyID(id)
}

// fetch waits for a fetch: the one in flight, or a new one if the last is long enough ago. It fails if the last one did.
func (s *keySet) fetch(ctx context.Context) error {
	s.mu.Lock()
	if s.flight == nil && (s.fetched.IsZero() || s.now().Sub(s.fetched) >= fetchAgainOnce) {
		s.flight = make(chan struct{})
		go s.run(s.flight) //nolint:contextcheck // it goes on for the others if this request ends
	}
	flight := s.flight
	s.mu.Unlock()

	if flight != nil {
		select {
		case <-flight:
		case <-ctx.Done():
			return fault.From(ctx.Err())
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return fault.Wrap(fault.SourceUnavailable, s.err).At("jwks", "fetch")
	}
	return nil
}

// run fetches for all who wait, so it does not end with one of their requests.
func (s *keySet) run(done chan struct{}) {
	ctx, cancel := context.WithTimeout(s.life, 2*fetchTimeout) // the cache may be fetching on its own
	defer cancel()
	_, err := s.cache.Refresh(ctx, s.url)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flight, s.fetched, s.err = nil, s.now(), err
	close(done)
}
