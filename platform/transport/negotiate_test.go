package transport

import (
	"net/http"
	"testing"
)

var offers = []offer{{media: mediaJSON}, {media: mediaGraphQL}, {media: "text/event-stream"}, {media: "multipart/mixed", params: map[string]string{"deferspec": "20220824"}}}

// TestNegotiation has what real clients say, and what RFC 9110 says of it.
func TestNegotiation(t *testing.T) {
	t.Parallel()
	const none = "none"
	for reason, test := range map[string]struct {
		accept []string
		want   string
	}{
		"nothing":                       {nil, mediaJSON},
		"anything":                      {[]string{"*/*"}, mediaJSON},
		"JSON":                          {[]string{"application/json"}, mediaJSON},
		"GraphQL's own":                 {[]string{"application/graphql-response+json"}, mediaGraphQL},
		"GraphQL's own, with a charset": {[]string{"application/graphql-response+json; charset=utf-8"}, mediaGraphQL},
		"urql":                          {[]string{"application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed"}, mediaGraphQL},
		"Apollo Client 4":               {[]string{"application/graphql-response+json,application/json;q=0.9"}, mediaGraphQL},
		"Apollo Client with @defer":     {[]string{"multipart/mixed;deferSpec=20220824,application/graphql-response+json,application/json;q=0.9"}, "multipart/mixed"},
		"Hive Gateway":                  {[]string{"application/graphql-response+json; charset=utf-8, application/json; charset=utf-8, text/event-stream;q=0.8"}, mediaGraphQL},
		"Relay":                         {[]string{"application/json, multipart/mixed"}, mediaJSON},
		"a browser's address line":      {[]string{"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}, mediaJSON},
		"HTML alone":                    {[]string{"text/html"}, none},
		"JSON refused":                  {[]string{"*/*, application/json;q=0"}, mediaGraphQL},
		"all refused":                   {[]string{"*/*;q=0"}, none},
		"all but one refused":           {[]string{"*/*;q=0, text/event-stream"}, "text/event-stream"},
		"half a wildcard":               {[]string{"text/*"}, "text/event-stream"},
		"a weight":                      {[]string{"application/json;q=0.5, application/graphql-response+json;q=0.6"}, mediaGraphQL},
		"weights that are none":         {[]string{"application/json;q=x, application/graphql-response+json;q=2"}, none},
		"named before a wildcard":       {[]string{"*/*, application/graphql-response+json"}, mediaGraphQL},
		"several headers":               {[]string{"text/html", "application/graphql-response+json;q=0.1"}, mediaGraphQL},
		"capital letters":               {[]string{"Application/JSON"}, mediaJSON},
		"another charset":               {[]string{"application/json;charset=latin1"}, none},
		"a parameter of another":        {[]string{"multipart/mixed;deferSpec=other"}, none},
		"multipart without a format":    {[]string{"multipart/mixed"}, "multipart/mixed"},
		"nonsense":                      {[]string{";;;, /, a"}, none},
		"nonsense and JSON":             {[]string{";;;, application/json"}, mediaJSON},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			got := none
			if i := acceptOf(http.Header{"Accept": test.accept}).best(offers...); i >= 0 {
				got = offers[i].media
			}
			if got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}

func FuzzAccept(f *testing.F) {
	f.Add("application/json;q=0.5, */*")
	f.Fuzz(func(t *testing.T, value string) {
		a := acceptOf(http.Header{"Accept": {value}})
		if i := a.best(offers...); len(a) > maxRanges || i >= len(offers) {
			t.Errorf("%d ranges, offer %d", len(a), i)
		}
	})
}
