package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"hash/crc32"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mainstem/mainstem/demo/breaking"
	"github.com/mainstem/mainstem/platform/exec/exectest"
	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/telemetry"
	"github.com/mainstem/mainstem/platform/upstream"
	"github.com/mainstem/mainstem/server"
)

var (
	randomOperations = flag.Int("exec.operations", defaultOperations, "how many random operations are compared")
	randomSeed       = flag.Uint64("exec.seed", 1, "what decides those of the first part; the others count on from it")
)

// parts is how many parts of the operations are asked at once, each in front of a shop of its own: most of the time is spent in waiting, for
// the reviews above all, which take 30 ms for a call.
const parts = 6

// TestRandomOperations asks gateways of both executors the same of the same shop, and compares their answers: data as text, HTTP status,
// and the errors' paths and codes.
//
// None of the departures of gqlgen's executor that exectest allows for can be met here: no object implements two interfaces, every scalar
// can be written, and there are no subscriptions. A schema that grows such things needs exectest.Merging and the others.
func TestRandomOperations(t *testing.T) {
	t.Parallel()
	var all sync.WaitGroup
	for part := range uint64(parts) {
		all.Go(func() {
			t.Run(fmt.Sprintf("part %d", part), func(t *testing.T) { compareRandom(t, (*randomOperations+parts-1)/parts, *randomSeed+part) })
		})
	}
	all.Wait()
}

// compareRandom compares the answers to so many operations.
func compareRandom(t *testing.T, n int, seed uint64) {
	t.Helper()
	r := rivals(t)
	schema := theSchema(t)
	small(schema)
	x := exectest.Examination{
		Schema: schema,
		Limits: exectest.Limits{Depth: 6, Fields: 100, Values: valuesOf(t, r.of("compiled", situation{}))},
		Want:   r.asking("gqlgen"),
		Got:    r.asking("compiled"),
		Folder: "testdata/random",
	}
	x.Run(t, n, seed)
	if t.Failed() {
		t.Logf("the last case, which is the one that was found if one was, had the situation %+v", r.last)
	}
}

// situation is what an answer depends on beside the operation.
type situation struct {
	caller   string
	down     []string // services that answer only that they cannot
	refusing string   // a service that nobody can connect to; empty for none
	traced   bool     // whether the answer is to tell what was run for it
}

// situationOf gives the situation that a case's seed stands for. In most of them all is well; in the others one or two services are not.
// Nothing in it is left to chance, or to which keys are asked for together: each call of a service fails, or none does.
func situationOf(seed uint64) situation {
	r := rand.New(rand.NewPCG(seed, 0))
	s := situation{caller: []string{"", "customer", "support", "support"}[r.IntN(4)], traced: r.IntN(3) == 0}
	for _, i := range r.Perm(len(services))[:max(0, r.IntN(5)-2)] {
		if s.refusing == "" && r.IntN(2) == 0 {
			s.refusing = services[i]
		} else {
			s.down = append(s.down, services[i])
		}
	}
	return s
}

// rival names a gateway.
type rival struct{ executor, refusing string }

// rivalry is the gateways in front of one demo, which are asked one at a time.
type rivalry struct {
	t        *testing.T
	gateways map[rival]*stack
	tokens   map[string]string // by caller
	last     situation
}

// rivals starts a demo, and gateways of both executors in front of it. A service refuses a gateway that is not told where it is: the
// port of one that is shut could be taken by any other test.
func rivals(t *testing.T) *rivalry {
	t.Helper()
	r := &rivalry{t: t, gateways: map[rival]*stack{}, tokens: map[string]string{}}
	first := start(t, options{})
	for _, caller := range []string{"", "customer", "support"} {
		r.tokens[caller] = first.token(t, caller)
	}
	log := telemetry.NewLogger(t.Output(), slog.LevelError)
	for _, executor := range []string{"compiled", "gqlgen"} {
		for _, refusing := range append([]string{""}, services...) {
			config := "executor: " + executor + "\nbatchWindow: 100us\ntraceScope: '*'\n"
			if refusing != "" {
				config += "sources: {" + refusing + ": {url: " + server.NoService + "}}\n"
			}
			s := &stack{demo: first.demo, client: first.client}
			c := configOf(t, s.demo, config, nil)
			c.Telemetry.Processor = nil // nobody looks at the spans
			for name, source := range c.Sources {
				source.Policy = upstream.Policy{} // of which the breaker would go on refusing what the next operation finds well again
				c.Sources[name] = source
			}
			s.run(t, c, log, options{})
			r.gateways[rival{executor, refusing}] = s
		}
	}
	return r
}

// of gives the gateway of an executor for a situation, and puts the services into it.
func (r *rivalry) of(executor string, s situation) *stack {
	gateway := r.gateways[rival{executor, s.refusing}]
	for _, service := range services {
		if err := gateway.demo.Break(service, breaking.Break{Down: slices.Contains(s.down, service)}); err != nil {
			r.t.Error(err)
		}
	}
	r.last = s
	return gateway
}

// asking gives what answers cases by an executor.
func (r *rivalry) asking(executor string) func(context.Context, uint64, exectest.Operation) []*graphql.Response {
	return func(ctx context.Context, seed uint64, o exectest.Operation) []*graphql.Response {
		answer, err := r.ask(ctx, executor, situationOf(seed), o)
		if err != nil {
			r.t.Errorf("%v, from %s in the situation %+v, to\n%s", err, executor, situationOf(seed), o)
		}
		return []*graphql.Response{answer}
	}
}

// ask gives the answer of an executor. What else is to be equal, the status and the data as it is written, is among its errors.
func (r *rivalry) ask(ctx context.Context, executor string, s situation, o exectest.Operation) (*graphql.Response, error) {
	gateway := r.of(executor, s)
	body, err := json.Marshal(map[string]any{"query": o.Query, "variables": o.Variables, "operationName": o.OperationName})
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, gateway.url+"/graphql", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/graphql-response+json")
	if token := r.tokens[s.caller]; token != "" {
		request.Header.Set("Authorization", token)
	}
	if s.traced {
		request.Header.Set(server.TraceHeader, "1")
	}
	reply, err := gateway.exchange(request)
	if err != nil {
		return nil, err
	}
	var answer graphql.Response
	if err := json.Unmarshal(reply.body, &answer); err != nil {
		return nil, fmt.Errorf("%w in %.500s", err, reply.body)
	}
	err = sound(&answer, executor, s)
	answer.Errors = append(answer.Errors, gqlerror.Errorf("status %d, text %08x", reply.status, crc32.ChecksumIEEE(answer.Data)))
	return &answer, err
}

// sound says what is wrong with an answer whatever the other executor's is.
func sound(answer *graphql.Response, executor string, s situation) error {
	for _, e := range answer.Errors {
		if exectest.Class(e) == string(fault.Internal) {
			return fmt.Errorf("a defect of the gateway: %w", e)
		}
	}
	trace, traced := answer.Extensions["trace"].(map[string]any)
	switch executed := len(answer.Data) > 0; {
	case traced && trace["executor"] != executor:
		return fmt.Errorf("it was executed by %v: %v", trace["executor"], trace["reason"])
	case traced != (executed && s.traced):
		return errors.New("it tells how it was executed without being asked, or does not though it is")
	}
	return nil
}
