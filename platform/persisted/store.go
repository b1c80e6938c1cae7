// Package persisted knows documents by a hash or an id, so that clients need not send them: those that clients register themselves, and those of a
// manifest, which may be the only ones that are executed.
package persisted

import (
	"context"
	"log/slog"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/maypok86/otter/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/mainstem/mainstem/platform/fault"
)

// Store knows documents. It is an extension of gqlgen's that calls Resolve and Accepted itself. It is safe for concurrent use.
type Store struct {
	log        *slog.Logger
	registered *otter.Cache[string, string] // texts by their hashes; nil if clients register none
	manifest   *manifestFile                // nil if there is none
	largest    uint32                       // what a registered document may take: one that needs more would push out too many others
	enforce    bool                         // whether the manifest has all that may be executed
	counts     counts
}

var _ interface {
	graphql.HandlerExtension
	graphql.OperationParameterMutator
	graphql.OperationInterceptor
} = (*Store)(nil)

// New makes a store of valid settings, and reads the manifest if there is one. It fails if that cannot be used, and says where it is wrong. The log hears of
// manifests, and of documents that are in none. Nothing has to be closed.
func New(c Config, log *slog.Logger) (*Store, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	s := &Store{log: log, enforce: c.Trusted.Mode == Enforce}
	if c.Trusted.Mode != Off {
		var err error
		if s.manifest, err = openManifest(c.Trusted.Manifest, log); err != nil {
			return nil, err
		}
	}
	if c.Automatic.Enabled && !s.enforce {
		s.largest = uint32(c.Automatic.MaxBytes / share) //nolint:gosec // Validate bounds it
		s.registered = otter.Must(&otter.Options[string, string]{
			MaximumWeight: uint64(c.Automatic.MaxBytes), //nolint:gosec // Validate has it above nothing
			Weigher:       weight,
		})
	}
	return s, nil
}

// What registered documents take.
const (
	overhead = 256 // about what each takes beside its text and its hash
	share    = 16  // no document takes a larger part of all than one of so many
)

// weight gives how much memory a registered document takes, in bytes.
func weight(hash, text string) uint32 {
	return uint32(min(overhead+len(hash)+len(text), 1<<31))
}

// Resolve gives a request that names its document the document's text, and refuses those that may not be executed. It is for before the text is parsed. It
// fails with PERSISTED_QUERY_NOT_FOUND or PERSISTED_QUERY_NOT_SUPPORTED, in the words that Apollo's clients know, with BAD_USER_INPUT if the text is not the
// one that is named, and with FORBIDDEN if it is not in a manifest that is enforced. A request that neither has a text nor names one stays as it is.
func (s *Store) Resolve(ctx context.Context, p *graphql.RawParams) error {
	named, err := nameOf(p)
	if err != nil {
		return err
	}
	var trusted *manifest
	if s.manifest != nil {
		trusted = s.manifest.latest(ctx)
	}
	if strings.TrimSpace(p.Query) != "" {
		return s.check(trusted, named, p.Query)
	}
	if named == (name{}) {
		return nil
	}
	if text, ok := trusted.find(named); ok {
		s.counts.trusted.Add(1)
		p.Query = text
		return nil
	}
	if s.registered != nil {
		if text, ok := s.registered.GetIfPresent(named.hash); ok {
			s.counts.registered.Add(1)
			p.Query = text
			return nil
		}
	}
	if s.registered == nil && trusted == nil {
		s.counts.unsupported.Add(1)
		return fault.New(fault.PersistedNotSupported, "") // in the words that clients know
	}
	s.counts.missing.Add(1)
	return fault.New(fault.PersistedNotFound, "")
}

// check refuses a text that is not what the request names, or not to be executed.
func (s *Store) check(trusted *manifest, named name, text string) error {
	known, ok := trusted.find(named)
	switch {
	case ok && known != text, !ok && named.hash != "" && named.hash != hashOf(text):
		s.counts.mismatch.Add(1)
		return fault.New(fault.BadUserInput, "The hash or the id that is sent is not that of the document that is sent.")
	case s.enforce && !trusted.has(text):
		s.counts.forbidden.Add(1)
		return fault.New(fault.Forbidden, "Only documents that the gateway knows are executed, and this is none of them.")
	case trusted.has(text):
		s.counts.trusted.Add(1)
	}
	return nil
}

// Accepted is for when nothing is left that refuses a request, and its document is to be executed: it registers the document if the request says so, and
// logs it if the manifest lacks it. Whoever sends what is not valid, or costs too much, takes nobody's place.
func (s *Store) Accepted(ctx context.Context, p *graphql.RawParams, doc *ast.QueryDocument) {
	if s.enforce {
		return // the manifest has it
	}
	var trusted *manifest
	if s.manifest != nil {
		trusted = s.manifest.current.Load()
	}
	if trusted.has(p.Query) {
		return
	}
	s.register(p)
	if trusted == nil {
		return
	}
	if hash, ok := trusted.unknown.first(p.Query); ok {
		s.log.LogAttrs(ctx, slog.LevelWarn, "a document is not in the manifest of trusted documents",
			slog.String("operation", operationName(doc, p.OperationName)), slog.String("hash", hash))
		if trusted.unknown.full() {
			s.log.WarnContext(ctx, "more documents are not in the manifest of trusted documents: they are logged no further until it changes", "logged", maxUnknown)
		}
	}
}

// register keeps a request's document if it came with its hash.
func (s *Store) register(p *graphql.RawParams) {
	if s.registered == nil || p.Extensions[automaticKey] == nil {
		return
	}
	named, err := nameOf(p)
	if err != nil || weight(named.hash, p.Query) > s.largest {
		return
	}
	if _, ok := s.registered.GetIfPresent(named.hash); ok {
		return
	}
	if named.hash == hashOf(p.Query) { // Resolve says so too; that nobody can have another's hash shall not depend on who calls what
		s.counts.registrations.Add(1)
		s.registered.Set(strings.Clone(named.hash), strings.Clone(p.Query)) // of which the rest of the request is no part
	}
}

// operationName gives the name of what is executed, for the log.
func operationName(doc *ast.QueryDocument, asked string) string {
	op := doc.Operations.ForName(asked)
	if op == nil || op.Name == "" {
		return "(without a name)"
	}
	return op.Name[:min(len(op.Name), 100)] // which is ASCII
}

// ExtensionName names the extension.
func (*Store) ExtensionName() string { return "PersistedDocuments" }

// Validate accepts every schema.
func (*Store) Validate(graphql.ExecutableSchema) error { return nil }

// MutateOperationParameters is Resolve, as gqlgen calls it.
func (s *Store) MutateOperationParameters(ctx context.Context, p *graphql.RawParams) *gqlerror.Error {
	if err := s.Resolve(ctx, p); err != nil {
		return gqlerror.WrapPath(nil, err)
	}
	return nil
}

// InterceptOperation is Accepted, as gqlgen calls it: whatever refuses operations has been asked before. It changes nothing.
func (s *Store) InterceptOperation(ctx context.Context, next graphql.OperationHandler) graphql.ResponseHandler {
	oc := graphql.GetOperationContext(ctx)
	s.Accepted(ctx, &graphql.RawParams{Query: oc.RawQuery, OperationName: oc.OperationName, Extensions: oc.Extensions}, oc.Doc)
	return next(ctx)
}
