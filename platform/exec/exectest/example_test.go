package exectest_test

import (
	"fmt"
	"strings"

	"github.com/mainstem/mainstem/platform/exec/exectest"
)

func ExampleMinimize() {
	o := exectest.Operation{Query: `query Q($off: Boolean!) { mood ...F tree { value left { value } } } fragment F on Query { lions @skip(if: $off) { id tag } }`}
	less := exectest.Minimize(schema, o, func(o exectest.Operation) bool { return strings.Contains(o.Query, "tag") })
	fmt.Println(strings.Join(strings.Fields(less.String()), " "))
	// Output:
	// query { lions { tag } }
}

func ExampleFlatten() {
	flat, err := exectest.Flatten(schema, exectest.Operation{
		Query:     `query ($all: Boolean!) { site { ...F size } } fragment F on Site { size depth @include(if: $all) }`,
		Variables: map[string]any{"all": true},
	})
	if err != nil {
		panic(err)
	}
	fmt.Println(strings.Join(strings.Fields(flat.String()), " "))
	// Output:
	// query { site { size depth } }
}
