package upstream

import "context"

// Baggage gives what WithBaggage has put into a context; empty for nothing.
func Baggage(ctx context.Context) string {
	carried, _ := ctx.Value(baggageKey{}).(string)
	return carried
}
