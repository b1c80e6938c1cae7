package model

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/99designs/gqlgen/graphql"
)

// Name is text with a type of its own.
type Name string

// Lang is an enum without methods.
type Lang string

// Level is an enum of numbers.
type Level int

// The levels, from the lowest.
const (
	Visitor Level = iota
	Member
	KeeperLevel
)

// Size is an enum with methods.
type Size string

// The sizes.
const (
	Small  Size = "SMALL"
	Medium Size = "MEDIUM"
	Large  Size = "LARGE"
)

// MarshalGQL writes the size.
func (s Size) MarshalGQL(w io.Writer) { _, _ = io.WriteString(w, strconv.Quote(string(s))) }

// UnmarshalGQL reads a size.
func (s *Size) UnmarshalGQL(v any) error {
	text, ok := v.(string)
	if !ok {
		return fmt.Errorf("%T is no size", v)
	}
	switch Size(text) {
	case Small, Medium, Large:
		*s = Size(text)
		return nil
	}
	return fmt.Errorf("%q is no size", text)
}

// Weight is a scalar bound by functions: `"12.5 kg"`.
type Weight float64

// MarshalWeight writes a weight.
func MarshalWeight(w Weight) graphql.Marshaler {
	return graphql.WriterFunc(func(out io.Writer) {
		_, _ = io.WriteString(out, strconv.Quote(strconv.FormatFloat(float64(w), 'g', -1, 64)+" kg"))
	})
}

// UnmarshalWeight reads a weight.
func UnmarshalWeight(v any) (Weight, error) {
	text, ok := v.(string)
	if !ok {
		return 0, fmt.Errorf("%T is no weight", v)
	}
	kg, err := strconv.ParseFloat(strings.TrimSuffix(text, " kg"), 64)
	if err != nil {
		return 0, fmt.Errorf("%q is no weight", text)
	}
	return Weight(kg), nil
}

// Colour is a scalar bound by methods: `"#102030"`.
type Colour struct{ R, G, B uint8 }

// MarshalGQL writes the colour.
func (c Colour) MarshalGQL(w io.Writer) { _, _ = fmt.Fprintf(w, `"#%02x%02x%02x"`, c.R, c.G, c.B) }

// UnmarshalGQL reads a colour.
func (c *Colour) UnmarshalGQL(v any) error {
	text, ok := v.(string)
	if !ok {
		return fmt.Errorf("%T is no colour", v)
	}
	if _, err := fmt.Sscanf(text, "#%02x%02x%02x", &c.R, &c.G, &c.B); err != nil {
		return fmt.Errorf("%q is no colour", text)
	}
	return nil
}

// Moment is a scalar bound by methods that take the context: a number. One that is negative cannot be written.
type Moment int64

// MarshalGQLContext writes the moment.
func (m Moment) MarshalGQLContext(_ context.Context, w io.Writer) error {
	if m < 0 {
		return errors.New("the moment is before all time")
	}
	_, err := io.WriteString(w, strconv.FormatInt(int64(m), 10))
	return err
}

// UnmarshalGQLContext reads a moment.
func (m *Moment) UnmarshalGQLContext(_ context.Context, v any) error {
	var number int64
	var err error
	switch v := v.(type) {
	case int64:
		number = v
	case int:
		number = int64(v)
	case json.Number:
		number, err = v.Int64()
	default:
		err = fmt.Errorf("%T is no moment", v)
	}
	if err != nil {
		return err
	}
	if number < 0 {
		return errors.New("a moment before all time")
	}
	*m = Moment(number)
	return nil
}

// Code is a scalar bound by functions that take the context: text. The empty one cannot be written.
type Code string

// MarshalCode writes a code.
func MarshalCode(c Code) graphql.ContextMarshaler {
	return graphql.ContextWriterFunc(func(_ context.Context, w io.Writer) error {
		if c == "" {
			return errors.New("the code is empty")
		}
		_, err := io.WriteString(w, strconv.Quote(string(c)))
		return err
	})
}

// UnmarshalCode reads a code.
func UnmarshalCode(_ context.Context, v any) (Code, error) {
	text, ok := v.(string)
	if !ok || text == "" {
		return "", fmt.Errorf("%v is no code", v)
	}
	return Code(text), nil
}

// Maybe is text that is null where it is empty.
type Maybe string

// MarshalMaybe writes the text, or gives graphql.Null.
func MarshalMaybe(m Maybe) graphql.Marshaler {
	if m == "" {
		return graphql.Null
	}
	return graphql.MarshalString(string(m))
}

// UnmarshalMaybe reads the text.
func UnmarshalMaybe(v any) (Maybe, error) {
	text, err := graphql.UnmarshalString(v)
	return Maybe(text), err
}
