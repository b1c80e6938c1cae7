package strictjson

import (
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// code reads itself from a string.
type code string

func (c *code) UnmarshalText(b []byte) error {
	if len(b) != 2 {
		return errors.New("not two letters")
	}
	*c = code(strings.ToUpper(string(b)))
	return nil
}

// flags has a method of its own.
type flags struct{ on bool }

func (f *flags) UnmarshalJSON(b []byte) error { return json.Unmarshal(b, &f.on) }

type all struct {
	Text    string             `json:"text"`
	Small   int8               `json:"small"`
	Big     int64              `json:"big"`
	Size    uint16             `json:"size"`
	Ratio   float64            `json:"ratio"`
	Single  float32            `json:"single"`
	Yes     bool               `json:"yes"`
	At      time.Time          `json:"at"`
	Code    code               `json:"code"`
	Flags   flags              `json:"flags"`
	Any     any                `json:"any"`
	Bytes   []byte             `json:"bytes"`
	Fixed   [2]int             `json:"fixed"`
	Raw     json.RawMessage    `json:"raw"`
	Strings []string           `json:"strings"`
	Lists   [][]int32          `json:"lists"`
	By      map[string]float64 `json:"by"`
	Nested  *all               `json:"nested"`
	Tree    map[string]*all    `json:"tree"`
	Pointer *string            `json:"pointer"`
	Bare    int                // without a tag
	Not     int                `json:"-"`
}

// loose has the same members as all, none of them required.
type loose struct {
	Text    string             `json:"text,omitempty"`
	Small   int8               `json:"small,omitempty"`
	Big     int64              `json:"big,omitempty"`
	Size    uint16             `json:"size,omitempty"`
	Ratio   float64            `json:"ratio,omitempty"`
	Single  float32            `json:"single,omitempty"`
	Yes     bool               `json:"yes,omitempty"`
	At      time.Time          `json:"at,omitzero"`
	Code    code               `json:"code,omitempty"`
	Flags   flags              `json:"flags,omitempty"`
	Any     any                `json:"any,omitempty"`
	Bytes   []byte             `json:"bytes,omitempty"`
	Fixed   [2]int             `json:"fixed,omitempty"`
	Raw     json.RawMessage    `json:"raw,omitempty"`
	Strings []*string          `json:"strings,omitempty"`
	Lists   []*[]*int32        `json:"lists,omitempty"`
	By      map[string]*string `json:"by,omitempty"`
	Nested  *loose             `json:"nested,omitempty"`
	Tree    map[string]*loose  `json:"tree,omitempty"`
	Pointer *string            `json:"pointer,omitempty"`
}

const everything = `{"text":"a\"b\u00df\ud83d\ude00ü","small":-128,"big":-9223372036854775808,"size":65535,"ratio":-1.5e3,"single":0.5,"yes":true,
"at":"2026-01-20T16:40:12.5+01:00","code":"eu","flags":true,"any":{"a":[1,null]},"bytes":"AQI=","fixed":[1,2],"raw":{"x": 1},"strings":["a",""],
"lists":[[1,2,3],[]],"by":{"a":1,"b":2e0},"nested":null,"tree":{"x":null},"pointer":"p","Bare":7,"unknown":{"a":[{},[],"\n",-0.0e+1,true,false,null]}}`

func TestUnmarshal(t *testing.T) {
	t.Parallel()
	var got all
	if err := Unmarshal(everything, &got); err != nil {
		t.Fatal(err)
	}
	pointer := "p"
	want := all{
		Text: `a"bß😀ü`, Small: -128, Big: math.MinInt64, Size: 65535, Ratio: -1500, Single: 0.5, Yes: true,
		At:   time.Date(2026, 1, 20, 16, 40, 12, 5e8, time.FixedZone("", 3600)),
		Code: "EU", Flags: flags{true}, Any: map[string]any{"a": []any{1.0, nil}}, Bytes: []byte{1, 2}, Fixed: [2]int{1, 2},
		Raw: json.RawMessage(`{"x": 1}`), Strings: []string{"a", ""}, Lists: [][]int32{{1, 2, 3}, {}}, By: map[string]float64{"a": 1, "b": 2},
		Tree: map[string]*all{"x": nil}, Pointer: &pointer, Bare: 7,
	}
	if !got.At.Equal(want.At) {
		t.Errorf("the time is %s, want %s", got.At, want.At)
	}
	got.At = want.At
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v, want\n%+v", got, want)
	}
}

// item is a small type with what can go wrong.
type item struct {
	ID    string           `json:"id"`
	Price price            `json:"price"`
	Note  *string          `json:"note,omitempty"`
	Until *time.Time       `json:"until"`
	Tags  []string         `json:"tags,omitempty"`
	By    map[string]price `json:"by,omitempty"`
	Parts []item           `json:"parts,omitempty"`
}

type price struct {
	Amount int32 `json:"amount"`
}

// document is an item with more in it.
func document(more string) string { return `{"id":"a","price":{"amount":1},"until":null` + more + `}` }

func TestUnmarshalFails(t *testing.T) {
	t.Parallel()
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	for reason, test := range map[string]struct{ data, wrong string }{
		"nothing":                            {``, `unexpected EOF at ""`},
		"white space":                        {" \n", `unexpected EOF at ""`},
		"HTML":                               {`<html>`, `invalid character '<' at the beginning of a value (byte 0)`},
		"a byte order mark":                  {"\ufeff" + document(``), "invalid character"},
		"null":                               {`null`, `null is not allowed at ""`},
		"something after the end":            {document(``) + ` x`, "invalid character 'x' after top-level value"},
		"a second document":                  {document(``) + document(``), "after top-level value"},
		"a list in place of an object":       {`[]`, `not a value of strictjson.item at ""`},
		"a required member is missing":       {`{"id":"a","until":null}`, `"price" is required and missing at ""`},
		"one in a member":                    {`{"id":"a","price":{},"until":null}`, `"amount" is required and missing at "/price"`},
		"one in a list":                      {document(`,"parts":[` + document(``) + `,{"id":"b"}]`), `"price" is required and missing at "/parts/1"`},
		"one in a map":                       {document(`,"by":{"a/~":{}}`), `"amount" is required and missing at "/by/a~1~0"`},
		"a required nullable one":            {`{"id":"a","price":{"amount":1}}`, `"until" is required and missing`},
		"another case is another name":       {`{"ID":"a","price":{"amount":1},"until":null}`, `"id" is required and missing`},
		"null where it is not allowed":       {`{"id":null,"price":{"amount":1},"until":null}`, `null is not allowed at "/id"`},
		"null in a list":                     {document(`,"tags":["x",null]`), `null is not allowed at "/tags/1"`},
		"null in a map":                      {document(`,"by":{"x":null}`), `null is not allowed at "/by/x"`},
		"a number in place of a string":      {`{"id":1,"price":{"amount":1},"until":null}`, `not a value of string at "/id"`},
		"a string in place of a number":      {`{"id":"a","price":{"amount":"1"},"until":null}`, `not a value of int32 at "/price/amount"`},
		"a fraction":                         {`{"id":"a","price":{"amount":1.0},"until":null}`, `1.0 is not a value of int32 at "/price/amount"`},
		"an exponent":                        {`{"id":"a","price":{"amount":1e3},"until":null}`, `1e3 is not a value of int32`},
		"out of range":                       {`{"id":"a","price":{"amount":2147483648},"until":null}`, `2147483648 is not a value of int32`},
		"below the range":                    {`{"id":"a","price":{"amount":-2147483649},"until":null}`, `-2147483649 is not a value of int32`},
		"far out of range":                   {`{"id":"a","price":{"amount":` + strings.Repeat("9", 1000) + `},"until":null}`, `9999 is not a value of int32`},
		"a date that there is not":           {`{"id":"a","price":{"amount":1},"until":"2026-02-30T00:00:00Z"}`, `not a value of time.Time`},
		"a date in other words":              {`{"id":"a","price":{"amount":1},"until":"yesterday"}`, `at "/until"`},
		"a member twice":                     {document(`,"id":"b"`), `duplicate "id" at ""`},
		"one twice, once by escapes":         {document(`,"\u0069d":"b"`), `duplicate "id"`},
		"one twice in a map":                 {document(`,"by":{"x":{"amount":1},"x":{"amount":1}}`), `duplicate "x" at "/by"`},
		"invalid UTF-8":                      {`{"id":"a` + "\xff" + `"`, `that is not UTF-8 (byte 8) at "/id"`},
		"half of a character":                {`{"id":"` + "\xc3" + `"`, `not UTF-8`},
		"a character written too long":       {`{"id":"` + "\xc0\xaf" + `"`, `not UTF-8`},
		"half of a surrogate pair":           {`{"id":"\ud83d"`, `invalid character '\\'`},
		"the other half":                     {`{"id":"\ude00"`, `invalid character '\\'`},
		"an escape that there is not":        {`{"id":"\q"`, `invalid character '\\'`},
		"an escape without digits":           {`{"id":"\u00g0"`, `invalid character '\\'`},
		"a control character":                {"{\"id\":\"a\nb\"", `invalid character '\n' in a string`},
		"... even in what nobody reads":      {document(`,"x":"` + "\x01" + `"`), `in a string`},
		"invalid UTF-8 in what nobody reads": {document(`,"x":"` + "\xff" + `"`), `not UTF-8`},
		"cut off in a string":                {`{"id":"a`, `unexpected EOF at "/id"`},
		"cut off in an escape":               {`{"id":"a\`, `invalid character '\\'`},
		"cut off in a literal":               {`{"until":nul`, `unexpected EOF at "/until"`},
		"cut off in a number":                {`{"price":{"amount":-`, `unexpected EOF at "/price/amount"`},
		"cut off after a name":               {`{"id"`, `unexpected EOF`},
		"cut off in a list":                  {document(`,"x":[1`)[:45], `unexpected EOF`},
		"a literal of another case":          {document(`,"x":True`), `invalid character 'T'`},
		"a literal with an end of its own":   {document(`,"x":nil`), `invalid character 'i' in a literal`},
		"a number that begins with 0":        {document(`,"x":01`), `invalid character '1' after a value`},
		"... in a member":                    {`{"id":"a","price":{"amount":01}`, `invalid character '1' after a value`},
		"a number that begins with +":        {document(`,"x":+1`), `invalid character '+'`},
		"a number that ends in a point":      {document(`,"x":1.`), `invalid character '}' in a number`},
		"a number that ends in e":            {document(`,"x":1e`), `invalid character '}' in a number`},
		"NaN":                                {document(`,"x":NaN`), `invalid character 'N'`},
		"a comma before the end":             {document(`,`), `invalid character '}' where a name should be`},
		"a comma before a list's end":        {document(`,"x":[1,]`), `invalid character ']'`},
		"no comma":                           {document(`"x":1`), `invalid character '"' after a value`},
		"no colon":                           {document(`,"x" 1`), `invalid character '1' after a name`},
		"a name without quotes":              {document(`,x:1`), `invalid character 'x' where a name should be`},
		"another bracket":                    {document(`,"x":[}`), `invalid character '}'`},
		"a comment":                          {document(`/**/`), `invalid character '/'`},
		"deep in what nobody reads":          {document(`,"x":` + deep(1001)), `nested deeper than 1000`},
		"deep, and without an end":           {`{"x":` + strings.Repeat(`{"x":`, 1<<20), `nested deeper than 1000`},
		"deep in a type that is recursive":   {strings.Repeat(`{"parts":[`, 1<<18), `nested deeper than 1000`},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			err := Unmarshal(test.data, new(item))
			if err == nil || !strings.Contains(err.Error(), test.wrong) {
				t.Fatalf("got %v, want %s", err, test.wrong)
			}
			if len(err.Error()) > 1000 {
				t.Errorf("%d bytes are too many to log", len(err.Error()))
			}
		})
	}
}

func TestUnmarshalPassesOver(t *testing.T) {
	t.Parallel()
	for reason, data := range map[string]string{
		"members that it does not know":           document(`,"x":{"y":[1,{"z":null}]},"ids":1`),
		"... of which one is there twice":         document(`,"x":1,"x":{"y":1,"y":2}`),
		"white space":                             strings.ReplaceAll(strings.ReplaceAll(document(`,"x":[1]`), ",", " \n,\t "), ":", "\r : "),
		"the order":                               `{"until":null,"x":1,"price":{"amount":1},"id":"a"}`,
		"that names are escaped":                  `{"\u0069\u0064":"a","pric\u0065":{"amount":1},"until":null}`,
		"null for what may be absent":             document(`,"note":null,"tags":null,"by":null,"parts":null`),
		"nothing in lists and maps":               document(`,"tags":[],"by":{},"parts":[]`),
		"as deep as is allowed":                   document(`,"x":` + strings.Repeat("[", 999) + `1` + strings.Repeat("]", 999)),
		"minus zero":                              `{"id":"a","price":{"amount":-0},"until":null}`,
		"huge numbers that nobody reads":          document(`,"x":1e999999999`),
		"lists of several lengths, one like none": document(`,"tags":["` + strings.Repeat(`a","`, 700) + `"]`),
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			if err := Unmarshal(data, new(item)); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestUnmarshalItems(t *testing.T) {
	t.Parallel()
	type page struct {
		Items []struct {
			Cursor string `json:"cursor"`
			Item   item   `json:"item"`
		} `json:"items"`
	}
	entry := func(item string) string { return `{"cursor":"c","item":` + item + `}` }
	for reason, test := range map[string]struct {
		items  []string
		ids    []string
		broken map[int]string // what is wrong with which
		wrong  string         // with all of it
	}{
		"all fit": {[]string{entry(document(``)), entry(document(``))}, []string{"a", "a"}, nil, ""},
		"one does not, and is read as far as it goes": {
			[]string{entry(document(``)), entry(`{"id":"b","until":3,"price":{"amount":1}}`), entry(document(``))},
			[]string{"a", "b", "a"}, map[int]string{1: `not a value of time.Time at "/until"`}, "",
		},
		"some are not even objects":             {[]string{entry(`null`), entry(`[{}]`)}, []string{"", ""}, map[int]string{0: "null", 1: "not a value"}, ""},
		"one within another is a part of it":    {[]string{entry(document(`,"parts":[{}]`))}, []string{"a"}, map[int]string{0: `at "/parts/0"`}, ""},
		"one is too deep":                       {[]string{entry(document(`,"x":` + strings.Repeat(`[`, 1000)))}, nil, nil, "nested deeper"},
		"something beside one does not fit":     {[]string{`{"item":` + document(``) + `}`}, nil, nil, `"cursor" is required and missing at "/items/0"`},
		"one has a member twice":                {[]string{entry(document(`,"id":"b"`))}, nil, nil, `duplicate "id" at "/items/0/item"`},
		"more do not fit than is likely":        {slices.Repeat([]string{entry(`{}`)}, 1001), nil, nil, `too many items do not fit: "id" is required and missing at "/items/1000/item"`},
		"one is no JSON":                        {[]string{entry(document(`,"x":1x`))}, nil, nil, `invalid character 'x' after a value`},
		"one is no JSON after what is broken":   {[]string{entry(`{"id":1,"x":tru}`)}, nil, nil, `invalid character '}' in a literal`},
		"many are broken, each by itself alone": {strings.Split(strings.Repeat(entry(`{"id":"x"}`)+";", 5)+entry(document(``)), ";"), []string{"x", "x", "x", "x", "x", "a"}, map[int]string{0: "", 1: "", 2: "", 3: "", 4: ""}, ""},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			var p page
			broken := map[int]string{}
			err := UnmarshalItems[page, item](`{"items":[`+strings.Join(test.items, ",")+`]}`, &p, func(n int, err error) { broken[n] = err.Error() })
			if test.wrong != "" {
				if err == nil || !strings.Contains(err.Error(), test.wrong) {
					t.Errorf("got %v, want %s", err, test.wrong)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			ids := []string{}
			for _, e := range p.Items {
				ids = append(ids, e.Item.ID)
			}
			if !reflect.DeepEqual(ids, test.ids) {
				t.Errorf("read %q, want %q", ids, test.ids)
			}
			if len(broken) != len(test.broken) {
				t.Errorf("broken are %v, want %v", broken, test.broken)
			}
			for n, wrong := range test.broken {
				if !strings.Contains(broken[n], wrong) {
					t.Errorf("item %d: got %q, want %q", n, broken[n], wrong)
				}
			}
		})
	}
}

// TestUnknownMembersNeedNoMemory: neither they, nor the strings that are read, are copied.
func TestUnknownMembersNeedNoMemory(t *testing.T) { // not in parallel: it counts what everybody allocates
	few := testing.AllocsPerRun(100, func() { _ = Unmarshal(document(``), new(item)) })
	long := document(`,"x":"` + strings.Repeat(`\n`, 1000) + `","y":[` + strings.Repeat(`{"z":1.5},`, 1000) + `null]`)
	many := testing.AllocsPerRun(100, func() { _ = Unmarshal(long, new(item)) })
	if many > few {
		t.Errorf("%.0f allocations with unknown members, %.0f without", many, few)
	}
}
