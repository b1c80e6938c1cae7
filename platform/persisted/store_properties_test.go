package persisted_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"pgregory.net/rapid"

	"github.com/mainstem/mainstem/platform/config"
	"github.com/mainstem/mainstem/platform/persisted"
)

// TestAStoreIsWhatItHasSeen: whatever is sent in whatever order, a hash gives its own text or nothing, and only a text that was valid under its hash; and
// where a manifest is enforced, only what is in it is executed.
func TestAStoreIsWhatItHasSeen(t *testing.T) {
	t.Parallel()
	enforced := trusting(t, persisted.Enforce)
	rapid.Check(t, func(rt *rapid.T) {
		c, trusted := persisted.Defaults(), map[string]bool{}
		if rapid.Bool().Draw(rt, "enforce") {
			c, trusted = enforced, map[string]bool{product: true, orders: true}
		}
		enforce := c.Trusted.Mode == persisted.Enforce
		c.Automatic.MaxBytes = config.Bytes(rapid.IntRange(1, 20_000).Draw(rt, "maxBytes"))
		s := open(t, c, slog.New(slog.DiscardHandler))
		valid := map[string]bool{} // texts that were valid under their own hash
		text := rapid.SampledFrom([]string{product, orders, other, "{a}", "{b}", "{c" + strings.Repeat("x", 300) + "}"})
		for range rapid.IntRange(1, 60).Draw(rt, "requests") {
			query, named := rapid.OneOf(rapid.Just(""), text).Draw(rt, "query"), text.Draw(rt, "named")
			p := apq(query, hashOf(named))
			if rapid.Bool().Draw(rt, "by id") {
				p = byID(query, "sha256:"+hashOf(named))
			}
			err := s.Resolve(t.Context(), p)
			switch {
			case err != nil && (query == "" || query == named && !enforce) && (trusted[named]):
				rt.Fatalf("a trusted document is refused: %v", err)
			case err != nil:
				continue
			case p.Query != named:
				rt.Fatalf("the hash of %q gave %q", named, p.Query)
			case query == "" && !valid[named] && !trusted[named]:
				rt.Fatalf("%q was known before it was valid", named)
			case enforce && !trusted[p.Query]:
				rt.Fatalf("%q is executed", p.Query)
			}
			if rapid.Bool().Draw(rt, "valid") {
				s.Accepted(t.Context(), p, parse(t, p.Query))
				valid[p.Query] = true
			}
		}
	})
}

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	c := trusting(t, persisted.Log)
	c.Automatic.MaxBytes = 20_000
	s := open(t, c, slog.New(slog.DiscardHandler))
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for i := range 300 {
				text := fmt.Sprintf("{a%d}", i)
				if err := send(t, s, apq(text, hashOf(text))); err != nil {
					t.Error(err)
				}
				if p := apq("", hashOf(text)); s.Resolve(context.Background(), p) == nil && p.Query != text {
					t.Errorf("the hash of %s gave %s", text, p.Query)
				}
				if p := byID("", md5); s.Resolve(context.Background(), p) != nil || p.Query != orders {
					t.Errorf("a trusted document: %q", p.Query)
				}
			}
		})
	}
	all.Wait()
}

func ExampleStore_Resolve() {
	s, err := persisted.New(persisted.Defaults(), slog.New(slog.DiscardHandler))
	if err != nil {
		panic(err)
	}
	const text = "{ products { name } }"
	hashed := map[string]any{"persistedQuery": map[string]any{"version": 1, "sha256Hash": hashOf(text)}}
	ctx := context.Background()

	alone := &graphql.RawParams{Extensions: hashed}
	fmt.Println(s.Resolve(ctx, alone)) // so the client sends the text along

	both := &graphql.RawParams{Query: text, Extensions: hashed}
	fmt.Println(s.Resolve(ctx, both))
	doc, err := parser.ParseQuery(&ast.Source{Input: text})
	if err != nil {
		panic(err)
	}
	s.Accepted(ctx, both, doc)

	fmt.Println(s.Resolve(ctx, alone), alone.Query)
	// Output:
	// PERSISTED_QUERY_NOT_FOUND: PersistedQueryNotFound
	// <nil>
	// <nil> { products { name } }
}

func BenchmarkResolve(b *testing.B) {
	long := "{" + strings.Repeat(" field_of_some_length", 100) + " }" // about 2 KiB
	for name, mode := range map[string]string{"registered": persisted.Off, "enforced": persisted.Enforce} {
		c := persisted.Defaults()
		if mode != persisted.Off {
			c.Trusted = persisted.TrustedConfig{Mode: mode, Manifest: filepath.Join(b.TempDir(), "operations.json")}
			if err := os.WriteFile(c.Trusted.Manifest, fmt.Appendf(nil, "{%q: %q}", hashOf(long), long), 0o600); err != nil {
				b.Fatal(err)
			}
		}
		s := open(b, c, slog.New(slog.DiscardHandler))
		if err := send(b, s, apq(long, hashOf(long))); err != nil {
			b.Fatal(err)
		}
		doc := parse(b, long)
		for sent, p := range map[string]*graphql.RawParams{"hash": apq("", hashOf(long)), "id": byID("", "sha256:"+hashOf(long)), "text": plain(long), "both": apq(long, hashOf(long))} {
			b.Run(name+"/"+sent, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					request := graphql.RawParams{Query: p.Query, Extensions: p.Extensions}
					if err := s.Resolve(b.Context(), &request); err != nil {
						b.Fatal(err)
					}
					s.Accepted(b.Context(), &request, doc)
				}
			})
		}
	}
}
