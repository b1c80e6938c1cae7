package upstream

import "context"

// terms are what a context says of the calls that are made in it. They are one value, which a call asks for once: contexts are deep, and each question goes through
// all of one.
type terms struct {
	client   *Request                 // what calls know of the client's
	only     string                   // the source that alone may be called; "": those that the running field declares
	kept     *kept                    // nil: sources are called
	calls    func(Call)               // hears of each call; nil: nobody does
	returned func(name, value string) // hears of the headers that sources return; nil: nobody does
}

type termsKey struct{}

var noTerms = terms{client: &Request{}}

// termsOf gives the terms of a context, which are not to be changed.
func termsOf(ctx context.Context) *terms {
	if t, ok := ctx.Value(termsKey{}).(*terms); ok {
		return t
	}
	return &noTerms
}

// withTerms gives a context with terms that differ in what change changes.
func withTerms(ctx context.Context, change func(t *terms)) context.Context {
	t := *termsOf(ctx)
	change(&t)
	return context.WithValue(ctx, termsKey{}, &t)
}
