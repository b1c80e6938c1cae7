package server

import (
	"errors"
	"strings"
	"time"

	"github.com/mainstem/mainstem/platform/config"
	"github.com/mainstem/mainstem/platform/upstream"
)

// SourceConfig is where a service is and how it is called. docs/resilience.md says of each setting when to change it.
type SourceConfig struct {
	URL              string               `yaml:"url" desc:"http:// or https:// for REST, grpc:// or grpcs:// for gRPC, and host and port; none where there is no such service."`
	Timeout          config.Duration      `yaml:"timeout" desc:"How long one call may take; of a call that is made again, each attempt."`
	MaxResponseBytes config.Bytes         `yaml:"maxResponseBytes" desc:"The largest answer that is read."`
	Connections      upstream.Connections `yaml:"connections" desc:"How the service is connected to."`
	Headers          HeadersConfig        `yaml:"headers" desc:"Which headers pass between clients and the service."`

	upstream.Policy // its settings are the source's own, such as sources.reviews.retry.max
}

// NoService is the URL of a source where there is no such service: its fields fail with SOURCE_UNAVAILABLE. It has to be said, since a
// source that the configuration forgets is an error.
const NoService = "none"

// defaultSource gives the defaults of a source: everything but its service's address.
func defaultSource() SourceConfig {
	return SourceConfig{
		Timeout: config.Duration(2 * time.Second), MaxResponseBytes: 8 << 20,
		Connections: upstream.DefaultConnections(), Policy: upstream.DefaultPolicy(),
	}
}

// Validate gives config.Problems for settings that no source can have. Whether there is such a source, and whether it can be at its address,
// is for Config to say.
func (s SourceConfig) Validate() error {
	var wrong problems
	wrong.check(s.Timeout > 0, "timeout", "must be longer than nothing")
	wrong.check(s.MaxResponseBytes > 0 && s.MaxResponseBytes <= maxBytes, "maxResponseBytes", "must be more than nothing, and %s at most", maxBytes)
	secure := strings.HasPrefix(s.URL, "https://") || strings.HasPrefix(s.URL, "grpcs://")
	wrong.check(secure || s.Connections.TLS == (upstream.TLS{}), "connections.tls", "needs a URL of https:// or grpcs://: a service at another is not spoken to by TLS")
	wrong.below("", s.Policy.Validate())
	wrong.below("connections", s.Connections.Validate())
	wrong.below("headers", s.Headers.Validate())
	return wrong.err()
}

// problems are what is found wrong with settings.
type problems config.Problems

// check notes a problem unless ok.
func (p *problems) check(ok bool, path, format string, args ...any) {
	if !ok {
		*p = append(*p, config.Problemf(path, format, args...))
	}
}

// below notes what is wrong with the settings at path, as their own Validate says it.
func (p *problems) below(path string, err error) {
	found, ok := errors.AsType[config.Problems](err)
	if !ok && err != nil {
		found = config.Problems{{Message: err.Error()}}
	}
	for _, problem := range found {
		*p = append(*p, problem.Below(path))
	}
}

func (p problems) err() error {
	if len(p) == 0 {
		return nil
	}
	return config.Problems(p)
}
