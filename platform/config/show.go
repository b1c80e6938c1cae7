package config

import (
	"fmt"
	"reflect"

	"github.com/mainstem/mainstem/platform/telemetry/redact"
)

// Show gives settings as they are in force, by the names that the file has for them, for JSON. Secrets that are set are "[redacted]", and so is what looks
// like one in others, such as a password in a URL.
func Show[T any](settings T) (map[string]any, error) {
	shown, err := show(reflect.ValueOf(settings))
	if err != nil {
		return nil, err
	}
	all, ok := shown.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("config: settings are no %T", settings)
	}
	return all, nil
}

func show(v reflect.Value) (any, error) {
	switch value := v.Interface().(type) {
	case Secret:
		if value.IsZero() {
			return "", nil
		}
		return redacted, nil
	case fmt.Stringer: // durations and sizes
		return redact.Text(value.String()), nil
	}
	switch v.Kind() {
	case reflect.String:
		return redact.Text(v.String()), nil
	case reflect.Struct:
		fields, err := fieldsOf(v)
		if err != nil {
			return nil, err
		}
		shown := make(map[string]any, len(fields))
		for _, f := range fields {
			if shown[f.name], err = show(f.value); err != nil {
				return nil, err
			}
		}
		return shown, nil
	case reflect.Map:
		shown := make(map[string]any, v.Len())
		for _, key := range v.MapKeys() {
			entry, err := show(v.MapIndex(key))
			if err != nil {
				return nil, err
			}
			shown[fmt.Sprint(key.Interface())] = entry
		}
		return shown, nil
	case reflect.Slice:
		shown := make([]any, v.Len())
		for i := range shown {
			element, err := show(v.Index(i))
			if err != nil {
				return nil, err
			}
			shown[i] = element
		}
		return shown, nil
	default:
		return v.Interface(), nil
	}
}
