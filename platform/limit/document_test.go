package limit_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/limit"
)

// refusal gives the limit that an error names, and its message.
func refusal(t *testing.T, err *gqlerror.Error) (name, message string) {
	t.Helper()
	if err == nil {
		return "", ""
	}
	var f *fault.Error
	if !errors.As(err, &f) || f.Code != fault.LimitExceeded {
		t.Fatalf("got %v, want LIMIT_EXCEEDED", err)
	}
	return f.Limit, f.Message()
}

func TestDocument(t *testing.T) {
	t.Parallel()
	limits := limit.Limits{Depth: 3, RootFields: 4, Aliases: 2, Directives: 3, Fields: 12}
	for reason, test := range map[string]struct {
		query, limit, message string
	}{
		"at every limit":               {`{ a { b { c } } x: a @s y: a @s @s d } `, "", ""},
		"too deep":                     {`{ a { b { c { d } } } }`, "depth", "The operation nests fields 4 deep; 3 is allowed."},
		"too deep by fragments":        {`{ a { ...f } } fragment f on T { b { ... { ...g } } } fragment g on T { c { d } }`, "depth", "The operation nests fields 4 deep; 3 is allowed."},
		"fragments are no depth":       {`{ ... { ... { ... { ... { a } } } } }`, "", ""},
		"too many at the root":         {`{ a b c d e }`, "rootFields", "The operation has 5 fields at its root; 4 are allowed."},
		"too many in fragments":        {`{ a ...f ...f } fragment f on Query { b c }`, "rootFields", "The operation has 5 fields at its root; 4 are allowed."},
		"too many aliases":             {`{ a { x: b y: b } z: c }`, "aliases", "The operation has 3 aliases once its fragments are spread; 2 are allowed."},
		"an alias that is the name":    {`{ a: a b: b c: c }`, "", ""},
		"aliases in fragments":         {`{ a { ...f } b { ...f } c { ...f } } fragment f on T { x: a }`, "aliases", "The operation has 3 aliases once its fragments are spread; 2 are allowed."},
		"too many directives":          {`query @s { a @s ... @s { b @s } }`, "directives", "The operation has 4 directives once its fragments are spread; 3 are allowed."},
		"directives of fragments":      {`{ ...f @s ...f @s } fragment f on T @s { a }`, "directives", "The operation has 4 directives once its fragments are spread; 3 are allowed."},
		"directives of variables":      {`query($a: Int @s @s, $b: Int @s @s) { a }`, "directives", "The operation has 4 directives once its fragments are spread; 3 are allowed."},
		"too many fields":              {`{ a { b c d e f g } b { b c d e f } }`, "fields", "The operation has 13 fields once its fragments are spread; 12 are allowed."},
		"too many fields by fragments": {`{ a { ...f } b { ...f } c { ...f } } fragment f on T { a b c d }`, "fields", "The operation has 15 fields once its fragments are spread; 12 are allowed."},
		"another operation":            {`query A { a } query B { a b c d e }`, "rootFields", "The operation has 5 fields at its root; 4 are allowed."},
		"each operation for itself":    {`query A { a b c d } query B { a b c d }`, "", ""},
		"a fragment that is not there": {`{ ...f }`, "", ""},
		"a fragment of itself":         {`{ ...f } fragment f on T { a { ...f } }`, "", ""},
		"a fragment that is not used":  {`{ a } fragment f on T { a b c d e f g { h { i { j { k } } } } }`, "", ""},
		"nothing":                      {`fragment f on T { a }`, "", ""},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			_, err := limit.Document(parsed(t, test.query), limits)
			if name, message := refusal(t, err); name != test.limit || message != test.message {
				t.Errorf("got %s: %s", name, message)
			}
			if _, err := limit.Document(parsed(t, test.query), limit.Limits{}); err != nil {
				t.Errorf("no limits refuse %v", err)
			}
		})
	}
}

func TestDocumentMeasures(t *testing.T) {
	t.Parallel()
	got, err := limit.Document(parsed(t, `query A { a { b } x: c } query B @s { d }`), limit.Defaults())
	if want := (limit.Size{Depth: 2, RootFields: 2, Aliases: 1, Directives: 1, Fields: 3}); got != want || err != nil {
		t.Errorf("got %+v, %v", got, err)
	}
}

// TestDocumentSaysWhere names the operation that is too large.
func TestDocumentSaysWhere(t *testing.T) {
	t.Parallel()
	_, err := limit.Document(parsed(t, "query A { a }\n  query B { a { b } }"), limit.Limits{Depth: 1})
	if err == nil || len(err.Locations) != 1 || err.Locations[0] != (gqlerror.Location{Line: 2, Column: 3}) {
		t.Errorf("got %v", err)
	}
}

// TestFanOutIsCountedAndNotWalked has fragments that, written out, would be 2^1000 fields.
func TestFanOutIsCountedAndNotWalked(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("{ ...f0 }")
	for i := range 1000 {
		fmt.Fprintf(&b, " fragment f%d on T { a { ...f%d } b { ...f%d } }", i, i+1, i+1)
	}
	b.WriteString(" fragment f1000 on T { a }")
	for _, test := range []struct {
		limits  limit.Limits
		message string
	}{
		{limit.Limits{Depth: 900}, "The operation nests fields 1001 deep; 900 is allowed."},
		{limit.Limits{Fields: 10}, "The operation has more than 1099511627776 fields once its fragments are spread; 10 are allowed."},
	} {
		if _, err := limit.Document(parsed(t, b.String()), test.limits); err == nil || fault.From(err).Message() != test.message {
			t.Errorf("got %v", err)
		}
	}
}

func TestLimitsValidate(t *testing.T) {
	t.Parallel()
	if err := limit.Defaults().Validate(); err != nil {
		t.Error(err)
	}
	wrong := limit.Defaults()
	wrong.RootFields = -1
	if err := wrong.Validate(); err == nil || !strings.HasPrefix(err.Error(), "rootFields: ") {
		t.Errorf("got %v", err)
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	got := limit.Limits{Cost: 100, Depth: 7}.Report(limit.Size{Depth: 3}, limit.Price{Cost: 12})
	if got["cost"] != (limit.Usage{Requested: 12, Limit: 100}) || got["depth"] != (limit.Usage{Requested: 3, Limit: 7}) || len(got) != 7 {
		t.Errorf("got %v", got)
	}
}
