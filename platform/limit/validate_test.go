package limit_test

import (
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"
	"pgregory.net/rapid"

	"github.com/mainstem/mainstem/platform/config"
	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/limit"
)

func TestValidationErrorsAreBounded(t *testing.T) {
	t.Parallel()
	schema := theZoo(t)
	query := "{" + repeat(1000, " no%d") + "}"
	for allowed, want := range map[int]int{0: 1000, 1: 1, 100: 100, 2000: 1000} {
		if got := limit.Validate(schema, parsed(t, query), nil, limit.Limits{ValidationErrors: allowed}); len(got) != want {
			t.Errorf("with %d allowed there are %d", allowed, len(got))
		}
	}
}

// TestErrorsOfAFragmentAreToldOnce, however many operations and fragments reach it.
func TestErrorsOfAFragmentAreToldOnce(t *testing.T) {
	t.Parallel()
	got := limit.Validate(theZoo(t), parsed(t, `query A { ...f } query B { ...g } fragment f on Query { ...g } fragment g on Query { no }`), nil, limit.Defaults())
	if len(got) != 1 || got[0].Rule != "FieldsOnCorrectType" || got[0].Extensions["code"] != "GRAPHQL_VALIDATION_FAILED" {
		t.Errorf("got %v", got)
	}
}

// TestErrorsThatComeAgainStopTheValidation: each of 900 operations finds those of a fragment, with what may have been meant.
func TestErrorsThatComeAgainStopTheValidation(t *testing.T) {
	t.Parallel()
	names := repeat(50, strings.Repeat("x", 90)+"%d ")
	query := repeat(900, "query Q%d{...F}") + "fragment F on Query{" + names + "}"
	limits := limit.Defaults()
	limits.ValidationTime = 0
	suggested := 0
	using := rules.NewRules()
	using.AddRule("Suggests", func(observers *validator.Events, addError validator.AddErrFunc) {
		observers.OnField(func(_ *validator.Walker, field *ast.Field) {
			suggested++
			addError(validator.Message("There is no %s.", field.Name))
		})
	})
	if got := limit.Validate(theZoo(t), parsed(t, query), using, limits); len(got) != 50 || suggested > 1001 {
		t.Errorf("%d errors are told of %d that were found", len(got), suggested)
	}
}

// TestThreadTime goes on with what this thread does, and with nothing else.
func TestThreadTime(t *testing.T) {
	t.Parallel()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	begin := limit.ThreadTime()
	for limit.ThreadTime() < begin+5*time.Millisecond { // until the test's own deadline, if it stands still
		_ = strings.Repeat("x", 1000)
	}
}

func TestMessagesAreBounded(t *testing.T) {
	t.Parallel()
	for reason, query := range map[string]string{
		"a field":              "{" + strings.Repeat("a", 10_000) + "}",
		"a value":              `{ lion(key: "` + strings.Repeat("ä", 10_000) + `") { id } }`,
		"a cycle":              "{lion{...F0}}" + repeat(200, "fragment F%[1]d on Lion{...F%[2]d}") + "fragment F200 on Lion{...F0}",
		"a conflict, deep":     "{ " + strings.Repeat("tree { left { ", 200) + "a: value a: left { value }" + strings.Repeat("} }", 200) + "}",
		"a conflict from afar": "{tree" + nested(200, "{left", "{a:value}", "}") + "tree" + nested(200, "{left", "{a:left{value}}", "}") + "}",
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			got := limit.Validate(theZoo(t), parsed(t, query), nil, limit.Limits{})
			if len(got) == 0 {
				t.Fatal("nothing is wrong")
			}
			for _, err := range got {
				if len(err.Message) > 510 || !utf8.ValidString(err.Message) {
					t.Errorf("a message has %d bytes: %s", len(err.Message), err.Message)
				}
			}
		})
	}
}

func TestValidationSteps(t *testing.T) {
	t.Parallel()
	schema := theZoo(t)
	for reason, test := range map[string]struct {
		query         string
		least, atMost int
	}{
		"one field":                       {`{ mood }`, 2, 4},
		"a hundred fields":                {"{" + strings.Repeat("mood ", 100) + "}", 200, 210},
		"for each operation":              {repeat(100, "query Q%d{...F}") + "fragment F on Query{" + strings.Repeat("mood ", 100) + "}", 10_000, 11_000},
		"for each variable":               {"query(" + repeat(160, "$v%d:Int ") + "){echo(numbers:[" + strings.Repeat("$v0 ", 100) + "])}", 1_000, 1_500},
		"for each value that it is in":    {"{echo(wish:" + nested(100, "{inner:", "1", "}") + ")}", 5_000, 5_500},
		"for fragments that spread more":  {fanOut(2000, "{ ...F%[2]d }", "Lion"), 1_500, 7_000},
		"for a cycle, until it is closed": {"{lion{...F}} fragment F on Lion{shadow{...F}}", 5, 30},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			steps, _ := limit.StepsOf(schema, parsed(t, test.query), nil, limit.Limits{})
			if steps < test.least || steps > test.atMost {
				t.Errorf("it was %d steps, want %d to %d", steps, test.least, test.atMost)
			}
			for _, allowed := range []int{steps, steps - 1, 1} {
				got := limit.Validate(schema, parsed(t, test.query), nil, limit.Limits{ValidationSteps: allowed})
				refused := len(got) == 1 && fault.From(got[0]).Limit == "validationSteps"
				if refused != (allowed < steps) {
					t.Errorf("with %d steps allowed: %v", allowed, got)
				}
			}
		})
	}
}

// TestValidationTime has a clock that goes a millisecond each time that it is looked at.
func TestValidationTime(t *testing.T) {
	t.Parallel()
	schema := theZoo(t)
	query := "{" + strings.Repeat("owl { id } ", 10_000) + "}"
	for allowed, refused := range map[time.Duration]bool{50 * time.Millisecond: true, time.Minute: false, 0: false} {
		looked := 0
		clock := func() time.Duration {
			looked++
			return time.Duration(looked) * time.Millisecond
		}
		got := limit.ValidateAt(schema, parsed(t, query), nil, limit.Limits{ValidationTime: config.Duration(allowed)}, clock)
		if len(got) == 0 == refused {
			t.Fatalf("in %v: %v", allowed, got)
		}
		if !refused {
			continue
		}
		if name, message := refusal(t, got[0]); len(got) != 1 || name != "validationTime" || message != "Validating the document took longer than it may: 3264 steps of it were done in 50 ms." {
			t.Errorf("got %v", got)
		}
		if looked > 60 {
			t.Errorf("it went on until the clock was looked at %d times", looked)
		}
	}
}

// TestPanicsAreNotSwallowed: only what stops the validation is.
func TestPanicsAreNotSwallowed(t *testing.T) {
	t.Parallel()
	using := rules.NewRules()
	using.AddRule("Panics", func(*validator.Events, validator.AddErrFunc) { panic("a defect") })
	defer func() {
		if p := recover(); p != "a defect" {
			t.Errorf("got %v", p)
		}
	}()
	_ = limit.Validate(theZoo(t), parsed(t, "{mood}"), using, limit.Limits{})
}

// TestValidateAsGqlparser: random documents get the verdict of gqlparser's rules, of each but for those that ours stop before.
func TestValidateAsGqlparser(t *testing.T) {
	t.Parallel()
	for name, schema := range map[string]*ast.Schema{"the zoo": theZoo(t), "the shop": theShop(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				query := drawDocument(t, schema)
				if rapid.Bool().Draw(t, "cycle") {
					query = strings.Replace(query, "...F0", "...F1", 1)
				}
				want := map[string]bool{}
				for _, err := range validator.ValidateWithRules(schema, parsed(t, query), rules.NewDefaultRules()) {
					want[err.Rule] = true
				}
				got := map[string]bool{}
				for _, err := range limit.Validate(schema, parsed(t, query), nil, limit.Limits{}) {
					got[err.Rule] = true
				}
				if want["NoFragmentCycles"] || want["NoUnusedFragments"] { // in which the rules may find more, or less
					delete(got, "OverlappingFieldsCanBeMerged")
					delete(want, "OverlappingFieldsCanBeMerged")
				}
				if !slices.Equal(slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want))) {
					t.Fatalf("got  %v\nwant %v\n%s", got, want, query)
				}
			})
		})
	}
}

func TestCycles(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		query string
		want  []string
	}{
		"none":          {`{ ...a } fragment a on Query { ...b ...b } fragment b on Query { mood }`, nil},
		"of itself":     {`{ ...a } fragment a on Query { ...a }`, []string{`Cannot spread fragment "a" within itself.`}},
		"deep":          {`{ lion { ...a } } fragment a on Lion { shadow { ... { ...a } } }`, []string{`Cannot spread fragment "a" within itself.`}},
		"of two":        {`{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }`, []string{`Cannot spread fragment "a" within itself via "b".`}},
		"of three":      {`{ ...a } fragment a on Query { ...b } fragment b on Query { ...c } fragment c on Query { ...a }`, []string{`Cannot spread fragment "a" within itself via "b", "c".`}},
		"beside others": {`{ ...a } fragment a on Query { ...b } fragment b on Query { ...b ...c } fragment c on Query { mood }`, []string{`Cannot spread fragment "b" within itself.`}},
		"two":           {`{ ...a } fragment a on Query { ...b ...c } fragment b on Query { ...a } fragment c on Query { ...a }`, []string{`Cannot spread fragment "a" within itself via "b".`, `Cannot spread fragment "a" within itself via "c".`}},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, err := range limit.Validate(theZoo(t), parsed(t, test.query), rules.NewRules(rules.NoFragmentCyclesRule), limit.Limits{}) {
				got = append(got, err.Message)
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %q", got)
			}
		})
	}
}
