package server

import (
	"maps"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/mainstem/mainstem/platform/config"
	"github.com/mainstem/mainstem/platform/limit"
	"github.com/mainstem/mainstem/platform/persisted"
	"github.com/mainstem/mainstem/platform/slo"
	"github.com/mainstem/mainstem/platform/telemetry"
	"github.com/mainstem/mainstem/storage"
)

// Config is what mainstem.yaml says. The zero value is not valid: begin with DefaultConfig.
type Config struct {
	Listen          string                      `yaml:"listen" desc:"Host and port that clients reach the gateway by."`
	RequestTimeout  config.Duration             `yaml:"requestTimeout" desc:"How long a request may take; what is not ready by then is answered with DEADLINE_EXCEEDED. A client can ask for less by the header Request-Timeout."`
	AnswerReserve   config.Duration             `yaml:"answerReserve" desc:"How long before that calls of sources end, so that what is ready can be written in time; never more than a tenth of the time that the request has."`
	MaxAge          config.Duration             `yaml:"maxAge" desc:"How long browsers and caches on the way may keep the answer to a GET that is for everybody and has no error; 0 for not at all."`
	Limits          limit.Limits                `yaml:"limits" desc:"How large requests may be, and how much they may cost."`
	Executor        string                      `yaml:"executor" desc:"compiled, or gqlgen for its own executor: slower, and the reference that compiled is tested against."`
	ShareOperations bool                        `yaml:"shareOperations" desc:"Whether equal queries of equal callers that are in flight at the same time are executed once. A client has its own executed by Cache-Control: no-cache."`
	BatchWindow     config.Duration             `yaml:"batchWindow" desc:"How long a batch waits for another key under gqlgen's executor; the compiled one knows when it is complete."`
	TraceScope      string                      `yaml:"traceScope" desc:"The scope whose callers may ask by the header Mainstem-Trace for extensions.trace: what was run for the answer. A star lets everybody; empty lets nobody."`
	Playground      bool                        `yaml:"playground" desc:"Whether / shows the Playground."`
	Introspection   bool                        `yaml:"introspection" desc:"Whether clients may read the schema."`
	LogLevel        string                      `yaml:"logLevel" desc:"debug, info, warn or error."`
	Streams         StreamsConfig               `yaml:"streams" desc:"How many streams, such as those of subscriptions, may be open."`
	CORS            CORSConfig                  `yaml:"cors" desc:"Which web pages may ask."`
	Auth            AuthConfig                  `yaml:"auth" desc:"Whose tokens are good. Without it, every caller is anonymous."`
	Persisted       persisted.Config            `yaml:"persisted" desc:"Which documents clients need not send."`
	Telemetry       telemetry.Config            `yaml:"telemetry" desc:"Where traces go."`
	SLO             slo.Config                  `yaml:"slo" desc:"What is promised to clients: mainstem rules makes the rules of it by which Prometheus alerts. The gateway itself does nothing with it."`
	Admin           AdminConfig                 `yaml:"admin" desc:"A listener of its own for those who look after the gateway: profiles, what is under way, the log's level."`
	Storage         storage.Config              `yaml:"storage" desc:"Where the gateway keeps what it must remember: workflows, and the log of events."`
	Workflows       WorkflowsConfig             `yaml:"workflows" desc:"How operations that change several services are carried out."`
	Sources         map[string]SourceConfig     `yaml:"sources" desc:"The services, by the name of their source."`
	Degrade         map[FieldName]DegradeConfig `yaml:"degrade" desc:"What stands in place of fields whose source fails, by field, such as Product.stock. Others are null with their error."`
}

// StreamsConfig is how many streams may be open: WebSockets, connections of events, and those of subscriptions by multipart.
type StreamsConfig struct {
	Max       int `yaml:"max" desc:"How many streams may be open at a time."`
	PerCaller int `yaml:"perCaller" desc:"How many of them may be one caller's: who is signed in, or else the address that is asked from. Behind a proxy, all who are not signed in ask from its address."`
}

// CORSConfig is which web pages may ask.
type CORSConfig struct {
	AllowedOrigins []string `yaml:"allowedOrigins" desc:"Origins such as https://shop.example. A star stands for anything: http://localhost:* for every port."`
}

// AuthConfig is whose tokens are good.
type AuthConfig struct {
	Issuer    string          `yaml:"issuer" desc:"The iss of a good token."`
	Audience  string          `yaml:"audience" desc:"What the aud of a good token holds."`
	JWKSURL   string          `yaml:"jwksUrl" desc:"Where the issuer publishes its keys."`
	StaticKey config.Secret   `yaml:"staticKey" desc:"The issuer's key instead: PEM, a JWK, or an HMAC secret of 32 bytes or more."`
	Leeway    config.Duration `yaml:"leeway" desc:"How far the issuer's clock may be off."`
}

// DefaultConfig gives the defaults: everything but the services' addresses.
func DefaultConfig() Config {
	c := Config{
		Listen:          "127.0.0.1:4000",
		RequestTimeout:  config.Duration(5 * time.Second),
		AnswerReserve:   config.Duration(20 * time.Millisecond),
		Limits:          limit.Defaults(),
		Executor:        executorCompiled,
		ShareOperations: true,
		BatchWindow:     config.Duration(2 * time.Millisecond),
		TraceScope:      "trace:read",
		Playground:      true,
		Introspection:   true,
		LogLevel:        "info",
		Streams:         StreamsConfig{Max: 10_000, PerCaller: 1_000},
		Persisted:       persisted.Defaults(),
		Telemetry:       telemetry.Defaults(),
		SLO:             slo.Defaults(),
		Storage:         storage.Defaults(),
		Workflows:       defaultWorkflows(),
		Sources:         map[string]SourceConfig{},
	}
	for _, name := range sourceNames() {
		c.Sources[name] = defaultSource()
	}
	return c
}

// originPattern is a scheme and a host, with a port or without one, in any of which a star may stand.
var originPattern = regexp.MustCompile(`^https?://[^/?#\s]+$`)

// The executors.
const (
	executorCompiled = "compiled"
	executorGqlgen   = "gqlgen"
)

// everybody stands for all callers in place of a scope.
const everybody = "*"

// maxBytes is more than any request or answer should have, and less than would overflow.
const maxBytes config.Bytes = 1 << 30

var logLevels = []string{"debug", "info", "warn", "error"}

// Validate says what is wrong with the configuration.
func (c Config) Validate() error {
	var wrong problems
	check := wrong.check
	_, _, err := net.SplitHostPort(c.Listen)
	check(err == nil, "listen", "must be host:port, such as 127.0.0.1:4000")
	check(c.RequestTimeout > 0, "requestTimeout", "must be longer than nothing")
	check(c.MaxAge <= config.Duration(24*time.Hour), "maxAge", "must be a day at most")
	check(c.Limits.Bytes > 0 && c.Limits.Bytes <= maxBytes, "limits.bytes", "must be more than nothing, and %s at most", maxBytes)
	wrong.below("limits", c.Limits.Validate())
	check(c.Executor == executorCompiled || c.Executor == executorGqlgen, "executor", "must be %s or %s", executorCompiled, executorGqlgen)
	check(c.BatchWindow > 0, "batchWindow", "must be longer than nothing")
	check(c.Streams.Max > 0, "streams.max", "must be more than none")
	check(c.Streams.PerCaller > 0, "streams.perCaller", "must be more than none")
	for _, origin := range c.CORS.AllowedOrigins {
		check(origin == "*" || originPattern.MatchString(origin), "cors.allowedOrigins", "%q is no origin such as https://shop.example", origin)
	}
	if err := c.checkSources(&wrong); err != nil {
		return err
	}
	c.checkDegrade(&wrong)
	wrong.below("admin", c.Admin.Validate())
	wrong.below("storage", c.Storage.Validate())
	wrong.below("workflows", c.Workflows.Validate())
	if c.Auth != (AuthConfig{}) {
		check(c.Auth.Issuer != "", "auth.issuer", "is needed")
		check(c.Auth.Audience != "", "auth.audience", "is needed")
		check((c.Auth.JWKSURL == "") == !c.Auth.StaticKey.IsZero(), "auth", "needs either jwksUrl or staticKey")
		u, err := url.Parse(c.Auth.JWKSURL)
		check(c.Auth.JWKSURL == "" || err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https"), "auth.jwksUrl", "must be an http:// or https:// URL")
	}
	check(slices.Contains(logLevels, c.LogLevel), "logLevel", "must be one of %s", strings.Join(logLevels, ", "))
	return wrong.err()
}

// checkSources notes what is wrong with the sources' settings, of which each must have a service's address. It fails if what it makes to find
// that out cannot be closed.
func (c Config) checkSources(wrong *problems) error {
	addresses := make(map[string]SourceConfig, len(c.Sources))
	for name, source := range c.Sources {
		addresses[name] = SourceConfig{URL: source.URL}
	}
	made, _ := newClients(addresses, telling{})
	for _, name := range slices.Sorted(maps.Keys(c.Sources)) {
		if !slices.Contains(made.names, name) {
			wrong.check(false, "sources."+name, "there is no such source; there are %s", strings.Join(made.names, ", "))
			continue
		}
		wrong.below("sources."+name, c.Sources[name].Validate())
	}
	for _, name := range made.names {
		wrong.check(made.wrong[name] == nil, "sources."+name+".url", "%v; it is `none` where there is no such service", made.wrong[name])
	}
	return made.close()
}
