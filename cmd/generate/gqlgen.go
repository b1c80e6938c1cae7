package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"go/format"
	"os"

	"github.com/99designs/gqlgen/api"
	"github.com/99designs/gqlgen/codegen/config"

	"github.com/mainstem/mainstem/platform/exec/gen"
)

// gateways are the folders with a gqlgen.yml, whose paths are relative to it.
var gateways = []struct {
	folder string
	once   []string     // the directives that decide from the context alone
	after  func() error // what is to be done to the generated code, if anything; it runs in the folder
}{
	{folder: ".", once: []string{"authenticated", "requiresScopes"}, after: func() error { return renameSources("graph/root_.generated.go") }},
	{folder: "platform/exec/exectest/testdata/zoo", once: []string{"members", "sealed"}},
	{folder: "bench/posts"},
}

// gqlgen turns each gateway's schema into Go, and adds what is missing to its resolvers.
func gqlgen(context.Context) error {
	for _, g := range gateways {
		if err := gateway(g.folder, g.once, g.after); err != nil {
			return fmt.Errorf("%s: %w", g.folder, err)
		}
	}
	return nil
}

func gateway(folder string, once []string, after func() error) (err error) {
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	if err := os.Chdir(folder); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Chdir(root)) }()
	cfg, err := config.LoadConfig("gqlgen.yml")
	if err != nil {
		return err
	}
	cfg.SkipValidation = true // the compiler validates, after what is done to the code
	if err := api.Generate(cfg, api.AddPlugin(&gen.Plugin{Once: once})); err != nil {
		return err
	}
	if after == nil {
		return nil
	}
	return after()
}

// renameSources renames the variable "sources" of gqlgen's code. It hides our package of that name, whose import gqlgen
// therefore takes for unused and drops.
func renameSources(file string) error {
	code, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	for _, r := range [][2]string{
		{"\t\"github.com/99designs/gqlgen/graphql\"\n", "\t\"github.com/99designs/gqlgen/graphql\"\n\t\"github.com/mainstem/mainstem/sources\"\n"},
		{"var sources = []*ast.Source{", "var schemaSources = []*ast.Source{"},
		{"gqlparser.MustLoadSchema(sources...)", "gqlparser.MustLoadSchema(schemaSources...)"},
	} {
		if bytes.Count(code, []byte(r[0])) != 1 {
			return fmt.Errorf("%s: %q is not there once: gqlgen has changed", file, r[0])
		}
		code = bytes.Replace(code, []byte(r[0]), []byte(r[1]), 1)
	}
	code, err = format.Source(code)
	if err != nil {
		return err
	}
	return os.WriteFile(file, code, 0o644)
}
