package exec

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

func FuzzString(f *testing.F) {
	for _, s := range []string{"", "plain", "quite a long one that is plain", "\"", "\\", "a\nb\r\t\x00\x1f", "straße", "日本語 and more", "\xff\xfe", "12345678\"", "1234567\x80", "\u2028", "😀"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		w := &Writer{}
		w.String(s)
		var got string
		if err := json.Unmarshal(w.buf, &got); err != nil {
			t.Fatalf("%q: %v", w.buf, err)
		}
		if want := strings.ToValidUTF8(s, "\uFFFD"); utf8.ValidString(s) && got != want || !utf8.Valid(w.buf) {
			t.Errorf("%q became %q", s, w.buf)
		}
	})
}

func BenchmarkString(b *testing.B) {
	s := strings.Repeat("Thirty-two plain letters of text", 8)
	w := &Writer{buf: make([]byte, 0, 1024)}
	b.SetBytes(int64(len(s)))
	for b.Loop() {
		w.buf = w.buf[:0]
		w.String(s)
	}
}
