package config_test

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mainstem/mainstem/platform/config"
)

// coordinate names a field of a type: a name that has a dot.
type coordinate string

func (c *coordinate) UnmarshalText(text []byte) error {
	if strings.Count(string(text), ".") != 1 {
		return errors.New("a field is Type.field")
	}
	*c = coordinate(text)
	return nil
}

type byField struct {
	Fields map[coordinate]fieldSettings `yaml:"fields"`
}

type fieldSettings struct {
	How    string `yaml:"how"`
	MaxAge int    `yaml:"maxAge"`
}

func (f fieldSettings) Validate() error {
	if f.MaxAge < 0 {
		return config.Problems{config.Problemf("maxAge", "must not be negative")}
	}
	return nil
}

// TestNamesOfATypeOfTheirOwn: what the keys' type takes is a name, and a variable sets what the file names.
func TestNamesOfATypeOfTheirOwn(t *testing.T) {
	t.Parallel()
	const file = "fields:\n  Product.stockLevel: {how: a}\n  Product.rating: {how: b, maxAge: 2}\n"
	for reason, test := range map[string]struct {
		file    string
		environ []string
		want    map[coordinate]fieldSettings
		wrong   string
	}{
		"from the file": {file, nil, map[coordinate]fieldSettings{"Product.stockLevel": {"a", 0}, "Product.rating": {"b", 2}}, ""},
		"changed by a variable": {
			file, []string{"MAINSTEM_FIELDS_PRODUCT_STOCK_LEVEL_MAX_AGE=7"},
			map[coordinate]fieldSettings{"Product.stockLevel": {"a", 7}, "Product.rating": {"b", 2}}, "",
		},
		"in quotes":                    {"fields: {'A.b': {how: a}}", nil, map[coordinate]fieldSettings{"A.b": {"a", 0}}, ""},
		"what the type does not take":  {"fields:\n  Product: {how: a}\n", nil, nil, "mainstem.yaml:2:3: fields: a field is Type.field"},
		"a wrong value":                {"fields:\n  A.b: {maxAge: -1}\n", nil, nil, "mainstem.yaml:2:17: fields.A.b.maxAge: must not be negative"},
		"an unknown setting":           {"fields:\n  A.b: {maxAge: 1, hw: a}\n", nil, nil, `mainstem.yaml:2:20: fields.A.b: there is no setting "hw" here: did you mean how?`},
		"a variable for a new entry":   {file, []string{"MAINSTEM_FIELDS_PRODUCT_NAME_HOW=a"}, nil, "MAINSTEM_FIELDS_PRODUCT_NAME_HOW: there is no such setting"},
		"a variable that has two ends": {"fields: {A.bC: {how: a}, A.b_c: {how: b}}", nil, nil, "take another name"},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			name := filepath.Join(t.TempDir(), "mainstem.yaml")
			if err := os.WriteFile(name, []byte(test.file), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := config.Load(name, test.environ, byField{})
			if test.wrong == "" && (err != nil || !maps.Equal(got.Fields, test.want)) {
				t.Errorf("got %v and %v, want %v", got.Fields, err, test.want)
			}
			if test.wrong != "" && (err == nil || !strings.Contains(err.Error(), test.wrong)) {
				t.Errorf("got %v, want it to say %q", err, test.wrong)
			}
		})
	}
}

// TestProblemsBelow: the problem of a part is one of the whole, at a longer path.
func TestProblemsBelow(t *testing.T) {
	t.Parallel()
	p := config.Problemf("max", "must be %d", 1)
	got := []string{p.Below("sources.a.retry").Error(), p.Below("").Error(), config.Problem{Message: "no"}.Below("auth").Error()}
	if want := []string{"sources.a.retry.max: must be 1", "max: must be 1", "auth: no"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
