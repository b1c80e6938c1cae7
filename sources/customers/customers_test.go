package customers_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/upstream"
	"github.com/mainstem/mainstem/sources"
	"github.com/mainstem/mainstem/sources/customers"
	"github.com/mainstem/mainstem/sources/sourcestest"
)

const (
	ada   = "cus-00042" // of customer.json
	grace = "cus-00043" // of bare.json
	gone  = "cus-00099"
	key   = "0198a1c2-profile-cus-00042"
)

func TestSource(t *testing.T) {
	required := []string{
		"/id", "/display_name", "/full_name", "/email", "/tier", "/registered_at", "/addresses", "/addresses/0/recipient",
		"/addresses/0/street_lines", "/addresses/0/city", "/addresses/1/postal_code", "/addresses/1/country",
	}
	enums := []string{"/tier"}
	outOfRange := map[string]any{
		"/id": sourcestest.Several{"", "../x", grace}, "/display_name": "", "/email": "", "/phone": "",
		"/avatar_url":            sourcestest.Several{"", "/cus-00042.jpg", "javascript:alert(1)"},
		"/addresses/0/recipient": "", "/addresses/0/city": "", "/addresses/1/postal_code": "",
		"/addresses/0/street_lines": sourcestest.Several{[]any{}, []any{"Torstraße 1", ""}},
		"/addresses/1/country":      sourcestest.Several{"", "C", "ca", "CAN"},
	}
	sourcestest.REST(t, customers.Inputs, func(h *upstream.HTTP) []sourcestest.Call {
		s := customers.New(h)
		return []sourcestest.Call{
			{
				Name: "ByIDs", Operation: "getCustomer", Answer: "customer.json", Absent: true,
				Required: required, Enums: enums, OutOfRange: outOfRange,
				Do: func(ctx context.Context) error {
					_, err := s.ByIDs(ctx, []string{ada})
					return err
				},
			},
			{
				Name: "Update", Operation: "updateCustomer", Key: key, Answer: "customer.json",
				Required: required, Enums: enums, OutOfRange: outOfRange,
				Do: func(ctx context.Context) error {
					_, err := s.Update(ctx, key, ada, customers.Changes{DisplayName: new("Ada L.")})
					return err
				},
			},
		}
	})
}

// What the service is given of a request is for whoever reads the contract to say: a source must not come to declare more unnoticed.
func TestInputs(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff(upstream.Inputs{Claims: []string{"sub"}}, customers.Inputs); diff != "" {
		t.Errorf("-want +declared:\n%s", diff)
	}
}

// service is a customers service, as the source sees it.
type service struct {
	answers map[string]string // the files in testdata by the customer's id
	status  int               // of every answer that is there; the others are 404

	mu   sync.Mutex
	seen []string // requests: method, path, idempotency key, media type and body
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		body = []byte(err.Error())
	}
	s.mu.Lock()
	s.seen = append(s.seen, strings.Join([]string{
		r.Method, r.URL.String(), r.Header.Get("Idempotency-Key"), r.Header.Get("Content-Type"), string(body),
	}, " "))
	s.mu.Unlock()
	file, known := s.answers[path.Base(r.URL.Path)]
	status := s.status
	if !known {
		file, status = "not-found.json", http.StatusNotFound
	}
	answer, err := os.ReadFile("testdata/" + file)
	if err != nil {
		status = http.StatusTeapot
	}
	w.Header().Set("Content-Type", "application/json")
	if status != http.StatusOK {
		w.Header().Set("Content-Type", "application/problem+json")
	}
	w.WriteHeader(status)
	_, _ = w.Write(answer)
}

// requests gives what was asked so far.
func (s *service) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen
}

func source(t *testing.T, handler http.Handler) *customers.Source {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	h, err := upstream.NewHTTP(upstream.Options{Name: "customers", URL: server.URL, Timeout: 10 * time.Second}, customers.Inputs)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	return customers.New(h)
}

// wantAda is customer.json in the graph's words.
func wantAda() *customers.Customer {
	return &customers.Customer{
		ID:          sources.ID{Type: "Customer", Local: ada},
		DisplayName: "Ada L.",
		Avatar:      new(sources.URL("https://images.shop.example/avatars/cus-00042.jpg")),
		MemberSince: time.Date(2024, 5, 17, 9, 30, 0, 0, time.UTC),
		Tier:        customers.TierSilver,
		Email:       "ada@example.com",
		Phone:       new("+49301234567"),
		Addresses: []sources.Address{
			{Recipient: "Ada Lovelace", Lines: []string{"Torstraße 1", "2. Hof"}, City: "Berlin", PostalCode: "10119", CountryCode: "DE"},
			{
				Recipient: "Countess Ltd.", Lines: []string{"12 King St W"}, City: "Toronto", Region: new("Ontario"),
				PostalCode: "M5H 1A1", CountryCode: "CA",
			},
		},
	}
}

func TestByIDs(t *testing.T) {
	t.Parallel()
	backend := &service{status: http.StatusOK, answers: map[string]string{ada: "customer.json", grace: "bare.json"}}
	got, err := source(t, backend).ByIDs(t.Context(), []string{ada, gone, grace})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]*customers.Customer{
		ada: wantAda(),
		grace: {
			ID: sources.ID{Type: "Customer", Local: grace}, DisplayName: "Grace", Email: "grace@example.com", Tier: customers.TierStandard,
			MemberSince: time.Date(2025, 12, 8, 23, 0, 0, 0, time.UTC), Addresses: []sources.Address{},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if asked := backend.requests(); len(asked) != 3 {
		t.Errorf("asked %q", asked)
	}
}

func TestByIDsAsksNothingForWhatIsNoID(t *testing.T) {
	t.Parallel()
	backend := &service{}
	got, err := source(t, backend).ByIDs(t.Context(), []string{"", ".", "..", "../orders", "auth0|7", "a b", "a?b", "ä", strings.Repeat("a", 129)})
	if err != nil || len(got) != 0 {
		t.Errorf("got %v and %v, want nobody", got, err)
	}
	if asked := backend.requests(); len(asked) != 0 {
		t.Errorf("asked %q", asked)
	}
}

func TestByIDsLosesOnlyWhatFails(t *testing.T) {
	t.Parallel()
	another := "cus-00044" // whom the service answers with Ada
	backend := &service{status: http.StatusOK, answers: map[string]string{ada: "customer.json", another: "customer.json", grace: "no-such-file"}}
	got, err := source(t, backend).ByIDs(t.Context(), []string{ada, another, grace, gone})
	if len(got) != 1 || got[ada] == nil {
		t.Errorf("got %v, want Ada alone", got)
	}
	failed, ok := errors.AsType[fault.Items[string]](err)
	if !ok || len(failed) != 2 || failed[another] == nil || failed[grace] == nil {
		t.Fatalf("failed with %v, want the faults of two items", err)
	}
	for id, f := range failed {
		if f.Code != fault.SourceContractViolation || f.Source != "customers" || f.Operation != "getCustomer" {
			t.Errorf("%s failed with %v", id, f)
		}
	}
}

// TestByIDsIsBounded waits until as many calls are under way as may be, and sees that there are never more.
func TestByIDsIsBounded(t *testing.T) {
	t.Parallel()
	const bound = 32
	var mu sync.Mutex
	running, most := 0, 0
	full := make(chan struct{})
	s := source(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		running++
		if most = max(most, running); most == bound && running == bound {
			select {
			case <-full:
			default:
				close(full)
			}
		}
		mu.Unlock()
		select {
		case <-full:
		case <-r.Context().Done():
		}
		mu.Lock()
		running--
		mu.Unlock()
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusNotFound)
	}))
	ids := make([]string, 3*bound)
	for i := range ids {
		ids[i] = "cus-" + strconv.Itoa(i)
	}
	if got, err := s.ByIDs(t.Context(), ids); err != nil || len(got) != 0 {
		t.Errorf("got %v and %v, want nobody", got, err)
	}
	mu.Lock()
	defer mu.Unlock()
	if most != bound {
		t.Errorf("%d calls at once, want %d", most, bound)
	}
}
