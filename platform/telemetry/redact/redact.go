// Package redact keeps secrets and personal data out of logs, whatever they are logged as: values that are called a secret, and what looks like one within
// texts: tokens, passwords in URLs, keys, e-mail addresses, and the numbers of cards, of bank accounts and of telephones.
package redact

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"strconv"
	"strings"
)

// Hidden stands in place of what is not to be seen.
const Hidden = "[redacted]"

// Attr gives an attribute without what is not to be seen, as slog.HandlerOptions.ReplaceAttr has it: it is called for each that is no group. It is safe for
// concurrent use.
func Attr(groups []string, a slog.Attr) slog.Attr {
	if hidden(groups, a.Key) {
		return slog.String(a.Key, Hidden)
	}
	switch a.Value.Kind() {
	case slog.KindString:
		text := a.Value.String()
		if len(groups) == 0 && isID(a.Key, text) {
			return a
		}
		if shown := Text(text); shown != text {
			return slog.String(a.Key, shown)
		}
	case slog.KindInt64:
		return number(a, strconv.FormatInt(a.Value.Int64(), 10))
	case slog.KindUint64:
		return number(a, strconv.FormatUint(a.Value.Uint64(), 10))
	case slog.KindFloat64:
		if f := a.Value.Float64(); f == math.Trunc(f) {
			return number(a, strconv.FormatFloat(f, 'f', -1, 64))
		}
	case slog.KindAny:
		a.Value = slog.AnyValue(shown(a.Value.Any()))
	default: // a time or a truth
	}
	return a
}

func hidden(groups []string, key string) bool {
	if Name(key) {
		return true
	}
	for _, g := range groups {
		if Name(g) {
			return true
		}
	}
	return false
}

// isID says whether an attribute is the id of a span or a trace, which may look like anything.
func isID(key, text string) bool {
	return (key == "span_id" && len(text) == 16 || key == "trace_id" && len(text) == 32) && strings.Trim(text, "0123456789abcdef") == ""
}

func number(a slog.Attr, digits string) slog.Attr {
	if len(digits) >= leastCard && isCard(digits) {
		return slog.String(a.Key, Hidden)
	}
	return a
}

// shown gives a value of any type as it may be shown: an error and what has a text of its own as that, others as JSON has them.
func shown(value any) (safe any) {
	defer func() {
		if p := recover(); p != nil { // of a method of the value
			safe = fmt.Sprintf("a panic of %T", value)
		}
	}()
	switch v := value.(type) {
	case nil, slog.Level:
		return v
	case error:
		return Text(v.Error())
	case []byte:
		return Text(string(v))
	case json.Marshaler:
	case fmt.Stringer:
		return Text(v.String())
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		return Text(fmt.Sprintf("%+v", value))
	}
	decoder := json.NewDecoder(strings.NewReader(string(encoded)))
	decoder.UseNumber()
	var plain any
	if err := decoder.Decode(&plain); err != nil {
		return Text(string(encoded))
	}
	return within(plain)
}

// within gives a JSON value without what is not to be seen.
func within(value any) any {
	switch v := value.(type) {
	case string:
		return Text(v)
	case json.Number:
		if isCard(v.String()) {
			return Hidden
		}
	case []any:
		for i := range v {
			v[i] = within(v[i])
		}
	case map[string]any:
		safe := make(map[string]any, len(v))
		for key, member := range v {
			if !Name(key) {
				safe[Text(key)] = within(member)
				continue
			}
			safe[key] = Hidden
			if _, list := member.([]any); list { // such as a header's
				safe[key] = []any{Hidden}
			}
		}
		return safe
	}
	return value
}

// secretWords end the names of values that are not to be seen, by their last letters; "token" covers access_token and X-Auth-Token.
var secretWords = byLastLetter(
	"authorization", "cookie", "cookies", "password", "passwords", "passwd", "pwd", "passphrase", "secret", "secrets", "token", "tokens", "jwt",
	"apikey", "apikeys", "privatekey", "secretkey", "accesskey", "signingkey", "encryptionkey", "statickey", "credential", "credentials", "sessionid",
	"email", "emailaddress", "phone", "phonenumber", "cardnumber", "cvv", "cvc", "iban",
)

func byLastLetter(words ...string) (by [26][]string) {
	for _, word := range words {
		last := word[len(word)-1] - 'a'
		by[last] = append(by[last], word)
	}
	return by
}

// Name says whether a value of this name is not to be seen.
func Name(name string) bool {
	for i := len(name) - 1; i >= 0; i-- {
		c := lower(name[i])
		if isSpacing(c) {
			continue
		}
		if c < 'a' || c > 'z' {
			return false
		}
		for _, word := range secretWords[c-'a'] {
			if endsIn(name[:i+1], word) {
				return true
			}
		}
		return false
	}
	return false
}

// endsIn compares from the end, without case, and without the hyphens, underscores, dots and spaces of the name.
func endsIn(name, word string) bool {
	left := len(word)
	for i := len(name) - 1; i >= 0 && left > 0; i-- {
		c := lower(name[i])
		if isSpacing(c) {
			continue
		}
		if c != word[left-1] {
			return false
		}
		left--
	}
	return left == 0
}

func isSpacing(c byte) bool { return c == '-' || c == '_' || c == '.' || c == ' ' }

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
