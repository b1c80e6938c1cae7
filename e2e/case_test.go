package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/mainstem/mainstem/demo/breaking"
)

// A case is a txtar file: a comment that says what it shows, and sections. What is given:
//
//	query.graphql    the document of a POST; or
//	request.txt      a request as it is: a line with method and path, headers, an empty line, the body
//	variables.json   the variables of query.graphql
//	caller           who asks: customer, support, admin, limited or bad-token; nobody when left out
//	break.json       what is wrong with which services, such as {"reviews": {"down": true}}
//	config.yaml      what is different in the gateway's configuration
//
// What is expected, which -update writes:
//
//	status           the HTTP status, if it is not 200, and headers that go with it
//	response.json    the answer as readable gives it
//	calls.txt        the calls of services, as the gateway's spans tell of them. Where a line says "keys=3 x1..2", by hand, three keys may
//	                 come in one batch or two; see loosen
//	ledger.txt       the commands that took effect, as the services tell of them; left out if there are none
//
// A case can ask several times, one after the other: query.2.graphql, variables.2.json, response.2.json and so on. The services stay
// as they are, and so does the caller.
var sectionNames = []string{
	"config.yaml", "break.json", "caller", "query.graphql", "variables.json", "request.txt", // given
	"status", "response.json", "calls.txt", "ledger.txt", // expected
}

const firstExpected = 6

// testCase is a case, with its sections by name.
type testCase struct {
	comment  []byte
	sections map[string]string
}

func readCase(file string) (*testCase, error) {
	archive, err := txtar.ParseFile(file)
	if err != nil {
		return nil, err
	}
	c := &testCase{comment: archive.Comment, sections: map[string]string{}}
	if len(bytes.TrimSpace(c.comment)) == 0 {
		return nil, fmt.Errorf("%s: it does not say what it shows", file)
	}
	for _, f := range archive.Files {
		if base, _ := splitSection(f.Name); !slices.Contains(sectionNames, base) {
			return nil, fmt.Errorf("%s: there is no section %q", file, f.Name)
		}
		if _, twice := c.sections[f.Name]; twice {
			return nil, fmt.Errorf("%s: the section %q is there twice", file, f.Name)
		}
		c.sections[f.Name] = string(f.Data)
	}
	return c, nil
}

var numbered = regexp.MustCompile(`^([a-z]+)\.([2-9]|[1-9][0-9])(\.[a-z]+)?$`)

// splitSection gives a section's name without its step, and the step.
func splitSection(name string) (string, int) {
	if parts := numbered.FindStringSubmatch(name); parts != nil {
		step, _ := strconv.Atoi(parts[2]) // a digit
		return parts[1] + parts[3], step
	}
	return name, 1
}

// section gives the name of a section in a step: query.graphql is query.2.graphql in the second.
func section(base string, step int) string {
	if step == 1 {
		return base
	}
	name, extension, found := strings.Cut(base, ".")
	if found {
		extension = "." + extension
	}
	return fmt.Sprintf("%s.%d%s", name, step, extension)
}

// with gives the case's file with other expectations.
func (c *testCase) with(expected map[string]string) []byte {
	all := maps.Clone(c.sections)
	maps.DeleteFunc(all, func(name, _ string) bool { return isExpected(name) })
	maps.Copy(all, expected)
	archive := &txtar.Archive{Comment: c.comment}
	for _, name := range slices.SortedFunc(maps.Keys(all), inOrder) {
		archive.Files = append(archive.Files, txtar.File{Name: name, Data: []byte(all[name])})
	}
	return txtar.Format(archive)
}

func isExpected(name string) bool {
	base, _ := splitSection(name)
	return slices.Index(sectionNames, base) >= firstExpected
}

// inOrder has the steps in order, and in each what is given before what is expected; the ledger is the end of all.
func inOrder(a, b string) int {
	rank := func(name string) int {
		base, step := splitSection(name)
		if base == "ledger.txt" {
			step = 100
		}
		return step*len(sectionNames) + slices.Index(sectionNames, base)
	}
	return rank(a) - rank(b)
}

// breaks gives what is wrong with which services from a step on.
func (c *testCase) breaks(t *testing.T, step int) map[string]breaking.Break {
	t.Helper()
	text, ok := c.sections[section("break.json", step)]
	if !ok {
		return nil
	}
	var broken map[string]breaking.Break
	if err := json.Unmarshal([]byte(text), &broken); err != nil {
		t.Fatalf("break.json: %v", err)
	}
	return broken
}

// request gives a step's request; nil if there is no such step.
func (c *testCase) request(t *testing.T, s *stack, step int) *http.Request {
	t.Helper()
	var r *http.Request
	var err error
	if raw, ok := c.sections[section("request.txt", step)]; ok {
		r, err = rawRequest(s.url, raw)
	} else if query, ok := c.sections[section("query.graphql", step)]; ok {
		r, err = queryRequest(s.url, query, c.sections[section("variables.json", step)])
	} else {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	caller, ok := c.sections[section("caller", step)]
	if !ok {
		caller = c.sections["caller"]
	}
	if token := s.token(t, strings.TrimSpace(caller)); token != "" {
		r.Header.Set("Authorization", token)
	}
	return r
}

func queryRequest(url, query, variables string) (*http.Request, error) {
	query, err := expand(query)
	if err != nil {
		return nil, err
	}
	request := map[string]any{"query": query}
	if variables != "" {
		if variables, err = expand(variables); err != nil {
			return nil, err
		}
		request["variables"] = json.RawMessage(variables)
	}
	body, err := json.Marshal(request)
	if err != nil {
		return nil, fmt.Errorf("variables.json: %w", err)
	}
	r, err := http.NewRequest(http.MethodPost, url+"/graphql", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/graphql-response+json")
	return r, nil
}

func rawRequest(url, text string) (*http.Request, error) {
	text, err := expand(text)
	if err != nil {
		return nil, err
	}
	head, body, _ := strings.Cut(text, "\n\n")
	lines := strings.Split(strings.TrimSuffix(head, "\n"), "\n")
	method, path, ok := strings.Cut(lines[0], " ")
	if !ok {
		return nil, fmt.Errorf("request.txt: %q is no line of method and path", lines[0])
	}
	r, err := http.NewRequest(method, url+path, strings.NewReader(strings.TrimSuffix(body, "\n")))
	if err != nil {
		return nil, err
	}
	for _, line := range lines[1:] {
		name, value, _ := strings.Cut(line, ":")
		r.Header.Add(name, strings.TrimSpace(value))
	}
	return r, nil
}

// reply is an answer of the gateway.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// send sends a request and gives its answer, which must be JSON.
func (s *stack) send(t *testing.T, r *http.Request) reply {
	t.Helper()
	answer, err := s.exchange(r)
	if err != nil {
		t.Fatal(err)
	}
	if kind := answer.header.Get("Content-Type"); !strings.Contains(kind, "json") {
		t.Fatalf("the answer is %q: %s", kind, answer.body)
	}
	return answer
}

// exchange sends a request and reads its answer.
func (s *stack) exchange(r *http.Request) (reply, error) {
	resp, err := s.client.Do(r)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	return reply{resp.StatusCode, resp.Header, body}, err
}

// statusText gives the section `status`: nothing for an answer as usual.
func (r reply) statusText() string {
	text := ""
	if r.status != http.StatusOK {
		text = fmt.Sprintf("%d %s\n", r.status, http.StatusText(r.status))
	}
	for _, name := range []string{"Allow", "WWW-Authenticate", "Retry-After"} {
		for _, value := range r.header.Values(name) {
			text += name + ": " + value + "\n"
		}
	}
	return text
}
