package upstream

import (
	"context"
	"errors"

	"github.com/mainstem/mainstem/platform/fault"
)

// errNotKept is why a call failed that may not be made.
var errNotKept = errors.New("no answer is kept")

// cached answers reads by what is kept.
func (b *base) cached(next call) call {
	return func(ctx context.Context, r *request) (*reply, *fault.Error) {
		if r.kept != nil {
			return nil, fault.Wrap(fault.SourceUnavailable, errNotKept)
		}
		return next(ctx, r)
	}
}
