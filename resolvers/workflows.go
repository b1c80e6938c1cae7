package resolvers

import (
	"context"
	"time"

	"github.com/mainstem/mainstem/graph/model"
	"github.com/mainstem/mainstem/platform/authn"
	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/sources"
	"github.com/mainstem/mainstem/workflows"
	"github.com/mainstem/mainstem/workflows/cancelorder"
	"github.com/mainstem/mainstem/workflows/placeorder"
)

// Workflows are the operations that change several services, and the engine that carries them out.
type Workflows struct {
	Engine      *workflows.Engine
	PlaceOrder  *workflows.Runner[placeorder.Checkout]
	CancelOrder *workflows.Runner[cancelorder.Cancellation]
}

// AddWorkflows has an engine carry out every operation, by these sources. It must be done before the engine's Launch.
func AddWorkflows(e *workflows.Engine, s Sources) Workflows {
	placeOrder := workflows.Add(e, placeorder.New(placeorder.Sources{
		Catalog: s.Catalog, Customers: s.Customers, Inventory: s.Inventory, Payments: s.Payments, Orders: s.Orders, Shipping: s.Shipping,
	}))
	placed := func(ctx context.Context, orderID string) (*workflows.Run[placeorder.Checkout], error) {
		return placeOrder.FindBySubject(ctx, placeorder.Subject(orderID))
	}
	return Workflows{
		Engine:     e,
		PlaceOrder: placeOrder,
		CancelOrder: workflows.Add(e, cancelorder.New(cancelorder.Sources{
			Inventory: s.Inventory, Payments: s.Payments, Orders: s.Orders, Shipping: s.Shipping,
		}, placed)),
	}
}

// The scopes by which staff may see anybody's checkouts, and call off anybody's orders.
const (
	scopeCheckouts   = "checkouts:read"
	scopeWriteOrders = "orders:write"
)

// ownerOf gives whose the runs are that a caller starts.
func ownerOf(caller authn.Caller) workflows.Actor {
	return workflows.Actor{Issuer: caller.Issuer, Subject: caller.Subject}
}

// findRun gives a run: FORBIDDEN unless it is the caller's own, or the caller may see everybody's. Which of those do not exist is for the latter
// to know.
func findRun[S any](ctx context.Context, runner *workflows.Runner[S], id string) (*workflows.Run[S], error) {
	run, err := runner.Find(ctx, id)
	if err != nil {
		return nil, err
	}
	caller, known := authn.From(ctx)
	switch {
	case known && caller.HasScopes(scopeCheckouts):
		return run, nil
	case known && run != nil && run.Owner == ownerOf(caller):
		return run, nil
	}
	return nil, notYours()
}

func (r *Resolver) checkout(ctx context.Context, id string) (*model.Checkout, error) {
	run, err := findRun(ctx, r.Workflows.PlaceOrder, id)
	if run == nil {
		return nil, err
	}
	return checkoutOf(run), nil
}

func (r *Resolver) cancellation(ctx context.Context, id string) (*model.Cancellation, error) {
	run, err := findRun(ctx, r.Workflows.CancelOrder, id)
	if run == nil {
		return nil, err
	}
	return cancellationOf(run), nil
}

func checkoutOf(run *workflows.Run[placeorder.Checkout]) *model.Checkout {
	c := &model.Checkout{
		ID: sources.ID{Type: "Checkout", Local: run.ID}, State: stateOf(run.State), StartedAt: run.CreatedAt, EndedAt: moment(run.EndedAt),
		Steps: stepsOf(run.Steps), Problems: placeOrderProblems(run), OrderID: run.Value.OrderID,
	}
	switch run.State {
	case workflows.Undoing, workflows.Refused, workflows.Failed: // the order was called off again, and is no success
		c.OrderID = ""
	default:
	}
	return c
}

func cancellationOf(run *workflows.Run[cancelorder.Cancellation]) *model.Cancellation {
	c := &model.Cancellation{
		ID: sources.ID{Type: "Cancellation", Local: run.ID}, State: stateOf(run.State), StartedAt: run.CreatedAt, EndedAt: moment(run.EndedAt),
		Steps: stepsOf(run.Steps), Problems: cancelOrderProblems(run), OrderID: run.Value.OrderID,
	}
	for _, p := range run.Value.Problems {
		if p.Kind == cancelorder.OrderNotFound {
			c.OrderID = ""
		}
	}
	return c
}

// stateOf gives the state of a run as clients know it: the words are the same but for one.
func stateOf(s workflows.State) model.WorkflowState {
	if s == workflows.Running {
		return model.WorkflowStatePending
	}
	return model.WorkflowState(s)
}

func stepsOf(list []workflows.StepRun) []model.WorkflowStep {
	steps := make([]model.WorkflowStep, len(list))
	for i, s := range list {
		steps[i] = model.WorkflowStep{
			Name: s.Name, Undo: s.Undo, State: model.WorkflowStepState(s.State), Attempts: int32(s.Attempts), //nolint:gosec // far fewer
			StartedAt: s.StartedAt, EndedAt: moment(s.EndedAt), Fault: stepFault(s.Fault),
		}
	}
	return steps
}

func stepFault(f *workflows.Fault) *model.StepFault {
	if f == nil {
		return nil
	}
	return &model.StepFault{
		Code: string(f.Code), Message: f.Message, Source: text(f.Source), Operation: text(f.Operation), Reason: text(f.Reason),
	}
}

// text gives nil for an empty text.
func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// moment gives nil for no time.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// retryable says whether what a run failed with may be gone when it is tried anew.
func retryable(f *workflows.Fault) bool { return f != nil && f.Error().Retryable() }

// invalidSubject is FORBIDDEN for callers who cannot be customers.
func invalidSubject() error {
	return fault.New(fault.Forbidden, "The subject of your token cannot be a customer.")
}
