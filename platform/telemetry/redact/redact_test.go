package redact_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/mainstem/mainstem/platform/telemetry/redact"
)

func TestText(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct{ text, want string }{
		"nothing to hide":                  {"dial tcp 127.0.0.1:8080: connect: connection refused", ""},
		"a path":                           {"/token", ""},
		"a module's version":               {"/go/pkg/mod/github.com/99designs/gqlgen@v0.17.95/graphql/handler.go:12", ""},
		"a pseudo-version":                 {"golang.org/x/exp@v0.0.0-20240101000000-abcdef123456/slices", ""},
		"a time":                           {"at 2026-11-20 20:44:47.123456789", ""},
		"a hash":                           {"sha256 4111111111111111a0f1e2d3c4b5a6978877665544332211ffeeddccbbaa0099", ""},
		"a number with a wrong check":      {"order 4111111111111112", ""},
		"an e-mail":                        {"customer ada.lovelace+shop@mail.example.com is unknown", "customer [redacted] is unknown"},
		"an e-mail in brackets":            {"<ada@example.com>", "<[redacted]>"},
		"an encoded e-mail":                {"GET /customers?mail=ada%40example.com&x=1", "GET /customers?mail=[redacted]&x=1"},
		"an e-mail with other letters":     {"jörg@bücher.example", "[redacted]"},
		"a quoted e-mail":                  {`"ada"@example.com`, "[redacted]"},
		"a password in a URL":              {"Get http://ada:pa55@orders.example/x: EOF", "Get http://[redacted]@orders.example/x: EOF"},
		"one with a slash in it":           {"parse postgres://ada:p/w@db/x", "parse postgres://[redacted]@db/x"},
		"a name alone in a URL":            {"https://ghp@github.example/x", "https://[redacted]@github.example/x"},
		"an address in a path":             {"https://shop.example/users/ada@example.com", "https://shop.example/users/[redacted]"},
		"a bearer":                         {"got Bearer abc.DEF-123, refused", "got Bearer [redacted], refused"},
		"a name and password of Basic":     {"Basic YWRhOnBhNTU= was sent", "Basic [redacted] was sent"},
		"basic as a word":                  {"the basic authentication is off", ""},
		"a JWT":                            {"x eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2ln y", "x [redacted] y"},
		"a key":                            {"-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----", "[redacted]"},
		"a key that is cut":                {"-----BEGIN PRIVATE KEY-----\nMIIE", "[redacted]"},
		"a key of a payment service":       {"with sk_live_51Habc", "with [redacted]"},
		"a value of a query":               {"/cb?code=1&access_token=abc&x=2", "/cb?code=1&access_token=[redacted]&x=2"},
		"a value within JSON":              {`{"user":1,"password":"pa 55\"w","x":2}`, `{"user":1,"password":"[redacted]","x":2}`},
		"a value within JSON within JSON":  {`{"body":"{\"password\":\"pa 55\",\"x\":2}"}`, `{"body":"{\"password\":\"[redacted]\",\"x\":2}"}`},
		"a header":                         {"Authorization: Digest a=\nAccept: b", "Authorization: [redacted]\nAccept: b"},
		"headers as Go prints them":        {"map[Accept:[a] Authorization:[Bearer abc def] Cookie:[a=b; c=d]]", "map[Accept:[a] Authorization:[[redacted]] Cookie:[[redacted]]]"},
		"an encoded value":                 {"redirect=%2Fcb%3Ftoken%3Dabc", "redirect=%2Fcb%3Ftoken%3D[redacted]"},
		"a name of several words":          {"the API key: abc", "the API key: [redacted]"},
		"what is hidden already":           {"token=[redacted]", ""},
		"a card":                           {"card 4111111111111111 was declined", "card [redacted] was declined"},
		"a card in groups":                 {"card 4111 1111 1111 1111 12/27", "card [redacted] 12/27"},
		"a card with hyphens":              {"5500-0000-0000-0004", "[redacted]"},
		"a card of 15 digits":              {"no=378282246310005", "no=[redacted]"},
		"a card behind another number":     {"7 4111 1111 1111 1111", "7 [redacted]"},
		"a card within a word":             {"pan4111111111111111x", "pan[redacted]x"},
		"a card that is encoded":           {"/pay?card=4111%201111%201111%201111&x=1 4111+1111+1111+1111", "/pay?card=[redacted]&x=1 [redacted]"},
		"a card with other spaces":         {"4111  1111  1111  1111, 4111\u00a01111\u00a01111\u00a01111", "[redacted], [redacted]"},
		"an account":                       {"iban DE89370400440532013000 is unknown", "iban [redacted] is unknown"},
		"an account in groups":             {"GB82 WEST 1234 5698 7654 32 is closed, nl91-abna-0417-1643-00 too", "[redacted] is closed, [redacted] too"},
		"an account by its name":           {"iban: GB82 WEST 1234 5698 7654 32 end", "iban: [redacted] end"},
		"an account with a wrong check":    {"DE88370400440532013000", ""},
		"an account of no country":         {"XX89370400440532013000", ""},
		"what begins as an account":        {"DE89370400440532013000A", ""},
		"a telephone number":               {"customer +49301234567 is unknown", "customer [redacted] is unknown"},
		"a telephone number in groups":     {"call +1 (555) 123-4567, or tel:+49 30 / 1234567.", "call [redacted], or tel:[redacted]."},
		"an encoded telephone number":      {"/c?q=%2B49301234567&x=1", "/c?q=[redacted]&x=1"},
		"one by its name":                  {"phone: +49 30 1234567 x", "phone: [redacted] x"},
		"times with zones":                 {"2026-11-20T21:19:21+01:00 2026-11-20 21:19:21 +1030 ACDT m=+12.345678901", ""},
		"what is added":                    {"main.go:12 +0x1a4b, a+12345678, 1e+10, +1234567ms", ""},
		"a list of secrets":                {`{"tokens":["a]b","c"],"x":1} password: [a b] c`, `{"tokens":[[redacted]],"x":1} password: [[redacted]] c`},
		"an object of secrets":             {`{"secret":{"a":{"b":"c"}},"x":1}`, `{"secret":{[redacted]},"x":1}`},
		"a secret that is hidden in part":  {"token=sk_live_51Habc-def password=4111111111111111abc&x=1", "token=[redacted] password=[redacted]&x=1"},
		"more keys of services":            {"whsec_abcdef0123456789 ya29.a0AfH6SMBx GOCSPX-abcdefgh sk-proj-abcdefghijklmnopqrst", "[redacted] [redacted] [redacted] [redacted]"},
		"several of them":                  {"a@b.cc and c@d.ee", "[redacted] and [redacted]"},
		"the value of a name that is next": {"password=a token=b", "password=[redacted] token=[redacted]"},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			want := test.want
			if want == "" {
				want = test.text
			}
			got := redact.Text(test.text)
			if got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			if again := redact.Text(got); again != got {
				t.Errorf("again: got %q, want %q", again, got)
			}
		})
	}
}

func TestLongTexts(t *testing.T) {
	t.Parallel()
	if got := redact.Text(strings.Repeat("ü ", 200_000)); len(got) > 10_000 || !strings.HasSuffix(got, "(cut)") {
		t.Errorf("got %d bytes", len(got))
	}
}

type named struct {
	User     string `json:"user"`
	Password string `json:"password"`
	Mail     []string
	Card     int64
	Inner    *named
}

type stringer struct{ text string }

func (s stringer) String() string { return s.text }

type panics struct{}

func (panics) MarshalJSON() ([]byte, error) { panic("pa55") }

// line gives what is logged of attributes.
func line(message string, args ...any) string {
	var out bytes.Buffer
	slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{ReplaceAttr: redact.Attr})).Info(message, args...)
	_, after, _ := strings.Cut(out.String(), `"msg":`)
	return strings.TrimSuffix(after, "}\n")
}

func TestAttr(t *testing.T) {
	t.Parallel()
	link, err := url.Parse("https://ada:pa55@example.com/x?token=abc")
	if err != nil {
		t.Fatal(err)
	}
	const hidden = `"[redacted]"`
	for reason, test := range map[string]struct {
		value any
		want  string
	}{
		"a text":                 {"ada@example.com", hidden},
		"an error":               {fmt.Errorf("x: %w", errors.New("ada@example.com")), `"x: [redacted]"`},
		"bytes":                  {[]byte("ada@example.com"), hidden},
		"a number":               {4111111111111111, hidden},
		"an unsigned number":     {uint64(4111111111111111), hidden},
		"a number with a point":  {4111111111111111.0, hidden},
		"a time in milliseconds": {int64(1700000000000), "1700000000000"},
		"a truth":                {true, "true"},
		"a duration":             {time.Second, "1000000000"},
		"nothing":                {nil, "null"},
		"a list":                 {[]string{"ada@example.com", "x"}, `["[redacted]","x"]`},
		"an object": {named{"x", "pa55", []string{"ada@example.com"}, 4111111111111111, &named{Password: "pa55"}},
			`{"Card":"[redacted]","Inner":{"Card":0,"Inner":null,"Mail":null,"password":"[redacted]","user":""},"Mail":["[redacted]"],"password":"[redacted]","user":"x"}`},
		"an object's names":     {map[string]int{"ada@example.com": 1}, `{"[redacted]":1}`},
		"headers":               {http.Header{"Authorization": {"x"}, "Accept": {"a"}}, `{"Accept":["a"],"Authorization":["[redacted]"]}`},
		"what has a text":       {stringer{"ada@example.com"}, hidden},
		"a URL":                 {link, `"https://[redacted]@example.com/x?token=[redacted]"`},
		"raw JSON":              {json.RawMessage(`{"token":"x"}`), `{"token":"[redacted]"}`},
		"what JSON cannot have": {map[string]any{"f": func() {}, "password": "pa55"}, ""},
		"what panics":           {panics{}, `"a panic of redact_test.panics"`},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			got := line("m", "value", test.value)
			if strings.Contains(got, "pa55") || strings.Contains(got, "ada") {
				t.Errorf("it is seen: %s", got)
			}
			if want := `"m","value":` + test.want; test.want != "" && got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

func TestIDs(t *testing.T) {
	t.Parallel()
	if got := line("m", "span_id", "4111111111111111"); !strings.Contains(got, "4111") {
		t.Errorf("the id of a span is hidden: %s", got)
	}
	if got := line("m", slog.Group("g", "span_id", "4111111111111111")); strings.Contains(got, "4111") {
		t.Errorf("what is no id is seen: %s", got)
	}
}

// secretsFor gives secrets that carry what makes a fuzzed word, as texts that have them, and what must not be seen of each.
func secretsFor(word string) map[string]string {
	return map[string]string{
		"Bearer " + word:                       word,
		"bearer  " + word + "." + word:         word,
		"Authorization: Token " + word:         word,
		"eyJ" + word + "." + word + ".x":       word,
		word + "@example.com":                  word,
		"a@" + word + ".example":               word,
		"https://u:" + word + "@example.com/":  word,
		"token=" + word:                        word,
		`"client_secret": "` + word + `"`:      word,
		`\"password\":\"` + word + `\"`:        word,
		"X-Api-Key: " + word:                   word,
		"Set-Cookie: id=" + word + "; Path=/":  word,
		"sk_live_" + word:                      word,
		"-----BEGIN PRIVATE KEY-----\n" + word: word,
		"4111 1111 1111 1111":                  "1111 1111",
		"DE89 3704 0044 0532 0130 00":          "3704 0044",
		"FR1420041010050500013M02606":          "0500013M02606",
		"+49 30 1234567":                       "1234567",
		`{"secrets":["x","` + word + `"]}`:     word,
		"4012888888881881":                     "888888881881",
		"6011-1111-1111-1117":                  "1111-1117",
	}
}

// FuzzSecretsAreNeverSeen puts secrets into texts, and these into everything that a record may be made of.
func FuzzSecretsAreNeverSeen(f *testing.F) {
	f.Add("", "", "hunter2")
	f.Add("GET /a?b=", "&c=d", "q")
	f.Add(`{"a":{"b":"`, `"}}`, "0")
	f.Add("12 ", " 34", "x_y")
	f.Add("http://", "/x@y", "abc")
	f.Add("map[", "]", "word")
	f.Fuzz(func(t *testing.T, before, after, word string) {
		word = "zq" + strings.Map(func(r rune) rune {
			if 'a' <= r && r <= 'z' || '0' <= r && r <= '9' {
				return r
			}
			return -1
		}, word[:min(len(word), 40)]) + "qz"
		before, after = before[:min(len(before), 500)], after[:min(len(after), 500)]
		for text, core := range secretsFor(word) {
			if strings.Contains(before+"|"+after, core) {
				continue
			}
			text = before + "\n" + text + "\n" + after
			for _, logged := range []string{
				line(text), line("m", "x", text), line("m", slog.Group("g", "x", text)), line("m", "x", errors.New(text)), line("m", "x", []byte(text)),
				line("m", "x", map[string]any{"y": []string{text}}), line("m", "x", stringer{text}), line("m", "x", struct{ Y any }{text}),
			} {
				if strings.Contains(logged, core) {
					t.Fatalf("%q is seen of %q: %s", core, text, logged)
				}
			}
		}
	})
}

func BenchmarkText(b *testing.B) {
	for reason, text := range map[string]string{
		"id": "4bf92f3577b34da6a3ce929d0e0e4736", "error": "Get \"http://127.0.0.1:8080/orders/7\": dial tcp 127.0.0.1:8080: connect: connection refused",
		"secret": "Get \"http://ada:pa55@orders.example/x?token=abc\": EOF",
	} {
		b.Run(reason, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				redact.Text(text)
			}
		})
	}
}
