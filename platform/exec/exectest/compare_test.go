package exectest_test

import (
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mainstem/mainstem/platform/exec/exectest"
)

// at gives an error at a path of names and indices.
func at(message string, path ...any) *gqlerror.Error {
	err := &gqlerror.Error{Message: message}
	for _, element := range path {
		switch element := element.(type) {
		case string:
			err.Path = append(err.Path, ast.PathName(element))
		case int:
			err.Path = append(err.Path, ast.PathIndex(element))
		}
	}
	return err
}

func coded(code string, err *gqlerror.Error) *gqlerror.Error {
	err.Extensions = map[string]any{"code": code}
	return err
}

func TestCompare(t *testing.T) {
	t.Parallel()
	type answer struct {
		data   string
		errors gqlerror.List
	}
	for why, c := range map[string]struct {
		want, got answer
		differ    string // what is said of the difference; none if empty
	}{
		"the same":                      {answer{data: `{"a":[1,{"b":null}]}`}, answer{data: `{"a":[1,{"b":null}]}`}, ""},
		"space does not matter":         {answer{data: `{"a": 1}`}, answer{data: "{\"a\":1\n}"}, ""},
		"nor how text is escaped":       {answer{data: `{"a":"<é"}`}, answer{data: `{"a":"\u003c\u00e9"}`}, ""},
		"the order of keys does":        {answer{data: `{"a":1,"b":2}`}, answer{data: `{"b":2,"a":1}`}, `want the keys ["a" "b"], got ["b" "a"]`},
		"and how a number is written":   {answer{data: `{"a":1}`}, answer{data: `{"a":1.0}`}, "data.a: want"},
		"a number is not its digits":    {answer{data: `{"a":1}`}, answer{data: `{"a":"1"}`}, "data.a: want"},
		"a list has as many elements":   {answer{data: `{"a":[1,2]}`}, answer{data: `{"a":[1]}`}, "data.a: want 2 elements, got 1"},
		"deep below":                    {answer{data: `{"a":[{"b":[1]}]}`}, answer{data: `{"a":[{"b":[2]}]}`}, "data.a[0].b[0]"},
		"null is not an empty object":   {answer{data: `{"a":null}`}, answer{data: `{"a":{}}`}, "data.a"},
		"null is not the text null":     {answer{data: `{"a":null}`}, answer{data: `{"a":"null"}`}, "data.a"},
		"no data is not null":           {answer{}, answer{data: `null`}, "data: want nothing"},
		"a key twice":                   {answer{data: `{"a":1}`}, answer{data: `{"a":1,"a":1}`}, `"a" is there twice`},
		"what is no JSON":               {answer{data: `{"a":1}`}, answer{data: `{"a":1`}, "data: "},
		"more after the end":            {answer{data: `{"a":1}`}, answer{data: `{"a":1}}`}, "data: "},
		"errors in another order":       {answer{errors: gqlerror.List{at("x", "a"), at("y", "b")}}, answer{errors: gqlerror.List{at("y", "b"), at("x", "a")}}, ""},
		"an error less":                 {answer{errors: gqlerror.List{at("x", "a"), at("x", "a")}}, answer{errors: gqlerror.List{at("x", "a")}}, "missing error (1×): a x"},
		"an error more":                 {answer{}, answer{errors: gqlerror.List{at("x", "a", 1)}}, "unexpected error (1×): a[1] x"},
		"an error elsewhere":            {answer{errors: gqlerror.List{at("x", "a", 0)}}, answer{errors: gqlerror.List{at("x", "a", 1)}}, "missing error (1×): a[0] x"},
		"other words for a code":        {answer{errors: gqlerror.List{coded("C", at("x", "a"))}}, answer{errors: gqlerror.List{coded("C", at("y", "a"))}}, ""},
		"another code":                  {answer{errors: gqlerror.List{coded("C", at("x", "a"))}}, answer{errors: gqlerror.List{coded("D", at("x", "a"))}}, "missing error"},
		"other words for a null":        {answer{errors: gqlerror.List{at("must not be null", "a")}}, answer{errors: gqlerror.List{at("T.a gave null, which the schema does not allow", "a")}}, ""},
		"other words without a code":    {answer{errors: gqlerror.List{at("x", "a")}}, answer{errors: gqlerror.List{at("y", "a")}}, "missing error"},
		"data and errors are both told": {answer{data: `1`, errors: gqlerror.List{at("x")}}, answer{data: `2`}, "missing error"},
	} {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			err := exectest.Compare(
				&graphql.Response{Data: []byte(c.want.data), Errors: c.want.errors}, &graphql.Response{Data: []byte(c.got.data), Errors: c.got.errors})
			if c.differ == "" && err != nil || c.differ != "" && (err == nil || !strings.Contains(err.Error(), c.differ)) {
				t.Errorf("want %q, got %v", c.differ, err)
			}
		})
	}
}

func TestCompareAll(t *testing.T) {
	t.Parallel()
	one, two := &graphql.Response{Data: []byte(`1`)}, &graphql.Response{Data: []byte(`2`)}
	if err := exectest.CompareAll([]*graphql.Response{one, two}, []*graphql.Response{one, two}); err != nil {
		t.Error(err)
	}
	for why, got := range map[string][]*graphql.Response{
		"another second answer": {one, one}, "an answer less": {one}, "an answer more": {one, two, one}, "no answer": nil, "a nil answer": {one, nil},
	} {
		if exectest.CompareAll([]*graphql.Response{one, two}, got) == nil {
			t.Errorf("%s is no difference", why)
		}
	}
}
