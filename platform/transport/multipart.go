package transport

import (
	"net/http"

	"github.com/99designs/gqlgen/graphql"
)

const (
	mediaMultipart       = "multipart/mixed"
	boundarySubscription = "graphql"
)

// partsWeight gives how much a client likes subscriptions as parts; 0 for one who does not name them.
func partsWeight(ranges accept) float64 {
	weight := 0.0
	for _, r := range ranges {
		if r.media == mediaMultipart && r.params["subscriptionspec"] == "1.0" {
			weight = max(weight, r.weight)
		}
	}
	return weight
}

// serveParts answers a subscription that is ready to be executed, as Apollo's clients ask for them over HTTP
// (https://www.apollographql.com/docs/graphos/routing/operations/subscriptions/multipart-protocol).
func (s *Streams) serveParts(w http.ResponseWriter, r *http.Request, executor graphql.GraphExecutor, oc *graphql.OperationContext) {
	place := s.begin(w, r, executor, kindParts)
	if place == nil {
		return
	}
	defer place.end()
	ctx, cancel := streamContext(r.Context())
	defer cancel()
	ended := s.began(ctx, kindParts)
	p := s.beginParts(w, boundarySubscription, "subscriptionSpec=1.0")
	if p.Part([]byte("{}")) != nil { // so that the client, and who is between, know that it has begun
		ended(endGone)
		return
	}
	ended(s.pump(ctx, executor, oc, subscriptionParts{p}))
}

// subscriptionParts write the answers of a subscription.
type subscriptionParts struct{ *parts }

func (p subscriptionParts) next(body []byte) error {
	return p.Part(append(append([]byte(`{"payload":`), body...), '}'))
}

func (p subscriptionParts) alive() error { return p.Part([]byte("{}")) }

// end writes what ends a subscription before its time as an error of the transport: its payload is null.
func (p subscriptionParts) end(reason *graphql.Response) error {
	if reason != nil {
		errs, err := encodeErrors(reason.Errors)
		if err != nil {
			return err
		}
		if err := p.Part(append(append([]byte(`{"payload":null,"errors":`), errs...), '}')); err != nil {
			return err
		}
	}
	return p.End()
}

// parts write a multipart/mixed answer (RFC 2046, section 5.1.1) of JSON parts, each of which is sent at once. Only one goroutine uses them.
type parts struct {
	flow     *flow
	boundary string
	buffer   []byte
}

// beginParts begins the answer, whose media type says what the parts mean: spec is a parameter of it, such as deferSpec=20220824.
func (s *Streams) beginParts(w http.ResponseWriter, boundary, spec string) *parts {
	p := &parts{flow: s.newFlow(w, mediaMultipart+`; boundary="`+boundary+`"; `+spec), boundary: boundary}
	p.buffer = append(p.buffer, "\r\n--"+boundary...)
	return p
}

// Part sends a part, and the delimiter after it: until that has come, clients do not know that a part is complete.
func (p *parts) Part(body []byte) error {
	p.buffer = append(p.buffer, "\r\nContent-Type: application/json; charset=utf-8\r\n\r\n"...)
	p.buffer = append(p.buffer, body...)
	p.buffer = append(p.buffer, "\r\n--"+p.boundary...)
	return p.send()
}

// End sends the end.
func (p *parts) End() error {
	p.buffer = append(p.buffer, "--\r\n"...)
	return p.send()
}

func (p *parts) send() error {
	err := p.flow.send(p.buffer)
	p.buffer = p.buffer[:0]
	return err
}
