package customers_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/sources/customers"
)

func TestUpdate(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		changes customers.Changes
		body    string
	}{
		"all":                      {customers.Changes{DisplayName: new("Ada"), Email: new("ada@example.com"), Phone: new("+4930999999")}, `{"display_name":"Ada","email":"ada@example.com","phone":"+4930999999"}`},
		"one, the rest stays":      {customers.Changes{Phone: new("+4930999999")}, `{"phone":"+4930999999"}`},
		"none":                     {customers.Changes{}, `{}`},
		"what is empty is sent":    {customers.Changes{DisplayName: new("")}, `{"display_name":""}`},
		"the longest there may be": {customers.Changes{DisplayName: new(strings.Repeat("ß", 80))}, `{"display_name":"` + strings.Repeat("ß", 80) + `"}`},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			backend := &service{status: http.StatusOK, answers: map[string]string{ada: "customer.json"}}
			got, err := source(t, backend).Update(t.Context(), "key:~!%2F,;\"1\"", ada, test.changes)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(wantAda(), got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			want := []string{`PATCH /customers/cus-00042 key:~!%2F,;"1" application/json ` + test.body}
			if diff := cmp.Diff(want, backend.requests()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestUpdateRefused(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		status int
		answer string
		code   fault.Code
		reason string
	}{
		"the e-mail address is another's": {http.StatusConflict, "email-taken.json", fault.Conflict, customers.ReasonEmailTaken},
		"the key was used before":         {http.StatusConflict, "key-reused.json", fault.Conflict, customers.ReasonKeyReused},
		"there is no such customer": {
			http.StatusNotFound, "not-found.json", fault.NotFound, "https://customers.shop.example/problems/customer-not-found",
		},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			backend := &service{status: test.status, answers: map[string]string{ada: test.answer}}
			got, err := source(t, backend).Update(t.Context(), key, ada, customers.Changes{Email: new("grace@example.com")})
			f := fault.From(err)
			if got != nil || f == nil || f.Code != test.code || f.Reason != test.reason || f.Source != "customers" || f.Operation != "updateCustomer" {
				t.Errorf("got %v and %v, want %s for %s", got, f, test.code, test.reason)
			}
		})
	}
}

func TestUpdateViolations(t *testing.T) {
	t.Parallel()
	backend := &service{status: http.StatusUnprocessableEntity, answers: map[string]string{ada: "invalid-values.json"}}
	_, err := source(t, backend).Update(t.Context(), key, ada, customers.Changes{DisplayName: new(" "), Email: new("x"), Phone: new("1")})
	f := fault.From(err)
	if f == nil || f.Code != fault.BadUserInput || f.Source != "customers" || f.Operation != "updateCustomer" {
		t.Fatalf("got %v, want BAD_USER_INPUT", err)
	}
	want := []fault.Violation{
		{Field: "displayName", Message: "A display name has 1 to 80 characters, not only spaces."},
		{Field: "email", Message: "This is not an e-mail address."},
		{Field: "phone", Message: "A telephone number has a plus sign, the country code and the number, without spaces: +49301234567."},
	}
	if diff := cmp.Diff(want, f.Violations); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestUpdateIsNotSent(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 20<<10) // more than a body may have
	for reason, test := range map[string]struct {
		key, id    string
		changes    customers.Changes
		code       fault.Code
		violations []fault.Violation
	}{
		"no id":                          {key, "", customers.Changes{}, fault.NotFound, nil},
		"an id that leaves its segment":  {key, "..", customers.Changes{}, fault.NotFound, nil},
		"no key":                         {"", ada, customers.Changes{}, fault.BadUserInput, nil},
		"a key that is too short":        {"1234567", ada, customers.Changes{}, fault.BadUserInput, nil},
		"a key that is too long":         {strings.Repeat("k", 201), ada, customers.Changes{}, fault.BadUserInput, nil},
		"a key that would be two lines":  {"12345678\r\nX: y", ada, customers.Changes{}, fault.BadUserInput, nil},
		"a key beyond ASCII":             {"schlüssel", ada, customers.Changes{}, fault.BadUserInput, nil},
		"values that are far too long":   {key, ada, customers.Changes{DisplayName: &long, Email: &long, Phone: &long}, fault.BadUserInput, tooLong("displayName", "80", "email", "254", "phone", "16")},
		"one that is a bit too long":     {key, ada, customers.Changes{DisplayName: new(strings.Repeat("ß", 81))}, fault.BadUserInput, tooLong("displayName", "80")},
		"only the one that is, is named": {key, ada, customers.Changes{DisplayName: new("Ada"), Phone: new("+4930123456789012")}, fault.BadUserInput, tooLong("phone", "16")},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			backend := &service{status: http.StatusOK, answers: map[string]string{ada: "customer.json"}}
			_, err := source(t, backend).Update(t.Context(), test.key, test.id, test.changes)
			f := fault.From(err)
			if f == nil || f.Code != test.code || f.Source != "customers" || f.Operation != "updateCustomer" {
				t.Fatalf("got %v, want %s", err, test.code)
			}
			if diff := cmp.Diff(test.violations, f.Violations); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if asked := backend.requests(); len(asked) != 0 {
				t.Errorf("asked %q", asked)
			}
		})
	}
}

// tooLong gives the violations of fields and the characters that they may have.
func tooLong(fieldsAndBounds ...string) []fault.Violation {
	var list []fault.Violation
	for i := 0; i < len(fieldsAndBounds); i += 2 {
		message := "This may have " + fieldsAndBounds[i+1] + " characters at most."
		list = append(list, fault.Violation{Field: fieldsAndBounds[i], Message: message})
	}
	return list
}
