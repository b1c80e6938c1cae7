package config

import (
	"encoding"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

const (
	maxFileBytes   = 256 << 10
	maxSecretBytes = 64 << 10
	maxNesting     = 16
)

// readFile sets what the file says. What is wrong inside it becomes problems; the error is for a file that cannot be read.
func (l *loading) readFile(root reflect.Value) error {
	if l.file == "" {
		return nil
	}
	text, err := readBounded(l.file, maxFileBytes)
	if err != nil {
		return fmt.Errorf("config: %w", err)
	}
	l.lines = strings.Split(text, "\n")
	tokens := lexer.Tokenize(text)
	if l.refuseTokens(tokens) {
		return nil
	}
	document, err := parser.Parse(tokens, 0)
	if err != nil {
		l.reportSyntax(err)
		return nil
	}
	for i, doc := range document.Docs {
		if i > 0 {
			l.reportAt(originOfToken(doc.Start), "", "a second document: settings are one")
		} else if doc.Body != nil {
			l.decode(doc.Body, root, "")
		}
	}
	return nil
}

// readBounded reads at most limit bytes; more is an error.
func readBounded(name string, limit int64) (string, error) {
	f, err := os.Open(name) //nolint:gosec // whoever names the file runs the program
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return "", err
	}
	if int64(len(text)) > limit {
		return "", fmt.Errorf("%s is larger than %d bytes", name, limit)
	}
	return string(text), nil
}

// refuseTokens reports what settings do without: another way to write a value, or a nesting that costs the parser dearly.
func (l *loading) refuseTokens(tokens token.Tokens) bool {
	depth, entryLine := 0, 0
	for _, tk := range tokens {
		message := ""
		switch tk.Type {
		case token.AnchorType, token.AliasType, token.MergeKeyType:
			message = "anchors and aliases are not understood: write the value where it is used"
		case token.TagType, token.DirectiveType, token.MappingKeyType:
			message = fmt.Sprintf("%q is not understood in settings", tk.Value)
		case token.SequenceStartType, token.MappingStartType:
			if depth++; depth > maxNesting {
				message = "too many brackets within brackets"
			}
		case token.SequenceEndType, token.MappingEndType:
			depth--
		case token.SequenceEntryType:
			if entryLine == tk.Position.Line {
				message = "a list within a list is not understood in settings"
			}
			entryLine = tk.Position.Line
		default: // values, and what stands between them
		}
		if message != "" {
			l.reportAt(originOfToken(tk), "", message)
			return true
		}
	}
	return false
}

func (l *loading) reportSyntax(err error) {
	var at origin
	message := err.Error()
	if syntax, ok := errors.AsType[yaml.Error](err); ok {
		at, message = originOfToken(syntax.GetToken()), syntax.GetMessage()
	}
	l.reportAt(at, "", message)
}

func originOfToken(tk *token.Token) origin {
	if tk == nil || tk.Position == nil {
		return origin{}
	}
	return origin{line: tk.Position.Line, column: tk.Position.Column}
}

// originOfNode gives where a node starts; a mapping's own token is the colon of its first entry.
func originOfNode(n ast.Node) origin {
	if m, ok := n.(*ast.MappingNode); ok && !m.IsFlowStyle && len(m.Values) > 0 {
		n = m.Values[0].Key
	}
	return originOfToken(n.GetToken())
}

func (l *loading) reportNode(n ast.Node, path, message string) {
	l.reportAt(originOfNode(n), path, message)
}

// decode sets v to what the node says. Null, as in a key with nothing but comments below it, leaves v as it is.
func (l *loading) decode(n ast.Node, v reflect.Value, path string) {
	if path != "" {
		l.origins[path] = originOfNode(n)
	}
	_, isNull := n.(*ast.NullNode)
	t := v.Type()
	switch {
	case t == secretType:
		l.decodeSecret(n, v, path)
	case isScalar(t):
		if text, ok := l.scalar(n, t, path); ok {
			l.reportSet(n, path, setText(v, text))
		}
	case isNull:
	case isLeaf(t):
		l.decodeList(n, v, path)
	case t.Kind() == reflect.Struct:
		l.decodeStruct(n, v, path)
	case isMap(t):
		l.decodeMap(n, v, path)
	default:
		l.reportNode(n, path, fmt.Sprintf("settings cannot have the type %s", t))
	}
}

func (l *loading) reportSet(n ast.Node, path string, err error) {
	if err != nil {
		l.reportNode(n, path, err.Error())
	}
}

// scalar gives the text of a scalar that may stand for a value of the type: a string is not a number and a number not a string.
func (l *loading) scalar(n ast.Node, t reflect.Type, path string) (string, bool) {
	wantsString := t.Kind() == reflect.String && !reflect.PointerTo(t).Implements(textType)
	switch n := n.(type) {
	case *ast.StringNode:
		quoted := n.Token.Type == token.SingleQuoteType || n.Token.Type == token.DoubleQuoteType
		if quoted && isUnquoted(t) {
			l.reportNode(n, path, "leave the quotes out")
			return "", false
		}
		return n.Value, true
	case *ast.LiteralNode:
		if !isUnquoted(t) {
			return n.Value.Value, true
		}
	case *ast.BoolNode, *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		if wantsString {
			l.reportNode(n, path, "a string is wanted: put it in quotes")
			return "", false
		}
		return n.GetToken().Value, true
	case *ast.NullNode:
		l.reportNode(n, path, "the value is missing")
		return "", false
	}
	l.reportNode(n, path, fmt.Sprintf("a single value is wanted, not a %s", strings.ToLower(n.Type().String())))
	return "", false
}

// isUnquoted says whether values of the type never stand in quotes.
func isUnquoted(t reflect.Type) bool {
	return t.Kind() != reflect.String && t != durationType && !reflect.PointerTo(t).Implements(textType)
}

func (l *loading) decodeList(n ast.Node, v reflect.Value, path string) {
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		l.reportNode(n, path, "a list is wanted")
		return
	}
	var texts []string
	for _, item := range list.Values {
		text, ok := l.scalar(item, v.Type().Elem(), path)
		if !ok {
			return
		}
		texts = append(texts, text)
	}
	l.reportSet(n, path, setList(v, texts))
}

func (l *loading) decodeStruct(n ast.Node, v reflect.Value, path string) {
	fields, err := fieldsOf(v)
	if err != nil {
		l.reportNode(n, path, err.Error())
		return
	}
	byName := make(map[string]reflect.Value, len(fields))
	names := make([]string, 0, len(fields))
	for _, f := range fields {
		byName[f.name] = f.value
		names = append(names, f.name)
	}
	l.entries(n, path, func(key string, keyNode, value ast.Node) {
		if field, ok := byName[key]; ok {
			l.decode(value, field, join(path, key))
			return
		}
		l.reportNode(keyNode, path, fmt.Sprintf("there is no setting %q here%s", key, suggestion(nearest(key, names))))
	})
}

// mapKey is what names an entry of a map, unless the map's keys are of a type that says it: it becomes a part of a variable's name.
var mapKey = regexp.MustCompile(`^[A-Za-z0-9]+([-_][A-Za-z0-9]+)*$`)

func (l *loading) decodeMap(n ast.Node, v reflect.Value, path string) {
	entries := copyOfMap(v)
	l.entries(n, path, func(key string, keyNode, value ast.Node) {
		name, err := keyOf(v.Type().Key(), key)
		if err != nil {
			l.reportNode(keyNode, path, err.Error())
			return
		}
		entry := entryOf(entries, name)
		l.decode(value, entry, join(path, key))
		entries.SetMapIndex(name, entry)
	})
	v.Set(entries)
}

// keyOf gives a map's key that is called so.
func keyOf(t reflect.Type, text string) (reflect.Value, error) {
	key := reflect.New(t)
	if u, ok := key.Interface().(encoding.TextUnmarshaler); ok {
		return key.Elem(), u.UnmarshalText([]byte(text))
	}
	if !mapKey.MatchString(text) {
		return key, fmt.Errorf("%q is not a name of letters and digits, with single hyphens or underscores between them", text)
	}
	key.Elem().SetString(text)
	return key.Elem(), nil
}

// entries calls f for every entry of a mapping; another node is a problem.
func (l *loading) entries(n ast.Node, path string, f func(key string, keyNode, value ast.Node)) {
	mapping, ok := n.(*ast.MappingNode)
	if !ok {
		l.reportNode(n, path, "names with values are wanted")
		return
	}
	for _, entry := range mapping.Values {
		f(entry.Key.GetToken().Value, entry.Key, entry.Value)
	}
}

// decodeSecret reads {file: path}, relative to the settings' own file, or {env: NAME}.
func (l *loading) decodeSecret(n ast.Node, v reflect.Value, path string) {
	mapping, ok := n.(*ast.MappingNode)
	if !ok || len(mapping.Values) != 1 {
		at := originOfNode(n)
		// No excerpt: what stands there may be the secret.
		l.problems = append(l.problems, Problem{
			Path: path, Message: "a secret does not stand in the settings: write {file: path} or {env: NAME}",
			Where: fmt.Sprintf("%s:%d:%d", l.file, at.line, at.column),
		})
		return
	}
	entry := mapping.Values[0]
	place, ok := l.scalar(entry.Value, reflect.TypeFor[string](), path)
	if !ok {
		return
	}
	var err error
	switch key := entry.Key.GetToken().Value; key {
	case "file":
		if !filepath.IsAbs(place) {
			place = filepath.Join(filepath.Dir(l.file), place)
		}
		err = setSecretFromFile(v, place)
	case "env":
		l.read[place] = true
		err = l.setSecretFromVariable(v, place)
	default:
		err = fmt.Errorf("%q is neither file nor env", key)
	}
	l.reportSet(n, path, err)
}

// setSecretFromFile reads a secret without the line break at its end.
func setSecretFromFile(v reflect.Value, name string) error {
	text, err := readBounded(name, maxSecretBytes)
	if err != nil {
		return fmt.Errorf("the secret cannot be read: %w", err)
	}
	text = strings.TrimRight(text, "\r\n")
	if text == "" {
		return fmt.Errorf("the secret's file %s is empty", name)
	}
	v.Set(reflect.ValueOf(NewSecret(text)))
	return nil
}

func (l *loading) setSecretFromVariable(v reflect.Value, name string) error {
	text := l.environ[name]
	if text == "" {
		return fmt.Errorf("the secret's variable %s is not set", name)
	}
	v.Set(reflect.ValueOf(NewSecret(text)))
	return nil
}

// suggestion ends a message with what might have been meant.
func suggestion(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return ": did you mean " + strings.Join(names, " or ") + "?"
}
