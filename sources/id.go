package sources

import (
	"encoding/base64"
	"fmt"
	"io"
	"strings"

	"github.com/mainstem/mainstem/platform/fault"
)

// ID is a global id: a type's name and the id that the type's source knows the object by. On the wire it is the unpadded
// URL-safe base64 of "Type:local", which clients must treat as opaque.
type ID struct {
	Type  string
	Local string
}

// String gives the form on the wire.
func (id ID) String() string {
	return base64.RawURLEncoding.EncodeToString([]byte(id.Type + ":" + id.Local))
}

// maxID bounds the encoded form, in bytes: a type of 64 letters, a colon and a local id of 128 characters.
const maxID = 258

// ParseID reads the form on the wire. It fails with BAD_USER_INPUT for anything that is not a global id, among it local ids
// that could leave their segment of a path (see ValidLocal).
func ParseID(s string) (ID, error) {
	if len(s) > maxID {
		return ID{}, fault.Newf(fault.BadUserInput, "An id has at most %d characters. Use an `id` as an object gave it.", maxID)
	}
	typ, local, ok := decodePair(s)
	if !ok || !validType(typ) || !ValidLocal(local) {
		return ID{}, errNotGlobal()
	}
	return ID{Type: typ, Local: local}, nil
}

// decodePair gives what is before and after the first colon of what s encodes. Only the form that we write is read, so that equal things
// have equal forms: the decoder alone would pass over line breaks.
func decodePair(s string) (before, after string, ok bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || strings.ContainsAny(s, "\r\n") {
		return "", "", false
	}
	return strings.Cut(string(raw), ":")
}

func errNotGlobal() error {
	return fault.New(fault.BadUserInput, "This is not a global id. Use an `id` as an object gave it.")
}

// Of gives the local id, or BAD_USER_INPUT if the id is that of another type.
func (id ID) Of(typ string) (string, error) {
	if id.Type != typ {
		return "", fault.Newf(fault.BadUserInput, "This id is of the type %s; one of the type %s is needed.", id.Type, typ)
	}
	return id.Local, nil
}

func validType(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return s != "" && len(s) <= 64
}

// ValidLocal says whether s can be a local id: 1 to 128 letters, digits, and `-`, `_`, `.` or `~`, which RFC 3986 calls
// unreserved, and neither "." nor "..". Such an id is one segment of a path, whoever parses it.
func ValidLocal(s string) bool {
	if s == "" || len(s) > 128 || s == "." || s == ".." {
		return false
	}
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '-', c == '_', c == '.', c == '~':
		default:
			return false
		}
	}
	return true
}

// MarshalGQL writes the id as a JSON string.
func (id ID) MarshalGQL(w io.Writer) {
	buf := make([]byte, 0, 64)
	buf = append(buf, '"')
	raw := make([]byte, 0, 64)
	raw = append(append(append(raw, id.Type...), ':'), id.Local...)
	buf = base64.RawURLEncoding.AppendEncode(buf, raw)
	_, _ = w.Write(append(buf, '"'))
}

// UnmarshalGQL reads an id from a variable or a literal.
func (id *ID) UnmarshalGQL(v any) error {
	s, ok := v.(string)
	if !ok {
		return fault.New(fault.BadUserInput, fmt.Sprintf("An id is a string, not %s.", kindOf(v)))
	}
	parsed, err := ParseID(s)
	if err != nil {
		return err
	}
	*id = parsed
	return nil
}

func kindOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case []any:
		return "a list"
	case map[string]any:
		return "an object"
	default:
		return "a number"
	}
}
