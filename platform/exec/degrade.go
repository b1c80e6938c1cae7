package exec

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mainstem/mainstem/platform/config"
	"github.com/mainstem/mainstem/platform/fault"
)

// Degradations say what becomes of fields, such as "Product.stock", whose source fails. What was refused, such as by FORBIDDEN, is not
// degraded; see fault.Code.Degradable. `extensions.degraded` of an answer has an entry for each value that is.
type Degradations map[string]Degradation

// Degradation says what becomes of a field whose source fails.
type Degradation struct {
	How string // Stale, Default or Omit
	// MaxAge is, of Stale, how old a value may be.
	MaxAge time.Duration
	// Default is JSON that has the field's type, as if all of it were selected by its own names: of Default, and of Stale where nothing is
	// kept, empty for the fault then.
	Default string
}

// The ways in which a field is degraded.
const (
	Stale   = "stale"   // what the source's cache has, though it has expired
	Default = "default" // a literal in the value's place, and no error
	Omit    = "omit"    // null with its error, and an entry among what is degraded
)

// degradation is a Degradation of a schema.
type degradation struct {
	stale   bool
	omit    bool
	maxAge  time.Duration
	literal *literal // nil if there is none
}

// Check gives config.Problems for what the fields of a schema cannot be degraded by, nil if there are none.
func (ds Degradations) Check(schema *ast.Schema) error {
	_, problems := ds.compile(schema)
	if len(problems) == 0 {
		return nil
	}
	return problems
}

// compile gives the degradations by field, and what is wrong with them.
func (ds Degradations) compile(schema *ast.Schema) (map[string]*degradation, config.Problems) {
	if len(ds) == 0 {
		return nil, nil
	}
	found := make(map[string]*degradation, len(ds))
	var problems config.Problems
	queried := reachable(schema)
	for _, name := range slices.Sorted(maps.Keys(ds)) {
		def, why := degradable(schema, queried, name)
		if why != "" {
			problems = append(problems, config.Problem{Path: name, Message: why})
			continue
		}
		d, wrong := ds[name].compile(schema, def)
		for _, p := range wrong {
			p.Path = name + "." + p.Path
			problems = append(problems, p)
		}
		found[name] = d
	}
	return found, problems
}

// degradable gives the definition of a field that can be degraded, or says why it cannot.
func degradable(schema *ast.Schema, queried map[string]bool, name string) (def *ast.FieldDefinition, why string) {
	object, field, _ := strings.Cut(name, ".")
	typ := schema.Types[object]
	if typ == nil || typ.Fields.ForName(field) == nil {
		return nil, "there is no such field in the schema; fields are named as in Product.stock"
	}
	def = typ.Fields.ForName(field)
	switch {
	case typ.Kind != ast.Object:
		return nil, fmt.Sprintf("%s is no object: name the field of each object that it can be", object)
	case typ == schema.Mutation || typ == schema.Subscription:
		return nil, "only what is read can be degraded"
	case !queried[object]:
		return nil, fmt.Sprintf("no query reaches %s", object)
	case def.Directives.ForName("source") == nil:
		return nil, "the field declares no @source that could fail"
	}
	return def, ""
}

// reachable gives the objects that a query can reach.
func reachable(schema *ast.Schema) map[string]bool {
	found := map[string]bool{}
	var visit func(typ *ast.Definition)
	visit = func(typ *ast.Definition) {
		if typ == nil || found[typ.Name] {
			return
		}
		found[typ.Name] = true
		for _, f := range typ.Fields {
			visit(schema.Types[f.Type.Name()])
		}
		if typ.IsAbstractType() {
			for _, possible := range schema.GetPossibleTypes(typ) {
				visit(possible)
			}
		}
	}
	visit(schema.Query)
	return found
}

// compile reads one degradation of a field.
func (d Degradation) compile(schema *ast.Schema, def *ast.FieldDefinition) (*degradation, config.Problems) {
	var problems config.Problems
	check := func(ok bool, path, message string) {
		if !ok {
			problems = append(problems, config.Problem{Path: path, Message: message})
		}
	}
	check(d.How == Stale || d.How == Default || d.How == Omit, "how", "must be stale, default or omit")
	check(d.How != Stale || d.MaxAge > 0, "maxAge", "must say how old a value may be")
	check(d.How == Stale || d.MaxAge == 0, "maxAge", "is for stale only")
	check(d.How != Default || d.Default != "", "default", "must be given, as JSON; null is a value too")
	check(d.How != Omit || d.Default == "", "default", "is not for omit")
	compiled := &degradation{stale: d.How == Stale, omit: d.How == Omit, maxAge: d.MaxAge}
	if d.Default != "" {
		var err error
		compiled.literal, err = parseLiteral(schema, def.Type, d.Default)
		check(err == nil, "default", fmt.Sprint(err))
	}
	return compiled, problems
}

// isDegradable says whether a value that is missing for this error may be degraded. Of several errors all must allow it.
func isDegradable(err error) bool {
	if all, ok := err.(gqlerror.List); ok { //nolint:errorlint // as gqlgen has it: a list is several errors of one field
		return len(all) > 0 && !slices.ContainsFunc(all, func(one *gqlerror.Error) bool { return !isDegradable(one) })
	}
	return err != nil && fault.From(err).Code.Degradable()
}
