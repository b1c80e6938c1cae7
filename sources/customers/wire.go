package customers

import (
	"fmt"
	"unicode/utf8"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/upstream"
	"github.com/mainstem/mainstem/sources"
	"github.com/mainstem/mainstem/sources/customers/customersapi"
)

// The reasons of a CONFLICT, in fault.Error.Reason.
const (
	ReasonEmailTaken = string(customersapi.ProblemEmailTaken)           // another account has the e-mail address
	ReasonKeyReused  = string(customersapi.ProblemIdempotencyKeyReused) // the key was used with other changes or for another customer
)

// The service's bounds, which its contract gives.
const (
	minKey         = 8
	maxKey         = 200
	maxDisplayName = 80
	maxEmail       = 254
	maxPhone       = 16
)

// The fields of Changes as inputs spell them.
const (
	fieldDisplayName = "displayName"
	fieldEmail       = "email"
	fieldPhone       = "phone"
)

// inputFields gives the fields by the service's names of them.
var inputFields = map[string]string{
	"display_name": fieldDisplayName,
	"email":        fieldEmail,
	"phone":        fieldPhone,
}

var tiers = map[customersapi.CustomerTier]CustomerTier{
	customersapi.TierStandard: TierStandard,
	customersapi.TierSilver:   TierSilver,
	customersapi.TierGold:     TierGold,
}

// customer leaves out the name on invoices, which is not part of the graph.
func customer(c *customersapi.Customer) (*Customer, error) {
	tier, ok := tiers[c.Tier]
	if !ok {
		return nil, upstream.Violation("customer %q has the tier %q", c.Id, c.Tier)
	}
	if !sources.ValidLocal(c.Id) {
		return nil, upstream.Violation("customer %q: not an id", c.Id)
	}
	if c.DisplayName == "" || c.Email == "" || c.Phone != nil && *c.Phone == "" {
		return nil, upstream.Violation("customer %q has an empty name, e-mail address or telephone number", c.Id)
	}
	var avatar *sources.URL
	if c.AvatarUrl != nil {
		url, err := sources.ParseURL(*c.AvatarUrl)
		if err != nil {
			return nil, upstream.Violation("customer %q has a picture at %q", c.Id, *c.AvatarUrl)
		}
		avatar = &url
	}
	addresses := make([]sources.Address, len(c.Addresses))
	for i := range c.Addresses {
		addresses[i] = address(&c.Addresses[i])
		if !addresses[i].Valid() {
			return nil, upstream.Violation("customer %q: address %d lacks a part, or its country is %q", c.Id, i, addresses[i].CountryCode)
		}
	}
	return &Customer{
		ID:          sources.ID{Type: "Customer", Local: c.Id},
		DisplayName: c.DisplayName,
		Avatar:      avatar,
		MemberSince: c.RegisteredAt,
		Tier:        tier,
		Email:       c.Email,
		Phone:       c.Phone,
		Addresses:   addresses,
	}, nil
}

func address(a *customersapi.PostalAddress) sources.Address {
	return sources.Address{
		Recipient:   a.Recipient,
		Lines:       a.StreetLines,
		City:        a.City,
		Region:      a.Region,
		PostalCode:  a.PostalCode,
		CountryCode: a.Country,
	}
}

func profileChanges(c Changes) customersapi.ProfileChanges {
	return customersapi.ProfileChanges{DisplayName: c.DisplayName, Email: c.Email, Phone: c.Phone}
}

// checkUpdate refuses what cannot be sent: an id that is not one segment of a path, a key that is not one header, a body of more bytes
// than the service takes. What the values must look like is for the service to say.
func checkUpdate(key, id string, c Changes) *fault.Error {
	if !sources.ValidLocal(id) {
		return fault.New(fault.NotFound, "")
	}
	if !validKey(key) {
		return fault.Newf(fault.BadUserInput, "An idempotency key has %d to %d printable ASCII characters without spaces.", minKey, maxKey)
	}
	refused := fault.New(fault.BadUserInput, "")
	for _, v := range []struct {
		field string
		value *string
		max   int
	}{
		{fieldDisplayName, c.DisplayName, maxDisplayName},
		{fieldEmail, c.Email, maxEmail},
		{fieldPhone, c.Phone, maxPhone},
	} {
		if v.value != nil && utf8.RuneCountInString(*v.value) > v.max {
			message := fmt.Sprintf("This may have %d characters at most.", v.max)
			refused.Violations = append(refused.Violations, fault.Violation{Field: v.field, Message: message})
		}
	}
	if len(refused.Violations) > 0 {
		return refused
	}
	return nil
}

func validKey(key string) bool {
	for i := range len(key) {
		if key[i] < '!' || key[i] > '~' {
			return false
		}
	}
	return len(key) >= minKey && len(key) <= maxKey
}
