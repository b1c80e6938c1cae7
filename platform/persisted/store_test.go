package persisted_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/persisted"
)

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// The documents of the tests, and how they are named.
const (
	product = "query Product { product }"
	orders  = "query Orders { orders }"
	other   = "query Other { other }"
	md5     = "0cc175b9c0f1b6a831c399e269772661" // stands for the MD5 of orders, as Relay's compiler has it
)

// apq gives a request as Apollo's clients send it.
func apq(query, hash string) *graphql.RawParams {
	return &graphql.RawParams{Query: query, Extensions: map[string]any{"persistedQuery": map[string]any{"version": json.Number("1"), "sha256Hash": hash}}}
}

// byID gives a request that names its document by an id.
func byID(query, id string) *graphql.RawParams {
	p := &graphql.RawParams{Query: query}
	persisted.SetDocumentID(p, id)
	return p
}

func plain(query string) *graphql.RawParams { return &graphql.RawParams{Query: query} }

// extension gives a request with a persistedQuery of any kind.
func extension(v any) *graphql.RawParams {
	return &graphql.RawParams{Query: product, Extensions: map[string]any{"persistedQuery": v}}
}

func open(t testing.TB, c persisted.Config, log *slog.Logger) *persisted.Store {
	t.Helper()
	s, err := persisted.New(c, log)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// trusting gives the settings of a mode, and a manifest of two documents: one by its hash, the other by an id.
func trusting(t testing.TB, mode string) persisted.Config {
	t.Helper()
	c := persisted.Defaults()
	c.Trusted = persisted.TrustedConfig{Mode: mode, Manifest: filepath.Join(t.TempDir(), "operations.json")}
	text := fmt.Sprintf(`{"format": "apollo-persisted-query-manifest", "version": 1, "operations": [
		{"id": %q, "name": "Product", "type": "query", "body": %q},
		{"id": %q, "name": "Orders", "type": "query", "body": %q}]}`, hashOf(product), product, md5, orders)
	if err := os.WriteFile(c.Trusted.Manifest, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return c
}

// parse gives what Accepted is given of a document.
func parse(t testing.TB, text string) *ast.QueryDocument {
	t.Helper()
	doc, err := parser.ParseQuery(&ast.Source{Input: text})
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// send has a store see a request whose document is valid.
func send(t testing.TB, s *persisted.Store, p *graphql.RawParams) error {
	t.Helper()
	if err := s.Resolve(t.Context(), p); err != nil {
		return err
	}
	s.Accepted(t.Context(), p, parse(t, p.Query))
	return nil
}

func codeOf(err error) fault.Code {
	if err == nil {
		return ""
	}
	return fault.From(err).Code
}

func TestResolve(t *testing.T) {
	t.Parallel()
	discard := slog.New(slog.DiscardHandler)
	automatic := open(t, persisted.Defaults(), discard)
	if err := send(t, automatic, apq(product, hashOf(product))); err != nil {
		t.Fatal(err)
	}
	none := open(t, persisted.Config{Trusted: persisted.TrustedConfig{Mode: persisted.Off}}, discard)
	logging, enforcing := open(t, trusting(t, persisted.Log), discard), open(t, trusting(t, persisted.Enforce), discard)
	alone := trusting(t, persisted.Log)
	alone.Automatic.Enabled = false
	loggingAlone := open(t, alone, discard)
	if err := send(t, enforcing, apq(other, hashOf(other))); codeOf(err) != fault.Forbidden {
		t.Fatal(err)
	}

	const ok = fault.Code("")
	for reason, test := range map[string]struct {
		store  *persisted.Store
		params *graphql.RawParams
		code   fault.Code
		text   string // the document that is executed
	}{
		"a text":                        {automatic, plain(other), ok, other},
		"nothing":                       {automatic, plain(""), ok, ""},
		"a registered hash":             {automatic, apq("", hashOf(product)), ok, product},
		"a registered hash, and space":  {automatic, apq(" \n", hashOf(product)), ok, product},
		"a registered hash as an id":    {automatic, byID("", "sha256:"+hashOf(product)), ok, product},
		"an unknown hash":               {automatic, apq("", hashOf(other)), fault.PersistedNotFound, ""},
		"an unknown id":                 {automatic, byID("", "other"), fault.PersistedNotFound, ""},
		"a hash in capital letters":     {automatic, apq("", strings.ToUpper(hashOf(product))), fault.PersistedNotFound, ""},
		"a hash and its text":           {automatic, apq(other, hashOf(other)), ok, other},
		"a hash and another text":       {automatic, apq(other, hashOf(product)), fault.BadUserInput, other},
		"a hash that is none, and text": {automatic, apq(other, "x"), fault.BadUserInput, other},
		"an id that is another's hash":  {automatic, byID(other, "sha256:"+hashOf(product)), fault.BadUserInput, other},
		"an id that says nothing":       {automatic, byID(other, "other"), ok, other},

		"an extension that is null":   {automatic, extension(nil), ok, product},
		"an extension that is a list": {automatic, extension([]any{}), fault.BadUserInput, product},
		"no version":                  {automatic, extension(map[string]any{"sha256Hash": hashOf(product)}), fault.BadUserInput, product},
		"another version":             {automatic, extension(map[string]any{"version": json.Number("2"), "sha256Hash": hashOf(product)}), fault.BadUserInput, product},
		"a version that is a text":    {automatic, extension(map[string]any{"version": "1", "sha256Hash": hashOf(product)}), fault.BadUserInput, product},
		"a version as others read it": {automatic, extension(map[string]any{"version": 1.0, "sha256Hash": hashOf(product)}), ok, product},
		"a version with a fraction":   {automatic, &graphql.RawParams{Query: product, Extensions: map[string]any{"persistedQuery": map[string]any{"version": json.Number("1.0"), "sha256Hash": hashOf(product)}}}, ok, product},
		"no hash":                     {automatic, extension(map[string]any{"version": json.Number("1")}), fault.BadUserInput, product},
		"a hash that is a number":     {automatic, extension(map[string]any{"version": json.Number("1"), "sha256Hash": json.Number("1")}), fault.BadUserInput, product},
		"an id that is a number":      {automatic, &graphql.RawParams{Extensions: map[string]any{"documentId": json.Number("1")}}, fault.BadUserInput, ""},
		"a hash and an id":            {automatic, func() *graphql.RawParams { p := apq("", md5); persisted.SetDocumentID(p, md5); return p }(), fault.BadUserInput, ""},

		"a hash where nothing is kept":          {none, apq("", hashOf(product)), fault.PersistedNotSupported, ""},
		"an id where nothing is kept":           {none, byID("", md5), fault.PersistedNotSupported, ""},
		"a hash and text where nothing is kept": {none, apq(product, hashOf(product)), ok, product},

		"log, a trusted hash":        {logging, apq("", hashOf(product)), ok, product},
		"log, a trusted id":          {logging, byID("", md5), ok, orders},
		"log, another text":          {logging, plain(other), ok, other},
		"log, an unknown hash":       {logging, apq("", hashOf(other)), fault.PersistedNotFound, ""},
		"log alone, an unknown hash": {loggingAlone, apq("", hashOf(other)), fault.PersistedNotFound, ""},

		"enforce, a trusted hash":                      {enforcing, apq("", hashOf(product)), ok, product},
		"enforce, a trusted id":                        {enforcing, byID("", md5), ok, orders},
		"enforce, a trusted id as Apollo's clients do": {enforcing, apq("", md5), ok, orders},
		"enforce, the hash of what has another id":     {enforcing, apq("", hashOf(orders)), ok, orders},
		"enforce, that hash as an id":                  {enforcing, byID("", "sha256:"+hashOf(orders)), ok, orders},
		"enforce, a trusted text":                      {enforcing, plain(orders), ok, orders},
		"enforce, a trusted text and its id":           {enforcing, byID(orders, md5), ok, orders},
		"enforce, a trusted text and its id in APQ":    {enforcing, apq(orders, md5), ok, orders},
		"enforce, a trusted text and its hash":         {enforcing, apq(orders, hashOf(orders)), ok, orders},
		"enforce, a trusted text and another's id":     {enforcing, byID(product, md5), fault.BadUserInput, product},
		"enforce, another text":                        {enforcing, plain(other), fault.Forbidden, other},
		"enforce, another text and its hash":           {enforcing, apq(other, hashOf(other)), fault.Forbidden, other},
		"enforce, another text and a trusted id":       {enforcing, byID(other, md5), fault.BadUserInput, other},
		"enforce, another text and an unknown id":      {enforcing, byID(other, "other"), fault.Forbidden, other},
		"enforce, nearly a trusted text":               {enforcing, plain(orders + " "), fault.Forbidden, orders + " "},
		"enforce, a hash that was sent before":         {enforcing, apq("", hashOf(other)), fault.PersistedNotFound, ""},
		"enforce, an unknown id":                       {enforcing, byID("", "other"), fault.PersistedNotFound, ""},
		"enforce, nothing":                             {enforcing, plain(""), ok, ""},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			if err := test.store.Resolve(t.Context(), test.params); codeOf(err) != test.code || test.params.Query != test.text {
				t.Errorf("%v, with %q to be executed; want %q, and %q", err, test.params.Query, test.code, test.text)
			}
		})
	}
}

// TestWordsOfApollo: clients tell by these words what to do next.
func TestWordsOfApollo(t *testing.T) {
	t.Parallel()
	err := open(t, persisted.Defaults(), slog.Default()).MutateOperationParameters(t.Context(), apq("", hashOf(product)))
	shown := fault.Presenter(slog.Default())(t.Context(), err)
	if shown.Message != "PersistedQueryNotFound" || shown.Extensions["code"] != "PERSISTED_QUERY_NOT_FOUND" || shown.Path != nil {
		t.Errorf("clients read %+v", shown)
	}
}

// TestOnlyWhatIsValidIsRegistered: a document that was resolved is not known until it has been found valid, and one under another's hash never.
func TestOnlyWhatIsValidIsRegistered(t *testing.T) {
	t.Parallel()
	s := open(t, persisted.Defaults(), slog.New(slog.DiscardHandler))
	if err := s.Resolve(t.Context(), apq(product, hashOf(product))); err != nil {
		t.Fatal(err)
	}
	if err := s.Resolve(t.Context(), apq("", hashOf(product))); codeOf(err) != fault.PersistedNotFound {
		t.Errorf("before it is valid: %v", err)
	}
	s.Accepted(t.Context(), apq(other, hashOf(product)), parse(t, other)) // which Resolve has refused
	if err := s.Resolve(t.Context(), apq("", hashOf(product))); codeOf(err) != fault.PersistedNotFound {
		t.Errorf("poisoned: %v", err)
	}
	s.Accepted(t.Context(), byID(other, "sha256:"+hashOf(other)), parse(t, other)) // ids are not registered
	s.Accepted(t.Context(), plain(product), parse(t, product))
	for _, text := range []string{other, product} {
		if err := s.Resolve(t.Context(), apq("", hashOf(text))); codeOf(err) != fault.PersistedNotFound {
			t.Errorf("without being asked for, %s: %v", text, err)
		}
	}
}

// TestOthersAreLogged: once each, with the operation's name, and only if they are valid.
func TestOthersAreLogged(t *testing.T) {
	t.Parallel()
	var written bytes.Buffer
	s := open(t, trusting(t, persisted.Log), slog.New(slog.NewTextHandler(&written, &slog.HandlerOptions{Level: slog.LevelWarn})))
	for range 3 {
		for _, p := range []*graphql.RawParams{plain(other), apq(other, hashOf(other)), apq("", hashOf(other)), plain(product), byID("", md5), plain("{a}"), plain("query A{a} query B{b}")} {
			if err := send(t, s, p); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Resolve(t.Context(), plain("{ which is not valid }")); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{
		"operation=Other hash=" + hashOf(other), `operation="(without a name)" hash=` + hashOf("{a}"), `operation="(without a name)" hash=` + hashOf("query A{a} query B{b}"),
	} {
		if strings.Count(written.String(), want) != 1 {
			t.Errorf("not once: %s", want)
		}
	}
	if n := strings.Count(written.String(), "\n"); n != 3 {
		t.Errorf("%d lines:\n%s", n, written.String())
	}
	// Anybody can send any number of documents. They do not fill the log.
	for i := range 3000 {
		if err := send(t, s, plain(fmt.Sprintf("{a%d}", i))); err != nil {
			t.Fatal(err)
		}
	}
	if n := strings.Count(written.String(), "\n"); n != 1001 || strings.Count(written.String(), "logged no further") != 1 {
		t.Errorf("%d lines", n)
	}
}

// TestLongNames: what clients name operations does not fill the log either.
func TestLongNames(t *testing.T) {
	t.Parallel()
	var written bytes.Buffer
	s := open(t, trusting(t, persisted.Log), slog.New(slog.NewTextHandler(&written, &slog.HandlerOptions{Level: slog.LevelWarn})))
	if err := send(t, s, plain("query "+strings.Repeat("N", 10_000)+"{a}")); err != nil {
		t.Fatal(err)
	}
	if written.Len() > 500 {
		t.Errorf("%d bytes", written.Len())
	}
}
