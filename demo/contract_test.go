package demo_test

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/mainstem/mainstem/demo"
)

// contract is what a REST service promises.
type contract struct{ *openapi3.T }

func readContract(t *testing.T, service string) contract {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromFile(filepath.Join("..", "sources", service, "openapi.yaml"))
	if err != nil {
		t.Fatalf("%s: %v", service, err)
	}
	return contract{doc}
}

// fits checks a JSON document against a schema of the contract.
func fits(schema *openapi3.SchemaRef, document []byte) error {
	var value any
	if err := json.Unmarshal(document, &value); err != nil {
		return err
	}
	return schema.Value.VisitJSON(value, openapi3.EnableJSONSchema2020(), openapi3.EnableFormatValidation())
}

// operation finds what a request asks for: a path without parameters goes before one with them.
func (c contract) operation(method, path string) (string, *openapi3.Operation) {
	asked := strings.Split(path, "/")
	found := ""
	for template := range c.Paths.Map() {
		parts := strings.Split(template, "/")
		same := slices.EqualFunc(parts, asked, func(part, segment string) bool { return part == segment || strings.HasPrefix(part, "{") })
		if same && (found == "" || !strings.Contains(template, "{")) {
			found = template
		}
	}
	if found == "" {
		return path, nil
	}
	return found, c.Paths.Value(found).GetOperation(method)
}

// allows says why an answer is none that the contract has.
func (c contract) allows(method, path string, answer *http.Response, body string) error {
	template, operation := c.operation(method, path)
	if operation == nil {
		return fmt.Errorf("there is no operation %s %s", method, template)
	}
	ref := operation.Responses.Status(answer.StatusCode)
	if ref == nil {
		ref = operation.Responses.Default()
	}
	if ref == nil {
		return fmt.Errorf("%s %s is not documented to answer %d", method, template, answer.StatusCode)
	}
	for name, header := range ref.Value.Headers {
		if got := answer.Header.Get(name); got != "" {
			if err := header.Value.Schema.Value.VisitJSON(got, openapi3.EnableJSONSchema2020()); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	if len(ref.Value.Content) == 0 {
		if body != "" {
			return fmt.Errorf("%d has no body", answer.StatusCode)
		}
		return nil
	}
	media, _, err := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	if err != nil {
		return err
	}
	content, ok := ref.Value.Content[media]
	if !ok {
		return fmt.Errorf("%s %s is not documented to answer %d as %s", method, template, answer.StatusCode, media)
	}
	return fits(content.Schema, []byte(body))
}

var restServices = []string{"catalog", "customers", "orders", "payments"}

func TestContractsAreOpenAPI(t *testing.T) {
	t.Parallel()
	for _, service := range restServices {
		t.Run(service, func(t *testing.T) {
			t.Parallel()
			c := readContract(t, service)
			if !c.IsOpenAPI31OrLater() {
				t.Errorf("it is OpenAPI %s", c.OpenAPI)
			}
			if err := c.Validate(t.Context(), openapi3.EnableExamplesValidation()); err != nil {
				t.Error(err)
			}
			examples := 0
			for name, schema := range c.Components.Schemas {
				for i, example := range schema.Value.Examples { // which Validate leaves out
					examples++
					text, err := json.Marshal(example)
					if err != nil {
						t.Fatal(err)
					}
					if err := fits(schema, text); err != nil {
						t.Errorf("example %d of %s: %v", i+1, name, err)
					}
				}
			}
			if examples == 0 {
				t.Error("no schema has an example")
			}
		})
	}
}

// What the sources' tests take for the services' answers fits the contracts.
func TestRecordedAnswersFitTheContracts(t *testing.T) {
	t.Parallel()
	const inFuture = "" // what a later version of the service may send
	schemas := map[string]map[string]string{
		"catalog": {"categories": "CategoryBatch", "page": "ProductPage", "products": "ProductBatch"},
		"customers": {
			"bare": "Customer", "customer": "Customer", "email-taken": "Problem", "invalid-values": "Problem", "key-reused": "Problem",
			"not-found": "Problem",
		},
		"orders":   {"batch": "OrderBatch", "list": "OrderList", "order": "Order", "page": inFuture, "undone": "UndoneCreate"},
		"payments": {"batch": "PaymentBatch", "by-order": "PaymentBatch", "payment": "Payment", "undone": "Undone"},
	}
	for service, byFile := range schemas {
		t.Run(service, func(t *testing.T) {
			t.Parallel()
			c := readContract(t, service)
			files, err := filepath.Glob(filepath.Join("..", "sources", service, "testdata", "*.json"))
			if err != nil || len(files) == 0 {
				t.Fatalf("there are no recorded answers: %v", err)
			}
			for _, file := range files {
				name, known := byFile[strings.TrimSuffix(filepath.Base(file), ".json")]
				if known && name == inFuture {
					continue
				}
				if c.Components.Schemas[name] == nil {
					t.Errorf("%s is of no schema that this test knows", file)
					continue
				}
				document, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				if err := fits(c.Components.Schemas[name], document); err != nil {
					t.Errorf("%s: %v", file, err)
				}
			}
		})
	}
}

func TestContractsAreHeldAgainst(t *testing.T) {
	t.Parallel()
	c := readContract(t, "orders")
	for reason, wrong := range map[string]struct{ schema, document string }{
		"a member is missing":       {"Money", `{"currency":"EUR"}`},
		"a number is too large":     {"Money", `{"minor_units":2147483648,"currency":"EUR"}`},
		"a text has another form":   {"Money", `{"minor_units":1,"currency":"euro"}`},
		"a part is wrong":           {"OrderBatch", `{"items":[{"id":"a/b"}]}`},
		"a value is not in an enum": {"OrderStatus", `"lost"`},
	} {
		if err := fits(c.Components.Schemas[wrong.schema], []byte(wrong.document)); err == nil {
			t.Errorf("%s: %s is taken for a %s", reason, wrong.document, wrong.schema)
		}
	}
	ok := &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}}
	text := &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"text/plain"}}}
	if err := c.allows("GET", "/orders/batch", ok, `{"items":[]}`); err != nil {
		t.Error(err)
	}
	if c.allows("GET", "/orders/batch", text, `{"items":[]}`) == nil || c.allows("DELETE", "/orders", ok, `{}`) == nil || c.allows("GET", "/orders/batch", ok, "{}") == nil {
		t.Error("an answer or a request that is not documented passes")
	}
}

// exchange is a request, and the status of its answer.
type exchange struct {
	service, method, path string
	key, body             string
	status                int
}

func TestAnswersFitTheContracts(t *testing.T) {
	t.Parallel()
	d := start(t, demo.Options{})
	contracts := map[string]contract{}
	for _, service := range restServices {
		contracts[service] = readContract(t, service)
	}
	for i, e := range exchanges(d) {
		r := request(t, e.method, d.URL(e.service)+e.path, e.body)
		if e.key != "" {
			r.Header.Set("Idempotency-Key", e.key)
		}
		r.Header.Set("Content-Type", "application/json")
		answer, body, err := do(t, r)
		if err != nil {
			t.Fatal(err)
		}
		for _, inside := range []string{"strconv", "binding", "json:", "Go "} {
			if answer.StatusCode >= 400 && strings.Contains(body, inside) {
				t.Errorf("%d: %s %s tells how the service is made: %s", i, e.method, e.path, body)
			}
		}
		if answer.StatusCode != e.status {
			t.Errorf("%d: %s %s is answered with %s, want %d: %s", i, e.method, e.path, answer.Status, e.status, body)
		}
		if err := contracts[e.service].allows(e.method, r.URL.EscapedPath(), answer, body); err != nil {
			t.Errorf("%d: %s %s: %v\n%.300s", i, e.method, e.path, err, body)
		}
	}
}
