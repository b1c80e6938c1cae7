package server

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/mainstem/mainstem/platform/config"
	"github.com/mainstem/mainstem/platform/exec"
)

// DegradeConfig is what stands in place of a field whose source fails. docs/resilience.md says when to use which.
type DegradeConfig struct {
	How    string          `yaml:"how" desc:"stale: what the source's cache still has. default: value. omit: null with its error, and an entry in extensions.degraded." jsonschema:"enum=stale,enum=default,enum=omit"`
	MaxAge config.Duration `yaml:"maxAge" desc:"Of stale: how old what is kept may be."`
	Value  string          `yaml:"value" desc:"Of default: the value, in JSON. Of stale: what stands there if nothing is kept; the error does if it is empty."`
}

// FieldName names a field of an object, such as Product.stock.
type FieldName string

var fieldName = regexp.MustCompile(`^[_A-Za-z][_0-9A-Za-z]*\.[_A-Za-z][_0-9A-Za-z]*$`)

// UnmarshalText reads a name. The error says what is wanted.
func (n *FieldName) UnmarshalText(text []byte) error {
	if !fieldName.Match(text) {
		return fmt.Errorf("%q is not a field such as Product.stock", text)
	}
	*n = FieldName(text)
	return nil
}

// degradations gives what the executor is told.
func (c Config) degradations() exec.Degradations {
	all := make(exec.Degradations, len(c.Degrade))
	for name, d := range c.Degrade {
		all[string(name)] = exec.Degradation{How: d.How, MaxAge: d.MaxAge.Std(), Default: d.Value}
	}
	return all
}

// checkDegrade notes what fields cannot be degraded by: against the schema, and because nothing would be kept of their sources.
func (c Config) checkDegrade(wrong *problems) {
	if len(c.Degrade) == 0 {
		return
	}
	wrong.check(c.Executor != executorGqlgen, "degrade", "needs `executor: compiled`: gqlgen's own executor degrades nothing, and loses what fails")
	schema := served()
	var found config.Problems
	errors.As(c.degradations().Check(schema), &found)
	for _, p := range found {
		name, setting := p.Path, ""
		if strings.Count(p.Path, ".") > 1 {
			dot := strings.LastIndexByte(p.Path, '.')
			name, setting = p.Path[:dot], p.Path[dot:]
		}
		if setting == ".default" {
			setting = ".value" // as it is called here
		}
		wrong.check(false, "degrade."+name+setting, "%s", p.Message)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Degrade)) {
		if c.Degrade[name].How != exec.Stale {
			continue
		}
		for _, source := range sourcesOf(schema, string(name)) {
			wrong.check(c.Sources[source].Cache.Enabled, "degrade."+string(name)+".how", "stale needs what is kept of %s: set sources.%s.cache.enabled", source, source)
		}
	}
}

// sourcesOf gives the sources that a field declares.
func sourcesOf(schema *ast.Schema, name string) []string {
	object, field, _ := strings.Cut(name, ".")
	def := schema.Types[object]
	if def == nil || def.Fields.ForName(field) == nil {
		return nil
	}
	var names []string
	for _, d := range def.Fields.ForName(field).Directives.ForNames("source") {
		names = append(names, d.Arguments.ForName("name").Value.Raw)
	}
	return names
}
