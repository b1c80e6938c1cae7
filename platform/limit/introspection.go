package limit

import (
	"context"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mainstem/mainstem/platform/fault"
)

// NoIntrospection is a gqlgen extension that refuses operations which ask for the schema, with GRAPHQL_VALIDATION_FAILED. gqlgen itself would fail their fields with an
// error like that of a defect. It is linear in the document.
type NoIntrospection struct{}

var _ interface {
	graphql.HandlerExtension
	graphql.OperationContextMutator
} = NoIntrospection{}

// ExtensionName names the extension.
func (NoIntrospection) ExtensionName() string { return "NoIntrospection" }

// Validate accepts every schema.
func (NoIntrospection) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationContext checks the operation. It changes nothing.
func (NoIntrospection) MutateOperationContext(_ context.Context, oc *graphql.OperationContext) *gqlerror.Error {
	field := schemaField(oc.Operation.SelectionSet)
	for _, f := range oc.Doc.Fragments { // each once, however often it is spread
		if field == nil {
			field = schemaField(f.SelectionSet)
		}
	}
	if field == nil {
		return nil
	}
	err := gqlerror.WrapPath(nil, fault.Newf(fault.ValidationFailed, "`%s` is not answered here: the schema is not open to clients.", field.Name))
	err.Locations = []gqlerror.Location{{Line: field.Position.Line, Column: field.Position.Column}}
	return err
}

// schemaField gives a field of the set by which the schema is read. Only the root has any.
func schemaField(set ast.SelectionSet) *ast.Field {
	for _, s := range set {
		switch s := s.(type) {
		case *ast.Field:
			if s.Name == "__schema" || s.Name == "__type" {
				return s
			}
		case *ast.InlineFragment:
			if f := schemaField(s.SelectionSet); f != nil {
				return f
			}
		}
	}
	return nil
}
