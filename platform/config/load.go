// Package config reads a program's settings: defaults, then a strict YAML file, then the environment, then what the settings
// themselves demand. Whatever is wrong is said with its place, all at once, before anything starts.
package config

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Prefix starts the name of every environment variable that sets a value.
const Prefix = "MAINSTEM_"

// Validator is what a settings type implements to check itself. It returns a Problem or Problems, whose paths are relative to
// the value ("" is the value itself), any other error, or several joined by errors.Join.
type Validator interface{ Validate() error }

// Discreet is what the type of a setting implements if a value may hold a secret, such as a URL with a password. Messages say where it stands in
// the file, and do not show the line.
type Discreet interface{ Discreet() }

// Load gives the settings: the defaults, changed by the file, changed by environ (in the form of os.Environ), and valid. T is a
// struct. Its fields are set by the names of their yaml tags and may be strings, booleans, integers, floats, Duration, Bytes,
// Secret, time.Duration, anything with UnmarshalText, lists of these, structs, and maps by name; what a map's entry does not
// say stays as the entry of the same name in defaults has it. Names are of letters and digits, with hyphens and underscores, unless the
// map's keys are strings of a type with UnmarshalText, which then says which names there are. An empty file name means that there is no file.
//
// Every single value is set by one variable: sources.catalog.baseUrl by MAINSTEM_SOURCES_CATALOG_BASE_URL, lists with commas. A
// secret is set by two: one holds it, the other, whose name ends in _FILE, says where it stands. A variable sets entries of a map that
// the defaults or the file name; it makes no new ones. A variable with the prefix that sets nothing is refused, so take those that
// the program reads by itself out of environ.
//
// The error is Problems, or says why the file cannot be read. The settings share no map and no list with defaults, but for fields
// whose tag is "-".
func Load[T any](file string, environ []string, defaults T) (T, error) {
	settings := defaults
	l := &loading{file: file, environ: variables(environ), read: map[string]bool{}, hidden: map[string]bool{}, origins: map[string]origin{}}
	if err := l.load(reflect.ValueOf(&settings).Elem()); err != nil {
		var none T
		return none, err
	}
	return settings, nil
}

// loading is one run of Load.
type loading struct {
	file     string
	lines    []string          // the file's, for excerpts
	environ  map[string]string // the variables, secrets' own ones included
	read     map[string]bool   // variables that the file names as the place of a secret
	origins  map[string]origin // by path: where the value was set last
	hidden   map[string]bool   // by path: what is Discreet
	problems Problems
}

// origin is where a value was set: at a place in the file, or by a variable.
type origin struct {
	line, column int
	variable     string
}

func (l *loading) load(root reflect.Value) error {
	if root.Kind() != reflect.Struct {
		return fmt.Errorf("config: settings are a struct, not %s", root.Type())
	}
	hide := func(v reflect.Value, path string) {
		if _, ok := v.Interface().(Discreet); ok {
			l.hidden[path] = true
		}
	}
	if err := visit(root, "", hide); err != nil {
		return err
	}
	if err := l.readFile(root); err != nil {
		return err
	}
	// Each stage would report the consequences of what the stage before it has found.
	for _, stage := range []func(reflect.Value){l.setFromEnviron, l.validate} {
		if len(l.problems) > 0 {
			break
		}
		stage(root)
	}
	if len(l.problems) > 0 {
		return l.problems
	}
	return nil
}

func variables(environ []string) map[string]string {
	vars := make(map[string]string, len(environ))
	for _, entry := range environ {
		if name, value, ok := strings.Cut(entry, "="); ok {
			vars[name] = value
		}
	}
	return vars
}

// report adds a problem with the place where the value at path was set.
func (l *loading) report(path, message string) {
	l.reportAt(l.originOf(path), path, message)
}

func (l *loading) reportAt(at origin, path, message string) {
	p := Problem{Path: path, Message: message}
	switch {
	case at.variable != "":
		p.Where = at.variable
	case at.line > 0:
		p.Where = fmt.Sprintf("%s:%d:%d", l.file, at.line, at.column)
		if !l.hidden[path] {
			p.excerpt = excerpt(l.lines, at.line, at.column)
		}
	}
	if !slices.Contains(l.problems, p) { // an embedded struct's check is its holder's too
		l.problems = append(l.problems, p)
	}
}

// originOf gives where the value at path was set, or else the nearest of those that hold it.
func (l *loading) originOf(path string) origin {
	for {
		if at, ok := l.origins[path]; ok {
			return at
		}
		dot := strings.LastIndexByte(path, '.')
		if dot < 0 {
			return origin{}
		}
		path = path[:dot]
	}
}

// validate asks every value that can check itself.
func (l *loading) validate(root reflect.Value) {
	err := visit(root, "", func(v reflect.Value, path string) {
		if v, ok := v.Addr().Interface().(Validator); ok {
			l.reportError(path, v.Validate())
		}
	})
	l.reportError("", err)
}

func (l *loading) reportError(path string, err error) {
	if err == nil {
		return
	}
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		for _, err := range several.Unwrap() {
			l.reportError(path, err)
		}
		return
	}
	if p, ok := errors.AsType[Problem](err); ok {
		l.report(join(path, p.Path), p.Message)
		return
	}
	l.report(path, err.Error())
}

// Problem is one thing that is wrong with the settings. It is an error.
type Problem struct {
	Path    string // such as sources.catalog.url
	Message string // what is wanted instead, for an operator
	Where   string // the file with line and column, or the variable; Load sets it

	excerpt string
}

// Problemf makes a problem of what is wrong at a path.
func Problemf(path, format string, args ...any) Problem {
	return Problem{Path: path, Message: fmt.Sprintf(format, args...)}
}

// Below gives the problem as one of whoever holds the settings at path.
func (p Problem) Below(path string) Problem {
	p.Path = join(path, p.Path)
	return p
}

// Error gives the place, the path and what is wrong; below it, the line of the file.
func (p Problem) Error() string {
	var parts []string
	for _, part := range []string{p.Where, p.Path, p.Message} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, ": ") + p.excerpt
}

// Problems are all that is wrong with the settings, in the order of the file or of the settings.
type Problems []Problem

// Error gives one problem after the other.
func (ps Problems) Error() string {
	texts := make([]string, len(ps))
	for i, p := range ps {
		texts[i] = p.Error()
	}
	return strings.Join(texts, "\n")
}

// Unwrap gives the problems as errors.
func (ps Problems) Unwrap() []error {
	errs := make([]error, len(ps))
	for i, p := range ps {
		errs[i] = p
	}
	return errs
}

const maxExcerpt = 160

// excerpt shows a line of the file and where in it. It is one line only: a neighbour may hold what was meant to be secret.
func excerpt(lines []string, line, column int) string {
	if line > len(lines) {
		return ""
	}
	text := []rune(strings.TrimRight(lines[line-1], "\r"))
	text = text[:min(len(text), maxExcerpt)]
	column = max(1, min(column, len(text)+1))
	number := fmt.Sprint(line)
	return fmt.Sprintf("\n  %s | %s\n  %*s | %*s", number, string(text), len(number), "", column, "^")
}

// nearest gives those of the names that are like the wanted one, at most three, the likest first.
func nearest(wanted string, names []string) []string {
	type candidate struct {
		name     string
		distance int
	}
	var found []candidate
	for _, name := range names {
		if d := distance(strings.ToLower(wanted), strings.ToLower(name)); d <= max(2, len(wanted)/3) {
			found = append(found, candidate{name, d})
		}
	}
	slices.SortStableFunc(found, func(a, b candidate) int { return cmp.Compare(a.distance, b.distance) })
	var likest []string
	for _, c := range found[:min(3, len(found))] {
		likest = append(likest, c.name)
	}
	return likest
}

// distance counts the letters to insert, remove or replace to make b of a (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(row[j]+1, row[j+1]+1, replaced)
		}
	}
	return row[len(b)]
}
