package sources_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/sources"
)

func TestCursorRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.StringMatching(`[a-z][a-z-]{0,30}`).Draw(t, "list")
		position := rapid.StringMatching(`[ -~]{1,300}`).Draw(t, "position")
		cursor := sources.Cursor(list, position)
		got, err := sources.NewPageArgs(list, 1, &cursor)
		if err != nil || got.After != position {
			t.Fatalf("%q is read as %q: %v", position, got.After, err)
		}
		other := rapid.StringMatching(`[a-z][a-z-]{0,30}`).Filter(func(s string) bool { return s != list }).Draw(t, "other list")
		if _, err := sources.NewPageArgs(other, 1, &cursor); fault.From(err) == nil || fault.From(err).Code != fault.BadUserInput {
			t.Fatalf("the cursor of %q is accepted by %q: %v", list, other, err)
		}
	})
}

func TestNewPageArgs(t *testing.T) {
	t.Parallel()
	args, err := sources.NewPageArgs("products", 1, nil)
	if err != nil || args != (sources.PageArgs{First: 1}) {
		t.Errorf("got %v and %v", args, err)
	}
	cursor := sources.Cursor("products", "name:a:b")
	args, err = sources.NewPageArgs("products", sources.MaxFirst, &cursor)
	if err != nil || args != (sources.PageArgs{First: sources.MaxFirst, After: "name:a:b"}) {
		t.Errorf("got %v and %v", args, err)
	}
	for _, wrong := range []sources.PageArgs{{First: 0}, {First: -1}, {First: -1 << 31}, {First: sources.MaxFirst + 1}, {First: 1<<31 - 1}} {
		got, err := sources.NewPageArgs("products", wrong.First, &cursor)
		wantRefused(t, "", err)
		if got != (sources.PageArgs{}) {
			t.Errorf("%d: got %v", wrong.First, got)
		}
	}
}

func TestCursorRefused(t *testing.T) {
	t.Parallel()
	good := encoded("products:17") // ends with spare bits, so that they can be set
	for reason, cursor := range map[string]string{
		"nothing":                 "",
		"a plain position":        "17",
		"not encoded":             "products:17",
		"another list's":          encoded("reviews:17"),
		"a longer name":           encoded("products-of:17"),
		"a shorter name":          encoded("product:17"),
		"a name in capitals":      encoded("Products:17"),
		"no name":                 encoded(":17"),
		"no colon":                encoded("products"),
		"no position":             encoded("products:"),
		"a global id":             sources.ID{Type: "Product", Local: "SKU-000017"}.String(),
		"a newline":               encoded("products:1\n7"),
		"a NUL":                   encoded("products:1\x007"),
		"a delete":                encoded("products:1\x7f"),
		"a letter beyond ASCII":   encoded("products:ä"),
		"what is not UTF-8":       encoded("products:\xff"),
		"padded":                  good + "=",
		"spare bits that are set": good[:len(good)-1] + string(good[len(good)-1]+1),
		"a line break inside":     good[:4] + "\n" + good[4:],
		"a line break at the end": good + "\r\n",
		"too long":                encoded("products:" + strings.Repeat("1", 351)),
		"far too long":            strings.Repeat("A", 1<<20),
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			got, err := sources.NewPageArgs("products", 1, &cursor)
			wantRefused(t, cursor, err)
			if got != (sources.PageArgs{}) {
				t.Errorf("got %v", got)
			}
		})
	}
	for reason, cursor := range map[string]string{
		"the one that the refused ones were made of": good,
		"the longest": encoded("products:" + strings.Repeat("1", 350)),
	} {
		if _, err := sources.NewPageArgs("products", 1, &cursor); err != nil {
			t.Errorf("%s: %v", reason, err)
		}
	}
}

func TestValidPosition(t *testing.T) {
	t.Parallel()
	for _, position := range []string{"1", " ", "~", "name:a:b", "product/SKU-000017/b0.316", strings.Repeat("p", 350)} {
		if !sources.ValidPosition(position) {
			t.Errorf("%.40q is refused", position)
		}
	}
	for reason, position := range map[string]string{
		"nothing": "", "a newline": "a\nb", "a NUL": "\x00", "a delete": "a\x7f", "a letter beyond ASCII": "ä", "what is not UTF-8": "\xff",
		"too long": strings.Repeat("p", 351),
	} {
		if sources.ValidPosition(position) {
			t.Errorf("%s: %.40q is accepted", reason, position)
		}
	}
}

func TestPage(t *testing.T) {
	t.Parallel()
	broken := fault.New(fault.SourceContractViolation, "")
	edges := []sources.Edge[string]{
		sources.NewEdge("letters", "1", "a", nil), sources.NewEdge("letters", "2", "", broken), sources.NewEdge("letters", "3", "c", nil),
	}
	page := sources.NewPage(edges, true, false, 7)
	first, last := sources.Cursor("letters", "1"), sources.Cursor("letters", "3")
	want := sources.PageInfo{HasPreviousPage: true, StartCursor: &first, EndCursor: &last}
	if diff := cmp.Diff(want, page.PageInfo); diff != "" || page.TotalCount != 7 || len(page.Edges) != 3 {
		t.Errorf("got %+v, -want +got:\n%s", page, diff)
	}
	if item, err := page.Edges[0].Node(); err != nil || item != "a" {
		t.Errorf("got %q and %v", item, err)
	}
	if item, err := page.Edges[1].Node(); !errors.Is(err, broken) || item != "" {
		t.Errorf("got %q and %v", item, err)
	}
	empty := sources.NewPage[string](nil, false, true, 0)
	if diff := cmp.Diff(sources.PageInfo{HasNextPage: true}, empty.PageInfo); diff != "" {
		t.Errorf("a page of nothing has no cursors, -want +got:\n%s", diff)
	}
}

// FuzzCursor: whatever is accepted has one form only, and is printable.
func FuzzCursor(f *testing.F) {
	f.Add("products", sources.Cursor("products", "name:a:b"))
	f.Add("products", sources.Cursor("reviews", "17"))
	f.Add("products", "cHJv\nZHVjdHM6MTc")
	f.Fuzz(func(t *testing.T, list, s string) {
		args, err := sources.NewPageArgs(list, 1, &s)
		if err != nil {
			wantRefused(t, "", err)
			return
		}
		if again := sources.Cursor(list, args.After); again != s {
			t.Errorf("%q is %q, whose form is %q", s, args.After, again)
		}
		if strings.ContainsFunc(args.After, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("%q is accepted", args.After)
		}
	})
}
