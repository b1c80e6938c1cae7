// Package sources says what a source is, and holds the values that several sources share.
//
// A source is a folder below this one. It knows one service and nothing of the graph: it owns the canonical types that the
// service feeds, reads them in the plural, and passes commands on. See docs/add-a-source.md.
package sources

import "slices"

// Node is an object with a global id (https://relay.dev/graphql/objectidentification.htm).
type Node interface{ IsNode() }

// Money is an amount of money.
type Money struct {
	Amount   int32  // in the currency's minor unit
	Currency string // ISO 4217
}

// Address is a postal address.
type Address struct {
	Recipient   string
	Lines       []string
	City        string
	Region      *string
	PostalCode  string
	CountryCode string // ISO 3166-1 alpha-2
}

// Valid says whether the address has all that a parcel needs, none of it empty, and a country whose code has the form of one.
func (a *Address) Valid() bool {
	return a.Recipient != "" && a.City != "" && a.PostalCode != "" && capitals(a.CountryCode, 2) &&
		len(a.Lines) > 0 && !slices.Contains(a.Lines, "")
}

// ValidCurrency says whether s has the form of a currency's code in ISO 4217: three capital letters.
func ValidCurrency(s string) bool { return capitals(s, 3) }

func capitals(s string, n int) bool {
	for i := range len(s) {
		if s[i] < 'A' || s[i] > 'Z' {
			return false
		}
	}
	return len(s) == n
}
