package config

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"unicode"
)

const fileSuffix = "_FILE" // of the variable that says in which file a secret stands

// setFromEnviron sets what variables say and reports those that set nothing.
func (l *loading) setFromEnviron(root reflect.Value) {
	known := map[string]string{}
	err := visit(root, "", func(v reflect.Value, path string) {
		if !isLeaf(v.Type()) {
			return
		}
		names := variablesOf(path, v.Type())
		for _, name := range names {
			if other, ok := known[name]; ok {
				l.report(path, fmt.Sprintf("%s would be set by %s too: take another name", other, name))
			}
			known[name] = path
		}
		l.setLeaf(v, path, names)
	})
	l.reportError("", err)

	settable := slices.Sorted(maps.Keys(known))
	for _, name := range slices.Sorted(maps.Keys(l.environ)) {
		if strings.HasPrefix(name, Prefix) && known[name] == "" && !l.read[name] {
			l.reportAt(origin{variable: name}, "", "there is no such setting"+suggestion(nearest(name, settable)))
		}
	}
}

// setLeaf sets a value from the one of its variables that is there.
func (l *loading) setLeaf(v reflect.Value, path string, names []string) {
	set := ""
	for _, name := range names {
		text, ok := l.environ[name]
		if !ok {
			continue
		}
		if set != "" {
			l.report(path, fmt.Sprintf("both %s and %s are set", set, name))
			return
		}
		set = name
		l.origins[path] = origin{variable: name}
		if err := l.setFromVariable(v, name, text); err != nil {
			l.report(path, err.Error())
		}
	}
}

func (l *loading) setFromVariable(v reflect.Value, name, text string) error {
	switch {
	case v.Type() == secretType && strings.HasSuffix(name, fileSuffix):
		return setSecretFromFile(v, text)
	case v.Type() == secretType:
		return l.setSecretFromVariable(v, name)
	case isScalar(v.Type()):
		return setText(v, text)
	case strings.TrimSpace(text) == "":
		return setList(v, nil)
	}
	texts := strings.Split(text, ",")
	for i := range texts {
		texts[i] = strings.TrimSpace(texts[i])
	}
	return setList(v, texts)
}

// variablesOf gives the variables that set the value at path: one, or a secret's two.
func variablesOf(path string, t reflect.Type) []string {
	return suffixed(variableOf(path), t)
}

func suffixed(name string, t reflect.Type) []string {
	if t == secretType {
		return []string{name, name + fileSuffix}
	}
	return []string{name}
}

// variableOf gives MAINSTEM_LIMITS_MAX_BODY_BYTES for limits.maxBodyBytes.
func variableOf(path string) string {
	var b strings.Builder
	b.WriteString(Prefix)
	runes := []rune(path)
	for i, r := range runes {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			b.WriteByte('_')
			continue
		case i > 0 && unicode.IsUpper(r) && startsWord(runes, i):
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToUpper(r))
	}
	return b.String()
}

// startsWord says whether the capital at i starts a word: jwksUrl has two, and so has jwksURL and JWKSUrl.
func startsWord(runes []rune, i int) bool {
	before := runes[i-1]
	if unicode.IsLower(before) || unicode.IsDigit(before) {
		return true
	}
	return unicode.IsUpper(before) && i+1 < len(runes) && unicode.IsLower(runes[i+1])
}
