package fault_test

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/mainstem/mainstem/platform/fault"
)

func ExampleNew() {
	f := fault.New(fault.NotFound, "There is no such shelf.")
	fmt.Println(f.Code, f.Message(), f.Retryable())
	// Output: NOT_FOUND There is no such shelf. false
}

func ExampleWrap() {
	f := fault.Wrap(fault.SourceUnavailable, errors.New("dial tcp 10.0.0.7:443: connection refused")).At("catalog", "listProducts")
	fmt.Println(f.Message())
	fmt.Println(f)
	// Output:
	// A service is not available at the moment.
	// SOURCE_UNAVAILABLE catalog.listProducts: A service is not available at the moment.: dial tcp 10.0.0.7:443: connection refused
}

func ExampleFromHTTP() {
	header := http.Header{"Content-Type": {"application/problem+json"}}
	body := `{"type": "https://shop.example/problems/invalid", "errors": [{"pointer": "#/email", "detail": "This is not an e-mail address."}]}`
	f := fault.FromHTTP(http.StatusUnprocessableEntity, header, []byte(body))
	fmt.Println(f.Code, f.Reason)
	fmt.Println(f.Violations[0].Field, f.Violations[0].Message)
	// Output:
	// BAD_USER_INPUT https://shop.example/problems/invalid
	// email This is not an e-mail address.
}

func ExampleItems() {
	failed := fault.Items[string]{}
	fmt.Println(failed.OrNil() == nil)
	failed["SKU-7"] = fault.New(fault.SourceContractViolation, "").At("catalog", "batchGetProducts")
	fmt.Println(failed.OrNil())
	// Output:
	// true
	// 1 items failed, among them SKU-7: SOURCE_CONTRACT_VIOLATION catalog.batchGetProducts: A service gave an answer that does not fit its contract.
}
