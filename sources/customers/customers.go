// Package customers reads and changes customers' profiles at the customers service.
package customers

import (
	"context"
	"net/http"
	"time"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/upstream"
	"github.com/mainstem/mainstem/sources"
	"github.com/mainstem/mainstem/sources/customers/customersapi"
)

// Customer is somebody who buys.
type Customer struct {
	ID          sources.ID
	DisplayName string
	Avatar      *sources.URL
	MemberSince time.Time
	Tier        CustomerTier
	Email       string
	Phone       *string
	Addresses   []sources.Address
}

// IsNode marks Customer as a Node.
func (*Customer) IsNode() {}

// CustomerTier is the rank of an account.
type CustomerTier string

// The ranks of an account.
const (
	TierStandard CustomerTier = "STANDARD"
	TierSilver   CustomerTier = "SILVER"
	TierGold     CustomerTier = "GOLD"
)

// Changes are changes to a customer's profile. What is nil stays.
type Changes struct {
	DisplayName *string
	Email       *string
	Phone       *string
}

// Inputs is what the customers service gets of a request: who makes a change, for its audit log.
var Inputs = upstream.Inputs{Claims: []string{"sub"}}

// MaxBatch is the most ids that one ByIDs takes.
const MaxBatch = 1000

// maxParallel bounds the calls at once of one ByIDs: the service gives one customer a call.
const maxParallel = 32

// Source reads and changes customers. It is safe for concurrent use.
type Source struct{ http *upstream.HTTP }

// New makes the source of the customers service that h calls.
func New(h *upstream.HTTP) *Source { return &Source{http: h} }

// ByIDs gives customers by their local ids, MaxBatch at most, by a call each. Ids that no customer can have, such as a token's
// subject that is somebody else's, are absent like those that no customer has.
func (s *Source) ByIDs(ctx context.Context, ids []string) (map[string]*Customer, error) {
	return upstream.Each(ctx, maxParallel, ids, func(ctx context.Context, id string) (*Customer, error) {
		if !sources.ValidLocal(id) {
			return nil, fault.New(fault.NotFound, "")
		}
		answer, err := s.http.Do(upstream.WithKeys(ctx, 1), "getCustomer", func(url string) (*http.Request, error) {
			return customersapi.NewGetCustomerRequest(url, id)
		})
		if err != nil {
			return nil, err
		}
		return read(answer, id)
	})
}

// Update changes the profile of the customer with the local id, and gives the customer after it. The same key with the same changes
// gives the first answer again. It fails with NOT_FOUND if there is no such customer; with CONFLICT and ReasonEmailTaken or
// ReasonKeyReused; and with BAD_USER_INPUT, whose Violations have the names of the fields of Changes as inputs spell them.
func (s *Source) Update(ctx context.Context, key, id string, c Changes) (*Customer, error) {
	const operation = "updateCustomer"
	if err := checkUpdate(key, id, c); err != nil {
		return nil, err.At(s.http.Name, operation)
	}
	answer, err := s.http.Do(ctx, operation, func(url string) (*http.Request, error) {
		return customersapi.NewUpdateCustomerRequest(url, id, &customersapi.UpdateCustomerParams{IdempotencyKey: key}, profileChanges(c))
	})
	if err != nil {
		return nil, fault.RenameViolations(err, inputFields)
	}
	return read(answer, id)
}

// read gives the customer that was asked for. Another's profile is not shown to whoever asked.
func read(answer upstream.Answer, id string) (*Customer, error) {
	c, err := upstream.Decode[customersapi.Customer](answer)
	if err != nil {
		return nil, err
	}
	converted, f := upstream.Convert(answer.Origin, nil, c, func(c *customersapi.Customer) (*Customer, error) {
		if c.Id != id {
			return nil, upstream.Violation("asked for the customer %q and got %q", id, c.Id)
		}
		return customer(c)
	})
	if f != nil {
		return nil, f
	}
	return converted, nil
}
