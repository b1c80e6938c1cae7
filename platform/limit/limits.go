package limit

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mainstem/mainstem/platform/config"
	"github.com/mainstem/mainstem/platform/fault"
)

// Limits are how large a request may be. A limit of zero is none. The name of each setting is also the limit's name in LIMIT_EXCEEDED.
type Limits struct {
	Bytes            config.Bytes    `yaml:"bytes" desc:"The largest request that is read, once it is decompressed."`
	Tokens           int             `yaml:"tokens" desc:"How many tokens a document may have; parsing stops there."`
	Depth            int             `yaml:"depth" desc:"How deep fields may be nested. Fragments add nothing by themselves."`
	RootFields       int             `yaml:"rootFields" desc:"How many fields an operation may have at its root, with those of the fragments that it spreads there."`
	Aliases          int             `yaml:"aliases" desc:"How many fields may have an alias, each counted as often as its fragments are spread."`
	Directives       int             `yaml:"directives" desc:"How many directives an operation may have, each counted as often as its fragments are spread."`
	Fields           int             `yaml:"fields" desc:"How many fields an operation may have, each counted as often as its fragments are spread."`
	ValidationSteps  int             `yaml:"validationSteps" desc:"How much work it may be to validate a document: about one step for each selection, argument and value, in each operation and each fragment that reaches it."`
	ValidationTime   config.Duration `yaml:"validationTime" desc:"How long a processor may work at validating a document."`
	ValidationErrors int             `yaml:"validationErrors" desc:"How many errors of a document are told; validation stops there."`
	Cost             int             `yaml:"cost" desc:"How much an operation may cost, by what the schema says and how large the lists are that it asks for."`
	Calls            int             `yaml:"calls" desc:"How many calls of sources an operation may need at worst."`
}

// Defaults gives limits that the operations of ordinary clients are far below.
func Defaults() Limits {
	return Limits{
		Bytes:            1 << 20,
		Tokens:           10_000,
		Depth:            20,
		RootFields:       50,
		Aliases:          100,
		Directives:       200,
		Fields:           5_000,
		ValidationSteps:  100_000,
		ValidationTime:   config.Duration(100 * time.Millisecond),
		ValidationErrors: 100,
		Cost:             100_000,
		Calls:            1_000,
	}
}

// Validate says which limit is below zero, nil if none is.
func (l Limits) Validate() error {
	v := reflect.ValueOf(l)
	for i := range v.NumField() {
		if v.Field(i).Int() < 0 {
			return fmt.Errorf("%s: must not be below zero, which sets no limit", v.Type().Field(i).Tag.Get("yaml"))
		}
	}
	return nil
}

// saturated is where counting ends: what is more is as much.
const saturated = 1 << 40

// add adds numbers that are not above saturated.
func add(numbers ...int) int {
	sum := 0
	for _, n := range numbers {
		sum = min(sum+n, saturated)
	}
	return sum
}

// number gives a count in words for clients.
func number(n int) string {
	if n >= saturated {
		return "more than " + strconv.Itoa(saturated)
	}
	return strconv.Itoa(n)
}

// rounding is more than what adding up fractions may be off by.
const rounding = 1e-6

// up and down give a sum of fractions as a count.
func up(sum float64) int   { return int(min(math.Ceil(sum-rounding), saturated)) }
func down(sum float64) int { return int(min(math.Floor(sum+rounding), saturated)) }

// exceeded makes the error of a request that is above a limit. The message has what was found for its %s, and what is allowed for its %d.
func exceeded(name, message string, found, allowed int, at *ast.Position) *gqlerror.Error {
	f := fault.New(fault.LimitExceeded, fmt.Sprintf(message, number(found), allowed))
	f.Limit = name
	err := gqlerror.WrapPath(nil, f)
	if at != nil {
		err.Locations = []gqlerror.Location{{Line: at.Line, Column: at.Column}}
	}
	return err
}

// Usage is what an operation has of what one limit counts.
type Usage struct {
	Requested int `json:"requested"`
	Limit     int `json:"limit"` // zero for none
}

// Report gives what extensions.cost tells of an operation: what it has of each limit, by the limit's name.
func (l Limits) Report(s Size, p Price) map[string]Usage {
	return map[string]Usage{
		"cost": {p.Cost, l.Cost}, "calls": {p.Calls, l.Calls},
		"depth": {s.Depth, l.Depth}, "rootFields": {s.RootFields, l.RootFields}, "aliases": {s.Aliases, l.Aliases},
		"directives": {s.Directives, l.Directives}, "fields": {s.Fields, l.Fields},
	}
}

// bounded cuts what is long: what clients send is not sent back without end.
func bounded(message string, length int) string {
	if len(message) <= length {
		return message
	}
	return strings.ToValidUTF8(message[:length], "") + "…"
}
