// Package explain says how an operation would be executed, for who writes it: what is called for it, in which order and how often at most, what is lost
// with each service, who may have it, and what it costs. Nothing is executed.
package explain

import (
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/mainstem/mainstem/platform/exec"
	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/limit"
)

// Plan is how an operation would be executed.
type Plan struct {
	Type      string           `json:"type"`            // query, mutation or subscription
	Name      string           `json:"name,omitempty"`  // the operation's
	Executor  string           `json:"executor"`        // compiled or gqlgen
	Reason    string           `json:"reason,omitzero"` // why gqlgen
	Shareable bool             `json:"shareable"`       // whether equal queries of equal callers that are in flight at the same time are executed once
	Usage     map[string]Usage `json:"usage"`           // cost and calls
	Refused   string           `json:"refused,omitzero"`
	Steps     []*Step          `json:"steps"`            // at the root
	Needs     []Need           `json:"needs,omitempty"`  // what callers need, in the operation's order
	Later     []Later          `json:"later,omitempty"`  // what @defer has come later, in the operation's order
	Losses    []Loss           `json:"losses,omitempty"` // by source, in the order in which they are called
	Cut       bool             `json:"cut,omitzero"`     // whether it is more than is told
}

// Usage is what an operation has of what one limit counts.
type Usage = limit.Usage

// Step is what is called for all objects at one place. Those below it wait for it.
type Step struct {
	Path     string    `json:"path"`         // aliases, without indices
	On       string    `json:"on,omitempty"` // the type of the objects, where there can be others
	Field    string    `json:"field"`
	Sources  []string  `json:"sources"`
	Objects  int       `json:"objects"`        // that it is resolved for, at most
	Calls    int       `json:"calls"`          // of all sources, at most
	With     string    `json:"with,omitempty"` // the path of a step beside it that asks for the same in the same calls
	Stream   bool      `json:"stream"`         // whether it gives events, for each of which what is below is executed
	Nullable bool      `json:"nullable"`       // whether nothing but itself is lost with it
	Deferred bool      `json:"deferred"`
	Label    string    `json:"label,omitempty"` // of what defers it
	Workflow *Workflow `json:"workflow,omitempty"`
	Steps    []*Step   `json:"steps,omitempty"`

	asks string // the field with its arguments
}

// Workflow is an operation that changes several services: all of it is done, or undone.
type Workflow struct {
	Name  string         `json:"name"`
	Steps []WorkflowStep `json:"steps"` // in their order
}

// WorkflowStep is a step of a workflow. What it calls is told as a source and its operation: inventory Reserve.
type WorkflowStep struct {
	Name      string   `json:"name"`
	Calls     []string `json:"calls,omitempty"`
	UndoCalls []string `json:"undoCalls,omitempty"` // to undo it, if it was begun and the workflow cannot be completed
	Must      bool     `json:"must,omitempty"`      // whether there is no way back from here on
}

// Need is what a caller needs for a field.
type Need struct {
	Path     string   `json:"path"`
	SignedIn bool     `json:"signedIn"`
	Scopes   []string `json:"scopes,omitempty"` // all of which are needed
	Null     string   `json:"null"`             // what is null for others, as in Loss
}

// Later is a field that comes later than the object that it is of.
type Later struct {
	Path  string `json:"path"`
	Label string `json:"label,omitempty"`
}

// Loss is what becomes of a field when a source fails.
type Loss struct {
	Source string `json:"source"`
	Path   string `json:"path"`
	Null   string `json:"null"`            // what becomes null: the path, one above it, "data", or an element of a list, with [] at its end
	Maybe  bool   `json:"maybe,omitempty"` // whether other sources may give the field too
	Gives  string `json:"gives,omitempty"` // what stands in place of null
}

// Options are what a gateway knows of its operations.
type Options struct {
	Costs     *limit.Costs
	Limits    limit.Limits
	Workflows map[string]*Workflow // by the field that starts them, such as Mutation.placeOrder
}

// explaining is one Operation.
type explaining struct {
	Options
	plan  *Plan
	root  ast.Operation
	sizes limit.Sizes
}

// Operation explains the operation of a context, of which exec.Schema.Outline has given an outline.
func Operation(oc *graphql.OperationContext, outline exec.Outline, o Options) *Plan {
	price, err := o.Costs.Check(oc.Operation, oc.Variables, o.Limits)
	p := &Plan{
		Type: string(oc.Operation.Operation), Name: oc.Operation.Name, Executor: "compiled", Shareable: outline.Shareable, Cut: outline.Cut, Steps: []*Step{},
		Usage: map[string]Usage{"cost": {Requested: price.Cost, Limit: o.Limits.Cost}, "calls": {Requested: price.Calls, Limit: o.Limits.Calls}},
	}
	if outline.Declined != "" {
		p.Executor, p.Reason = "gqlgen", outline.Declined
	}
	if err != nil {
		p.Refused = fault.From(err).Message()
	}
	e := &explaining{Options: o, plan: p, root: oc.Operation.Operation, sizes: o.Costs.Sizes(oc.Variables)}
	for _, f := range outline.Fields {
		e.field(f, &p.Steps, 1)
	}
	e.losses(outline.Fields)
	return p
}

// field explains a field of so many objects, and what is below it. Steps are put into a list.
func (e *explaining) field(f *exec.OutlineField, into *[]*Step, objects int) {
	e.need(f)
	if f.Deferred {
		e.plan.Later = append(e.plan.Later, Later{Path: f.Path, Label: f.Label})
	}
	if e.shown(f) {
		s := e.step(f, objects)
		for _, known := range *into {
			if known.asks == s.asks && e.root == ast.Query {
				s.With, s.Calls = known.Path, 0
				break
			}
		}
		*into = append(*into, s)
		into = &s.Steps
	}
	below := objects * e.size(f)
	if below/max(e.size(f), 1) != objects {
		below = objects // more than there are numbers
	}
	for _, one := range f.Below {
		e.field(one, into, below)
	}
}

// shown says whether a field is told as a step: all that needs a source, and the root.
func (e *explaining) shown(f *exec.OutlineField) bool {
	return len(f.Sources) > 0 || f.Above == nil
}

// size gives how many objects a field gives for each that has it.
func (e *explaining) size(f *exec.OutlineField) int {
	if f.Above == nil {
		return e.sizes.Of(f.Field, f.Definition, nil, nil)
	}
	return e.sizes.Of(f.Field, f.Definition, f.Above.Field, f.Above.Definition)
}

func (e *explaining) step(f *exec.OutlineField, objects int) *Step {
	s := &Step{
		Path: f.Path, Field: f.Object + "." + f.Field.Name, Sources: slices.Clone(f.Sources), Objects: objects, Calls: e.sizes.Calls(f.Field, f.Definition, objects),
		Nullable: !f.Definition.Type.NonNull, Deferred: f.Deferred, Label: f.Label,
	}
	s.asks = s.Field
	for _, arg := range f.Field.Arguments {
		s.asks += " " + arg.Name + " " + arg.Value.String()
	}
	if s.Sources == nil {
		s.Sources = []string{}
	}
	if f.Choice {
		s.On = f.Object
	}
	s.Stream = e.root == ast.Subscription && f.Above == nil
	s.Workflow = e.Workflows[s.Field]
	return s
}

// need notes what callers need for a field.
func (e *explaining) need(f *exec.OutlineField) {
	n := Need{Path: f.Path, Null: nullOf(f), SignedIn: f.Definition.Directives.ForName("authenticated") != nil}
	if d := f.Definition.Directives.ForName("requiresScopes"); d != nil {
		if arg := d.Arguments.ForName("scopes"); arg != nil {
			for _, scope := range arg.Value.Children {
				n.Scopes = append(n.Scopes, scope.Value.Raw)
			}
		}
	}
	if (n.SignedIn || n.Scopes != nil) && !slices.ContainsFunc(e.plan.Needs, func(known Need) bool { return known.Path == n.Path }) {
		e.plan.Needs = append(e.plan.Needs, n)
	}
}
