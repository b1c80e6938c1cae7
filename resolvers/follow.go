package resolvers

import (
	"context"
	"encoding/json"
	"iter"
	"strconv"

	"github.com/mainstem/mainstem/graph/model"
	"github.com/mainstem/mainstem/platform/authn"
	"github.com/mainstem/mainstem/platform/exec"
	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/sources"
	"github.com/mainstem/mainstem/workflows"
	"github.com/mainstem/mainstem/workflows/placeorder"
)

// follow sends what a log tells, as show makes it, until the log or ctx ends, or show says that it is the last. What show gives nil for is left
// out.
func follow[T any](ctx context.Context, log iter.Seq2[workflows.Change, error], show func(c workflows.Change) (change *T, last bool)) <-chan *T {
	changes := make(chan *T) // without room: the log is read as fast as the client reads
	go func() {
		defer close(changes)
		for c, err := range log {
			if err != nil {
				exec.EndWith(ctx, err)
				return
			}
			change, last := show(c)
			if change != nil {
				select {
				case changes <- change:
				case <-ctx.Done():
					return
				}
			}
			if last {
				return
			}
		}
	}()
	return changes
}

// cursorOf gives the cursor of a place in the log, in the list of what a subscription tells.
func cursorOf(list string, seq int64) string { return sources.Cursor(list, strconv.FormatInt(seq, 10)) }

// place gives the place in the log that a cursor of a list stands for. It fails with BAD_USER_INPUT for what is none, such as one of another
// list, or of what has not happened.
func place(ctx context.Context, e *workflows.Engine, list, cursor string) (int64, error) {
	page, err := sources.NewPageArgs(list, 1, &cursor)
	if err != nil {
		return 0, err
	}
	seq, err := strconv.ParseInt(page.After, 10, 64)
	if err != nil || seq < 1 || strconv.FormatInt(seq, 10) != page.After {
		return 0, sources.WrongCursor()
	}
	now, err := e.Now(ctx)
	if err != nil {
		return 0, err
	}
	if seq > now {
		return 0, sources.WrongCursor()
	}
	return seq, nil
}

var checkoutChangeKinds = map[string]model.CheckoutChangeKind{
	workflows.KindStarted:       model.CheckoutChangeKindStarted,
	workflows.KindStepDone:      model.CheckoutChangeKindStepDone,
	workflows.KindStepRefused:   model.CheckoutChangeKindStepRefused,
	workflows.KindStepFailed:    model.CheckoutChangeKindStepFailed,
	workflows.KindStepUndone:    model.CheckoutChangeKindStepUndone,
	workflows.KindStepStuck:     model.CheckoutChangeKindStepStuck,
	workflows.KindStepAbandoned: model.CheckoutChangeKindStepAbandoned,
	workflows.KindStuck:         model.CheckoutChangeKindStuck,
	workflows.KindRetried:       model.CheckoutChangeKindTakenInHand,
	workflows.KindCancelled:     model.CheckoutChangeKindTakenInHand,
	workflows.KindEnded:         model.CheckoutChangeKindEnded,
}

// checkoutChanges gives what happens to a checkout, up to its end.
func (r *Resolver) checkoutChanges(ctx context.Context, id sources.ID, after *string) (<-chan *model.CheckoutChange, error) {
	local, err := id.Of("Checkout")
	if err != nil {
		return nil, err
	}
	run, err := findRun(ctx, r.Workflows.PlaceOrder, local)
	if err != nil {
		return nil, err
	}
	if run == nil {
		return nil, fault.New(fault.NotFound, "There is no such checkout.")
	}
	list, known := "checkout-"+local, int64(0)
	if after != nil {
		if known, err = place(ctx, r.Workflows.Engine, list, *after); err != nil {
			return nil, err
		}
	}
	log := r.Workflows.Engine.Follow(ctx, workflows.Topic(local), known)
	if run.Ended() { // the client may know of the end, and nothing would ever come after it
		log = r.Workflows.Engine.Past(ctx, workflows.Topic(local), known)
	}
	return follow(ctx, log, func(c workflows.Change) (*model.CheckoutChange, bool) {
		kind, told := checkoutChangeKinds[c.Kind]
		var happened struct {
			State workflows.State `json:"state"`
			Step  string          `json:"step"`
		}
		if !told || json.Unmarshal(c.Payload, &happened) != nil {
			return nil, c.Kind == workflows.KindEnded
		}
		return &model.CheckoutChange{
			Cursor: cursorOf(list, c.Seq), At: c.At, Kind: kind, Step: text(happened.Step), State: stateOf(happened.State), CheckoutID: local,
		}, c.Kind == workflows.KindEnded
	}), nil
}

var orderChangeKinds = map[string]model.OrderChangeKind{
	placeorder.OrderCreated:   model.OrderChangeKindCreated,
	placeorder.OrderPaid:      model.OrderChangeKindPaid,
	placeorder.OrderCancelled: model.OrderChangeKindCancelled,
}

// orderChanges gives what happens to a customer's orders.
func (r *Resolver) orderChanges(ctx context.Context, customer *sources.ID, after *string) (<-chan *model.OrderChange, error) {
	caller, _ := authn.From(ctx)
	id := caller.Subject
	if customer != nil {
		local, err := customer.Of("Customer")
		if err != nil {
			return nil, err
		}
		id = local
	}
	if !sources.ValidLocal(id) || !ownsOr(ctx, id, scopeOrders) {
		return nil, notYours()
	}
	list := "orders-of-" + id
	var known int64
	var err error
	if after != nil {
		known, err = place(ctx, r.Workflows.Engine, list, *after)
	} else {
		known, err = r.Workflows.Engine.Now(ctx)
	}
	if err != nil {
		return nil, err
	}
	return follow(ctx, r.Workflows.Engine.Follow(ctx, placeorder.Topic(id), known), func(c workflows.Change) (*model.OrderChange, bool) {
		kind, told := orderChangeKinds[c.Kind]
		var happened placeorder.OrderEvent
		if !told || json.Unmarshal(c.Payload, &happened) != nil {
			return nil, false
		}
		return &model.OrderChange{
			Cursor: cursorOf(list, c.Seq), At: c.At, Kind: kind, OrderID: sources.ID{Type: "Order", Local: happened.OrderID},
		}, false
	}), nil
}
