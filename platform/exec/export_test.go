package exec

import (
	"context"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// The bounds of what is kept of documents.
const (
	MaxPlans      = maxPlans
	MaxPlanned    = maxPlanned
	MaxPlanFields = maxPlanFields
	MaxWorkers    = maxWorkers
)

// Kept gives how many documents and how many plans are kept.
func (s *Schema) Kept() (documents, plans int) { return s.documents.Len(), s.plans.Len() }

// Planned gives how many fields the plan of an operation has worked out, and how many states a run of it needs. Zero says that the plan is
// not kept.
func (s *Schema) Planned(oc *graphql.OperationContext) (fields, states int) {
	key := planKey{document: oc.RawQuery, operation: oc.Operation.Name}
	doc, ok := s.documents.Peek(key)
	if !ok {
		return 0, 0
	}
	key.conditions = doc.bits(oc.Variables, false)
	p, ok := s.plans.Peek(key)
	if !ok {
		return 0, 0
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fields, p.states
}

// Forget drops all documents and plans.
func (s *Schema) Forget() {
	s.documents.Purge()
	s.plans.Purge()
}

// Aged registers a stale value of the oldest of several ages, of which many hear at once, in the answer of a context.
func Aged(ctx context.Context, ages ...time.Duration) {
	var k kept
	var all sync.WaitGroup
	for _, age := range ages {
		all.Go(func() { k.note(age) })
	}
	all.Wait()
	f := &Field{parent: &Selection{}}
	f.collected.Field = &ast.Field{Alias: "a"}
	degraded{{field: f, how: Stale, age: k.age()}, {field: f, how: Omit, age: k.age()}}.register(ctx)
}
