package main

import (
	"bytes"
	"context"
	"fmt"
	"go/format"
	"os"

	"github.com/99designs/gqlgen/api"
	"github.com/99designs/gqlgen/codegen/config"
)

// gqlgen turns schema/ into graph/ and adds what is missing to resolvers/.
func gqlgen(context.Context) error {
	cfg, err := config.LoadConfig("gqlgen.yml")
	if err != nil {
		return err
	}
	cfg.SkipValidation = true // the compiler validates, after the renaming below
	if err := api.Generate(cfg); err != nil {
		return err
	}
	return renameSources("graph/root_.generated.go")
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
