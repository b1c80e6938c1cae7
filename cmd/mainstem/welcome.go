package main

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mainstem/mainstem/demo"
	"github.com/mainstem/mainstem/server"
	"github.com/mainstem/mainstem/storage"
	"github.com/mainstem/mainstem/web"
)

// firstQuery is the README's first query.
const firstQuery = `query ProductPage { products(first: 20) { nodes { id name price { amount currency } category { name } stock { available }
  reviews(first: 2) { nodes { rating body author { displayName } } } } pageInfo { hasNextPage endCursor } } }`

// demoConfig gives the configuration of a gateway in front of the demo, which keeps what it must remember in dir.
func demoConfig(d *demo.Demo, listen, logLevel, dir string) server.Config {
	c := server.DefaultConfig()
	c.Listen = listen
	c.LogLevel = logLevel
	c.Storage.URL = storage.URL("sqlite:" + filepath.Join(dir, "mainstem.db"))
	c.TraceScope, c.Telemetry.Prometheus = "*", true // there is nothing to hide
	c.CORS.AllowedOrigins = []string{"http://localhost:*", "http://127.0.0.1:*"}
	c.Auth = server.AuthConfig{Issuer: d.Issuer(), Audience: d.Audience(), JWKSURL: d.JWKSURL()}
	for _, s := range d.Services() {
		source := c.Sources[s.Name]
		source.URL = s.URL
		c.Sources[s.Name] = source
	}
	for _, name := range unserved(d) {
		source := c.Sources[name]
		source.URL = server.NoService
		c.Sources[name] = source
	}
	return c
}

// unserved gives the names of the sources that the demo has no service for: those that were added to the storefront's.
func unserved(d *demo.Demo) []string {
	var names []string
	for name := range server.DefaultConfig().Sources {
		if d.URL(name) == "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// roles are those that the demo has tokens for, with what they are for.
var roles = []struct{ name, is string }{
	{"customer", "sees the shop, and her own orders"},
	{"support", "sees every customer's orders and payments"},
	{"admin", "does everything"},
}

// printServices tells where the services are, and the tokens to try them with.
func printServices(w io.Writer, d *demo.Demo) error {
	var b strings.Builder
	if err := writeServices(&b, d); err != nil {
		return err
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func writeServices(b *strings.Builder, d *demo.Demo) error {
	for _, s := range d.Services() {
		fmt.Fprintf(b, "  %-10s %-5s %s\n", s.Name, s.Kind, s.URL)
	}
	fmt.Fprintf(b, "  %-10s %-5s %s\n\nTokens (send as `Authorization: Bearer …`; they hold for a day):\n", "control", "HTTP", d.ControlURL())
	for _, r := range roles {
		token, err := d.Token(r.name)
		if err != nil {
			return err
		}
		fmt.Fprintf(b, "  %s, who %s:\n    %s\n", r.name, r.is, token)
	}
	return nil
}

// printWelcome tells a newcomer what runs and what to try.
func printWelcome(w io.Writer, d *demo.Demo, gateway string) error {
	var b strings.Builder
	note := ""
	if _, built := web.Files(); !built {
		note = " (loads its script from a CDN: `make web` builds one that needs no internet)"
	}
	fmt.Fprintf(&b, "The storefront is open.\n\n  Playground %s/%s\n  GraphQL    %s/graphql\n\nBehind it:\n", gateway, note, gateway)
	if err := writeServices(&b, d); err != nil {
		return err
	}
	for _, name := range unserved(d) {
		fmt.Fprintf(&b, "\nThe demo has no service for the source %s: its fields fail with SOURCE_UNAVAILABLE.\n", name)
	}
	fmt.Fprintf(&b, `
Paste this into the Playground:

%s

Then break a service, and ask again: only its own fields are lost.

  curl -X PUT %[2]s/break/reviews -d '{"down": true}'
  curl -X PUT %[2]s/break/inventory -d '{"latency": "10s"}'
  curl -X DELETE %[2]s/break/reviews

Ctrl-C stops everything.
`, firstQuery, d.ControlURL())
	_, err := io.WriteString(w, b.String())
	return err
}
