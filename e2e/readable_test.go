package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/mainstem/mainstem/sources"
)

// Ids and cursors are opaque, so cases write what is in them: ${Product:SKU-000017} stands for a product's global id, and
// ${cursor:orders:20} for a cursor. What is between the colons and the brace is not checked, and may have Go's escapes such as \n.
var placeholder = regexp.MustCompile(`\$\{([A-Za-z]+):([^}]*)\}`)

// expand puts ids and cursors in the place of placeholders.
func expand(text string) (string, error) {
	var wrong error
	expanded := placeholder.ReplaceAllStringFunc(text, func(found string) string {
		parts := placeholder.FindStringSubmatch(found)
		local, err := strconv.Unquote(`"` + parts[2] + `"`)
		if err != nil {
			wrong = fmt.Errorf("%s: %w", found, err)
		}
		if parts[1] == "cursor" {
			return base64.RawURLEncoding.EncodeToString([]byte(local))
		}
		return base64.RawURLEncoding.EncodeToString([]byte(parts[1] + ":" + local))
	})
	return expanded, wrong
}

var cursorText = regexp.MustCompile(`^(?:products|reviews|orders):[ -~]+$`)

// contract gives the placeholder of what is an id or a cursor, and every other text as it is.
func contract(text string) string {
	if raw, err := base64.RawURLEncoding.Strict().DecodeString(text); err == nil && cursorText.Match(raw) {
		return "${cursor:" + string(raw) + "}"
	}
	if id, err := sources.ParseID(text); err == nil {
		return "${" + id.Type + ":" + id.Local + "}"
	}
	return text
}

// lateOperation is the operation of a field that was not ready in time: it is known only if the call learned of the deadline just before
// the answer was written.
var lateOperation = regexp.MustCompile(`("code":"DEADLINE_EXCEEDED",)"operation":"[^"]*",`)

// readable gives an answer in the form of the cases: ids and cursors as placeholders, "<trace>" for the trace, and each value in one line
// where it fits.
func readable(body []byte) (string, error) {
	plain, err := rewrite(body)
	if err != nil {
		return "", err
	}
	plain = lateOperation.ReplaceAll(plain, []byte("$1"))
	var answer struct {
		Errors     json.RawMessage `json:"errors,omitempty"`
		Data       json.RawMessage `json:"data,omitempty"`
		Extensions json.RawMessage `json:"extensions,omitempty"`
	}
	dec := json.NewDecoder(bytes.NewReader(plain))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&answer); err != nil {
		return "", err
	}
	var again bytes.Buffer
	enc := json.NewEncoder(&again)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(answer); err != nil {
		return "", err
	}
	text, err := layout(jsontext.Value(bytes.TrimSpace(again.Bytes())), "", 0)
	return text + "\n", err
}

// rewrite gives a JSON text whose strings are contracted.
func rewrite(body []byte) ([]byte, error) {
	var out bytes.Buffer
	dec, enc := jsontext.NewDecoder(bytes.NewBuffer(body)), jsontext.NewEncoder(&out)
	name := ""
	for {
		in, n := dec.StackIndex(dec.StackDepth())
		isName := in == '{' && n%2 == 0
		token, err := dec.ReadToken()
		if err != nil {
			if out.Len() > 0 && dec.StackDepth() == 0 {
				return out.Bytes(), nil
			}
			return nil, err
		}
		switch {
		case token.Kind() != '"':
		case isName:
			name = token.String()
		case name == "traceId":
			token = jsontext.String("<trace>")
		default:
			token = jsontext.String(contract(token.String()))
		}
		if err := enc.WriteToken(token); err != nil {
			return nil, err
		}
	}
}

// width is how long a line of an answer may be.
const width = 130

// layout writes a value in one line, or else its members or elements each in lines of their own. used is how much of the line is taken.
func layout(v jsontext.Value, indent string, used int) (string, error) {
	line := v.Clone()
	if err := line.Compact(jsontext.SpaceAfterColon(true), jsontext.SpaceAfterComma(true)); err != nil {
		return "", err
	}
	brace := v.Kind()
	if len(indent)+used+len(line) <= width || brace != '{' && brace != '[' {
		return string(line), nil
	}
	dec := jsontext.NewDecoder(bytes.NewReader(line))
	if _, err := dec.ReadToken(); err != nil {
		return "", err
	}
	inner := indent + "  "
	var lines []string
	for dec.PeekKind() == '"' || dec.PeekKind() != '}' && dec.PeekKind() != ']' {
		label := ""
		if brace == '{' {
			name, err := dec.ReadValue()
			if err != nil {
				return "", err
			}
			label = string(name) + ": "
		}
		value, err := dec.ReadValue()
		if err != nil {
			return "", err
		}
		text, err := layout(value.Clone(), inner, len(label)+1)
		if err != nil {
			return "", err
		}
		lines = append(lines, inner+label+text)
	}
	end := "}"
	if brace == '[' {
		end = "]"
	}
	return string(brace) + "\n" + strings.Join(lines, ",\n") + "\n" + indent + end, nil
}
