// Package gateway makes a gateway of one service from what platform has: what stands here is what any gateway has to say.
package gateway

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler"
	"github.com/99designs/gqlgen/graphql/handler/extension"
	"github.com/99designs/gqlgen/graphql/handler/lru"
	gqlgen "github.com/99designs/gqlgen/graphql/handler/transport"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/mainstem/mainstem/bench/posts/graph"
	"github.com/mainstem/mainstem/bench/posts/resolvers"
	"github.com/mainstem/mainstem/bench/posts/typicode"
	"github.com/mainstem/mainstem/platform/exec"
	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/limit"
	"github.com/mainstem/mainstem/platform/transport"
	"github.com/mainstem/mainstem/platform/upstream"
)

// The executors.
const (
	Compiled = "compiled" // platform/exec
	GQLGen   = "gqlgen"   // gqlgen's own, with its transports, as its users have it
)

// Options say what a gateway is made of.
type Options struct {
	Upstream string       // the service's URL
	Executor string       // Compiled or GQLGen
	Share    bool         // whether identical operations that run at the same time share one execution
	Log      *slog.Logger // of faults
}

const (
	requestTimeout = 30 * time.Second // under load, and on a machine that has other things to do, what comes late is no failure
	maxBodyBytes   = 1 << 20
	maxDocuments   = 1000
	maxTokens      = 3000
)

// Gateway answers GraphQL requests at every path. It is safe for concurrent use.
type Gateway struct {
	http.Handler
	service *upstream.HTTP
}

// New makes a gateway. It fails if the options are not acceptable; it does not wait for the service.
func New(o Options) (*Gateway, error) {
	if o.Executor != Compiled && o.Executor != GQLGen {
		return nil, fmt.Errorf("there is no executor %q", o.Executor)
	}
	service, err := upstream.NewHTTP(upstream.Options{Name: typicode.Name, URL: o.Upstream, Timeout: requestTimeout}, typicode.Inputs)
	if err != nil {
		return nil, fmt.Errorf("the service: %w", err)
	}
	options := exec.Options{Gqlgen: o.Executor == GQLGen}
	if o.Share {
		options.Share = &exec.Sharing{Identity: anybody}
	}
	schema := graph.NewCompiledSchema(graph.Config{Resolvers: resolvers.New(typicode.New(service))}, options)
	h := compiled(schema, o)
	if o.Executor == GQLGen {
		h = byGqlgen(schema, o)
	}
	return &Gateway{Handler: deadline(h), service: service}, nil
}

// compiled serves a schema as Mainstem does.
func compiled(schema graphql.ExecutableSchema, o Options) http.Handler {
	engine := transport.NewEngine(schema, transport.Options{
		Present: fault.Presenter(o.Log), Recover: fault.Recover, Limits: limit.Limits{Tokens: maxTokens}, Suggest: true,
		Extensions: []graphql.HandlerExtension{extension.Introspection{}},
	})
	return transport.NewHandler(engine, transport.HTTP{MaxBodyBytes: maxBodyBytes})
}

// byGqlgen serves a schema as gqlgen does.
func byGqlgen(schema graphql.ExecutableSchema, o Options) http.Handler {
	h := handler.New(schema)
	h.AddTransport(gqlgen.GET{})
	h.AddTransport(gqlgen.POST{})
	h.SetErrorPresenter(fault.Presenter(o.Log))
	h.SetRecoverFunc(fault.Recover)
	h.SetQueryCache(lru.New[*ast.QueryDocument](maxDocuments))
	h.SetParserTokenLimit(maxTokens)
	h.Use(extension.Introspection{})
	return h
}

// Close closes the connections to the service.
func (g *Gateway) Close() error { return g.service.Close() }

// anybody is who asks: the service is given nothing of a request, so that its answers are everybody's.
func anybody(context.Context, []string) (string, bool) { return "", true }

// deadline bounds what a request takes.
func deadline(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}
