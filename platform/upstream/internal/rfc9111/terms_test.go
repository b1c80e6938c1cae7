package rfc9111

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// at gives the date so many seconds after noon, as headers have it.
func at(seconds int) string {
	return noon.Add(time.Duration(seconds) * time.Second).Format(http.TimeFormat)
}

// fields gives a header of "Name: value" lines.
func fields(lines ...string) http.Header {
	h := http.Header{}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		h.Add(name, value)
	}
	return h
}

func TestTerms(t *testing.T) {
	t.Parallel()
	const s = time.Second
	for reason, test := range map[string]struct {
		header   http.Header
		personal bool
		unsaid   time.Duration
		want     Terms
	}{
		"nothing is said":                       {nil, false, 0, Terms{}},
		"nothing is said, and that is enough":   {nil, false, 9 * s, Terms{Lifetime: 9 * s}},
		"nothing of freshness":                  {fields("Cache-Control: public, must-revalidate"), false, 9 * s, Terms{Lifetime: 9 * s}},
		"max-age":                               {fields("Cache-Control: max-age=60"), false, 9 * s, Terms{Lifetime: 60 * s}},
		"max-age of 0":                          {fields("Cache-Control: max-age=0"), false, 9 * s, Terms{}},
		"s-maxage, for many":                    {fields("Cache-Control: max-age=60, s-maxage=30, stale-if-error=5"), false, 9 * s, Terms{Lifetime: 30 * s}},
		"s-maxage that is more":                 {fields("Cache-Control: max-age=60, s-maxage=90"), false, 9 * s, Terms{Lifetime: 90 * s}},
		"s-maxage, for one":                     {fields("Cache-Control: max-age=60, s-maxage=30, stale-if-error=5"), true, 9 * s, Terms{Lifetime: 60 * s, IfError: 5 * s}},
		"s-maxage alone, for one":               {fields("Cache-Control: s-maxage=30"), true, 9 * s, Terms{}},
		"Expires":                               {fields("Expires: "+at(60), "Date: "+at(0)), false, 9 * s, Terms{Lifetime: 60 * s}},
		"Expires, by the service's clock":       {fields("Expires: "+at(-940), "Date: "+at(-1000)), false, 0, Terms{Age: 1000 * s, Lifetime: 60 * s}},
		"Expires, without a date":               {fields("Expires: " + at(60)), false, 9 * s, Terms{Lifetime: 60 * s}},
		"Expires that is over":                  {fields("Expires: "+at(-60), "Date: "+at(0)), false, 9 * s, Terms{}},
		"Expires that is no date":               {fields("Expires: 0"), false, 9 * s, Terms{}},
		"Expires twice":                         {fields("Expires: "+at(60), "Expires: "+at(30)), false, 9 * s, Terms{}},
		"Expires twice the same":                {fields("Expires: "+at(60), "Expires: "+at(60)), false, 9 * s, Terms{Lifetime: 60 * s}},
		"Expires and max-age":                   {fields("Expires: "+at(60), "Cache-Control: max-age=30"), false, 9 * s, Terms{Lifetime: 30 * s}},
		"Expires and private":                   {fields("Expires: "+at(60), "Cache-Control: private"), true, 9 * s, Terms{Lifetime: 60 * s}},
		"Expires as asctime":                    {fields("Expires: Sun Mar  1 12:01:00 2026", "Date: "+at(0)), false, 0, Terms{Lifetime: 60 * s}},
		"Pragma":                                {fields("Pragma: no-cache"), false, 9 * s, Terms{Lifetime: 9 * s}},
		"private":                               {fields("Cache-Control: private"), true, 9 * s, Terms{}},
		"no-cache":                              {fields("Cache-Control: no-cache, max-age=60, stale-while-revalidate=5, stale-if-error=5"), false, 9 * s, Terms{}},
		"no-cache of fields":                    {fields(`Cache-Control: no-cache="X", max-age=60`), false, 9 * s, Terms{}},
		"stale answers are allowed":             {fields("Cache-Control: max-age=60, stale-while-revalidate=5, stale-if-error=7"), false, 0, Terms{Lifetime: 60 * s, WhileRevalidate: 5 * s, IfError: 7 * s}},
		"stale answers are allowed and not":     {fields("Cache-Control: max-age=60, stale-while-revalidate=5, stale-if-error=7, must-revalidate"), false, 0, Terms{Lifetime: 60 * s}},
		"proxy-revalidate":                      {fields("Cache-Control: max-age=60, stale-if-error=7, proxy-revalidate"), false, 0, Terms{Lifetime: 60 * s}},
		"Age":                                   {fields("Age: 7"), false, 0, Terms{Age: 7 * s}},
		"Age more than once":                    {fields("Age: 7, 9", "Age: 11"), false, 0, Terms{Age: 7 * s}},
		"Age that is no number":                 {fields("Age: -7"), false, 0, Terms{}},
		"Age of old":                            {fields("Age: 99999999999999999999"), false, 0, Terms{Age: maxSeconds * s}},
		"made a while ago":                      {fields("Date: " + at(-8)), false, 0, Terms{Age: 8 * s}},
		"made a while ago, and older elsewhere": {fields("Date: "+at(-8), "Age: 20"), false, 0, Terms{Age: 20 * s}},
		"made in the future":                    {fields("Date: " + at(100)), false, 0, Terms{}},
		"made who knows when":                   {fields("Date: today"), false, 0, Terms{}},
		"made before there were computers":      {fields("Date: Mon, 01 Jan 0001 00:00:00 GMT"), false, 0, Terms{Age: maxSeconds * s}},
		"good until there are none":             {fields("Expires: Fri, 31 Dec 9999 23:59:59 GMT"), false, 0, Terms{Lifetime: maxSeconds * s}},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			if got := TermsOf(test.header, test.personal, test.unsaid, noon, noon); got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

// TestAgeCountsTheWay: an answer may be as old as the call took, which is added to what it says.
func TestAgeCountsTheWay(t *testing.T) {
	t.Parallel()
	got := TermsOf(fields("Age: 7", "Date: "+at(0)), false, 0, noon.Add(-3*time.Second), noon)
	if want := 10 * time.Second; got.Age != want {
		t.Errorf("it is %s old, want %s", got.Age, want)
	}
	if age := got.AgeAt(noon, noon.Add(time.Minute)); age != 70*time.Second {
		t.Errorf("a minute later it is %s old", age)
	}
	if age := got.AgeAt(noon, noon.Add(-time.Hour)); age != 10*time.Second {
		t.Errorf("with a clock that was set back, it is %s old", age)
	}
}

func TestWhenAnswersMayBeUsed(t *testing.T) {
	t.Parallel()
	terms := Terms{Lifetime: 60, WhileRevalidate: 10, IfError: 20}
	for age, want := range map[time.Duration]string{
		0: "true true true", 59: "true true true", 60: "false true true", 69: "false true true", 70: "false false true", 79: "false false true", 80: "false false false",
	} {
		if got := fmt.Sprint(terms.Fresh(age), terms.FreshEnough(age), terms.StandsIn(age)); got != want {
			t.Errorf("at an age of %d: %s, want %s", age, got, want)
		}
	}
	if (Terms{}).Fresh(0) || (Terms{}).FreshEnough(0) || (Terms{Lifetime: 60}).StandsIn(0) {
		t.Error("what nothing is said of may be used")
	}
}

// control draws what may stand in a Cache-Control field.
var control = rapid.Custom(func(t *rapid.T) string {
	name := rapid.SampledFrom([]string{"max-age", "s-maxage", "stale-while-revalidate", "stale-if-error", "no-cache", "no-store", "private", "public", "must-revalidate", "x"}).Draw(t, "directive")
	return name + rapid.SampledFrom([]string{"", "=", "=0", "=5", `="60"`, "=99999999999", "=-1", "=a", `="a, b"`}).Draw(t, "argument")
})

// header draws an answer's.
var header = rapid.Custom(func(t *rapid.T) http.Header {
	h := http.Header{}
	for range rapid.IntRange(0, 3).Draw(t, "fields") {
		h.Add("Cache-Control", strings.Join(rapid.SliceOfN(control, 0, 4).Draw(t, "Cache-Control"), ", "))
	}
	for _, name := range []string{"Date", "Expires"} {
		if rapid.Bool().Draw(t, name) {
			h.Set(name, rapid.OneOf(rapid.Map(rapid.IntRange(-1<<33, 1<<33), at), rapid.SampledFrom([]string{"", "0"})).Draw(t, name))
		}
	}
	if rapid.Bool().Draw(t, "Age") {
		h.Set("Age", rapid.SampledFrom([]string{"", "0", "7", "7, 8", "-1", "99999999999999999999"}).Draw(t, "Age"))
	}
	return h
})

// TestTermsAreKept: whatever the answer, it is never fresher than each max-age that it has; what is forbidden is forbidden; nothing is negative
// or overflows.
func TestTermsAreKept(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		h, personal := header.Draw(t, "header"), rapid.Bool().Draw(t, "personal")
		unsaid := time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "unsaid"))
		requested := noon.Add(-time.Duration(rapid.Int64Range(-int64(time.Hour), int64(time.Hour)).Draw(t, "took")))
		now := noon.Add(time.Duration(rapid.Int64Range(-int64(time.Hour), 1<<62).Draw(t, "later")))
		terms := TermsOf(h, personal, unsaid, requested, noon)
		age := terms.AgeAt(noon, now)
		if terms.Age < 0 || terms.Lifetime < 0 || terms.WhileRevalidate < 0 || terms.IfError < 0 || age < terms.Age || age < min(now.Sub(noon), maxSeconds*time.Second) {
			t.Fatalf("%+v, and an age of %s", terms, age)
		}
		if terms.Fresh(age) && !terms.FreshEnough(age) || terms.FreshEnough(age) && terms.WhileRevalidate == 0 && !terms.Fresh(age) {
			t.Fatal("it is fresh, and not fresh enough")
		}
		c := ParseControl(h["Cache-Control"])
		if c.MaxAge.Given && (personal || !c.SharedMaxAge.Given) && terms.Lifetime > c.MaxAge.Value {
			t.Errorf("fresh for %s, of a max-age of %s", terms.Lifetime, c.MaxAge.Value)
		}
		if c.SharedMaxAge.Given && !personal && terms.Lifetime > c.SharedMaxAge.Value {
			t.Errorf("fresh for %s, of an s-maxage of %s", terms.Lifetime, c.SharedMaxAge.Value)
		}
		if c.NoCache && terms.FreshEnough(0) || (c.NoCache || c.MustRevalidate) && (terms.StandsIn(terms.Lifetime) || terms.FreshEnough(terms.Lifetime)) {
			t.Errorf("used without asking: %+v of %v", terms, h)
		}
		if said := len(h["Expires"]) > 0 || c.MaxAge.Given || c.NoCache || c.Private || c.NoStore || c.SharedMaxAge.Given; !said && terms.Lifetime != unsaid {
			t.Errorf("fresh for %s, of %s where nothing is said", terms.Lifetime, unsaid)
		}
	})
}
