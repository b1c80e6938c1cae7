package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mainstem/mainstem/platform/exec/exectest"
)

// TestDeferredAnswersSayTheSame asks random operations with @defer as parts, and as one answer: the parts together, as clients merge them, are that.
func TestDeferredAnswersSayTheSame(t *testing.T) {
	t.Parallel()
	s := start(t, options{config: "batchWindow: 100us\n"})
	token := s.token(t, "support")
	schema := theSchema(t)
	small(schema)
	var inParts atomic.Int64
	one := func(ctx context.Context, o exectest.Operation, accept string) (reply, error) {
		body, err := json.Marshal(map[string]any{"query": o.Query, "variables": o.Variables, "operationName": o.OperationName})
		if err != nil {
			return reply{}, err
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/graphql", bytes.NewReader(body))
		if err != nil {
			return reply{}, err
		}
		r.Header = http.Header{"Content-Type": {"application/json"}, "Accept": {accept}, "Authorization": {token}}
		return s.exchange(r)
	}
	answer := func(accept string) func(context.Context, uint64, exectest.Operation) []*graphql.Response {
		return func(ctx context.Context, _ uint64, o exectest.Operation) []*graphql.Response {
			r, err := one(ctx, o, accept)
			var data any
			if err == nil {
				data, err = merged(r)
			}
			if strings.HasPrefix(r.header.Get("Content-Type"), "multipart/") {
				inParts.Add(1)
			}
			text, failed := json.Marshal(data) // keys are sorted
			if err != nil || failed != nil {
				return []*graphql.Response{{Errors: gqlerror.List{gqlerror.Errorf("%v %v", err, failed)}}}
			}
			return []*graphql.Response{{Data: text}}
		}
	}
	for format, accept := range map[string]string{
		"of 2022": "multipart/mixed;deferSpec=20220824, application/json", "v0.2": "multipart/mixed;incrementalSpec=v0.2, application/json",
	} {
		t.Run(format, func(t *testing.T) {
			before, n := inParts.Load(), *randomOperations/3
			x := exectest.Examination{
				Schema: schema,
				Limits: exectest.Limits{Depth: 5, Fields: 60, Defer: true, Values: valuesOf(t, s)},
				Want:   answer("application/json"), Got: answer(accept),
			}
			x.Run(t, n, *randomSeed+100)
			if got := inParts.Load() - before; got < int64(n)/2 {
				t.Errorf("of %d answers, %d came in parts", n, got)
			}
		})
	}
}

// patch is a part of an answer, of either format.
type patch struct {
	Data    any
	Pending []struct {
		ID   string
		Path []any
	}
	Incremental []struct {
		ID            string
		Path, SubPath []any
		Data          map[string]any
	}
	HasNext bool
}

// merged gives the data of an answer, whose parts are merged.
func merged(r reply) (any, error) {
	media, params, err := mime.ParseMediaType(r.header.Get("Content-Type"))
	if err != nil {
		return nil, err
	}
	if media != "multipart/mixed" {
		var p patch
		err := json.Unmarshal(r.body, &p)
		return p.Data, err
	}
	reader := multipart.NewReader(bytes.NewReader(r.body), params["boundary"])
	var data any
	at := map[string][]any{}
	for n, more := 0, true; more; n++ {
		part, err := reader.NextPart()
		if err != nil {
			return nil, err
		}
		var p patch
		if err := json.NewDecoder(part).Decode(&p); err != nil {
			return nil, err
		}
		if n == 0 {
			data = p.Data
		}
		for _, pending := range p.Pending {
			at[pending.ID] = pending.Path
		}
		for _, i := range p.Incremental {
			path := i.Path
			if i.ID != "" {
				path = append(append([]any{}, at[i.ID]...), i.SubPath...)
			}
			if err := mergeAt(data, path, i.Data); err != nil {
				return nil, err
			}
		}
		more = p.HasNext
	}
	return data, nil
}

// mergeAt merges an object into the one at a path.
func mergeAt(data any, path []any, object map[string]any) error {
	for _, step := range path {
		switch v := data.(type) {
		case map[string]any:
			data = v[fmt.Sprint(step)]
		case []any:
			data = v[int(step.(float64))]
		}
	}
	into, ok := data.(map[string]any)
	if !ok {
		return fmt.Errorf("there is no object at %v", path)
	}
	mergeInto(into, object)
	return nil
}

func mergeInto(into, object map[string]any) {
	for key, value := range object {
		into[key] = mergeValues(into[key], value)
	}
}

func mergeValues(known, next any) any {
	switch next := next.(type) {
	case map[string]any:
		if known, ok := known.(map[string]any); ok {
			mergeInto(known, next)
			return known
		}
	case []any:
		if known, ok := known.([]any); ok && len(known) == len(next) {
			for i := range next {
				known[i] = mergeValues(known[i], next[i])
			}
			return known
		}
	}
	return next
}
