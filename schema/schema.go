// Package schema holds the canonical GraphQL schema: one .graphqls file per domain, embedded.
package schema

import "embed"

// Files holds every .graphqls file of this folder.
//
//go:embed *.graphqls
var Files embed.FS
