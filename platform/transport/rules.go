package transport

import (
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/core"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// documentRules gives what documents are validated by: gqlparser's rules, but with ours where theirs give other verdicts than graphql-js.
// Some of ours mend, in the document, what gqlparser has read in another way than graphql-js reads it.
func documentRules(suggest bool) *rules.Rules {
	all := rules.NewDefaultRules()
	if !suggest {
		all.ReplaceRule(rules.FieldsOnCorrectTypeRule.Name, rules.FieldsOnCorrectTypeRuleWithoutSuggestions.RuleFunc)
		all.ReplaceRule(rules.KnownArgumentNamesRule.Name, rules.KnownArgumentNamesRuleWithoutSuggestions.RuleFunc)
		all.ReplaceRule(rules.KnownTypeNamesRule.Name, rules.KnownTypeNamesRuleWithoutSuggestions.RuleFunc)
		all.ReplaceRule(rules.ScalarLeafsRule.Name, rules.ScalarLeafsRuleWithoutSuggestions.RuleFunc)
	}
	all.RemoveRule(rules.ValuesOfCorrectTypeRule.Name)
	all.AddRule("Literals", literals(suggest))
	all.RemoveRule(rules.SingleFieldSubscriptionsRule.Name)
	all.AddRule("SubscriptionRoots", subscriptionRoots)
	all.AddRule("Deferrals", deferrals)
	all.AddRule("Constants", constants)
	return all
}

// constants refuses variables where gqlparser reads them and the grammar has none: in directives on variables, and declared by fragments.
func constants(observers *core.Events, addError core.AddErrFunc) {
	observers.OnVariable(func(_ *core.Walker, v *ast.VariableDefinition) {
		for _, d := range v.Directives {
			for _, arg := range d.Arguments {
				if at := variableIn(arg.Value); at != nil {
					addError(core.Message(`Unexpected variable "$%s" in a constant value.`, cut(at.Raw)), core.At(at.Position))
				}
			}
		}
	})
	observers.OnFragment(func(_ *core.Walker, f *ast.FragmentDefinition) {
		if len(f.VariableDefinition) > 0 {
			addError(core.Message(`Fragment "%s" cannot declare variables.`, cut(f.Name)), core.At(f.Position))
		}
	})
}

// variableIn gives a variable in a value, nil if there is none.
func variableIn(v *ast.Value) *ast.Value {
	if v.Kind == ast.Variable {
		return v
	}
	for _, child := range v.Children {
		if at := variableIn(child.Value); at != nil {
			return at
		}
	}
	return nil
}

// maxEchoed bounds what of a document's own words is told to its client again, in bytes.
const maxEchoed = 100

// cut shortens a text to what may be told again.
func cut(s string) string {
	if len(s) <= maxEchoed {
		return s
	}
	end := maxEchoed
	for end > 0 && s[end]&0xc0 == 0x80 { // within a character
		end--
	}
	return s[:end] + "…"
}
