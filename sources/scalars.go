package sources

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/url"
	"strconv"
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

// Scalars say of each scalar's values, as a request brings them, what is wrong with one.
var Scalars = map[string]func(value any) error{
	"ID":       func(v any) error { return new(ID).UnmarshalGQL(v) },
	"URL":      func(v any) error { return new(URL).UnmarshalGQL(v) },
	"DateTime": func(v any) error { _, err := UnmarshalDateTime(v); return err },
	"Int":      checkInt,
	"String":   checkString,
}

// checkInt refuses what is no whole number of 32 bits, which is what GraphQL calls an Int.
func checkInt(v any) error {
	switch v.(type) {
	case json.Number, int, int64, float64:
		if n, err := strconv.ParseFloat(fmt.Sprint(v), 64); err == nil && n == math.Trunc(n) && n >= math.MinInt32 && n <= math.MaxInt32 {
			return nil
		}
	}
	return fault.New(fault.BadUserInput, "An Int is a whole number of 32 bits.")
}

// checkString refuses numbers, which gqlparser takes for strings where they come as variables.
func checkString(v any) error {
	if _, ok := v.(string); ok {
		return nil
	}
	return fault.Newf(fault.BadUserInput, "A String is a string, not %s.", kindOf(v))
}
