package transport

import (
	"errors"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator/core"
)

// literals refuses literals that are not of the type that is expected where they stand
// (https://spec.graphql.org/September2025/#sec-Values-of-Correct-Type). Unlike gqlparser's rule it knows how large an Int is, lets an ID and
// a Float have more digits than an int64, and looks at what generated code could not read otherwise: numbers within custom scalars.
func literals(suggest bool) core.RuleFunc {
	return func(observers *core.Events, addError core.AddErrFunc) {
		l := literalCheck{suggest: suggest, addError: addError, told: map[*ast.Value]bool{}}
		observers.OnValue(func(walker *core.Walker, v *ast.Value) {
			if v.Kind == ast.Variable && walker.CurrentOperation == nil {
				// Of a fragment, last walked for the last operation. Whoever reads the value would take the default of that one's variable for
				// one that another operation leaves out.
				v.VariableDefinition = nil
			}
			l.value(v)
		})
	}
}

type literalCheck struct {
	suggest  bool
	addError core.AddErrFunc
	told     map[*ast.Value]bool // a fragment's values come once for each operation
	blocks   map[int]string      // block strings as they should be read, by where they stand; made when the first one comes
}

// value looks at one literal. Those within it come by themselves.
func (l *literalCheck) value(v *ast.Value) {
	if v.Kind == ast.BlockValue {
		l.mend(v)
	}
	t, def := v.ExpectedType, v.Definition
	switch {
	case v.Kind == ast.Variable: // which has a rule of its own
	case t == nil || def == nil: // within a custom scalar, or where another rule refuses what it stands in
		l.number(v)
	case v.Kind == ast.NullValue:
		if t.NonNull {
			l.unexpected(v)
		}
	case v.Kind == ast.ListValue && t.Elem != nil:
	case def.Kind == ast.InputObject:
		l.object(def, v)
	case def.Kind == ast.Enum:
		l.enum(def, v)
	case def.Kind == ast.Scalar:
		l.scalar(def, v)
	}
}

// mend gives a block string the value that it should have.
func (l *literalCheck) mend(v *ast.Value) {
	if l.blocks == nil {
		l.blocks = blockStrings(v.Position.Src.Input)
	}
	if value, ok := l.blocks[v.Position.Start]; ok {
		v.Raw = value
	}
}

func (l *literalCheck) object(def *ast.Definition, v *ast.Value) {
	if v.Kind != ast.ObjectValue {
		l.unexpected(v)
		return
	}
	for _, f := range def.Fields {
		if f.Type.NonNull && f.DefaultValue == nil && v.Children.ForName(f.Name) == nil {
			l.tell(v, core.Message(`Field "%s.%s" of required type "%s" was not provided.`, def.Name, f.Name, f.Type.String()))
		}
	}
	names := map[string]bool{}
	for _, child := range v.Children {
		names[child.Name] = true
		if def.Fields.ForName(child.Name) != nil {
			continue
		}
		l.tellAt(child.Value, child.Position, core.Message(`Field "%s" is not defined by type "%s".`, cut(child.Name), def.Name), l.suggested("Did you mean", child.Name, def))
	}
	if def.Directives.ForName("oneOf") == nil {
		return
	}
	if len(names) != 1 {
		l.tell(v, core.Message(`OneOf Input Object "%s" must specify exactly one key.`, def.Name))
	} else if only := v.Children[0]; only.Value.Kind == ast.NullValue {
		l.tell(v, core.Message(`Field "%s.%s" must be non-null.`, def.Name, cut(only.Name)))
	}
}

func (l *literalCheck) enum(def *ast.Definition, v *ast.Value) {
	if v.Kind == ast.EnumValue && def.EnumValues.ForName(v.Raw) != nil {
		return
	}
	if v.Kind == ast.EnumValue {
		l.tell(v, core.Message(`Value "%s" does not exist in "%s" enum.`, cut(v.Raw), def.Name), l.suggested("Did you mean the enum value", v.Raw, def))
		return
	}
	l.tell(v, core.Message(`Enum "%s" cannot represent non-enum value: %s.`, def.Name, shown(v)), l.suggested("Did you mean the enum value", v.Raw, def))
}

func (l *literalCheck) scalar(def *ast.Definition, v *ast.Value) {
	isText, isInt := v.Kind == ast.StringValue || v.Kind == ast.BlockValue, v.Kind == ast.IntValue
	switch def.Name {
	case "Int":
		switch _, err := strconv.ParseInt(v.Raw, 10, 32); {
		case !isInt:
			l.wrong(v, "Int cannot represent non-integer value")
		case err != nil:
			l.wrong(v, "Int cannot represent non 32-bit signed integer value")
		}
	case "Float":
		if !isInt && v.Kind != ast.FloatValue {
			l.wrong(v, "Float cannot represent non numeric value")
			return
		}
		l.number(v)
	case "String":
		if !isText {
			l.wrong(v, "String cannot represent a non string value")
		}
	case "Boolean":
		if v.Kind != ast.BooleanValue {
			l.wrong(v, "Boolean cannot represent a non boolean value")
		}
	case "ID":
		if !isText && !isInt {
			l.wrong(v, "ID cannot represent a non-string and non-integer value")
		} else if isInt {
			keepDigits(v)
		}
	default:
		l.number(v)
	}
}

// keepDigits makes text of an ID whose digits would change if it were read as a number.
func keepDigits(v *ast.Value) {
	if n, err := strconv.ParseInt(v.Raw, 10, 64); err != nil || strconv.FormatInt(n, 10) != v.Raw {
		v.Kind = ast.StringValue
	}
}

// number sees to it that whoever reads a number can: ast.Value reads whole numbers of 64 bits, and others that a float64 can hold.
func (l *literalCheck) number(v *ast.Value) {
	if v.Kind == ast.IntValue {
		if _, err := strconv.ParseInt(v.Raw, 10, 64); err != nil {
			v.Kind = ast.FloatValue
		}
	}
	if v.Kind == ast.FloatValue {
		if _, err := strconv.ParseFloat(v.Raw, 64); errors.Is(err, strconv.ErrRange) {
			l.wrong(v, "Float cannot represent non numeric value")
		}
	}
}

func (l *literalCheck) unexpected(v *ast.Value) {
	l.tell(v, core.Message(`Expected value of type "%s", found %s.`, v.ExpectedType.String(), shown(v)))
}

func (l *literalCheck) wrong(v *ast.Value, what string) {
	l.tell(v, core.Message(`%s: %s`, what, shown(v)))
}

func (l *literalCheck) tell(v *ast.Value, options ...core.ErrorOption) {
	l.tellAt(v, v.Position, options...)
}

// tellAt refuses a literal.
func (l *literalCheck) tellAt(v *ast.Value, at *ast.Position, options ...core.ErrorOption) {
	if l.told[v] {
		return
	}
	l.told[v] = true
	l.addError(append(options, core.At(at))...)
}

// suggested tells which names of a type may have been meant, if that is wanted. What is very long is no misspelt name. Names are compared, which
// takes long, if the error is told only.
func (l *literalCheck) suggested(prefix, name string, def *ast.Definition) core.ErrorOption {
	return func(err *gqlerror.Error) {
		if !l.suggest || len(name) > maxEchoed {
			return
		}
		var known []string
		for _, f := range def.Fields {
			known = append(known, f.Name)
		}
		for _, value := range def.EnumValues {
			known = append(known, value.Name)
		}
		core.SuggestListQuoted(prefix, name, known)(err)
	}
}

// shown gives the beginning of a literal, as messages tell it. It looks at no more of the literal than it gives.
func shown(v *ast.Value) string { return cut(string(appendShown(nil, v))) }

func appendShown(b []byte, v *ast.Value) []byte {
	if len(b) > maxEchoed {
		return b
	}
	switch v.Kind {
	case ast.ListValue:
		b = append(b, '[')
		for i, child := range v.Children {
			if i > 0 {
				b = append(b, ", "...)
			}
			if b = appendShown(b, child.Value); len(b) > maxEchoed {
				return b
			}
		}
		return append(b, ']')
	case ast.ObjectValue:
		b = append(b, '{')
		for i, child := range v.Children {
			if i > 0 {
				b = append(b, ", "...)
			}
			b = append(append(b, cut(child.Name)...), ": "...)
			if b = appendShown(b, child.Value); len(b) > maxEchoed {
				return b
			}
		}
		return append(b, '}')
	default:
		leaf := ast.Value{Kind: v.Kind, Raw: cut(v.Raw)}
		return append(b, leaf.String()...)
	}
}
