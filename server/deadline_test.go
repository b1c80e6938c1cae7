package server_test

import (
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mainstem/mainstem/platform/config"
	"github.com/mainstem/mainstem/server"
)

// silent gives the address of a service that takes connections and never says anything.
func silent(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().String()
}

// ask posts a query, and gives the status and what the answer has.
func ask(t *testing.T, url, query string, header http.Header) (int, answered) {
	t.Helper()
	body, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequest(http.MethodPost, url+"/graphql", strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	if header != nil {
		request.Header = header.Clone()
	}
	request.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var got answered
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, got
}

// answered is what an answer has.
type answered struct {
	Data   map[string]any
	Errors []struct {
		Message    string
		Extensions struct {
			Code, Source string
			RetryAfter   float64
		}
	}
	Extensions struct {
		Degraded []struct{ Source, How string }
	}
}

func (a answered) code() string {
	if len(a.Errors) == 0 {
		return ""
	}
	return a.Errors[0].Extensions.Code
}

// TestRequestTimeout: what a client may ask for, and what is refused. The service never answers, and has a minute for it.
func TestRequestTimeout(t *testing.T) {
	t.Parallel()
	c := alone(t)
	c.RequestTimeout = config.Duration(time.Minute)
	catalog := c.Sources["catalog"]
	catalog.URL, catalog.Timeout = "http://"+silent(t), config.Duration(time.Minute)
	c.Sources["catalog"] = catalog
	url := run(t, c)
	const digits = "0123456789012345678901234567890123456789012345678901234567890123456789"
	for reason, test := range map[string]struct {
		values []string
		code   string
	}{
		"a fraction of a second":               {[]string{"0.05"}, "DEADLINE_EXCEEDED"},
		"zeros before it":                      {[]string{"000.05"}, "DEADLINE_EXCEEDED"},
		"less than anything takes":             {[]string{"0.0001"}, "DEADLINE_EXCEEDED"},
		"less than a nanosecond":               {[]string{"0.0000000000000000000000000000001"}, "DEADLINE_EXCEEDED"},
		"nothing":                              {[]string{"0"}, "BAD_USER_INPUT"},
		"nothing, with fractions":              {[]string{"0.000"}, "BAD_USER_INPUT"},
		"less than nothing":                    {[]string{"-1"}, "BAD_USER_INPUT"},
		"a sign":                               {[]string{"+1"}, "BAD_USER_INPUT"},
		"no value":                             {[]string{""}, "BAD_USER_INPUT"},
		"a unit":                               {[]string{"1s"}, "BAD_USER_INPUT"},
		"another base":                         {[]string{"0x1"}, "BAD_USER_INPUT"},
		"an exponent":                          {[]string{"1e3"}, "BAD_USER_INPUT"},
		"no end":                               {[]string{"Inf"}, "BAD_USER_INPUT"},
		"no number":                            {[]string{"NaN"}, "BAD_USER_INPUT"},
		"a point alone":                        {[]string{"."}, "BAD_USER_INPUT"},
		"a comma":                              {[]string{"0,5"}, "BAD_USER_INPUT"},
		"more digits than anybody needs":       {[]string{digits}, "BAD_USER_INPUT"},
		"two values":                           {[]string{"1", "1"}, "BAD_USER_INPUT"},
		"two values in one":                    {[]string{"1, 2"}, "BAD_USER_INPUT"},
		"digits that are none in HTTP's ASCII": {[]string{"١"}, "BAD_USER_INPUT"},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			status, got := ask(t, url, `{ products(first: 1) { totalCount } }`, http.Header{server.TimeoutHeader: test.values})
			if got.code() != test.code {
				t.Fatalf("got %d and %+v, want %s", status, got, test.code)
			}
			if test.code == "BAD_USER_INPUT" && (status != http.StatusBadRequest || !strings.Contains(got.Errors[0].Message, server.TimeoutHeader)) {
				t.Errorf("got %d and %q, want 400 and the header's name", status, got.Errors[0].Message)
			}
		})
	}
}

// TestRequestTimeoutRaisesNothing: who asks for more than there is has what there is.
func TestRequestTimeoutRaisesNothing(t *testing.T) {
	t.Parallel()
	c := alone(t)
	c.RequestTimeout = config.Duration(50 * time.Millisecond)
	catalog := c.Sources["catalog"]
	catalog.URL, catalog.Timeout = "http://"+silent(t), config.Duration(time.Minute)
	c.Sources["catalog"] = catalog
	url := run(t, c)
	for reason, seconds := range map[string]string{
		"an hour":             "3600",
		"more than int64 has": "99999999999999999999999999999999",
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			if status, got := ask(t, url, `{ products(first: 1) { totalCount } }`, http.Header{server.TimeoutHeader: {seconds}}); got.code() != "DEADLINE_EXCEEDED" {
				t.Errorf("got %d and %+v", status, got)
			}
		})
	}
}

// TestPagesMayAskForATimeout: a browser asks first whether it may send the header.
func TestPagesMayAskForATimeout(t *testing.T) {
	t.Parallel()
	c := alone(t)
	c.CORS.AllowedOrigins = []string{"https://shop.example"}
	request, err := http.NewRequest(http.MethodOptions, run(t, c)+"/graphql", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header = http.Header{"Origin": {"https://shop.example"}, "Access-Control-Request-Method": {"POST"}, "Access-Control-Request-Headers": {"request-timeout"}}
	resp, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if got := resp.Header.Get("Access-Control-Allow-Headers"); !strings.EqualFold(got, "request-timeout") {
		t.Errorf("allowed: %q", got)
	}
}
