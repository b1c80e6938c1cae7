package upstream_test

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/metadata"

	"github.com/mainstem/mainstem/platform/upstream"
)

// theirs are the headers that every call has, whatever is passed on.
var theirs = []string{"accept", "accept-encoding", "user-agent", "content-type", ":authority", "grpc-accept-encoding", "request-timeout"}

// received makes one call and gives what the service received of it beyond theirs.
func received(ctx context.Context, t *testing.T, protocol string, in upstream.Inputs) map[string]string {
	t.Helper()
	got := map[string]string{}
	c := protocols[protocol](t, upstream.Options{}, in, func(_ context.Context, received map[string][]string) error {
		for name, values := range received {
			if !slices.Contains(theirs, name) {
				got[name] = strings.Join(values, ",")
			}
		}
		return nil
	})
	wantCode(t, c.call(ctx), "")
	c.stop()
	return got
}

func TestInputs(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 4<<10)
	in := upstream.Inputs{Headers: []string{"Accept-Language", "X-Shop"}, Claims: []string{"sub", "iss"}}
	for reason, test := range map[string]struct {
		header http.Header
		claims map[string]string
		want   map[string]string
	}{
		"nothing to pass on":            {nil, nil, nil},
		"declared":                      {http.Header{"Accept-Language": {"de"}, "X-Shop": {"7"}}, map[string]string{"sub": "a", "iss": "b"}, map[string]string{"accept-language": "de", "x-shop": "7", "caller-sub": "a", "caller-iss": "b"}},
		"undeclared headers":            {http.Header{"Authorization": {"Bearer x"}, "Cookie": {"x"}, "X-Shop": {"7"}}, nil, map[string]string{"x-shop": "7"}},
		"undeclared claims":             {nil, map[string]string{"sub": "a", "email": "b"}, map[string]string{"caller-sub": "a"}},
		"a header in place of a claim":  {http.Header{"Caller-Sub": {"admin"}, "Sub": {"admin"}}, nil, nil},
		"a claim in place of a header":  {nil, map[string]string{"X-Shop": "7", "Accept-Language": "de"}, nil},
		"a header against a claim":      {http.Header{"Caller-Sub": {"admin"}}, map[string]string{"sub": "a"}, map[string]string{"caller-sub": "a"}},
		"empty values":                  {http.Header{"X-Shop": {""}}, map[string]string{"sub": ""}, nil},
		"a claim with a line break":     {nil, map[string]string{"sub": "a\r\nX-Shop: 7", "iss": "b"}, map[string]string{"caller-iss": "b"}},
		"a claim with a line feed":      {nil, map[string]string{"sub": "a\nX-Shop: 7"}, nil},
		"a claim that is not ASCII":     {nil, map[string]string{"sub": "Zoë"}, nil},
		"a claim with a zero byte":      {nil, map[string]string{"sub": "a\x00"}, nil},
		"a claim with a delete":         {nil, map[string]string{"sub": "a\x7f"}, nil},
		"a header with a line break":    {http.Header{"X-Shop": {"7\r\nX-Other: 8"}, "Accept-Language": {"de"}}, nil, map[string]string{"accept-language": "de"}},
		"a header that is not ASCII":    {http.Header{"X-Shop": {"Zoë"}, "Accept-Language": {"de"}}, nil, map[string]string{"accept-language": "de"}},
		"values as long as is allowed":  {http.Header{"X-Shop": {long}}, map[string]string{"sub": long}, map[string]string{"x-shop": long, "caller-sub": long}},
		"a claim with spaces around":    {nil, map[string]string{"sub": " a", "iss": "b "}, nil}, // on the wire they would be "a" and "b"
		"values that are longer":        {http.Header{"X-Shop": {long + "x"}}, map[string]string{"sub": long + "x"}, nil},
		"printable ASCII of every kind": {http.Header{"X-Shop": {`~!"#$%&'()*+,-./:;<=>?@[\]^_{|}`}}, nil, map[string]string{"x-shop": `~!"#$%&'()*+,-./:;<=>?@[\]^_{|}`}},
	} {
		for protocol := range protocols {
			t.Run(protocol+": "+reason, func(t *testing.T) {
				t.Parallel()
				ctx := upstream.WithRequest(t.Context(), upstream.Request{Header: test.header, Claims: test.claims})
				if got := received(ctx, t, protocol, in); !maps.Equal(got, test.want) {
					t.Errorf("the service received %v, want %v", got, test.want)
				}
			})
		}
	}
}

func TestNothingIsPassedOnWithoutARequest(t *testing.T) {
	t.Parallel()
	in := upstream.Inputs{Headers: []string{"X-Shop"}, Claims: []string{"sub"}}
	if got := received(t.Context(), t, "HTTP", in); len(got) != 0 {
		t.Errorf("the service received %v", got)
	}
}

func TestMetadataIsNotPassedOn(t *testing.T) {
	t.Parallel()
	md := metadata.Pairs("authorization", "Bearer x", "x-shop", "7", "x-undeclared", "8")
	for reason, ctx := range map[string]context.Context{
		"of an incoming call":                metadata.NewIncomingContext(t.Context(), md),
		"that somebody has set for outgoing": metadata.NewOutgoingContext(t.Context(), md),
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			if got := received(ctx, t, "gRPC", upstream.Inputs{Headers: []string{"X-Shop"}}); len(got) != 0 {
				t.Errorf("the service received %v", got)
			}
		})
	}
}

func TestCredentialsAreNeverPassedOn(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Authorization", "authorization", "COOKIE", "Proxy-Authorization", "caller-sub"} {
		in := upstream.Inputs{Headers: []string{"Accept-Language", name}}
		if _, err := upstream.NewHTTP(upstream.Options{URL: "http://127.0.0.1:1"}, in); err == nil {
			t.Errorf("a REST source may pass on %s", name)
		}
		if _, err := upstream.NewGRPC(upstream.Options{URL: "grpc://127.0.0.1:1"}, in); err == nil {
			t.Errorf("a gRPC source may pass on %s", name)
		}
	}
}
