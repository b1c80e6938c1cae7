package customers

import (
	"encoding/json"
	"net/http"

	"github.com/mainstem/mainstem/sources/customers/customersapi"
)

// titles says what kind of problem each type is; for the others the status says it.
var titles = map[customersapi.ProblemType]string{
	customersapi.ProblemInvalidRequest:       "The request breaks the contract.",
	customersapi.ProblemInvalidValues:        "Some values are not allowed.",
	customersapi.ProblemCustomerNotFound:     "There is no such customer.",
	customersapi.ProblemEmailTaken:           "Another account has this e-mail address.",
	customersapi.ProblemIdempotencyKeyReused: "The idempotency key was used with another request.",
}

func newProblem(status int32, kind customersapi.ProblemType) customersapi.Problem {
	title, ok := titles[kind]
	if !ok {
		title = http.StatusText(int(status))
	}
	return customersapi.Problem{Type: kind, Title: title, Status: status}
}

func invalidRequest(detail string) customersapi.Problem {
	problem := newProblem(http.StatusBadRequest, customersapi.ProblemInvalidRequest)
	problem.Detail = &detail
	return problem
}

func reply(w http.ResponseWriter, answer any) { write(w, http.StatusOK, "application/json", answer) }

func refuse(w http.ResponseWriter, problem customersapi.Problem) {
	write(w, int(problem.Status), "application/problem+json", problem)
}

func write(w http.ResponseWriter, status int, mediaType string, answer any) {
	body, err := json.Marshal(answer)
	if err != nil { // the contract's types always encode
		panic(err)
	}
	w.Header().Set("Content-Type", mediaType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(body) // it fails when the caller is gone
}
