package upstream_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mainstem/mainstem/platform/config"
	"github.com/mainstem/mainstem/platform/upstream"
)

func TestConnectionsAreChecked(t *testing.T) {
	t.Parallel()
	ours := newAuthority(t)
	one, two := ours.issue(t, "one", nil), ours.issue(t, "two", nil)
	files := one.files(t, ours.file(t))
	dir := t.TempDir()
	noPEM := write(t, filepath.Join(dir, "text"), []byte("no PEM"))
	otherKey := write(t, filepath.Join(dir, "key"), two.key)
	huge := write(t, filepath.Join(dir, "huge"), make([]byte, 1<<20+1))
	absent := filepath.Join(dir, "absent")
	type settings = upstream.Connections
	for reason, test := range map[string]struct {
		change  func(*settings)
		path    string // of the one problem; none if empty
		message string // in it
	}{
		"the defaults":                     {func(*settings) {}, "", ""},
		"TLS":                              {func(c *settings) { c.TLS = files }, "", ""},
		"an authority alone":               {func(c *settings) { c.TLS.CAFile = files.CAFile }, "", ""},
		"any number of connections":        {func(c *settings) { c.Max = 0 }, "", ""},
		"the other way of balancing":       {func(c *settings) { c.Balance = "pick_first" }, "", ""},
		"no lookups":                       {func(c *settings) { c.RefreshDNS = 0 }, "", ""},
		"no probes":                        {func(c *settings) { c.KeepAlive = 0 }, "", ""},
		"no idle connections":              {func(c *settings) { c.MaxIdle = 0 }, "maxIdle", "from 1"},
		"too many idle connections":        {func(c *settings) { c.MaxIdle = 1 << 20 }, "maxIdle", "from 1"},
		"a negative number of connections": {func(c *settings) { c.Max = -1 }, "max", "from 0"},
		"connections that are idle for ever": {
			func(c *settings) { c.IdleTimeout = 0 }, "idleTimeout", "longer than nothing",
		},
		"no time to connect":             {func(c *settings) { c.DialTimeout = 0 }, "dialTimeout", "longer than nothing"},
		"too many probes":                {func(c *settings) { c.KeepAlive = config.Duration(time.Millisecond) }, "keepAlive", "1s or more"},
		"too many lookups":               {func(c *settings) { c.RefreshDNS = config.Duration(time.Millisecond) }, "refreshDNS", "1s or more"},
		"another way of balancing":       {func(c *settings) { c.Balance = "random" }, "balance", "round_robin or pick_first"},
		"no way of balancing":            {func(c *settings) { c.Balance = "" }, "balance", "round_robin or pick_first"},
		"a server's name with a port":    {func(c *settings) { c.TLS.ServerName = "shop.test:443" }, "tls.serverName", "without a port"},
		"a server's address":             {func(c *settings) { c.TLS.ServerName = "::1" }, "", ""},
		"an authority that is not there": {func(c *settings) { c.TLS.CAFile = absent }, "tls.caFile", absent + " cannot be read: no such file"},
		"an authority that is none":      {func(c *settings) { c.TLS.CAFile = noPEM }, "tls.caFile", noPEM + " holds no certificate"},
		"an authority that is a folder":  {func(c *settings) { c.TLS.CAFile = dir }, "tls.caFile", dir + " cannot be read"},
		"an authority without end":       {func(c *settings) { c.TLS.CAFile = huge }, "tls.caFile", huge + " is larger than 1MiB"},
		"an authority that is a key":     {func(c *settings) { c.TLS.CAFile = files.KeyFile }, "tls.caFile", "holds no certificate"},
		"a certificate without a key":    {func(c *settings) { c.TLS.CertFile = files.CertFile }, "tls.keyFile", "needed"},
		"a key without a certificate":    {func(c *settings) { c.TLS.KeyFile = files.KeyFile }, "tls.certFile", "needed"},
		"a certificate that is not there": {func(c *settings) {
			c.TLS.CertFile, c.TLS.KeyFile = absent, files.KeyFile
		}, "tls.certFile", absent},
		"a key that is not there": {func(c *settings) {
			c.TLS.CertFile, c.TLS.KeyFile = files.CertFile, absent
		}, "tls.keyFile", absent},
		"a key of another certificate": {func(c *settings) {
			c.TLS.CertFile, c.TLS.KeyFile = files.CertFile, otherKey
		}, "tls.certFile", otherKey + ": tls: private key does not match"},
		"each in place of the other": {func(c *settings) {
			c.TLS.CertFile, c.TLS.KeyFile = files.KeyFile, files.CertFile
		}, "tls.certFile", "switched"},
		"a key in place of its file": {func(c *settings) {
			c.TLS.CertFile, c.TLS.KeyFile = files.CertFile, string(one.key)
		}, "tls.keyFile", "a file's name"},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			c := upstream.DefaultConnections()
			test.change(&c)
			err := c.Validate()
			if test.path == "" {
				if err != nil {
					t.Errorf("got %v", err)
				}
				return
			}
			var problems config.Problems
			if !errors.As(err, &problems) || len(problems) != 1 || problems[0].Path != test.path {
				t.Fatalf("got %v, want a problem of %s", err, test.path)
			}
			message := problems[0].Message
			if !strings.Contains(message, test.message) {
				t.Errorf("got %q, want %q in it", message, test.message)
			}
			for line := range strings.Lines(string(one.key)) {
				if strings.Contains(message, strings.TrimSpace(line)) {
					t.Errorf("%q shows the key", message)
				}
			}
		})
	}
}

func TestSettingsOfTLSThatWouldNotBeUsed(t *testing.T) {
	t.Parallel()
	o := upstream.Options{Name: "shop", URL: "http://127.0.0.1:1", Connections: through(upstream.TLS{ServerName: "shop.test"})}
	_, errHTTP := upstream.NewHTTP(o, upstream.Inputs{})
	o.URL = "grpc://127.0.0.1:1"
	_, errGRPC := upstream.NewGRPC(o, upstream.Inputs{})
	for _, err := range []error{errHTTP, errGRPC} {
		if p, ok := errors.AsType[config.Problem](err); !ok || p.Path != "tls" {
			t.Errorf("got %v, want a problem of tls", err)
		}
	}
}
