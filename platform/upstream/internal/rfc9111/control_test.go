package rfc9111

import (
	"strings"
	"testing"
	"time"
)

func given(seconds int) Seconds { return Seconds{true, time.Duration(seconds) * time.Second} }

func TestParseControl(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		fields []string
		want   Control
	}{
		"nothing":                            {nil, Control{}},
		"an empty field":                     {[]string{""}, Control{}},
		"commas alone":                       {[]string{" , ,,"}, Control{}},
		"all":                                {[]string{"no-store, no-cache, private, must-revalidate, max-age=1, s-maxage=2, stale-while-revalidate=3, stale-if-error=4"}, Control{true, true, true, true, given(1), given(2), given(3), given(4)}},
		"in several fields":                  {[]string{"no-store", "private, max-age=1"}, Control{NoStore: true, Private: true, MaxAge: given(1)}},
		"in capitals":                        {[]string{"No-Store,MAX-AGE=1"}, Control{NoStore: true, MaxAge: given(1)}},
		"without spaces":                     {[]string{"private,max-age=1,no-cache"}, Control{Private: true, NoCache: true, MaxAge: given(1)}},
		"with many":                          {[]string{"\t private ,\t max-age=1 \t,, no-cache \t"}, Control{Private: true, NoCache: true, MaxAge: given(1)}},
		"proxy-revalidate":                   {[]string{"proxy-revalidate"}, Control{MustRevalidate: true}},
		"what follows nothing from":          {[]string{"public, immutable, no-transform, must-understand"}, Control{}},
		"what is unknown":                    {[]string{`a, b=c, d="no-store, e", max-age=1`}, Control{MaxAge: given(1)}},
		"what begins like a directive":       {[]string{"no-storey, max-ages=1, xno-cache"}, Control{}},
		"no-cache of fields":                 {[]string{`no-cache="Set-Cookie, X", max-age=1`}, Control{NoCache: true, MaxAge: given(1)}},
		"private of fields":                  {[]string{`private="X", max-age=1`}, Control{Private: true, MaxAge: given(1)}},
		"no-cache of fields, without quotes": {[]string{`no-cache=Set-Cookie`}, Control{NoCache: true}},
		"no-store of something":              {[]string{`no-store="X"`}, Control{NoStore: true}},
		"a quoted number":                    {[]string{`max-age="60"`}, Control{MaxAge: given(60)}},
		"a quoted number with an escape":     {[]string{`max-age="6\0"`}, Control{MaxAge: given(60)}},
		"an escaped quote":                   {[]string{`a="\", no-store", max-age=1`}, Control{MaxAge: given(1)}},
		"quotes that do not end":             {[]string{`max-age=1, a="b, private`}, Control{NoStore: true, MaxAge: given(1)}},
		"quotes that end in an escape":       {[]string{`a="b\`}, Control{NoStore: true}},
		"more after the quotes":              {[]string{`max-age="6"0, private`}, Control{MaxAge: given(60), Private: true}},
		"twice, the less first":              {[]string{"max-age=1, max-age=2"}, Control{MaxAge: given(1)}},
		"twice, the less last":               {[]string{"max-age=2", "max-age=1"}, Control{MaxAge: given(1)}},
		"twice, once no number":              {[]string{"max-age=2, max-age=a"}, Control{MaxAge: given(0)}},
		"no number":                          {[]string{"max-age=a"}, Control{MaxAge: given(0)}},
		"no argument":                        {[]string{"max-age"}, Control{MaxAge: given(0)}},
		"an empty argument":                  {[]string{"max-age="}, Control{MaxAge: given(0)}},
		"an empty quoted argument":           {[]string{`max-age=""`}, Control{MaxAge: given(0)}},
		"a negative number":                  {[]string{"max-age=-1, stale-if-error=-1"}, Control{MaxAge: given(0), IfError: given(0)}},
		"a number with a sign":               {[]string{"max-age=+1"}, Control{MaxAge: given(0)}},
		"a fraction":                         {[]string{"max-age=1.5"}, Control{MaxAge: given(0)}},
		"spaces around the sign":             {[]string{"max-age =60, s-maxage= 60"}, Control{MaxAge: given(0), SharedMaxAge: given(0)}},
		"leading zeros":                      {[]string{"max-age=007"}, Control{MaxAge: given(7)}},
		"the largest number":                 {[]string{"max-age=2147483648"}, Control{MaxAge: given(1 << 31)}},
		"a larger one":                       {[]string{"max-age=2147483649"}, Control{MaxAge: given(1 << 31)}},
		"one that no integer can hold":       {[]string{"max-age=" + strings.Repeat("9", 100)}, Control{MaxAge: given(1 << 31)}},
		"a directive without a name":         {[]string{`=1, ="a", max-age=1`}, Control{MaxAge: given(1)}},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			if got := ParseControl(test.fields); got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

// FuzzParseControl: whatever a service says, one more directive never has an answer kept that was not, or for longer.
func FuzzParseControl(f *testing.F) {
	for _, seed := range []string{"", "max-age=60", `no-cache="a, b"`, `a="\"`, "max-age=60, max-age=1", "stale-if-error=99999999999", ",=,\"", "private ,\tx"} {
		f.Add(seed, seed)
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		one, both := ParseControl([]string{first}), ParseControl([]string{first, second})
		lost := one.NoStore && !both.NoStore || one.NoCache && !both.NoCache || one.Private && !both.Private || one.MustRevalidate && !both.MustRevalidate
		for _, s := range [][2]Seconds{{one.MaxAge, both.MaxAge}, {one.SharedMaxAge, both.SharedMaxAge}, {one.WhileRevalidate, both.WhileRevalidate}, {one.IfError, both.IfError}} {
			lost = lost || s[0].Given && (!s[1].Given || s[1].Value > s[0].Value)
			if s[1].Value < 0 || s[1].Value > maxSeconds*time.Second || !s[1].Given && s[1].Value != 0 {
				t.Errorf("%q and %q: a number is %s", first, second, s[1].Value)
			}
		}
		if lost {
			t.Errorf("%q is %+v; with %q, %+v", first, one, second, both)
		}
		if !ParseControl([]string{"no-store," + second, first}).NoStore {
			t.Errorf("no-store is lost before %q", second)
		}
	})
}
