package server

import (
	"context"
	"maps"
	"net/http"
	"slices"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/handler/extension"
	"github.com/klauspost/compress/gzhttp"
	"github.com/rs/cors"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/mainstem/mainstem/graph"
	"github.com/mainstem/mainstem/platform/authn"
	"github.com/mainstem/mainstem/platform/authz"
	"github.com/mainstem/mainstem/platform/exec"
	"github.com/mainstem/mainstem/platform/fault"
	"github.com/mainstem/mainstem/platform/limit"
	"github.com/mainstem/mainstem/platform/loader"
	"github.com/mainstem/mainstem/platform/telemetry"
	"github.com/mainstem/mainstem/platform/telemetry/live"
	"github.com/mainstem/mainstem/platform/transport"
	"github.com/mainstem/mainstem/platform/upstream"
	"github.com/mainstem/mainstem/resolvers"
	"github.com/mainstem/mainstem/sources"
)

// stage is what every request passes, or every request of GraphQL.
type stage = func(http.Handler) http.Handler

// pipeline gives the handler of every request. The order of its stages is the order below: the first sees a request first.
func (s *Server) pipeline() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/graphql", through(s.graphQL(),
		s.deadline,      // first, before everything that can wait, such as for the keys of a token's issuer
		s.identify,      // before anything that depends on the caller
		s.passInputs,    // with the caller known: what sources may pass on
		s.explain,       // likewise: who may see how an answer came about
		s.returnHeaders, // last, since only what sources answer is in it
	))
	mux.HandleFunc("GET /healthz", s.alive)
	mux.HandleFunc("GET /readyz", s.ready)
	if shown := s.tracing.Metrics(); shown != nil {
		mux.Handle("GET /metrics", shown)
	}
	if s.config.Playground {
		page := s.playground()
		mux.Handle("GET /{$}", page)
		mux.Handle("GET /playground/", page)
	}
	return through(mux,
		s.observe, // first, so that whatever happens has a trace id, a request id and a line in the log
		s.cors,    // before who is calling: a browser's preflight has no token
		packed,    // around all that has an answer
	)
}

// through gives a handler behind stages.
func through(h http.Handler, stages ...stage) http.Handler {
	for _, s := range slices.Backward(stages) {
		h = s(h)
	}
	return h
}

// graphQL gives the handler of GraphQL requests. Extensions run in their order.
func (s *Server) graphQL() http.Handler {
	options := exec.Options{
		Gqlgen:  s.config.Executor == executorGqlgen,
		Loaders: loader.Options{Window: s.config.BatchWindow.Std(), Tracer: s.tracer, Left: s.tracing.Batches()},
		Step:    live.Steps(s.tracing.Step),
		Degrade: s.config.degradations(),
	}
	if s.config.ShareOperations {
		options.Share = &exec.Sharing{Identity: s.identity}
	}
	schema := graph.NewCompiledSchema(graph.Config{
		Schema:     served(),
		Resolvers:  resolvers.NewResolver(s.sources, s.workflows),
		Directives: graph.DirectiveRoot{Authenticated: authz.Authenticated, RequiresScopes: authz.RequiresScopes},
	}, options)
	engine := transport.NewEngine(schema, transport.Options{
		Present: s.present,
		Recover: fault.Recover,
		Limits:  s.config.Limits,
		Costs:   s.costs,
		Price:   func(oc *graphql.OperationContext, p limit.Price) { live.Price(oc, int64(p.Cost)) },
		Suggest: s.config.Introspection, // else errors would tell the schema's names
		Extensions: []graphql.HandlerExtension{
			s.tracing.GraphQL(), // first, so that refused operations are traced too
			s.live,              // within the operation's span, which its lines in the log name
			s.tracing.Operations(s.known.Trusted),
			&limit.Arguments{Scalars: sources.Scalars},
			introspection(s.config),
			s.known,
		},
	})
	s.measure(schema, engine)
	return transport.NewHandler(engine,
		s.webSockets(),
		transport.NewSSE(s.streams, 0),
		transport.HTTP{ // last, since it takes what no other does
			MaxBodyBytes: int64(s.config.Limits.Bytes), MaxAge: s.config.MaxAge.Std(), Vary: append(s.clients.headers(), TraceHeader, transport.CostHeader),
			Personal: func(ctx context.Context) bool { _, known := authn.From(ctx); return known },
			Streams:  s.streams, Origins: s.config.CORS.AllowedOrigins,
		})
}

// introspection lets clients read the schema, or refuses them.
func introspection(c Config) graphql.HandlerExtension {
	if c.Introspection {
		return extension.Introspection{}
	}
	return limit.NoIntrospection{}
}

// served gives the schema as clients have it: without what only the generator reads.
func served() *ast.Schema {
	schema := *graph.NewExecutableSchema(graph.Config{}).Schema()
	schema.Directives = maps.Clone(schema.Directives)
	delete(schema.Directives, "goField")
	return &schema
}

func (s *Server) observe(next http.Handler) http.Handler {
	return s.tracing.Middleware(next, s.log, "/graphql", "/healthz", "/readyz", "/metrics", "/")
}

// allowedHeaders are those that pages of other origins may send, beside those that sources are given: the gateway's, and those of clients who say who they are.
var allowedHeaders = []string{
	"Authorization", "Content-Type", "Accept", "Accept-Language", "Cache-Control",
	telemetry.RequestIDHeader, TraceHeader, TimeoutHeader, transport.CostHeader, transport.TokenHeader, "Traceparent", "Tracestate", "Baggage",
	"GraphQL-Preflight", "Apollo-Require-Preflight", "X-Requested-With",
	"X-Apollo-Operation-Name", "X-Apollo-Operation-Id", "Apollographql-Client-Name", "Apollographql-Client-Version",
	"Graphql-Client-Name", "Graphql-Client-Version",
}

// cors lets pages of the allowed origins ask. It never allows credentials: the gateway knows no cookies.
func (s *Server) cors(next http.Handler) http.Handler {
	if len(s.config.CORS.AllowedOrigins) == 0 {
		return next // to the library, no origins would be all of them
	}
	return cors.New(cors.Options{
		AllowedOrigins: s.config.CORS.AllowedOrigins,
		AllowedMethods: []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete}, // the latter for SSE over one connection
		AllowedHeaders: append(slices.Clone(allowedHeaders), s.clients.forwarded()...),
		ExposedHeaders: append([]string{telemetry.RequestIDHeader, telemetry.TraceIDHeader}, s.config.returned()...),
		MaxAge:         600, // seconds
	}).Handler(next)
}

// leastPacked is the size of the smallest answer that is worth packing.
const leastPacked = 1 << 10

// packed packs answers by zstd or gzip for clients who accept it. Their length is blurred a little, so that nobody who sees it can guess what
// is in them.
func packed(next http.Handler) http.Handler {
	wrap, err := gzhttp.NewWrapper(gzhttp.MinSize(leastPacked), gzhttp.RandomJitter(32, 0, false), gzhttp.ContentTypes([]string{
		"application/json", "application/graphql-response+json", "text/html", "text/javascript", "text/css", "image/svg+xml",
	}))
	if err != nil {
		panic(err) // of options that do not fit each other
	}
	return wrap(next)
}

// identify finds out who is calling. A bad token is refused; no token is nobody.
func (s *Server) identify(next http.Handler) http.Handler {
	return s.verifier.Middleware(next, func(w http.ResponseWriter, r *http.Request, f *fault.Error) {
		s.tokenRefused(r.Context(), f)
		live.Refused(r.Context(), string(f.Code))
		status := http.StatusServiceUnavailable // the issuer's keys cannot be had
		switch f.Code {
		case fault.Unauthenticated:
			status = http.StatusUnauthorized
		case fault.DeadlineExceeded:
			status = http.StatusGatewayTimeout
		default:
		}
		transport.Refuse(w, status, s.present(r.Context(), f))
	})
}

func (s *Server) passInputs(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen := upstream.Request{Header: r.Header, Baggage: upstream.RequestOf(r.Context()).Baggage, Reserve: s.reserve(r.Context()), Fresh: noCache(r.Header.Values("Cache-Control"))}
		seen.Claims = claimsOf(r.Context())
		next.ServeHTTP(w, r.WithContext(upstream.WithRequest(r.Context(), seen)))
	})
}

// TraceHeader asks for extensions.trace.
const TraceHeader = "Mainstem-Trace"

// explain has the answers of those who ask, and may, tell in extensions.trace what was run for them.
func (s *Server) explain(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get(TraceHeader) != "" && s.mayTrace(r.Context()) {
			r = r.WithContext(exec.WithTrace(r.Context()))
		}
		next.ServeHTTP(w, r)
	})
}

func (s *Server) mayTrace(ctx context.Context) bool {
	switch s.config.TraceScope {
	case "":
		return false
	case everybody:
		return true
	}
	caller, known := authn.From(ctx)
	return known && caller.HasScopes(s.config.TraceScope)
}
