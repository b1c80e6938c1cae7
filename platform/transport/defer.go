package transport

import (
	"context"
	stdjson "encoding/json"
	"net/http"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mainstem/mainstem/platform/exec"
)

// format is one of the ways in which answers with @defer are written: as parts of multipart/mixed, whose media type names it.
type format struct {
	offer
	spec  string // as answers name it
	whole bool   // whether its clients want fragments as they stand
	first func(response *graphql.Response, i *exec.Incremental) any
	later func(response *graphql.Response, i *exec.Incremental) any
}

// formats are those that clients speak: the incremental delivery RFC's of 2024, and what Apollo's clients have had since 2022.
var formats = []format{
	{offer{mediaMultipart, map[string]string{"incrementalspec": "v0.2"}}, "incrementalSpec=v0.2", false, firstPending, laterPending},
	{offer{mediaMultipart, map[string]string{"deferspec": "20220824"}}, "deferSpec=20220824", true, firstOf2022, laterOf2022},
}

// incremental gives the format that a client names, whatever else it likes better: an answer without anything deferred is one anyway. It is nil for
// a client that names none.
func (a accept) incremental() *format {
	var best *format
	weight := 0.0
	for i := range formats {
		for _, r := range a {
			if r.names(formats[i].offer) > 2 && r.weight > weight {
				best, weight = &formats[i], r.weight
			}
		}
	}
	return best
}

// part is a part of an answer, in any of the formats.
type part struct {
	Data        stdjson.RawMessage `json:"data,omitempty"`
	Errors      gqlerror.List      `json:"errors,omitempty"`
	Pending     []pending          `json:"pending,omitempty"`
	Incremental []increment        `json:"incremental,omitempty"`
	Completed   []completed        `json:"completed,omitempty"`
	HasNext     bool               `json:"hasNext"`
	Extensions  map[string]any     `json:"extensions,omitempty"`
}

type pending struct {
	ID    string   `json:"id"`
	Path  ast.Path `json:"path"`
	Label string   `json:"label,omitempty"`
}

type increment struct {
	ID      string             `json:"id,omitempty"`
	SubPath ast.Path           `json:"subPath,omitempty"`
	Label   string             `json:"label,omitempty"`
	Path    *ast.Path          `json:"path,omitempty"` // of the format of 2022, which has an empty one too
	Data    stdjson.RawMessage `json:"data"`
	Errors  gqlerror.List      `json:"errors,omitempty"`
}

type completed struct {
	ID     string        `json:"id"`
	Errors gqlerror.List `json:"errors,omitempty"`
}

func firstPending(response *graphql.Response, i *exec.Incremental) any {
	return part{Data: response.Data, Errors: response.Errors, Pending: pendingOf(i), HasNext: i.HasNext, Extensions: response.Extensions}
}

func laterPending(response *graphql.Response, i *exec.Incremental) any {
	p := part{Pending: pendingOf(i), HasNext: i.HasNext, Extensions: response.Extensions}
	for _, one := range i.Parts {
		p.Incremental = append(p.Incremental, increment{ID: one.ID, SubPath: one.SubPath, Data: one.Data, Errors: one.Errors})
	}
	for _, one := range i.Completed {
		p.Completed = append(p.Completed, completed{one.ID, one.Errors})
	}
	return p
}

func pendingOf(i *exec.Incremental) []pending {
	var list []pending
	for _, one := range i.Pending {
		list = append(list, pending{one.ID, orRoot(one.Path), one.Label})
	}
	return list
}

// orRoot gives a path, which for the root is an empty list and not null.
func orRoot(path ast.Path) ast.Path {
	if path == nil {
		return ast.Path{}
	}
	return path
}

func firstOf2022(response *graphql.Response, i *exec.Incremental) any {
	return part{Data: response.Data, Errors: response.Errors, HasNext: i.HasNext, Extensions: response.Extensions}
}

// laterOf2022 does not tell what is pending. What failed has null as its data.
func laterOf2022(response *graphql.Response, i *exec.Incremental) any {
	p := part{HasNext: i.HasNext, Extensions: response.Extensions}
	add := func(path ast.Path, label string, data []byte, errs gqlerror.List) {
		path = orRoot(path)
		p.Incremental = append(p.Incremental, increment{Label: label, Path: &path, Data: data, Errors: errs})
	}
	for _, one := range i.Parts {
		add(one.Path, one.Label, one.Data, one.Errors)
	}
	for _, one := range i.Completed {
		if len(one.Errors) > 0 {
			add(one.Path, one.Label, []byte("null"), one.Errors)
		}
	}
	return p
}

// incrementally answers a query or a mutation by parts in a format, or with one answer if nothing of it is deferred and the client reads JSON. The
// answer has that if it is one.
func (s *Streams) incrementally(ctx context.Context, w http.ResponseWriter, executor graphql.GraphExecutor, oc *graphql.OperationContext, f *format, single bool) (*graphql.Response, context.Context) {
	i := &exec.Incremental{Whole: f.whole}
	respond, ctx := executor.DispatchOperation(exec.WithIncremental(ctx, i), oc)
	response := respond(ctx)
	if response == nil || len(response.Data) == 0 || single && !i.HasNext {
		return response, ctx
	}
	parts := s.beginParts(w, "-", f.spec)
	body := f.first(response, i)
	for {
		text, err := stdjson.Marshal(body)
		if err != nil {
			text = []byte(unwritable)
		}
		if parts.Part(text) != nil {
			return nil, nil // the client has gone
		}
		if err != nil || !i.HasNext {
			_ = parts.End()
			return nil, nil
		}
		if response = respond(ctx); response == nil {
			response = &graphql.Response{}
			*i = exec.Incremental{}
		}
		body = f.later(response, i)
	}
}
