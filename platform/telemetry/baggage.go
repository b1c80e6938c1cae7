package telemetry

import (
	"context"
	"net/http"
	"regexp"
	"strings"

	"go.opentelemetry.io/otel/baggage"

	"github.com/mainstem/mainstem/platform/upstream"
)

// Bounds of what is passed on of a caller's baggage.
const (
	maxBaggageHeader = 8 << 10 // of what is read, as W3C has it
	maxBaggageValue  = 256     // of one value
)

// baggageName is what may be the name of something in baggage: a token of HTTP.
var baggageName = regexp.MustCompile("^[-!#$%&'*+.^_`|~0-9A-Za-z]{1,128}$")

// withBaggage gives a context with those things of a request's baggage that are allowed, without their properties. What is too large, or is no baggage, is
// left out: nothing depends on it.
func (t *Telemetry) withBaggage(ctx context.Context, header http.Header) context.Context {
	if len(t.baggage) == 0 || len(header["Baggage"]) == 0 {
		return ctx
	}
	text := strings.Join(header["Baggage"], ",")
	if len(text) > maxBaggageHeader {
		return ctx
	}
	sent, err := baggage.Parse(text)
	if err != nil {
		return ctx
	}
	var members []baggage.Member
	for _, name := range t.baggage {
		value := sent.Member(name).Value()
		if value == "" || len(value) > maxBaggageValue {
			continue
		}
		if member, err := baggage.NewMemberRaw(name, value); err == nil {
			members = append(members, member)
		}
	}
	allowed, err := baggage.New(members...)
	if err != nil || allowed.Len() == 0 {
		return ctx
	}
	return upstream.WithRequest(ctx, upstream.Request{Baggage: allowed.String()})
}
