package config

import (
	"encoding"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

var (
	secretType   = reflect.TypeFor[Secret]()
	durationType = reflect.TypeFor[time.Duration]()
	textType     = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// visit calls f with v and every value below it, holders before what they hold, entries of a map by name. v is addressable, and
// so is what f gets: f may set it. Each map and list is replaced by a copy, so that the defaults that it came from stay as they are.
// It fails if a type is none that settings may have.
func visit(v reflect.Value, path string, f func(v reflect.Value, path string)) error {
	f(v, path)
	switch {
	case isLeaf(v.Type()):
		if v.Kind() == reflect.Slice && !v.IsNil() {
			v.Set(reflect.AppendSlice(reflect.MakeSlice(v.Type(), 0, v.Len()), v))
		}
		return nil
	case v.Kind() == reflect.Struct:
		fields, err := fieldsOf(v)
		if err != nil {
			return err
		}
		for _, field := range fields {
			if err := visit(field.value, join(path, field.name), f); err != nil {
				return err
			}
		}
		return nil
	case isMap(v.Type()):
		return visitEntries(v, path, f)
	}
	return fmt.Errorf("config: %s: settings cannot have the type %s", path, v.Type())
}

func visitEntries(v reflect.Value, path string, f func(v reflect.Value, path string)) error {
	if v.IsNil() {
		return nil
	}
	entries := copyOfMap(v)
	keys := entries.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	for _, key := range keys {
		entry := entryOf(entries, key)
		if err := visit(entry, join(path, key.String()), f); err != nil {
			return err
		}
		entries.SetMapIndex(key, entry)
	}
	v.Set(entries)
	return nil
}

func copyOfMap(v reflect.Value) reflect.Value {
	entries := reflect.MakeMap(v.Type())
	for _, key := range v.MapKeys() {
		entries.SetMapIndex(key, v.MapIndex(key))
	}
	return entries
}

// entryOf gives an addressable copy of a map's entry; a zero value if there is none.
func entryOf(m, key reflect.Value) reflect.Value {
	entry := reflect.New(m.Type().Elem()).Elem()
	if value := m.MapIndex(key); value.IsValid() {
		entry.Set(value)
	}
	return entry
}

func isMap(t reflect.Type) bool {
	return t.Kind() == reflect.Map && t.Key().Kind() == reflect.String
}

// isLeaf says whether values of the type are set as a whole, from a text or from a list of texts.
func isLeaf(t reflect.Type) bool {
	return t == secretType || isScalar(t) || t.Kind() == reflect.Slice && isScalar(t.Elem())
}

// isScalar says whether setText can set values of the type.
func isScalar(t reflect.Type) bool {
	if reflect.PointerTo(t).Implements(textType) {
		return true
	}
	switch t.Kind() {
	case reflect.String, reflect.Bool, reflect.Float32, reflect.Float64,
		reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return true
	default:
		return false
	}
}

// setText sets a scalar. The error says what is wanted.
func setText(v reflect.Value, text string) error {
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return u.UnmarshalText([]byte(text))
	}
	if v.Type() == durationType {
		d, err := parseDuration(text)
		v.SetInt(int64(d))
		return err
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		if text != "true" && text != "false" {
			return fmt.Errorf("%q is neither true nor false", text)
		}
		v.SetBool(text == "true")
	case reflect.Float32, reflect.Float64:
		f, err := strconv.ParseFloat(text, v.Type().Bits())
		if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
			return fmt.Errorf("%q is not a number", text)
		}
		v.SetFloat(f)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		n, err := strconv.ParseUint(text, 10, v.Type().Bits())
		if err != nil {
			return integerError(text, err, "0", strconv.FormatUint(math.MaxUint64>>(64-v.Type().Bits()), 10))
		}
		v.SetUint(n)
	default:
		n, err := strconv.ParseInt(text, 10, v.Type().Bits())
		if err != nil {
			largest := int64(math.MaxInt64 >> (64 - v.Type().Bits()))
			return integerError(text, err, strconv.FormatInt(-largest-1, 10), strconv.FormatInt(largest, 10))
		}
		v.SetInt(n)
	}
	return nil
}

func integerError(text string, err error, smallest, largest string) error {
	if errors.Is(err, strconv.ErrRange) || strings.HasPrefix(text, "-") {
		return fmt.Errorf("%q is not between %s and %s", text, smallest, largest)
	}
	return fmt.Errorf("%q is not a whole number", text)
}

// setList sets a list from the texts of its elements.
func setList(v reflect.Value, texts []string) error {
	list := reflect.MakeSlice(v.Type(), len(texts), len(texts))
	for i, text := range texts {
		if err := setText(list.Index(i), text); err != nil {
			return err
		}
	}
	v.Set(list)
	return nil
}

// field is a struct's field by the name that the file has for it.
type field struct {
	name  string
	value reflect.Value
}

// fieldsOf gives a struct's fields; those of embedded structs stand among them.
func fieldsOf(v reflect.Value) ([]field, error) {
	var fields []field
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case name == "-":
		case f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct:
			embedded, err := fieldsOf(v.Field(i))
			if err != nil {
				return nil, err
			}
			fields = append(fields, embedded...)
		case !f.IsExported():
		case name == "":
			return nil, fmt.Errorf("config: %s.%s has no yaml tag: give it a name, or \"-\" to leave it out", v.Type(), f.Name)
		default:
			fields = append(fields, field{name, v.Field(i)})
		}
	}
	return fields, nil
}

func join(path, name string) string {
	if path == "" || name == "" {
		return path + name
	}
	return path + "." + name
}
