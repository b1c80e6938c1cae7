package sources

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/mainstem/mainstem/platform/fault"
)

// URL is an absolute http or https URL.
type URL string

// ParseURL checks that s is an absolute http or https URL with a host.
func ParseURL(s string) (URL, error) {
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return "", fault.New(fault.BadUserInput, "A URL is absolute and starts with http:// or https://.")
	}
	return URL(s), nil
}

// MarshalGQL writes the URL as a JSON string.
func (u URL) MarshalGQL(w io.Writer) {
	b, err := json.Marshal(string(u))
	if err != nil { // a string cannot fail
		panic(fmt.Sprintf("encoding a URL: %v", err))
	}
	_, _ = w.Write(b)
}

// UnmarshalGQL reads a URL from a variable or a literal.
func (u *URL) UnmarshalGQL(v any) error {
	s, ok := v.(string)
	if !ok {
		return fault.Newf(fault.BadUserInput, "A URL is a string, not %s.", kindOf(v))
	}
	parsed, err := ParseURL(s)
	if err != nil {
		return err
	}
	*u = parsed
	return nil
}

// MarshalDateTime writes a moment as RFC 3339 in UTC, with fractions of a second where there are any.
func MarshalDateTime(t time.Time) graphql.Marshaler {
	return graphql.WriterFunc(func(w io.Writer) {
		buf := make([]byte, 0, len(time.RFC3339Nano)+2)
		buf = append(buf, '"')
		buf = t.UTC().AppendFormat(buf, time.RFC3339Nano)
		_, _ = w.Write(append(buf, '"'))
	})
}

// UnmarshalDateTime reads a moment from a variable or a literal.
func UnmarshalDateTime(v any) (time.Time, error) {
	s, ok := v.(string)
	if !ok {
		return time.Time{}, fault.Newf(fault.BadUserInput, "A DateTime is a string, not %s.", kindOf(v))
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}, fault.New(fault.BadUserInput, "A DateTime is written as RFC 3339 says, with a zone: 2026-03-14T15:09:26Z.")
	}
	return t, nil
}

// Scalars say of each of our own scalars' values, as a request brings them, what is wrong with one. Those of GraphQL have been coerced before.
var Scalars = map[string]func(value any) error{
	"ID":       func(v any) error { return new(ID).UnmarshalGQL(v) },
	"URL":      func(v any) error { return new(URL).UnmarshalGQL(v) },
	"DateTime": func(v any) error { _, err := UnmarshalDateTime(v); return err },
}
