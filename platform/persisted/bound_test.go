package persisted

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
)

// TestRegisteredDocumentsAreBounded: by what they take together, and each by its part of that.
func TestRegisteredDocumentsAreBounded(t *testing.T) {
	t.Parallel()
	c := Defaults()
	c.Automatic.MaxBytes = 64 << 10
	s, err := New(c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	register := func(text string) {
		s.register(&graphql.RawParams{Query: text, Extensions: map[string]any{automaticKey: map[string]any{"version": 1, "sha256Hash": hashOf(text)}}})
	}
	for i := range 2000 {
		register(fmt.Sprintf("{a%d %s}", i, strings.Repeat("x", 1000)))
	}
	large := "{" + strings.Repeat("x", 4<<10) + "}" // more than a sixteenth
	register(large)
	s.registered.CleanUp()
	if size := s.registered.WeightedSize(); size > 64<<10 || size < 32<<10 {
		t.Errorf("%d bytes are kept", size)
	}
	if _, ok := s.registered.GetIfPresent(hashOf(large)); ok {
		t.Error("a document takes the place of many")
	}
}
