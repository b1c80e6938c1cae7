package resolvers

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/mail"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/mainstem/mainstem/graph/model"
	"github.com/mainstem/mainstem/platform/authn"
	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/sources"
	"github.com/mainstem/mainstem/sources/customers"
	"github.com/mainstem/mainstem/sources/reviews"
)

// commandKey gives the idempotency key of a command: the client's, if it sent one, within the caller's own space, so that nobody meets
// another's key. A command without a client's key gets one of its own.
func commandKey(ctx context.Context, command string, clients *string) string {
	if clients == nil {
		return command + "-" + rand.Text()
	}
	caller, _ := authn.From(ctx)
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %q", caller.Issuer, caller.Subject, command, *clients))
	return command + "-" + hex.EncodeToString(sum[:])
}

// checks collects what is wrong with an input.
type checks []model.InvalidInput

func (c *checks) that(ok bool, field, message string) {
	if !ok {
		*c = append(*c, model.InvalidInput{Field: field, Message: message})
	}
}

func (c *checks) length(s *string, field string, most int) {
	if s != nil {
		n := utf8.RuneCountInString(*s)
		c.that(n >= 1 && n <= most, field, fmt.Sprintf("It must have 1 to %d characters, not %d.", most, n))
	}
}

var (
	keyPattern   = regexp.MustCompile(`^[A-Za-z0-9_-]{8,64}$`)
	phonePattern = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
)

func (c *checks) key(key *string) {
	c.that(key == nil || keyPattern.MatchString(*key), "idempotencyKey", "It must be 8 to 64 letters, digits, hyphens or underscores.")
}

// refused gives the fields that a source does not accept. It has its own words for why, which are for the log.
func refused(f *fault.Error) checks {
	var c checks
	for _, v := range f.Violations {
		c.that(false, v.Field, "This value is not accepted.")
	}
	return c
}

// failed gives the fault of a command that failed for no reason that a client can mend.
func failed(f *fault.Error, key *string) error {
	if key == nil {
		return f.Keyless()
	}
	return f
}

func (r *Resolver) createReview(ctx context.Context, in model.CreateReviewInput) (*model.CreateReviewPayload, error) {
	sku, err := in.ProductID.Of("Product")
	if err != nil {
		return nil, err
	}
	caller, _ := authn.From(ctx)
	if !sources.ValidLocal(caller.Subject) {
		return nil, fault.New(fault.Forbidden, "The subject of your token cannot be a review's author.")
	}
	var c checks
	c.that(in.Rating >= 1 && in.Rating <= 5, "rating", "It must be 1 to 5.")
	c.length(in.Title, "title", 120)
	c.length(&in.Body, "body", 4000)
	c.that(in.Body == "" || strings.TrimSpace(in.Body) != "", "body", "It must not be blank.")
	c.key(in.IdempotencyKey)
	if len(c) > 0 {
		return &model.CreateReviewPayload{Problems: reviewProblems(c)}, nil
	}
	review, err := r.Sources.Reviews.Create(ctx, commandKey(ctx, "createReview", in.IdempotencyKey), reviews.NewReview{
		SKU: sku, AuthorID: caller.Subject, Rating: in.Rating, Title: in.Title, Body: in.Body,
	})
	if err != nil {
		list, err := createReviewProblems(fault.From(err), in)
		if err != nil {
			return nil, err
		}
		return &model.CreateReviewPayload{Problems: list}, nil
	}
	return &model.CreateReviewPayload{Review: review, Problems: []model.CreateReviewProblem{}}, nil
}

func reviewProblems(c checks) []model.CreateReviewProblem {
	list := make([]model.CreateReviewProblem, len(c))
	for i, invalid := range c {
		list[i] = invalid
	}
	return list
}

// createReviewProblems gives a refusal as data, and any other fault as it is.
func createReviewProblems(f *fault.Error, in model.CreateReviewInput) ([]model.CreateReviewProblem, error) {
	switch {
	case f.Code == fault.BadUserInput && len(f.Violations) > 0:
		return reviewProblems(refused(f)), nil
	case f.Reason == reviews.ReasonProductUnknown:
		return []model.CreateReviewProblem{model.ProductNotFound{Message: "There is no such product.", ProductID: in.ProductID}}, nil
	case f.Reason == reviews.ReasonAlreadyReviewed:
		return []model.CreateReviewProblem{model.AlreadyReviewed{Message: "You have reviewed this product before."}}, nil
	default:
		return nil, failed(f, in.IdempotencyKey)
	}
}

func (r *Resolver) updateCustomer(ctx context.Context, in model.UpdateCustomerInput) (*model.UpdateCustomerPayload, error) {
	caller, _ := authn.From(ctx)
	id := caller.Subject
	if in.ID != nil {
		local, err := in.ID.Of("Customer")
		if err != nil {
			return nil, err
		}
		id = local
	}
	if !sources.ValidLocal(id) || !ownsOr(ctx, id, scopeWriteCustomers) {
		return nil, fault.New(fault.Forbidden, "You may change only your own profile.")
	}
	var c checks
	c.length(in.DisplayName, "displayName", 80)
	c.that(in.Email == nil || validEmail(*in.Email), "email", "It must be an address such as `ada@example.org`.")
	c.that(in.Phone == nil || phonePattern.MatchString(*in.Phone), "phone", "It must be in E.164 form, such as `+49301234567`.")
	c.that(in.DisplayName != nil || in.Email != nil || in.Phone != nil, "displayName", "Nothing is to be changed: name at least one of displayName, email and phone.")
	c.key(in.IdempotencyKey)
	if len(c) > 0 {
		return &model.UpdateCustomerPayload{Problems: customerProblems(c)}, nil
	}
	customer, err := r.Sources.Customers.Update(ctx, commandKey(ctx, "updateCustomer", in.IdempotencyKey), id,
		customers.Changes{DisplayName: in.DisplayName, Email: in.Email, Phone: in.Phone})
	if err != nil {
		list, err := updateCustomerProblems(fault.From(err), in.IdempotencyKey)
		if err != nil {
			return nil, err
		}
		return &model.UpdateCustomerPayload{Problems: list}, nil
	}
	return &model.UpdateCustomerPayload{Customer: customer, Problems: []model.UpdateCustomerProblem{}}, nil
}

func customerProblems(c checks) []model.UpdateCustomerProblem {
	list := make([]model.UpdateCustomerProblem, len(c))
	for i, invalid := range c {
		list[i] = invalid
	}
	return list
}

// updateCustomerProblems gives a refusal as data, and any other fault as it is.
func updateCustomerProblems(f *fault.Error, key *string) ([]model.UpdateCustomerProblem, error) {
	switch {
	case f.Code == fault.BadUserInput && len(f.Violations) > 0:
		return customerProblems(refused(f)), nil
	case f.Code == fault.NotFound:
		return []model.UpdateCustomerProblem{model.CustomerNotFound{Message: "There is no such customer."}}, nil
	case f.Reason == customers.ReasonEmailTaken:
		return []model.UpdateCustomerProblem{model.EmailTaken{Message: "Another account has this e-mail address."}}, nil
	default:
		return nil, failed(f, key)
	}
}

// validEmail says whether s is an address alone, without a name.
func validEmail(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s && len(s) <= 254
}
