// Package web is the Playground: the page in which people ask the gateway, and see what was run for them.
package web

import (
	"embed"
	"io/fs"
)

// dist has what `make web` has built: each file compressed, as NAME.gz. The pattern is met by this file alone where it has built nothing.
//
//go:embed all:dist*
var dist embed.FS

// Files gives the Playground's files, each of them compressed: index.html.gz, and what it loads below playground/. It gives false if this
// program was built without them, since whoever has Go need not have Node.
func Files() (fs.FS, bool) {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		return nil, false
	}
	_, err = fs.Stat(files, "index.html.gz")
	return files, err == nil
}
