package upstream

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/mainstem/mainstem/platform/fault"
)

type testItem struct {
	ID    string     `json:"id"`
	Price testPrice  `json:"price"`
	Note  *string    `json:"note,omitempty"`
	Until *time.Time `json:"until"`
}

type testPrice struct {
	Amount int32 `json:"amount"`
}

type testPage struct {
	Items []testItem           `json:"items"`
	Total int32                `json:"total"`
	By    map[string]testPrice `json:"by,omitempty"`
}

const goodItem = `{"id":"a","price":{"amount":1},"until":null,"unknown":[{"x":1}]}`

func TestDecode(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct{ body, wrong string }{
		"all there":                        {`{"items":[` + goodItem + `],"total":1}`, ""},
		"a list may be empty":              {`{"items":[],"total":0}`, ""},
		"an optional member may be null":   {`{"items":[],"total":0,"by":null}`, ""},
		"a required member is missing":     {`{"items":[]}`, `"total" is required`},
		"a nested one is missing":          {`{"items":[{"id":"a","price":{},"until":null}],"total":1}`, `"amount" is required`},
		"one in a map is missing":          {`{"items":[],"total":0,"by":{"x":{}}}`, `"amount" is required`},
		"a required nullable is missing":   {`{"items":[{"id":"a","price":{"amount":1}}],"total":1}`, `"until" is required`},
		"null where it is not allowed":     {`{"items":null,"total":1}`, "null is not allowed"},
		"a value of another type":          {`{"items":[],"total":"1"}`, "total"},
		"an object where a list should be": {`{"items":{},"total":1}`, "items"},
		"a number out of range":            {`{"items":[],"total":3000000000}`, "total"},
		"not JSON":                         {`<html>`, "invalid character"},
		"cut off":                          {`{"items":[` + goodItem, "EOF"},
		"something after the end":          {`{"items":[],"total":0} x`, "after top-level value"},
		"nothing":                          {``, "EOF"},
		"null":                             {`null`, "null"},
		"a member twice":                   {`{"items":[],"total":0,"total":1}`, "duplicate"},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			_, err := Decode[testPage](Answer{Origin: Origin{"shop", "list"}, body: test.body})
			if test.wrong == "" {
				if err != nil {
					t.Fatalf("failed: %v", err)
				}
				return
			}
			f, ok := errors.AsType[*fault.Error](err)
			if !ok || f.Code != fault.SourceContractViolation || f.Source != "shop" || f.Operation != "list" {
				t.Fatalf("got %v, want a contract violation of shop.list", err)
			}
			if !strings.Contains(f.Error(), test.wrong) {
				t.Errorf("got %q, want it to say %q", f.Error(), test.wrong)
			}
		})
	}
}

func TestDecodeNullElements(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		decode func(Answer) error
		body   string
		good   bool
	}{
		"of a list that may have them":     {decodes[[]*string], `["a",null]`, true},
		"of a map that may have them":      {decodes[map[string]*testPrice], `{"a":null,"b":{"amount":1}}`, true},
		"of a list":                        {decodes[[]string], `["a",null]`, false},
		"of a map":                         {decodes[map[string]testPrice], `{"a":null}`, false},
		"of a list within a list":          {decodes[[]*[]string], `[null,["a"]]`, true},
		"of the list within that list":     {decodes[[]*[]string], `[null,["a",null]]`, false},
		"what is beside them is looked at": {decodes[[]*testPrice], `[null,{}]`, false},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			if err := test.decode(Answer{body: test.body}); (err == nil) != test.good {
				t.Errorf("got %v", err)
			}
		})
	}
}

func decodes[T any](a Answer) error {
	_, err := Decode[T](a)
	return err
}

func TestDecodeItemsFailsAsAWhole(t *testing.T) {
	t.Parallel()
	for reason, body := range map[string]string{
		"no JSON":                        `<html>`,
		"no list":                        `{"items":{},"total":1}`,
		"no list at all":                 `{"total":1}`,
		"something beside it is missing": `{"items":[` + goodItem + `]}`,
		"something beside it is broken":  `{"items":[` + goodItem + `],"total":1,"by":{"x":{}}}`,
		"it is cut off":                  `{"total":1,"items":[` + goodItem + `,{"id"`,
		"an item has a member twice":     `{"total":1,"items":[{"id":"a","id":"b"}]}`,
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			page, faults, err := DecodeItems[testPage, testItem](Answer{Origin: Origin{"shop", "list"}, body: body})
			if f := fault.From(err); f == nil || f.Code != fault.SourceContractViolation || f.Source != "shop" || page != nil || faults != nil {
				t.Errorf("got %v, %v, %v, want a contract violation of shop.list", page, faults, err)
			}
		})
	}
}

func TestDecodeItemsKeepsWhatFits(t *testing.T) {
	t.Parallel()
	body := `{"items":[` + goodItem + `,{"id":"b"},` + goodItem + `,{"id":4,"price":{"amount":1},"until":null},null],"total":5}`
	page, faults, err := DecodeItems[testPage, testItem](Answer{body: body})
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Items) != 5 || page.Items[0].ID != "a" || page.Items[2].Price.Amount != 1 || page.Total != 5 {
		t.Errorf("got %+v", page)
	}
	for i, broken := range []bool{false, true, false, true, true} {
		if (faults[i] != nil) != broken {
			t.Errorf("item %d: got fault %v, want one: %t", i, faults[i], broken)
		}
	}
}

func TestByKey(t *testing.T) {
	t.Parallel()
	item := func(id string) testItem { return testItem{ID: id} }
	keyOf := func(i *testItem) string { return i.ID }
	convert := func(i *testItem) (string, error) {
		if i.ID == "odd" {
			return "", Violation("odd")
		}
		return "value of " + i.ID, nil
	}
	broken := fault.New(fault.SourceContractViolation, "")
	for reason, test := range map[string]struct {
		keys   []string
		items  []testItem
		broken map[int]*fault.Error
		found  []string
		failed []string
	}{
		"in any order, the absent left out":     {[]string{"a", "b", "c"}, []testItem{item("c"), item("a")}, nil, []string{"a", "c"}, nil},
		"what was not asked for is passed over": {[]string{"a"}, []testItem{item("z"), item("a")}, nil, []string{"a"}, nil},
		"a broken item with a key":              {[]string{"a", "b", "c"}, []testItem{item("a"), item("b")}, map[int]*fault.Error{1: broken}, []string{"a"}, []string{"b"}},
		"a broken item without a key":           {[]string{"a", "b", "c"}, []testItem{item("a"), item("")}, map[int]*fault.Error{1: broken}, []string{"a"}, []string{"b", "c"}},
		"an item that does not convert":         {[]string{"odd", "b"}, []testItem{item("odd")}, nil, nil, []string{"odd"}},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			found, err := ByKey(Origin{"shop", "list"}, test.keys, test.items, test.broken, keyOf, convert)
			failed, _ := errors.AsType[fault.Items[string]](err)
			if len(found) != len(test.found) || len(failed) != len(test.failed) {
				t.Fatalf("found %v and failed %v", found, failed)
			}
			for _, k := range test.found {
				if found[k] != "value of "+k {
					t.Errorf("%q is %q", k, found[k])
				}
			}
			for _, k := range test.failed {
				if failed[k] == nil {
					t.Errorf("%q did not fail", k)
				}
			}
		})
	}
}

func FuzzDecodeItems(f *testing.F) {
	f.Add(`{"items":[` + goodItem + `],"total":1}`)
	f.Add(`{"items":[{}],"total":1,"by":{"x":{"amount":1}}}`)
	f.Fuzz(func(t *testing.T, body string) {
		page, faults, err := DecodeItems[testPage, testItem](Answer{body: body})
		if err != nil {
			return
		}
		for i := range faults {
			if i >= len(page.Items) {
				t.Fatalf("a fault for item %d of %d", i, len(page.Items))
			}
		}
	})
}

// BenchmarkDecode reads 100 posts, of which the contract leaves out the longest member.
func BenchmarkDecode(b *testing.B) {
	type post struct {
		UserID int32  `json:"userId"`
		ID     int32  `json:"id"`
		Title  string `json:"title"`
	}
	const one = "{\n    \"userId\": 1,\n    \"id\": 17,\n    \"title\": \"sunt aut facere repellat provident\",\n    \"body\": \""
	text := strings.Repeat(`quia et suscipit\nrecusandae consequuntur expedita et cum `, 3)
	benchmark(b, "["+strings.Repeat(one+text+"\"\n  },\n  ", 99)+one+text+"\"\n  }\n]", func(a Answer) error {
		_, err := Decode[[]post](a)
		return err
	})
}

func BenchmarkDecodeItems(b *testing.B) {
	benchmark(b, `{"items":[`+strings.Repeat(goodItem+",", 99)+goodItem+`],"total":100}`, func(a Answer) error {
		_, _, err := DecodeItems[testPage, testItem](a)
		return err
	})
}

func benchmark(b *testing.B, body string, decode func(Answer) error) {
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if err := decode(Answer{body: body}); err != nil {
			b.Fatal(err)
		}
	}
}
