package customers

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"regexp"
	"unicode/utf8"

	"github.com/mainstem/mainstem/sources/customers/customersapi"
)

// The contract's limits.
const (
	maxBody        = 16 << 10 // bytes
	maxDisplayName = 80       // characters
	maxEmail       = 254      // characters
)

// The contract's patterns.
var (
	customerIDPattern  = regexp.MustCompile(`^[A-Za-z0-9._~-]{1,128}$`)
	keyPattern         = regexp.MustCompile(`^[!-~]{8,200}$`)
	displayNamePattern = regexp.MustCompile(`\S`)
	emailPattern       = regexp.MustCompile(`^[^@\s]+@[^@\s.]+(\.[^@\s.]+)+$`)
	phonePattern       = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
)

// readUpdate checks a request to change a profile, and gives the changes or why they are refused.
func readUpdate(
	w http.ResponseWriter, r *http.Request, id string, params customersapi.UpdateCustomerParams,
) (customersapi.ProfileChanges, *customersapi.Problem) {
	none := customersapi.ProfileChanges{}
	if !customerIDPattern.MatchString(id) {
		return none, new(invalidRequest("this is not the id of a customer"))
	}
	if !keyPattern.MatchString(params.IdempotencyKey) {
		return none, new(invalidRequest("Idempotency-Key must have 8 to 200 printable ASCII characters"))
	}
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != "application/json" {
		return none, new(newProblem(http.StatusUnsupportedMediaType, customersapi.ProblemInvalidRequest))
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return none, new(newProblem(http.StatusRequestEntityTooLarge, customersapi.ProblemInvalidRequest))
	}
	if err != nil {
		return none, new(invalidRequest("the body could not be read"))
	}
	changes, err := parseChanges(body)
	if err != nil {
		return none, new(invalidRequest(err.Error()))
	}
	if violations := check(changes); len(violations) > 0 {
		problem := newProblem(http.StatusUnprocessableEntity, customersapi.ProblemInvalidValues)
		problem.Errors = &violations
		return none, &problem
	}
	return changes, nil
}

// parseChanges reads a body. Unlike encoding/json's own reading of a struct it refuses null, which the contract does not allow
// and which would look like something left out.
func parseChanges(body []byte) (customersapi.ProfileChanges, error) {
	var members map[string]*string
	if err := json.Unmarshal(body, &members); err != nil || members == nil {
		return customersapi.ProfileChanges{}, errors.New("the body must be a JSON object whose members are strings")
	}
	var changes customersapi.ProfileChanges
	for name, value := range members {
		if value == nil {
			return customersapi.ProfileChanges{}, fmt.Errorf("%q must not be null", name)
		}
		switch name {
		case "display_name":
			changes.DisplayName = value
		case "email":
			changes.Email = value
		case "phone":
			changes.Phone = value
		default:
			return customersapi.ProfileChanges{}, fmt.Errorf("%q is not a member of the body", name)
		}
	}
	return changes, nil
}

// check gives every value that is not allowed.
func check(changes customersapi.ProfileChanges) []customersapi.ValueError {
	var violations []customersapi.ValueError
	add := func(pointer, detail string) {
		violations = append(violations, customersapi.ValueError{Pointer: pointer, Detail: detail})
	}
	if v := changes.DisplayName; v != nil && (!displayNamePattern.MatchString(*v) || utf8.RuneCountInString(*v) > maxDisplayName) {
		add("#/display_name", "A display name has 1 to 80 characters, not only spaces.")
	}
	if v := changes.Email; v != nil && (!emailPattern.MatchString(*v) || utf8.RuneCountInString(*v) > maxEmail) {
		add("#/email", "This is not an e-mail address.")
	}
	if v := changes.Phone; v != nil && !phonePattern.MatchString(*v) {
		add("#/phone", "A telephone number has a plus sign, the country code and the number, without spaces: +49301234567.")
	}
	return violations
}
