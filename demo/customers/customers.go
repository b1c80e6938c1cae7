// Package customers is the demo's customers service: a REST service without a batch endpoint, whose changes need an
// idempotency key and whose errors are problem documents. Its contract is sources/customers/openapi.yaml.
package customers

import (
	"errors"
	"net/http"
	"reflect"
	"strings"

	"github.com/mainstem/mainstem/demo/ledger"
	"github.com/mainstem/mainstem/demo/world"
	"github.com/mainstem/mainstem/sources/customers/customersapi"
)

// New gives the service over a copy of the world's customers. Changes go through the ledger. The handler is safe for concurrent
// use.
func New(w *world.World, l *ledger.Ledger) http.Handler {
	s := &service{
		ledger:  l,
		byID:    make(map[string]*customersapi.Customer, len(w.Customers)),
		byEmail: make(map[string]string, len(w.Customers)),
	}
	for i := range w.Customers {
		c := wireCustomer(&w.Customers[i])
		s.byID[c.Id] = c
		s.byEmail[strings.ToLower(c.Email)] = c.Id
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, newProblem(http.StatusNotFound, customersapi.ProblemOther))
	})
	mux.HandleFunc("/customers/{id}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Allow", "GET, HEAD, PATCH")
		refuse(w, newProblem(http.StatusMethodNotAllowed, customersapi.ProblemOther))
	})
	return customersapi.HandlerWithOptions(s, customersapi.StdHTTPServerOptions{
		BaseRouter: mux,
		ErrorHandlerFunc: func(w http.ResponseWriter, _ *http.Request, err error) {
			refuse(w, invalidRequest(sentenceOf(err)))
		},
	})
}

// sentenceOf says what the generated code found wrong with a request's parameters, in words of the contract.
func sentenceOf(err error) string {
	if missing, ok := errors.AsType[*customersapi.RequiredHeaderError](err); ok {
		return missing.ParamName + " is missing"
	}
	if several, ok := errors.AsType[*customersapi.TooManyValuesForParamError](err); ok {
		return several.ParamName + " must occur once"
	}
	return "a parameter cannot be read"
}

// service implements the contract's operations. A customer is replaced as a whole and never altered, so that one read under the
// ledger's lock can be used after it.
type service struct {
	ledger  *ledger.Ledger
	byID    map[string]*customersapi.Customer // under the ledger's lock
	byEmail map[string]string                 // the id, by address in lower case; under the ledger's lock
}

var _ customersapi.ServerInterface = (*service)(nil)

// The refusals of a change for what is there already.
var (
	errNoCustomer = errors.New("there is no such customer")
	errEmailTaken = errors.New("another account has this e-mail address")
)

// GetCustomer gives a customer.
func (s *service) GetCustomer(w http.ResponseWriter, _ *http.Request, id string) {
	if !customerIDPattern.MatchString(id) {
		refuse(w, invalidRequest("this is not the id of a customer"))
		return
	}
	var c *customersapi.Customer
	s.ledger.Locked(func() { c = s.byID[id] })
	if c == nil {
		refuse(w, newProblem(http.StatusNotFound, customersapi.ProblemCustomerNotFound))
		return
	}
	reply(w, c)
}

// UpdateCustomer changes a customer's profile.
func (s *service) UpdateCustomer(w http.ResponseWriter, r *http.Request, id string, params customersapi.UpdateCustomerParams) {
	changes, problem := readUpdate(w, r, id, params)
	if problem != nil {
		refuse(w, *problem)
		return
	}
	command := ledger.Command{
		Name: "updateCustomer",
		Key:  params.IdempotencyKey,
		Input: struct {
			ID      string                      `json:"id"`
			Changes customersapi.ProfileChanges `json:"changes"`
		}{id, changes},
	}
	if params.CallerSub != nil {
		command.Caller = *params.CallerSub
	}
	changed, err := ledger.Do(s.ledger, command, func() (customersapi.Customer, bool, error) { return s.change(id, changes) })
	switch {
	case err == nil:
		reply(w, changed)
	case errors.Is(err, errNoCustomer):
		refuse(w, newProblem(http.StatusNotFound, customersapi.ProblemCustomerNotFound))
	case errors.Is(err, errEmailTaken):
		refuse(w, newProblem(http.StatusConflict, customersapi.ProblemEmailTaken))
	case errors.Is(err, ledger.ErrKeyReused):
		refuse(w, newProblem(http.StatusConflict, customersapi.ProblemIdempotencyKeyReused))
	default:
		refuse(w, newProblem(http.StatusInternalServerError, customersapi.ProblemOther))
	}
}

// change makes the changes, all or none, and gives the customer and whether that made a difference. It runs under the ledger's
// lock.
func (s *service) change(id string, changes customersapi.ProfileChanges) (customersapi.Customer, bool, error) {
	current := s.byID[id]
	if current == nil {
		return customersapi.Customer{}, false, errNoCustomer
	}
	changed := *current
	if changes.DisplayName != nil {
		changed.DisplayName = *changes.DisplayName
	}
	if changes.Phone != nil {
		changed.Phone = changes.Phone
	}
	if changes.Email != nil {
		if owner, taken := s.byEmail[strings.ToLower(*changes.Email)]; taken && owner != id {
			return customersapi.Customer{}, false, errEmailTaken
		}
		changed.Email = *changes.Email
		delete(s.byEmail, strings.ToLower(current.Email))
		s.byEmail[strings.ToLower(changed.Email)] = id
	}
	s.byID[id] = &changed
	return changed, !reflect.DeepEqual(changed, *current), nil
}

func wireCustomer(c *world.Customer) *customersapi.Customer {
	addresses := make([]customersapi.PostalAddress, 0, len(c.Addresses))
	for _, a := range c.Addresses {
		addresses = append(addresses, customersapi.PostalAddress{
			Recipient:   a.Recipient,
			StreetLines: a.Lines,
			City:        a.City,
			Region:      optional(a.Region),
			PostalCode:  a.PostalCode,
			Country:     a.CountryCode,
		})
	}
	return &customersapi.Customer{
		Id:           c.ID,
		DisplayName:  c.DisplayName,
		FullName:     c.FullName,
		AvatarUrl:    optional(c.Avatar),
		Email:        c.Email,
		Phone:        optional(c.Phone),
		Tier:         customersapi.CustomerTier(c.Tier),
		RegisteredAt: c.CreatedAt.UTC(),
		Addresses:    addresses,
	}
}

// optional gives nothing for an empty string.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
