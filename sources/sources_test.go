package sources_test

import (
	"testing"

	"github.com/mainstem/mainstem/sources"
)

func TestAddressValid(t *testing.T) {
	t.Parallel()
	whole := func() sources.Address {
		return sources.Address{Recipient: "Ada Berger", Lines: []string{"Hof 2", "Torstraße 12"}, City: "Berlin", PostalCode: "10119", CountryCode: "DE"}
	}
	if a := whole(); !a.Valid() {
		t.Error("an address without a region is refused")
	}
	for reason, spoil := range map[string]func(*sources.Address){
		"nobody":                  func(a *sources.Address) { a.Recipient = "" },
		"no street":               func(a *sources.Address) { a.Lines = nil },
		"an empty line":           func(a *sources.Address) { a.Lines[1] = "" },
		"no town":                 func(a *sources.Address) { a.City = "" },
		"no postal code":          func(a *sources.Address) { a.PostalCode = "" },
		"no country":              func(a *sources.Address) { a.CountryCode = "" },
		"a country's name":        func(a *sources.Address) { a.CountryCode = "Germany" },
		"a code in small letters": func(a *sources.Address) { a.CountryCode = "de" },
		"a code of three letters": func(a *sources.Address) { a.CountryCode = "DEU" },
	} {
		a := whole()
		if spoil(&a); a.Valid() {
			t.Errorf("%s: %+v is accepted", reason, a)
		}
	}
}

func TestValidCurrency(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]bool{"EUR": true, "XXX": true, "": false, "EU": false, "EURO": false, "eur": false, "E1R": false, "€": false, "ÄÖ": false} {
		if got := sources.ValidCurrency(code); got != want {
			t.Errorf("%q: %t", code, got)
		}
	}
}
