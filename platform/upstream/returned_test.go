package upstream_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/mainstem/mainstem/platform/upstream"
)

// TestReturned: of an answer's headers the client is given those that are allowed, and nothing else.
func TestReturned(t *testing.T) {
	t.Parallel()
	const long = 5 << 10
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Sunset", "Sat, 31 Oct 2026 23:59:59 GMT")
		h["Ratelimit"] = []string{"a", "b"}
		h.Set("X-Long", strings.Repeat("x", long))
		h.Set("X-Internal", "secret")
		_, _ = w.Write([]byte(`{}`))
	})
	l := listen(t, "127.0.0.1:0")
	serveGRPC(t, l, func(stream grpc.ServerStream) error {
		if err := stream.SetHeader(metadata.Pairs("sunset", "Sat, 31 Oct 2026 23:59:59 GMT", "ratelimit", "a", "ratelimit", "b", "x-internal", "secret")); err != nil {
			return err
		}
		return stream.SendMsg([]byte{})
	})
	for protocol, call := range map[string]func(o upstream.Options, note func(name, value string)) error{
		"HTTP": func(o upstream.Options, note func(name, value string)) error {
			o.URL = server.URL
			_, err := newHTTP(t, o, upstream.Inputs{}).Do(upstream.WithReturned(t.Context(), note), "Get", get(""))
			return err
		},
		"gRPC": func(o upstream.Options, note func(name, value string)) error {
			o.URL = "grpc://" + l.Addr().String()
			return getGRPC(upstream.WithReturned(t.Context(), note), newGRPC(t, o, upstream.Inputs{}))
		},
	} {
		for reason, test := range map[string]struct {
			allowed []string
			want    []string
		}{
			"none":                     {nil, nil},
			"one":                      {[]string{"Sunset"}, []string{"Sunset: Sat, 31 Oct 2026 23:59:59 GMT"}},
			"one with several values":  {[]string{"ratelimit"}, []string{"Ratelimit: a", "Ratelimit: b"}},
			"one that is not there":    {[]string{"Deprecation"}, nil},
			"one that no header holds": {[]string{"X-Long"}, nil},
		} {
			t.Run(protocol+": "+reason, func(t *testing.T) {
				t.Parallel()
				var got []string
				err := call(upstream.Options{Return: test.allowed}, func(name, value string) { got = append(got, name+": "+value) })
				if err != nil || !slices.Equal(got, test.want) {
					t.Errorf("%q, %v; want %q", got, err, test.want)
				}
			})
		}
	}
}

func TestCheckReturned(t *testing.T) {
	t.Parallel()
	for name, good := range map[string]bool{
		"Sunset": true, "deprecation": true, "X-RateLimit-Remaining": true,
		"Set-Cookie": false, "set-cookie": false, "Content-Length": false, "Access-Control-Allow-Origin": false, "ETag": false, "WWW-Authenticate": false,
		"": false, "a b": false, "a:b": false, "ä": false, "a\r\nb": false, "a!b": false,
	} {
		if err := upstream.CheckReturned(name); (err == nil) != good {
			t.Errorf("%q: %v", name, err)
		}
	}
}
