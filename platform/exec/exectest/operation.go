// Package exectest examines executors: it makes random valid operations of any schema, compares what two executors answer, and reduces an
// operation whose answers differ to what is needed for it.
package exectest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// Operation is one request.
type Operation struct {
	Query         string
	Variables     map[string]any
	OperationName string
}

// String gives the operation as a document, with its name and variables as comments.
func (o Operation) String() string {
	var b strings.Builder
	if o.OperationName != "" {
		fmt.Fprintf(&b, "# operation: %s\n", o.OperationName)
	}
	if len(o.Variables) > 0 {
		variables, err := json.Marshal(o.Variables)
		if err != nil {
			panic(err) // they are JSON
		}
		fmt.Fprintf(&b, "# variables: %s\n", variables)
	}
	b.WriteString(o.Query)
	return b.String()
}

// Parse reads what String gives.
func Parse(text string) (Operation, error) {
	o := Operation{Query: text}
	for strings.HasPrefix(o.Query, "#") {
		line, rest, _ := strings.Cut(o.Query, "\n")
		o.Query = rest
		if name, ok := strings.CutPrefix(line, "# operation: "); ok {
			o.OperationName = name
		}
		if variables, ok := strings.CutPrefix(line, "# variables: "); ok {
			if err := decode([]byte(variables), &o.Variables); err != nil {
				return Operation{}, fmt.Errorf("%s: %w", line, err)
			}
		}
	}
	return o, nil
}

// decode reads JSON, numbers as a server reads those of a request.
func decode(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	return d.Decode(into)
}

// Validate gives what is wrong with the operation's document, nil if nothing is.
func (o Operation) Validate(schema *ast.Schema) error {
	doc, err := parser.ParseQuery(&ast.Source{Input: o.Query})
	if err != nil {
		return err
	}
	if list := validator.ValidateWithRules(schema, doc, rules.NewDefaultRules()); len(list) > 0 {
		return list
	}
	if doc.Operations.ForName(o.OperationName) == nil {
		return errors.New("there is no operation of that name")
	}
	return nil
}

// printed gives a document's text.
func printed(doc *ast.QueryDocument) string {
	var b strings.Builder
	formatter.NewFormatter(&b, formatter.WithIndent("  ")).FormatQueryDocument(doc)
	return b.String()
}
