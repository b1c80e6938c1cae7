package limit

import (
	"time"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// ValidateAt is Validate with a clock.
func ValidateAt(schema *ast.Schema, doc *ast.QueryDocument, using *rules.Rules, l Limits, now func() time.Duration) gqlerror.List {
	return validate(schema, doc, using, l, now)
}

// StepsOf gives the steps that validating a document took, with what is wrong with it.
func StepsOf(schema *ast.Schema, doc *ast.QueryDocument, using *rules.Rules, l Limits) (int, gqlerror.List) {
	v := &validation{limits: l, now: threadTime, start: threadTime(), told: map[string]bool{}}
	errs := v.validate(schema, doc, using)
	return v.steps, errs
}

// SelectionsCounted gives how many selections are counted for an operation's price.
func (c *Costs) SelectionsCounted(op *ast.OperationDefinition, variables map[string]any) int {
	b := newBill(c, variables)
	b.operation(op)
	return b.counts
}

// ThreadTime is the clock by which validation is bounded.
var ThreadTime = threadTime
