package persisted

import (
	"fmt"

	"github.com/mainstem/mainstem/platform/config"
)

// Config says which documents the gateway knows by a hash or an id. docs/persisted.md says of each setting when to change it.
type Config struct {
	Automatic AutomaticConfig `yaml:"automatic" desc:"Documents that clients register themselves, by their hash (Apollo's automatic persisted queries)."`
	Trusted   TrustedConfig   `yaml:"trusted" desc:"Documents of a manifest, which clients have been built with."`
}

// AutomaticConfig is about the documents that clients register.
type AutomaticConfig struct {
	Enabled  bool         `yaml:"enabled" desc:"Whether clients may register documents. Where trusted.mode is enforce nobody does, since the manifest has all that are executed."`
	MaxBytes config.Bytes `yaml:"maxBytes" desc:"How much memory registered documents may take; those that are asked for least make room for others."`
}

// TrustedConfig is about the documents of a manifest.
type TrustedConfig struct {
	Mode     string `yaml:"mode" desc:"off: there is no manifest. log: other documents are executed, and logged once each. enforce: other documents are refused." jsonschema:"enum=off,enum=log,enum=enforce"`
	Manifest string `yaml:"manifest" desc:"The file, as Apollo's generate-persisted-query-manifest or Relay's compiler writes it. It is read again when it has changed."`
}

// The modes of trusted documents.
const (
	Off     = "off"
	Log     = "log"
	Enforce = "enforce"
)

// maxBytes is more than anybody should give to registered documents.
const maxBytes config.Bytes = 1 << 30

// Defaults gives the settings of a gateway that has no manifest, and knows what clients register.
func Defaults() Config {
	return Config{Automatic: AutomaticConfig{Enabled: true, MaxBytes: 16 << 20}, Trusted: TrustedConfig{Mode: Off}}
}

// Validate gives config.Problems for settings that New would refuse. It does not read the manifest.
func (c Config) Validate() error {
	var problems config.Problems
	if c.Automatic.Enabled && (c.Automatic.MaxBytes <= 0 || c.Automatic.MaxBytes > maxBytes) {
		problems = append(problems, config.Problemf("automatic.maxBytes", "must be more than nothing, and %s at most", maxBytes))
	}
	switch c.Trusted.Mode {
	case Off:
	case Log, Enforce:
		if c.Trusted.Manifest == "" {
			problems = append(problems, config.Problemf("trusted.manifest", "is needed where trusted.mode is %s", c.Trusted.Mode))
		}
	default:
		problems = append(problems, config.Problem{Path: "trusted.mode", Message: fmt.Sprintf("%q is none of %s, %s and %s", c.Trusted.Mode, Off, Log, Enforce)})
	}
	if len(problems) == 0 {
		return nil
	}
	return problems
}
