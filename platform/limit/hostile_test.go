package limit_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/limit"
)

// hostile are documents for the zoo that are as hard to validate as they can be, by about how many bytes they have.
var hostile = map[string]func(bytes int) string{
	"one field many times":           func(n int) string { return "{" + strings.Repeat("mood ", n/5) + "}" },
	"one object many times":          func(n int) string { return "{" + strings.Repeat("owl{id} ", n/8) + "}" },
	"one alias for different fields": func(n int) string { return "{" + repeat(n/12, "a:nick(name:%d) ") + "}" },
	"aliases":                        func(n int) string { return "{" + repeat(n/11, "a%d:mood ") + "}" },
	"deep":                           func(n int) string { return "{tree" + nested(n/6, "{left", "{value}", "}") + "}" },
	"deep inline fragments":          func(n int) string { return nested(n/5, "{...", "{mood}", "}") },
	"deep introspection":             func(n int) string { return nested(n/10, "{__schema", "{x}", "}") },
	"the same object, ever deeper":   deepTwice,
	"fragments that fan out":         func(n int) string { return fanOut(n, "{ a:theLion{...F%[2]d} b:theLion{...F%[2]d} }", "Query") },
	"a fan of one field":             func(n int) string { return fanOut(n, "{ shadow{...F%[2]d} shadow{...F%[2]d id} }", "Lion") },
	"a fan of two fields":            func(n int) string { return fanOut(n, "{ x:shadow{...F%[2]d} y:shadow{...F%[2]d} }", "Lion") },
	"a fan by types": func(n int) string {
		return fanOut(n, "{ friend{...F%[2]d} ...on Lion{friend{...F%[2]d}} ...on Owl{friend{...F%[2]d}} }", "Animal")
	},
	"a fan of two fragments":           func(n int) string { return fanOut(n, "{ shadow{...F%[2]d ...F%[3]d} }", "Lion") },
	"a fan of two pairs":               fanOfPairs,
	"fragments in a chain":             func(n int) string { return fanOut(n, "{ ...F%[2]d }", "Lion") },
	"fragments that spread all others": allSpread,
	"a cycle": func(n int) string {
		return "{lion{...F0}}" + repeat(n/28, "fragment F%[1]d on Lion{...F%[2]d}") + "fragment F" + strconv.Itoa(n/28) + " on Lion{...F0}"
	},
	"cycles": func(n int) string { return "{lion{...F}}fragment F on Lion{" + strings.Repeat("...F ", n/5) + "}" },
	"a cycle by types": func(int) string {
		return "{animals{...F}}fragment F on Animal{friend{...F} ...on Lion{friend{...F id}} ...on Owl{friend{id ...F}}}"
	},
	"fragments of no use":          func(n int) string { return "{mood}" + repeat(n/24, "fragment F%d on Lion{id}") },
	"fragments of one name":        func(n int) string { return "{lion{...F}}" + strings.Repeat("fragment F on Lion{id}", n/22) },
	"fragments that are not there": func(n int) string { return "{" + repeat(n/9, "...F%d ") + "}" },
	"operations of one fragment": func(n int) string {
		return repeat(n/24, "query Q%d{...F}") + "fragment F on Query{" + strings.Repeat("mood ", n/20) + "}"
	},
	"operations of one name": func(n int) string { return strings.Repeat("query Q{mood}", n/13) },
	"variables": func(n int) string {
		return "query(" + repeat(n/16, "$v%d:Int ") + "){" + repeat(n/40, "a%[1]d:lion(key:$v%[1]d){id} ") + "}"
	},
	"one variable many times": func(n int) string {
		return "query(" + repeat(n/24, "$v%d:Int ") + "){echo(numbers:[" + strings.Repeat("$v0 ", n/8) + "])}"
	},
	"variables of no use":           func(n int) string { return "query(" + repeat(n/12, "$v%d:Int ") + "){mood}" },
	"variables that are not there":  func(n int) string { return "{echo(numbers:[" + repeat(n/7, "$v%d ") + "])}" },
	"directives":                    func(n int) string { return "{mood " + strings.Repeat("@skip(if:false)", n/15) + "}" },
	"directives that are not there": func(n int) string { return "{mood " + repeat(n/7, "@d%d ") + "}" },
	"arguments of one name":         func(n int) string { return "{echo(" + strings.Repeat("number:1 ", n/9) + ")}" },
	"arguments, twice":              func(n int) string { return "{" + strings.Repeat("echo("+repeat(n/16, "n%d:1 ")+")", 2) + "}" },
	"arguments that are not there":  func(n int) string { return "{echo(" + repeat(n/9, "n%d:1 ") + ")}" },
	"fields that are not there":     func(n int) string { return "{" + repeat(n/7, "f%d ") + "}" },
	"a field with a long name":      func(n int) string { return "{" + strings.Repeat("a", n) + "}" },
	"fields with long names":        func(n int) string { return "{" + strings.Repeat(strings.Repeat("a", 1000)+" ", n/1000) + "}" },
	"a type with a long name":       func(n int) string { return "{...F}fragment F on " + strings.Repeat("a", n) + "{a}" },
	"a long string for an enum":     func(n int) string { return `{echo(mood:"` + strings.Repeat("a", n) + `")}` },
	"types that are not there":      func(n int) string { return "{" + repeat(n/12, "...on T%d{a}") + "}" },
	"a deep input": func(n int) string {
		return "{" + strings.Repeat("echo(wish:"+nested(n/8, "{inner:", "1", "}")+")", max(1, n/8000)) + "}"
	},
	"a deep list": func(n int) string {
		return "{" + strings.Repeat("echo(any:"+nested(n/2, "[", "", "]")+")", max(1, n/2000)) + "}"
	},
	"a deep list of numbers": func(n int) string {
		return "{" + strings.Repeat("echo(numbers:"+nested(n/2, "[", "", "]")+")", max(1, n/2000)) + "}"
	},
	"a wide input":        func(n int) string { return "{echo(wish:{" + repeat(n/9, "n%d:1 ") + "})}" },
	"equal inputs":        func(n int) string { return "{" + strings.Repeat("echo(wish:{"+repeat(n/18, "n%d:1 ")+"})", 2) + "}" },
	"a long list":         func(n int) string { return "{echo(numbers:[" + strings.Repeat("1 ", n/2) + "])}" },
	"a long block string": func(n int) string { return `{echo(text:"""` + strings.Repeat(" a\n", n/3) + `""")}` },
	"escapes":             func(n int) string { return `{echo(text:"` + strings.Repeat(`\n`, n/2) + `")}` },
	"comments":            func(n int) string { return "{mood " + strings.Repeat("#\n", n/2) + "}" },
}

// nested gives text so deep between others, as far as the parser reads it.
func nested(n int, before, text, after string) string {
	n = min(n, 990)
	return strings.Repeat(before, n) + text + strings.Repeat(after, n)
}

// repeat gives a format n times, with i and i+1.
func repeat(n int, format string) string {
	var b strings.Builder
	for i := range n {
		text := fmt.Sprintf(format, i, i+1)
		text, _, _ = strings.Cut(text, "%!(EXTRA")
		b.WriteString(text)
	}
	return b.String()
}

// deepTwice selects an object twice at each depth, until the document is long enough.
func deepTwice(bytes int) string {
	return "{tree" + nested(bytes/20, "{left{value} left", "{value}", "}") + "}"
}

// fanOut has fragments F0, F1 and so on, each with a body that spreads later ones.
func fanOut(bytes int, body, on string) string {
	var b strings.Builder
	b.WriteString("{ lion { ...F0 } animals { ...F0 } ...F0 }")
	i := 0
	for ; b.Len() < bytes-80; i++ {
		fmt.Fprintf(&b, "fragment F%d on %s ", i, on)
		text, _, _ := strings.Cut(fmt.Sprintf(body, i, i+1, i+2), "%!(EXTRA")
		b.WriteString(text)
	}
	fmt.Fprintf(&b, "fragment F%d on %s {__typename} fragment F%d on %s {__typename}", i, on, i+1, on)
	return b.String()
}

// fanOfPairs has pairs of fragments that each spread both of the next pair below one field.
func fanOfPairs(bytes int) string {
	var b strings.Builder
	b.WriteString("{ lion { ...F0 ...G0 } }")
	i := 0
	for ; b.Len() < bytes-140; i++ {
		for _, name := range []string{"F", "G"} {
			fmt.Fprintf(&b, "fragment %s%d on Lion{shadow{...F%d}shadow{...G%d}}", name, i, i+1, i+1)
		}
	}
	fmt.Fprintf(&b, "fragment F%d on Lion{id} fragment G%d on Lion{id}", i, i)
	return b.String()
}

// allSpread has fragments that each spread all later ones.
func allSpread(bytes int) string {
	n := 1
	for n*n*3 < bytes {
		n++
	}
	var b strings.Builder
	b.WriteString("{lion{...F0}}")
	for i := range n {
		fmt.Fprintf(&b, "fragment F%d on Lion{id", i)
		for j := i + 1; j < n; j++ {
			fmt.Fprintf(&b, "...F%d", j)
		}
		b.WriteString("}")
	}
	return b.String()
}

// TestHostileDocuments: none takes long, whatever becomes of it. The bound is generous, for busy machines; the figures are BenchmarkHostile's.
func TestHostileDocuments(t *testing.T) {
	t.Parallel()
	schema := theZoo(t)
	limits := limit.Defaults()
	limits.ValidationTime = 0 // so that steps have to do
	for name, text := range hostile {
		for _, size := range []int{1 << 10, 100 << 10} {
			t.Run(fmt.Sprintf("%s, %d bytes", name, size), func(t *testing.T) {
				t.Parallel()
				doc := parsed(t, text(size))
				start := time.Now()
				_, _ = limit.Document(doc, limits)
				steps, errs := limit.StepsOf(schema, doc, nil, limits)
				took := time.Since(start)
				if took > 2*time.Second {
					t.Errorf("it took %v for %d steps", took, steps)
				}
				if len(errs) > limits.ValidationErrors {
					t.Errorf("there are %d errors", len(errs))
				}
				for _, err := range errs {
					if f := fault.From(err); f.Code == fault.LimitExceeded && (f.Limit != "validationSteps" || steps <= limits.ValidationSteps) {
						t.Errorf("%d steps were refused with %v", steps, err)
					}
					if len(err.Message) > 510 {
						t.Errorf("an error has %d bytes", len(err.Message))
					}
				}
			})
		}
	}
}

// TestSmallFansAreFewSteps: fragments that spread each other so that they would be 2^20 fields and more, in a kilobyte.
func TestSmallFansAreFewSteps(t *testing.T) {
	t.Parallel()
	schema := theZoo(t)
	for name, text := range hostile {
		if !strings.Contains(name, " fan") {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			steps, _ := limit.StepsOf(schema, parsed(t, text(1<<10)), nil, limit.Limits{})
			if took := time.Since(start); steps > 5_000 || took > time.Second {
				t.Errorf("it was %d steps, in %v", steps, took)
			}
		})
	}
}

// TestStepsGrowAsDocumentsDo: where a document twice as long is more than about twice the work, it is so because of what the walk does, which is refused.
func TestStepsGrowAsDocumentsDo(t *testing.T) {
	t.Parallel()
	schema := theZoo(t)
	quadratic := []string{
		"operations of one fragment", "fragments in a chain", "a cycle", "variables", "one variable many times", "a deep input", "a deep list", "a deep list of numbers",
		"fragments that fan out", "a fan of one field", "a fan of two fields", "a fan by types", "a fan of two fragments", "a fan of two pairs", "fragments that spread all others",
	}
	for name, text := range hostile {
		if slices.Contains(quadratic, name) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			small, _ := limit.StepsOf(schema, parsed(t, text(4<<10)), nil, limit.Limits{})
			large, _ := limit.StepsOf(schema, parsed(t, text(8<<10)), nil, limit.Limits{})
			if large > 3*small {
				t.Errorf("%d steps become %d", small, large)
			}
		})
	}
}

// BenchmarkHostile measures what becomes of hostile documents of 1 and 100 KiB, by limits and without.
func BenchmarkHostile(b *testing.B) {
	schema := theZoo(b)
	for name, text := range hostile {
		for _, size := range []int{1 << 10, 100 << 10} {
			doc := parsed(b, text(size))
			b.Run(fmt.Sprintf("%s/%dKiB", name, size>>10), func(b *testing.B) {
				for b.Loop() {
					if _, err := limit.Document(doc, limit.Defaults()); err == nil {
						_ = limit.Validate(schema, doc, nil, limit.Defaults())
					}
				}
			})
		}
	}
}

// BenchmarkOverlap compares the rule with gqlparser's.
func BenchmarkOverlap(b *testing.B) {
	schema := theZoo(b)
	using := rules.NewRules(rules.OverlappingFieldsCanBeMergedRule)
	for _, name := range []string{"one field many times", "one object many times", "a fan of two pairs", "a fan by types"} {
		for _, size := range []int{1 << 10, 10 << 10} {
			text := hostile[name](size)
			b.Run(fmt.Sprintf("%s/%dKiB/ours", name, size>>10), func(b *testing.B) {
				doc := parsed(b, text)
				for b.Loop() {
					_ = limit.Validate(schema, doc, using, limit.Limits{})
				}
			})
			b.Run(fmt.Sprintf("%s/%dKiB/gqlparser", name, size>>10), func(b *testing.B) {
				doc := parsed(b, text)
				for b.Loop() {
					_ = validator.ValidateWithRules(schema, doc, using)
				}
			})
		}
	}
}

// BenchmarkOrdinary compares the validation of an ordinary document with gqlparser's.
func BenchmarkOrdinary(b *testing.B) {
	schema, doc := theShop(b), parsed(b, productPage)
	b.Run("document", func(b *testing.B) {
		for b.Loop() {
			_, _ = limit.Document(doc, limit.Defaults())
		}
	})
	b.Run("validate/ours", func(b *testing.B) {
		for b.Loop() {
			if errs := limit.Validate(schema, doc, nil, limit.Defaults()); errs != nil {
				b.Fatal(errs)
			}
		}
	})
	b.Run("validate/gqlparser", func(b *testing.B) {
		for b.Loop() {
			_ = validator.ValidateWithRules(schema, doc, rules.NewDefaultRules())
		}
	})
	costs, err := limit.NewCosts(schema, limit.CostOptions{})
	if err != nil {
		b.Fatal(err)
	}
	b.Run("cost", func(b *testing.B) {
		for b.Loop() {
			_, _ = costs.Check(doc.Operations[0], nil, limit.Defaults())
		}
	})
}

// productPage is the README's query.
const productPage = `query ProductPage { products(first: 20) { nodes { id name price { amount currency } category { name } stock { available }
	reviews(first: 2) { nodes { rating body author { displayName } } } } pageInfo { hasNextPage endCursor } } }`
