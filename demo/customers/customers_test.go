package customers_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mainstem/mainstem/demo/customers"
	"github.com/mainstem/mainstem/demo/ledger"
	"github.com/mainstem/mainstem/demo/world"
	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/sources/customers/customersapi"
)

type (
	changes = customersapi.ProfileChanges
	problem = customersapi.Problem
)

const (
	ada   = "cus-00001"
	grace = "cus-00002"
	gone  = "cus-00009"
)

// shop is a running service with two customers.
type shop struct {
	*customersapi.ClientWithResponses
	ledger *ledger.Ledger
	url    string
}

func open(t *testing.T) shop {
	t.Helper()
	since := time.Date(2024, 5, 17, 9, 30, 0, 0, time.UTC)
	l := ledger.New()
	server := httptest.NewServer(customers.New(&world.World{Customers: []world.Customer{
		{
			ID: ada, DisplayName: "Ada L.", FullName: "Ada Lovelace", Avatar: "https://images.shop.example/ada.jpg",
			Email: "Ada@example.com", Phone: "+49301234567", Tier: "gold", CreatedAt: since,
			Addresses: []world.Address{{
				Recipient: "Ada Lovelace", Lines: []string{"Torstraße 1"}, City: "Berlin", Region: "BE", PostalCode: "10119", CountryCode: "DE",
			}},
		},
		{ID: grace, DisplayName: "Grace", FullName: "Grace Hopper", Email: "grace@example.com", Tier: "standard", CreatedAt: since},
	}}, l))
	t.Cleanup(server.Close)
	client, err := customersapi.NewClientWithResponses(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return shop{client, l, server.URL}
}

func (s shop) get(t *testing.T, id string) *customersapi.GetCustomerResponse {
	t.Helper()
	answer, err := s.GetCustomerWithResponse(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func (s shop) update(t *testing.T, id, key string, c changes) *customersapi.UpdateCustomerResponse {
	t.Helper()
	answer, err := s.UpdateCustomerWithResponse(t.Context(), id,
		&customersapi.UpdateCustomerParams{IdempotencyKey: key, CallerSub: new("someone")}, c)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func TestGet(t *testing.T) {
	t.Parallel()
	s := open(t)
	answer := s.get(t, ada)
	want := &customersapi.Customer{
		Id: ada, DisplayName: "Ada L.", FullName: "Ada Lovelace", AvatarUrl: new("https://images.shop.example/ada.jpg"),
		Email: "Ada@example.com", Phone: new("+49301234567"), Tier: customersapi.TierGold,
		RegisteredAt: time.Date(2024, 5, 17, 9, 30, 0, 0, time.UTC),
		Addresses: []customersapi.PostalAddress{{
			Recipient: "Ada Lovelace", StreetLines: []string{"Torstraße 1"}, City: "Berlin", Region: new("BE"), PostalCode: "10119", Country: "DE",
		}},
	}
	if diff := cmp.Diff(want, answer.JSON200); diff != "" {
		t.Error(diff)
	}
	if got := answer.HTTPResponse.Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("personal data must not be stored; got Cache-Control %q", got)
	}
	other := s.get(t, grace).JSON200
	if other == nil || other.AvatarUrl != nil || other.Phone != nil || other.Addresses == nil || len(other.Addresses) != 0 {
		t.Errorf("what is not known is absent, and lists are there; got %+v", other)
	}
}

func TestGetNobody(t *testing.T) {
	t.Parallel()
	s := open(t)
	wantProblem(t, s.get(t, gone).ApplicationproblemJSON404, customersapi.ProblemCustomerNotFound)
	wantProblem(t, s.get(t, "a b").ApplicationproblemJSON400, customersapi.ProblemInvalidRequest)
	wantProblem(t, s.get(t, strings.Repeat("a", 129)).ApplicationproblemJSON400, customersapi.ProblemInvalidRequest)
}

func wantProblem(t *testing.T, p *problem, kind customersapi.ProblemType) {
	t.Helper()
	if p == nil || p.Type != kind || p.Title == "" {
		t.Errorf("want a problem of type %s with a title, got %+v", kind, p)
	}
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	s := open(t)
	answer := s.update(t, ada, "key-00001", changes{DisplayName: new("Countess"), Phone: new("+4930999999")})
	if answer.JSON200 == nil {
		t.Fatalf("status %s: %s", answer.Status(), answer.Body)
	}
	got := s.get(t, ada).JSON200
	if diff := cmp.Diff(answer.JSON200, got); diff != "" {
		t.Errorf("the answer is not what is read then: %s", diff)
	}
	if got.DisplayName != "Countess" || *got.Phone != "+4930999999" || got.Email != "Ada@example.com" {
		t.Errorf("what is named changes and the rest stays; got %+v", got)
	}
	if diff := cmp.Diff(got, s.update(t, ada, "key-00002", changes{}).JSON200); diff != "" {
		t.Errorf("no changes must change nothing: %s", diff)
	}
	entries := s.ledger.Entries()
	if len(entries) != 2 || entries[0].Command != "updateCustomer" || entries[0].Key != "key-00001" || entries[0].Caller != "someone" ||
		!entries[0].Changed || entries[1].Changed {
		t.Errorf("unexpected ledger %+v", entries)
	}
}

func TestIdempotency(t *testing.T) {
	t.Parallel()
	s := open(t)
	first := s.update(t, ada, "key-00001", changes{DisplayName: new("First")})
	s.update(t, ada, "key-00002", changes{DisplayName: new("Second")})
	again := s.update(t, ada, "key-00001", changes{DisplayName: new("First")})
	if diff := cmp.Diff(first.JSON200, again.JSON200); diff != "" || first.JSON200 == nil {
		t.Errorf("the same key must give the first answer again: %s", diff)
	}
	if got := s.get(t, ada).JSON200; got.DisplayName != "Second" {
		t.Errorf("the same key must change nothing more; got %q", got.DisplayName)
	}
	reused := s.update(t, ada, "key-00001", changes{DisplayName: new("Other")})
	wantProblem(t, reused.ApplicationproblemJSON409, customersapi.ProblemIdempotencyKeyReused)
	reused = s.update(t, grace, "key-00001", changes{DisplayName: new("First")})
	wantProblem(t, reused.ApplicationproblemJSON409, customersapi.ProblemIdempotencyKeyReused)

	invalid := s.update(t, ada, "key-00003", changes{DisplayName: new("")})
	wantProblem(t, invalid.ApplicationproblemJSON422, customersapi.ProblemInvalidValues)
	if corrected := s.update(t, ada, "key-00003", changes{DisplayName: new("Third")}); corrected.JSON200 == nil {
		t.Errorf("a refused value must not use the key up; got %s", corrected.Status())
	}
}

func TestEmailBelongsToOne(t *testing.T) {
	t.Parallel()
	s := open(t)
	taken := s.update(t, grace, "key-00001", changes{DisplayName: new("Eve"), Email: new("aDa@example.com")})
	wantProblem(t, taken.ApplicationproblemJSON409, customersapi.ProblemEmailTaken)
	if got := s.get(t, grace).JSON200; got.DisplayName != "Grace" || got.Email != "grace@example.com" {
		t.Errorf("a refused change must change nothing; got %+v", got)
	}
	if own := s.update(t, ada, "key-00002", changes{Email: new("ada@example.com")}); own.JSON200 == nil {
		t.Errorf("one's own address may change its case; got %s", own.Status())
	}
	if moved := s.update(t, ada, "key-00003", changes{Email: new("ada@example.org")}); moved.JSON200 == nil {
		t.Errorf("a free address may be taken; got %s", moved.Status())
	}
	if freed := s.update(t, grace, "key-00004", changes{Email: new("ada@example.com")}); freed.JSON200 == nil {
		t.Errorf("an address that was given up is free; got %s", freed.Status())
	}
	wantProblem(t, s.update(t, grace, "key-00001", changes{DisplayName: new("Eve"), Email: new("aDa@example.com")}).ApplicationproblemJSON409,
		customersapi.ProblemEmailTaken) // the first answer again
}

func TestConcurrentUpdatesTakeAnAddressOnce(t *testing.T) {
	t.Parallel()
	s := open(t)
	statuses := make([]int, 8)
	var all sync.WaitGroup
	for i := range statuses {
		all.Go(func() {
			id := []string{ada, grace}[i%2]
			answer, err := s.UpdateCustomerWithResponse(t.Context(), id,
				&customersapi.UpdateCustomerParams{IdempotencyKey: "key-of-" + id}, changes{Email: new("new@example.com")})
			if err != nil {
				t.Error(err)
				return
			}
			statuses[i] = answer.StatusCode()
		})
	}
	all.Wait()
	for i, status := range statuses {
		if status != statuses[i%2] || statuses[0]+statuses[1] != 200+409 {
			t.Fatalf("one of two customers gets the address, however often they ask; got %v", statuses)
		}
	}
	if entries := s.ledger.Entries(); len(entries) != 1 {
		t.Errorf("want one change, got %+v", entries)
	}
}

func TestValues(t *testing.T) {
	t.Parallel()
	s := open(t)
	for reason, test := range map[string]struct {
		changes  changes
		violated []string // the fields as the gateway reads them
	}{
		"a display name of 80 characters":     {changes{DisplayName: new(strings.Repeat("é", 80))}, nil},
		"a display name of 81 characters":     {changes{DisplayName: new(strings.Repeat("é", 81))}, []string{"display_name"}},
		"an empty display name":               {changes{DisplayName: new("")}, []string{"display_name"}},
		"a display name of spaces":            {changes{DisplayName: new(" \t ")}, []string{"display_name"}},
		"an address without a domain":         {changes{Email: new("ada")}, []string{"email"}},
		"an address with a dot too many":      {changes{Email: new("ada@example..com")}, []string{"email"}},
		"an address with a space":             {changes{Email: new("a da@example.com")}, []string{"email"}},
		"an address too long":                 {changes{Email: new(strings.Repeat("a", 243) + "@example.com")}, []string{"email"}},
		"a telephone number without a plus":   {changes{Phone: new("004930123456")}, []string{"phone"}},
		"a telephone number with a line feed": {changes{Phone: new("+49301234567\n")}, []string{"phone"}},
		"all values at once": {
			changes{DisplayName: new(""), Email: new(""), Phone: new("")}, []string{"display_name", "email", "phone"},
		},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			answer := s.update(t, ada, "key-for-"+strings.ReplaceAll(reason, " ", "-"), test.changes)
			if test.violated == nil {
				wantAccepted(t, answer)
				return
			}
			wantProblem(t, answer.ApplicationproblemJSON422, customersapi.ProblemInvalidValues)
			f := fault.FromHTTP(answer.StatusCode(), answer.HTTPResponse.Header, answer.Body)
			var violated []string
			for _, v := range f.Violations {
				violated = append(violated, v.Field)
			}
			if diff := cmp.Diff(test.violated, violated); diff != "" || f.Code != fault.BadUserInput {
				t.Errorf("%v: %s", f, diff)
			}
		})
	}
}

func wantAccepted(t *testing.T, answer *customersapi.UpdateCustomerResponse) {
	t.Helper()
	if answer.JSON200 == nil {
		t.Errorf("status %s: %s", answer.Status(), answer.Body)
	}
}

func TestBrokenRequests(t *testing.T) {
	t.Parallel()
	s := open(t)
	const jsonType, good = "application/json", `{"display_name":"Ada"}`
	for reason, test := range map[string]struct {
		method, path, key, mediaType, body string
		status                             int
	}{
		"no key":                         {"PATCH", "/customers/" + ada, "", jsonType, good, 400},
		"a key too short":                {"PATCH", "/customers/" + ada, "short", jsonType, good, 400},
		"a key too long":                 {"PATCH", "/customers/" + ada, strings.Repeat("k", 201), jsonType, good, 400},
		"a key with a space":             {"PATCH", "/customers/" + ada, "key 00001", jsonType, good, 400},
		"an id that cannot be":           {"PATCH", "/customers/a%2Fb", "key-00001", jsonType, good, 400},
		"nobody's id":                    {"PATCH", "/customers/" + gone, "key-00002", jsonType, good, 404},
		"no body":                        {"PATCH", "/customers/" + ada, "key-00001", jsonType, "", 400},
		"a body that ends early":         {"PATCH", "/customers/" + ada, "key-00001", jsonType, good[:9], 400},
		"a body with more after its end": {"PATCH", "/customers/" + ada, "key-00001", jsonType, good + good, 400},
		"null as body":                   {"PATCH", "/customers/" + ada, "key-00001", jsonType, "null", 400},
		"null as value":                  {"PATCH", "/customers/" + ada, "key-00001", jsonType, `{"phone":null}`, 400},
		"a number for a name":            {"PATCH", "/customers/" + ada, "key-00001", jsonType, `{"display_name":7}`, 400},
		"a member that does not exist":   {"PATCH", "/customers/" + ada, "key-00001", jsonType, `{"tier":"gold"}`, 400},
		"a body too large":               {"PATCH", "/customers/" + ada, "key-00001", jsonType, strings.Repeat(" ", 17<<10), 413},
		"a body of another type":         {"PATCH", "/customers/" + ada, "key-00001", "text/plain", good, 415},
		"a body of no type":              {"PATCH", "/customers/" + ada, "key-00001", "", good, 415},
		"a method that does not exist":   {"DELETE", "/customers/" + ada, "key-00001", "", "", 405},
		"a list":                         {"GET", "/customers", "", "", "", 404},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			request, err := http.NewRequestWithContext(t.Context(), test.method, s.url+test.path, strings.NewReader(test.body))
			if err != nil {
				t.Fatal(err)
			}
			for name, value := range map[string]string{"Idempotency-Key": test.key, "Content-Type": test.mediaType} {
				if value != "" {
					request.Header.Set(name, value)
				}
			}
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(response.Body)
			_ = response.Body.Close()
			if err != nil {
				t.Fatal(err)
			}
			media := response.Header.Get("Content-Type")
			if response.StatusCode != test.status || media != "application/problem+json" || !strings.HasPrefix(string(body), "{") {
				t.Errorf("want status %d with a problem document, got %s, %s: %s", test.status, response.Status, media, body)
			}
		})
	}
}
