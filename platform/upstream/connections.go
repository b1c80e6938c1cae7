package upstream

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/mainstem/mainstem/platform/config"
)

// Connections is how a source's service is connected to. The zero value stands for DefaultConnections. docs/resilience.md says of each
// setting when to change it.
type Connections struct {
	MaxIdle     int             `yaml:"maxIdle" desc:"How many idle connections are kept for the next calls. HTTP/1.1 only: HTTP/2 and gRPC need one." jsonschema:"minimum=1,maximum=65536"`
	Max         int             `yaml:"max" desc:"How many connections there may be at once, over which a call waits; 0 for any number. HTTP/1.1 only." jsonschema:"minimum=0,maximum=65536"`
	IdleTimeout config.Duration `yaml:"idleTimeout" desc:"How long a connection is kept that nobody uses. Less than the service keeps it, and no call meets one that is just being closed."`
	DialTimeout config.Duration `yaml:"dialTimeout" desc:"How long connecting may take, and the TLS handshake after it; never longer than a call's timeout."`
	KeepAlive   config.Duration `yaml:"keepAlive" desc:"How long a connection is quiet before the other side is asked whether it is there: by TCP, and by HTTP/2 pings. gRPC pings are sent every 5 minutes at most, since servers refuse more. 0 for never."`
	HTTP2       bool            `yaml:"http2" desc:"Whether an http:// service is called over HTTP/2 without TLS (h2c, with prior knowledge). An https:// service is whenever it offers it."`
	RefreshDNS  config.Duration `yaml:"refreshDNS" desc:"How often the service's name is looked up again while it is used; when its addresses change, calls go to the new ones. 0 for never."`
	Balance     string          `yaml:"balance" desc:"How gRPC calls are spread over several addresses: round_robin over all of them, or pick_first for the first that can be reached." jsonschema:"enum=round_robin,enum=pick_first"`
	TLS         TLS             `yaml:"tls" desc:"Who the service must be, and who we are to it. For https:// and grpcs:// only."`
}

// TLS is who a service must be, and who we are to it. TLS 1.2 is the least that is spoken.
type TLS struct {
	CAFile     string `yaml:"caFile" desc:"A file of the certificates, in PEM, that the service's own must be signed by; the system's if empty. Read at start."`
	CertFile   string `yaml:"certFile" desc:"A file of our certificate, in PEM, for services that ask for one (mTLS). Read again when it has changed, for the next connection."`
	KeyFile    string `yaml:"keyFile" desc:"A file of our certificate's key, in PEM."`
	ServerName string `yaml:"serverName" desc:"The name that the service's certificate must be for; the URL's host if empty."`
}

// What Balance may be.
const (
	balanceRoundRobin = "round_robin"
	balancePickFirst  = "pick_first"
)

const (
	maxConnections = 1 << 16
	// minPeriod is the least that what is done periodically may be apart: a slip of units would be a flood.
	minPeriod = config.Duration(time.Second)
)

// DefaultConnections gives how services are connected to unless their settings say otherwise.
func DefaultConnections() Connections {
	return Connections{
		MaxIdle:     1024, // fewer than are in use at once would be closed and dialled again all the time
		IdleTimeout: config.Duration(90 * time.Second),
		DialTimeout: config.Duration(2 * time.Second), // a lost SYN is sent again after one
		KeepAlive:   config.Duration(15 * time.Second),
		RefreshDNS:  config.Duration(30 * time.Second),
		Balance:     balanceRoundRobin,
	}
}

// Validate gives config.Problems for settings that no source can have, and for files that do not hold what they should.
func (c Connections) Validate() error {
	c = c.orDefaults()
	var problems config.Problems
	check := func(ok bool, path, format string, args ...any) {
		if !ok {
			problems = append(problems, config.Problem{Path: path, Message: fmt.Sprintf(format, args...)})
		}
	}
	check(c.MaxIdle >= 1 && c.MaxIdle <= maxConnections, "maxIdle", "must be from 1 to %d", maxConnections)
	check(c.Max >= 0 && c.Max <= maxConnections, "max", "must be from 0 to %d", maxConnections)
	check(c.IdleTimeout > 0, "idleTimeout", "must be longer than nothing")
	check(c.DialTimeout > 0, "dialTimeout", "must be longer than nothing")
	check(c.KeepAlive == 0 || c.KeepAlive >= minPeriod, "keepAlive", "must be %s or more, or 0 for never", minPeriod)
	check(c.RefreshDNS == 0 || c.RefreshDNS >= minPeriod, "refreshDNS", "must be %s or more, or 0 for never", minPeriod)
	check(c.Balance == balanceRoundRobin || c.Balance == balancePickFirst, "balance", "must be %s or %s", balanceRoundRobin, balancePickFirst)
	name := c.TLS.ServerName
	check(!strings.ContainsAny(name, ":/ ") || isIP(name), "tls.serverName", "must be a host's name, such as shop.example, without a port")
	_, wrong := c.TLS.config()
	problems = append(problems, wrong...)
	if len(problems) == 0 {
		return nil
	}
	return problems
}

// orDefaults gives the settings that the zero value stands for.
func (c Connections) orDefaults() Connections {
	if c == (Connections{}) {
		return DefaultConnections()
	}
	return c
}

// isIP says whether a host is an address already, and no name.
func isIP(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}
