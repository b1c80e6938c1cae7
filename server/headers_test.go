package server_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mainstem/mainstem/platform/config"
	"github.com/mainstem/mainstem/platform/transport"
	"github.com/mainstem/mainstem/server"
)

// TestHeadersThatPass: a service is given the headers that are allowed, and the client those of its answer, also when it is kept; nothing
// else passes in either direction.
func TestHeadersThatPass(t *testing.T) {
	t.Parallel()
	received := make(chan http.Header, 10)
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		received <- r.Header
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Cache-Control", "max-age=60")
		h["Deprecation"] = []string{"@1", "@2"}
		h.Set("X-Internal", "secret")
		h.Set("Set-Cookie", "a=b")
		_, _ = io.WriteString(w, `{"categories":[]}`)
	}))
	t.Cleanup(service.Close)
	c := alone(t)
	catalog := c.Sources["catalog"]
	catalog.URL, catalog.Cache.Enabled = service.URL, true
	catalog.Headers = server.HeadersConfig{Forward: []string{"accept-language"}, Return: []string{"deprecation"}}
	c.Sources["catalog"] = catalog
	url := run(t, c)
	for _, language := range []string{"de", "fr", "de"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/graphql", strings.NewReader(`{"query":"{ categories { name } }"}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Accept-Language", language)
		r.Header.Set("X-Other", "no")
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if got := resp.Header.Values("Deprecation"); string(body) != `{"data":{"categories":[]}}` || !slices.Equal(got, []string{"@1", "@2"}) {
			t.Errorf("%s: %q %s", language, got, body)
		}
		for _, name := range []string{"X-Internal", "Set-Cookie", "Cache-Control"} {
			if got := resp.Header.Get(name); got != "" && got != "no-store" {
				t.Errorf("the client was given %s: %s", name, got)
			}
		}
	}
	close(received)
	var languages []string
	for header := range received {
		languages = append(languages, header.Get("Accept-Language"))
		if header.Get("X-Other") != "" {
			t.Error("the service was given X-Other")
		}
	}
	if !slices.Equal(languages, []string{"de", "fr"}) { // the third was answered by what is kept for German
		t.Errorf("the service was asked for %q", languages)
	}
}

func TestHeadersThatMustNotPass(t *testing.T) {
	t.Parallel()
	for reason, headers := range map[string]server.HeadersConfig{
		"a token":              {Forward: []string{"authorization"}},
		"a cookie":             {Forward: []string{"Cookie"}},
		"who is calling":       {Forward: []string{"caller-sub"}},
		"a call's own":         {Forward: []string{"Idempotency-Key"}},
		"no name":              {Forward: []string{"a b"}},
		"a cookie, back":       {Return: []string{"set-cookie"}},
		"what is the answer's": {Return: []string{"Cache-Control"}},
		"no name, back":        {Return: []string{""}},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			c := alone(t)
			catalog := c.Sources["catalog"]
			catalog.Headers = headers
			c.Sources["catalog"] = catalog
			problems, ok := c.Sources["catalog"].Validate().(config.Problems) //nolint:errorlint // it is never wrapped
			if !ok || len(problems) != 1 || !strings.HasPrefix(problems[0].Path, "headers.") {
				t.Errorf("%v", problems)
			}
		})
	}
}

// TestWhatKeptAnswersDependOn: who keeps an answer for everybody must not give it to those who have asked for more, or for less.
func TestWhatKeptAnswersDependOn(t *testing.T) {
	t.Parallel()
	c := alone(t)
	c.MaxAge = config.Duration(time.Minute)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, run(t, c)+"/graphql?query=%7B__typename%7D", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header = http.Header{"Accept": {"application/json"}, transport.CostHeader: {"1"}, server.TraceHeader: {"1"}}
	resp, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if got := resp.Header.Get("Cache-Control"); got != "public, max-age=60" {
		t.Errorf("Cache-Control is %q", got)
	}
	for _, name := range []string{"Accept", "Accept-Encoding", "Authorization", transport.CostHeader, server.TraceHeader} {
		if !slices.Contains(resp.Header.Values("Vary"), name) {
			t.Errorf("Vary has no %s: %q", name, resp.Header.Values("Vary"))
		}
	}
}

// TestPagesMaySendWhatIsForwarded: a browser asks first whether it may send a header, and sees only those of an answer that it is told of.
func TestPagesMaySendWhatIsForwarded(t *testing.T) {
	t.Parallel()
	c := alone(t)
	c.CORS.AllowedOrigins = []string{"https://shop.example"}
	catalog := c.Sources["catalog"]
	catalog.Headers = server.HeadersConfig{Forward: []string{"x-tenant"}}
	c.Sources["catalog"] = catalog
	url := run(t, c)
	apollo := "apollographql-client-name,apollographql-client-version,content-type" // of an Apollo client who says who it is
	for asked, want := range map[string]string{"x-tenant": "x-tenant", "x-other": "", apollo: apollo} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodOptions, url+"/graphql", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header = http.Header{"Origin": {"https://shop.example"}, "Access-Control-Request-Method": {"POST"}, "Access-Control-Request-Headers": {asked}}
		resp, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if got := resp.Header.Get("Access-Control-Allow-Headers"); got != want {
			t.Errorf("asked for %s, allowed: %q", asked, got)
		}
	}
}
