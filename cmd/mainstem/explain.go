package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mainstem/mainstem/platform/config"
	"github.com/mainstem/mainstem/platform/explain"
	"github.com/mainstem/mainstem/server"
)

type explainCommand struct {
	Query string `arg:"" help:"The operation: its text, the name of a file that has it, or - for standard input."`

	Config    string `help:"The configuration of the gateway that would execute it: its limits, its executor, and what stands in place of what fails. Without it, the defaults." type:"existingfile" placeholder:"FILE"`
	Variables string `help:"The operation's variables, as a JSON object." placeholder:"JSON"`
	Operation string `help:"Which of the document's operations." placeholder:"NAME"`
	JSON      bool   `name:"json" help:"Print JSON."`
}

// errExplained is the error of an operation that is refused: what is wrong with it has been printed.
var errExplained = errors.New("the operation would be refused")

// Help says more of the command than its first line.
func (explainCommand) Help() string {
	return "It prints what would be called for an operation, in which order and how often at most, who may have it, what is lost with each service, and what it costs. " +
		"Nothing is called, and no gateway need run. For example: mainstem explain '{ categories { name } }'"
}

// Run explains the operation.
func (c explainCommand) Run(ctx context.Context) error {
	name, text, err := c.document()
	if err != nil {
		return err
	}
	q := server.Question{Document: text, Operation: c.Operation}
	if c.Variables != "" {
		decoder := json.NewDecoder(strings.NewReader(c.Variables))
		decoder.UseNumber() // as the gateway reads them
		if err := decoder.Decode(&q.Variables); err != nil {
			return fmt.Errorf("--variables: this is no JSON object: %w", err)
		}
	}
	settings := server.DefaultConfig()
	if c.Config != "" {
		if settings, err = config.Load(c.Config, os.Environ(), settings); err != nil {
			return fmt.Errorf("the configuration is not valid:\n%w", err)
		}
	}
	plan, errs := server.Explain(ctx, settings, q)
	if err := c.print(os.Stdout, name, text, plan, errs); err != nil {
		return err
	}
	if errs != nil || plan.Refused != "" {
		return errExplained
	}
	return nil
}

// document gives the operation's document, and what errors call it.
func (c explainCommand) document() (name, text string, err error) {
	switch {
	case c.Query == "-":
		all, err := io.ReadAll(os.Stdin)
		return "standard input", string(all), err
	case strings.Contains(c.Query, "{"):
		return "operation", c.Query, nil
	}
	all, err := os.ReadFile(c.Query)
	if err != nil {
		return "", "", fmt.Errorf("this is neither an operation nor a file that can be read: %w", err)
	}
	return c.Query, string(all), nil
}

// print prints the plan, or what is wrong.
func (c explainCommand) print(w io.Writer, name, text string, plan *explain.Plan, errs gqlerror.List) error {
	if !c.JSON {
		said := explain.Problems(name, text, errs)
		switch {
		case errs == nil:
			said = plan.Text()
		case c.Variables == "" && strings.Contains(said, `Variable "$`):
			said += "\nVariables are given by --variables '{\"name\": value}'.\n"
		}
		_, err := io.WriteString(w, said)
		return err
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if errs != nil {
		return encoder.Encode(map[string]any{"errors": errs})
	}
	return encoder.Encode(plan)
}
