package config

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/invopop/jsonschema"
)

// Schema gives a JSON Schema of the file that Load[T] reads, for editors and for documentation: what every setting is for (its
// desc or jsonschema_description tag), its default, and the variable that sets it.
func Schema[T any](title string, defaults T) ([]byte, error) {
	reflector := &jsonschema.Reflector{
		FieldNameTag:               "yaml",
		Anonymous:                  true,
		DoNotReference:             true, // each place has its own default
		ExpandedStruct:             true,
		RequiredFromJSONSchemaTags: true,
		Mapper:                     schemaOfType,
		LookupComment:              descriptionOf,
		Namer:                      reflect.Type.String, // types of two packages may have the same name
	}
	schema := reflector.ReflectFromType(reflect.TypeFor[T]())
	schema.Title = title
	err := visit(reflect.ValueOf(&defaults).Elem(), "", func(v reflect.Value, path string) {
		if isLeaf(v.Type()) {
			describe(schema, v, path)
		}
	})
	if err != nil {
		return nil, err
	}
	text, err := json.MarshalIndent(schema, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("config: schema: %w", err)
	}
	return append(text, '\n'), nil
}

// schemaOfType gives the schema of what is written as a text; nil leaves the type to the reflector.
func schemaOfType(t reflect.Type) *jsonschema.Schema {
	switch t {
	case secretType:
		return &jsonschema.Schema{OneOf: []*jsonschema.Schema{
			schemaOfReference("file", "The file that holds the secret."),
			schemaOfReference("env", "The environment variable that holds the secret."),
		}}
	case durationType, reflect.TypeFor[Duration]():
		return &jsonschema.Schema{Type: "string", Pattern: `^([0-9.]+(ns|us|µs|ms|s|m|h))+$|^0$`, Examples: []any{"300ms", "5s", "1h30m"}}
	case reflect.TypeFor[Bytes]():
		return &jsonschema.Schema{OneOf: []*jsonschema.Schema{
			{Type: "integer", Minimum: json.Number("0"), Maximum: json.Number(strconv.Itoa(maxBytes))},
			{Type: "string", Pattern: `^[0-9]+ *(B|[kK]B|KiB|[MGT]i?B)?$`},
		}, Examples: []any{"8MiB", "512KiB", 4096}}
	}
	if reflect.PointerTo(t).Implements(textType) {
		return &jsonschema.Schema{Type: "string"}
	}
	return nil
}

func schemaOfReference(name, description string) *jsonschema.Schema {
	properties := jsonschema.NewProperties()
	properties.Set(name, &jsonschema.Schema{Type: "string", Description: description})
	return &jsonschema.Schema{
		Type: "object", Properties: properties, Required: []string{name}, AdditionalProperties: jsonschema.FalseSchema,
	}
}

func descriptionOf(t reflect.Type, name string) string {
	if t.Kind() != reflect.Struct {
		return ""
	}
	f, _ := t.FieldByName(name) // an empty name asks about the type itself
	return f.Tag.Get("desc")
}

// describe adds the default and the variable of the value at path. Entries of a map have one place in a schema: it has the default that is the
// same for all of them, and the variable with a star for the entry's.
func describe(schema *jsonschema.Schema, v reflect.Value, path string) {
	var variable strings.Builder
	inEntry := false
	for name := range strings.SplitSeq(path, ".") {
		if schema.Properties == nil {
			if schema.AdditionalProperties == nil {
				return
			}
			schema, inEntry = schema.AdditionalProperties, true
			variable.WriteString("_*")
			continue
		}
		property, ok := schema.Properties.Get(name)
		if !ok {
			return
		}
		schema = property
		variable.WriteString("_" + strings.TrimPrefix(variableOf(name), Prefix))
	}
	names := suffixed(Prefix+variable.String()[1:], v.Type())
	environment := "Environment: " + strings.Join(names, " or ") + "."
	if inEntry && strings.HasSuffix(schema.Description, environment) { // another entry's
		if !reflect.DeepEqual(schema.Default, defaultOf(v)) {
			schema.Default = nil
		}
		return
	}
	schema.Description = strings.TrimSpace(schema.Description + " " + environment)
	schema.Default = defaultOf(v)
}

// defaultOf gives a value as a schema tells of it; nil if it is not worth telling.
func defaultOf(v reflect.Value) any {
	switch value := v.Interface().(type) {
	case Secret:
		return nil
	case fmt.Stringer: // durations and sizes
		return value.String()
	default:
		if v.IsZero() && (v.Kind() == reflect.Slice || v.Kind() == reflect.String) {
			return nil
		}
		return value
	}
}
