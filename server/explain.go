package server

import (
	"context"
	"log/slog"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mainstem/mainstem/graph"
	"github.com/mainstem/mainstem/platform/exec"
	"github.com/mainstem/mainstem/platform/explain"
	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/limit"
	"github.com/mainstem/mainstem/platform/transport"
	"github.com/mainstem/mainstem/resolvers"
	"github.com/mainstem/mainstem/sources"
	"github.com/mainstem/mainstem/workflows"
)

// Question is an operation to explain.
type Question struct {
	Document  string
	Operation string         // its name; may be empty if the document has one operation
	Variables map[string]any // as JSON has them
}

// Explain says how a gateway with a configuration would execute an operation, or why it refuses it: with what is wrong with the document, its variables or its
// size. An operation that costs too much is explained nevertheless. No service is called, no storage is opened, and nothing listens; of the configuration
// only what decides about operations need be valid.
func Explain(ctx context.Context, c Config, q Question) (*explain.Plan, gqlerror.List) {
	costs, err := limit.NewCosts(served(), limit.CostOptions{Batches: batches})
	if err != nil {
		return nil, gqlerror.List{gqlerror.Wrap(err)} // of the schema, which tests have seen
	}
	engine, schema := explaining(c) //nolint:contextcheck // they are made for all operations
	ctx = graphql.StartOperationTrace(ctx)
	oc, errs := engine.CreateOperationContext(ctx, &graphql.RawParams{Query: q.Document, OperationName: q.Operation, Variables: q.Variables})
	if errs != nil {
		return nil, engine.DispatchError(ctx, errs).Errors
	}
	return explain.Operation(oc, schema.Outline(oc), explain.Options{Costs: costs, Limits: c.Limits, Workflows: explained()}), nil //nolint:contextcheck // what is added is carried out by nobody
}

// explained gives what is told of workflows, by the mutations that start them, which are called as they are.
func explained() map[string]*explain.Workflow {
	outline := workflows.Outline()
	resolvers.AddWorkflows(outline, resolvers.Sources{})
	told := map[string]*explain.Workflow{}
	for _, w := range outline.Declared() {
		one := &explain.Workflow{Name: w.Name}
		for _, s := range w.Steps {
			one.Steps = append(one.Steps, explain.WorkflowStep{Name: s.Name, Calls: s.Calls, UndoCalls: s.UndoCalls, Must: s.Must})
		}
		told["Mutation."+w.Name] = one
	}
	return told
}

// explaining gives what reads operations as a gateway does, without what executes them.
func explaining(c Config) (*transport.Engine, *exec.Schema) {
	options := exec.Options{Gqlgen: c.Executor == executorGqlgen, Degrade: c.degradations()}
	if c.ShareOperations {
		options.Share = &exec.Sharing{}
	}
	schema := graph.NewCompiledSchema(graph.Config{Schema: served()}, options)
	engine := transport.NewEngine(schema, transport.Options{
		Present: fault.Presenter(slog.New(slog.DiscardHandler)), Recover: fault.Recover, Limits: c.Limits, Suggest: true,
		Extensions: []graphql.HandlerExtension{&limit.Arguments{Scalars: sources.Scalars}, introspection(c)},
	})
	return engine, schema
}
