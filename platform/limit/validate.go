package limit

import (
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator/core"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// Validate says what is wrong with a document, by rules of gqlparser, nil for its defaults. Rules that take more time than a document of that
// size should are replaced by ones that do not, with the same verdicts. A document that is more work, or takes more time, than the limits
// allow gives LIMIT_EXCEEDED alone. Each error is told once, up to ValidationErrors of them.
//
// A document that is valid has had its definitions filled in; another one must not be used.
func Validate(schema *ast.Schema, doc *ast.QueryDocument, using *rules.Rules, l Limits) gqlerror.List {
	runtime.LockOSThread() // whose time it is that is looked at
	defer runtime.UnlockOSThread()
	return validate(schema, doc, using, l, threadTime)
}

func validate(schema *ast.Schema, doc *ast.QueryDocument, using *rules.Rules, l Limits, now func() time.Duration) gqlerror.List {
	v := &validation{limits: l, now: now, start: now(), told: map[string]bool{}}
	return v.validate(schema, doc, using)
}

// validation is the validation of one document.
type validation struct {
	limits Limits
	now    func() time.Duration
	start  time.Duration

	steps   int
	seen    int // events, for which time is looked at now and then
	found   int // errors, told or not
	told    map[string]bool
	errs    gqlerror.List
	refused *gqlerror.Error // by a limit
}

func (v *validation) validate(schema *ast.Schema, doc *ast.QueryDocument, using *rules.Rules) gqlerror.List {
	w := workOf(doc, v.limits.ValidationSteps)
	if !v.step(w.steps) {
		if using == nil {
			using = rules.NewDefaultRules()
		}
		v.run(schema, doc, v.replaced(using.GetInner(), w.longest > maxSuggested))
	}
	if v.refused != nil {
		return gqlerror.List{v.refused}
	}
	return v.errs
}

// stopped is what a rule panics with to end the validation, which gqlparser has no other way for.
type stopped struct{}

// run validates until the end, or until it is stopped.
func (v *validation) run(schema *ast.Schema, doc *ast.QueryDocument, list []core.Rule) {
	defer func() {
		if p := recover(); p != nil && p != any(stopped{}) {
			panic(p)
		}
	}()
	observers := &core.Events{}
	v.watch(observers)
	for _, rule := range list {
		rule.RuleFunc(observers, func(options ...core.ErrorOption) {
			err := &gqlerror.Error{Rule: rule.Name}
			for _, o := range options {
				o(err)
			}
			v.add(err)
		})
	}
	core.Walk(schema, doc, observers)
}

// maxMessage is how long a message is at most, in bytes: it has names of the document in it, which may have any length.
const maxMessage = 500

// maxFound is how many errors are found for each that may be told, until validation stops: to find one can take a hundred times as long as a
// step, since names are compared with all that may have been meant.
const maxFound = 10

// add keeps an error unless it is told already: gqlparser finds those of a fragment for each operation that reaches it.
func (v *validation) add(err *gqlerror.Error) {
	v.found++
	if allowed := v.limits.ValidationErrors; allowed > 0 && v.found > maxFound*allowed {
		panic(stopped{})
	}
	err.Message = bounded(err.Message, maxMessage)
	key := strings.Builder{}
	key.WriteString(err.Message)
	for _, l := range err.Locations {
		key.WriteString(" " + strconv.Itoa(l.Line) + ":" + strconv.Itoa(l.Column))
	}
	if v.told[key.String()] {
		return
	}
	v.told[key.String()] = true
	errcode.Set(err, errcode.ValidationFailed)
	v.errs = append(v.errs, err)
	if v.limits.ValidationErrors > 0 && len(v.errs) >= v.limits.ValidationErrors {
		panic(stopped{})
	}
}

// maxSuggested is how long a name may be for others to be suggested, in bytes: longer than any in a schema, misspelt or not.
const maxSuggested = 100

// looked is how many events pass between looks at the clock.
const looked = 64

// watch has the time looked at while the document is walked.
func (v *validation) watch(observers *core.Events) {
	observers.OnOperation(func(*core.Walker, *ast.OperationDefinition) { v.tick() })
	observers.OnField(func(*core.Walker, *ast.Field) { v.tick() })
	observers.OnFragment(func(*core.Walker, *ast.FragmentDefinition) { v.tick() })
	observers.OnInlineFragment(func(*core.Walker, *ast.InlineFragment) { v.tick() })
	observers.OnFragmentSpread(func(*core.Walker, *ast.FragmentSpread) { v.tick() })
	observers.OnDirective(func(*core.Walker, *ast.Directive) { v.tick() })
	observers.OnValue(func(*core.Walker, *ast.Value) { v.tick() })
	observers.OnVariable(func(*core.Walker, *ast.VariableDefinition) { v.tick() })
}

// tick stops the validation if its time is over.
func (v *validation) tick() {
	v.seen++
	allowed := v.limits.ValidationTime.Std()
	if v.seen%looked != 0 || allowed <= 0 || v.now()-v.start <= allowed {
		return
	}
	v.refused = exceeded("validationTime", "Validating the document took longer than it may: %s steps of it were done in %d ms.", v.seen, int(allowed.Milliseconds()), nil)
	panic(stopped{})
}

// step notes steps, and stops the validation if there are too many. It says whether there are.
func (v *validation) step(n int) bool {
	v.steps = add(v.steps, n)
	if v.limits.ValidationSteps <= 0 || v.steps <= v.limits.ValidationSteps {
		return false
	}
	v.refused = exceeded("validationSteps", "Validating the document is too much work: it takes %s steps or more; %d are allowed.", v.steps, v.limits.ValidationSteps, nil)
	return true
}

// work notes a step of a rule of ours, within which the walk does not look at the time.
func (v *validation) work() {
	if v.step(1) {
		panic(stopped{})
	}
	v.tick()
}

// replaced gives rules in the order of their names, with ours in place of those that are slow. Without suggestions for a document with
// long names: these are compared with all that the schema has in their place.
func (v *validation) replaced(inner map[string]core.RuleFunc, long bool) []core.Rule {
	ours := []core.Rule{noFragmentCycles(), overlappingFields(v)}
	if long {
		for name, rule := range map[string]core.Rule{
			"FieldsOnCorrectType": rules.FieldsOnCorrectTypeRuleWithoutSuggestions,
			"KnownArgumentNames":  rules.KnownArgumentNamesRuleWithoutSuggestions,
			"KnownTypeNames":      rules.KnownTypeNamesRuleWithoutSuggestions,
			"ValuesOfCorrectType": rules.ValuesOfCorrectTypeRuleWithoutSuggestions,
		} {
			ours = append(ours, core.Rule{Name: name, RuleFunc: rule.RuleFunc})
		}
	}
	for _, rule := range ours {
		if inner[rule.Name] != nil {
			inner[rule.Name] = rule.RuleFunc
		}
	}
	list := make([]core.Rule, 0, len(inner))
	for name, rule := range inner {
		list = append(list, core.Rule{Name: name, RuleFunc: rule})
	}
	slices.SortFunc(list, func(a, b core.Rule) int { return strings.Compare(a.Name, b.Name) })
	return list
}
