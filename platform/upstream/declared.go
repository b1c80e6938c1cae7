package upstream

import (
	"context"
	"fmt"

	"github.com/99designs/gqlgen/graphql"

	"github.com/mainstem/mainstem/platform/fault"
)

// Only gives a context in which the one source may be called, whatever the running field declares. Loaders use it: they check
// each field that asks, and then fetch for all of them.
func Only(ctx context.Context, source string) context.Context {
	return withTerms(ctx, func(t *terms) { t.only = source })
}

// Declared fails with INTERNAL_SERVER_ERROR if a GraphQL field is running that does not declare the source by @source(name:).
// Outside of operations, such as in a test of a source, every call is allowed.
func Declared(ctx context.Context, source string) error {
	return termsOf(ctx).allow(ctx, source)
}

func (t *terms) allow(ctx context.Context, source string) error {
	switch t.only {
	case source:
		return nil
	case "":
	default:
		return undeclared(source, "the loader of "+t.only)
	}
	if !graphql.HasOperationContext(ctx) {
		return nil
	}
	fc := graphql.GetFieldContext(ctx)
	if fc == nil || fc.Field.Field == nil || fc.Field.Definition == nil {
		return undeclared(source, "the operation itself")
	}
	for _, d := range fc.Field.Definition.Directives {
		if d.Name == "source" {
			if name := d.Arguments.ForName("name"); name != nil && name.Value.Raw == source {
				return nil
			}
		}
	}
	return undeclared(source, fc.Object+"."+fc.Field.Name)
}

func undeclared(source, by string) error {
	return fault.Wrap(fault.Internal, fmt.Errorf("%s called the source %q without @source(name: %q)", by, source, source))
}
