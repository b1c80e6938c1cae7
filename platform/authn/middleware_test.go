package authn_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/lestrrat-go/jwx/v3/jwa"

	"github.com/mainstem/mainstem/platform/authn"
	"github.com/mainstem/mainstem/platform/fault"
)

func TestMiddleware(t *testing.T) {
	t.Parallel()
	configured := verifier(t, static(secret))
	outage := verifier(t, fromServer(serveKeys(t, ""), newClock()))
	token := sign(jwa.HS256(), secret, nil)
	tests := map[string]struct {
		verifier *authn.Verifier
		headers  []string
		subject  string
		refused  fault.Code
	}{
		"no header is anonymous":             {configured, nil, "", ""},
		"no header without configuration":    {nil, nil, "", ""},
		"a good token":                       {configured, []string{"Bearer " + token}, "customer-7", ""},
		"the scheme's case does not matter":  {configured, []string{"bearer  " + token}, "customer-7", ""},
		"a bad token":                        {configured, []string{"Bearer x"}, "", fault.Unauthenticated},
		"an empty token":                     {configured, []string{"Bearer "}, "", fault.Unauthenticated},
		"an empty header":                    {configured, []string{""}, "", fault.Unauthenticated},
		"no scheme":                          {configured, []string{token}, "", fault.Unauthenticated},
		"another scheme":                     {configured, []string{"Basic eDp5"}, "", fault.Unauthenticated},
		"two headers":                        {configured, []string{"Bearer " + token, "Bearer " + token}, "", fault.Unauthenticated},
		"a good token without configuration": {nil, []string{"Bearer " + token}, "", fault.Unauthenticated},
		"no keys":                            {outage, []string{"Bearer " + sign(jwa.RS256(), rsaKey, nil)}, "", fault.SourceUnavailable},
	}
	for reason, test := range tests {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			called := false
			next := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				called = true
				if caller, ok := authn.From(r.Context()); caller.Subject != test.subject || ok != (test.subject != "") {
					t.Errorf("the caller is %+v, %v", caller, ok)
				}
			})
			var refused fault.Code
			refuse := func(_ http.ResponseWriter, _ *http.Request, f *fault.Error) { refused = f.Code }
			r := httptest.NewRequest(http.MethodPost, "/graphql", nil)
			for _, header := range test.headers {
				r.Header.Add("Authorization", header)
			}
			w := httptest.NewRecorder()
			test.verifier.Middleware(next, refuse).ServeHTTP(w, r)
			if called == (test.refused != "") || refused != test.refused {
				t.Errorf("called: %v, refused: %q, want %q", called, refused, test.refused)
			}
			if challenge := w.Header().Get("WWW-Authenticate"); (challenge != "") != (refused == fault.Unauthenticated) {
				t.Errorf("the challenge is %q", challenge)
			}
		})
	}
}
