package persisted

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"

	"github.com/99designs/gqlgen/graphql"

	"github.com/mainstem/mainstem/platform/fault"
)

// The extensions of a request by which it names its document.
const (
	automaticKey = "persistedQuery"
	documentKey  = "documentId"
)

// SetDocumentID has a request name its document by an id, as the appendix on persisted documents of GraphQL over HTTP has it: a member of the request that
// gqlgen has no field for. It stands among the extensions, where a client may put it too.
func SetDocumentID(p *graphql.RawParams, id string) {
	if p.Extensions == nil {
		p.Extensions = make(map[string]any, 1)
	}
	p.Extensions[documentKey] = id
}

// Named says whether a request names its document: then it needs no text of one.
func Named(p *graphql.RawParams) bool {
	return p.Extensions[automaticKey] != nil || p.Extensions[documentKey] != nil
}

// name is what a request calls its document by. The empty one stands for none.
type name struct {
	id   string // as it is in a manifest
	hash string // the SHA-256 of the document's text, in hexadecimal; empty if the id says nothing about it
}

// Prefix of ids that say by themselves that they are hashes.
const hashPrefix = "sha256:"

// nameOf gives what a request calls its document by. It fails with BAD_USER_INPUT.
func nameOf(p *graphql.RawParams) (name, error) {
	automatic, id := p.Extensions[automaticKey], p.Extensions[documentKey]
	switch {
	case automatic == nil && id == nil:
		return name{}, nil
	case automatic != nil && id != nil:
		return name{}, fault.New(fault.BadUserInput, "The document is named twice: send either `documentId` or `extensions.persistedQuery`.")
	case id != nil:
		id, ok := id.(string)
		if !ok || id == "" {
			return name{}, fault.New(fault.BadUserInput, "`documentId` must be a string that names a document.")
		}
		hash, ok := strings.CutPrefix(id, hashPrefix)
		if !ok {
			hash = ""
		}
		return name{id: id, hash: hash}, nil
	}
	members, _ := automatic.(map[string]any)
	hash, _ := members["sha256Hash"].(string)
	if hash == "" || !isOne(members["version"]) {
		return name{}, fault.New(fault.BadUserInput, "`extensions.persistedQuery` must have `version`, which is 1, and `sha256Hash`.")
	}
	return name{id: hash, hash: hash}, nil
}

// isOne says whether a number of JSON is 1, however it was read.
func isOne(v any) bool {
	switch v := v.(type) {
	case json.Number:
		one, err := v.Float64()
		return err == nil && one == 1
	case float64:
		return v == 1
	case int:
		return v == 1
	case int64:
		return v == 1
	default:
		return false
	}
}

// hashOf gives the SHA-256 of a text as clients write it.
func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
