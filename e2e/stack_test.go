package e2e

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/mainstem/mainstem/demo"
	"github.com/mainstem/mainstem/demo/breaking"
	"github.com/mainstem/mainstem/platform/config"
	"github.com/mainstem/mainstem/platform/telemetry"
	"github.com/mainstem/mainstem/server"
	"github.com/mainstem/mainstem/storage"
)

// What the shop is made from. The cases name its records; TestCasesHoldWhatTheyName says which of them are special, and why.
const (
	products = 125
	seed     = 609
)

// patience bounds what a test waits for. Only a test that fails waits so long.
const patience = 30 * time.Second

// stack is a shop of its own for one test: seven services and the gateway in front of them.
type stack struct {
	demo   *demo.Demo
	url    string // the gateway's
	admin  string // that of its admin listener; "" if it has none
	client *http.Client
	spans  *spans

	stop func() error // stops the gateway and gives what Run gave
}

// options say how a stack differs from a healthy one.
type options struct {
	broken    map[string]breaking.Break
	config    string        // YAML over the configuration
	grace     time.Duration // of the gateway's stopping; patience if zero
	stopFails bool          // whether the gateway's stopping is to fail
}

// start runs a stack until the test ends.
func start(t *testing.T, o options) *stack {
	t.Helper()
	log := telemetry.NewLogger(t.Output(), slog.LevelWarn)
	d, err := demo.Start(t.Context(), demo.Options{Products: products, Seed: seed, Break: o.broken, Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	s := &stack{demo: d, spans: newSpans(), client: &http.Client{Transport: &http.Transport{}, Timeout: patience}}
	t.Cleanup(s.client.CloseIdleConnections)
	s.run(t, configOf(t, d, o.config, s.spans), log, o)
	return s
}

// run runs the gateway until stop is called or the test ends.
func (s *stack) run(t *testing.T, c server.Config, log *slog.Logger, o options) {
	t.Helper()
	tracing, err := telemetry.New(context.Background(), c.Telemetry)
	if err != nil {
		t.Fatal(err)
	}
	gateway, err := server.New(c, log, tracing)
	if err != nil {
		t.Fatal(errors.Join(err, tracing.Shutdown(context.Background())))
	}
	if o.grace == 0 {
		o.grace = patience
	}
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan struct{})
	var ranErr error
	go func() {
		defer close(ran)
		ranErr = errors.Join(gateway.Run(ctx, o.grace), tracing.Shutdown(context.Background()))
	}()
	s.url, s.admin = gateway.URL(), gateway.AdminURL()
	s.stop = func() error {
		cancel()
		<-ran
		return ranErr
	}
	t.Cleanup(func() {
		if err := s.stop(); (err != nil) != o.stopFails {
			t.Errorf("stopping the gateway: %v", err)
		}
	})
}

// configOf gives the configuration of a gateway in front of the demo, as `mainstem demo` has it, with what a test wants else.
func configOf(t *testing.T, d *demo.Demo, yaml string, processor *spans) server.Config {
	t.Helper()
	c := server.DefaultConfig()
	c.Listen = "127.0.0.1:0"
	c.RequestTimeout, c.Workflows.Wait = config.Duration(patience), config.Duration(patience)
	c.Storage.URL = storage.URL("sqlite:" + filepath.Join(t.TempDir(), "mainstem.db"))
	c.Auth = server.AuthConfig{Issuer: d.Issuer(), Audience: d.Audience(), JWKSURL: d.JWKSURL()}
	for _, s := range d.Services() {
		source := c.Sources[s.Name]
		source.URL, source.Timeout = s.URL, config.Duration(patience)
		c.Sources[s.Name] = source
	}
	for name, source := range c.Sources {
		if source.URL == "" { // a source that was added to the storefront's
			source.URL = server.NoService
			c.Sources[name] = source
		}
	}
	if yaml != "" {
		file := filepath.Join(t.TempDir(), "mainstem.yaml")
		if err := os.WriteFile(file, []byte(yaml), 0o600); err != nil {
			t.Fatal(err)
		}
		loaded, err := config.Load(file, nil, c)
		if err != nil {
			t.Fatal(err)
		}
		c = loaded
	}
	c.Telemetry.Processor = processor
	return c
}

// token gives the Authorization header of a caller; none for an anonymous one.
func (s *stack) token(t *testing.T, caller string) string {
	t.Helper()
	switch caller {
	case "":
		return ""
	case "bad-token":
		return "Bearer nobody.signed.this"
	}
	token, err := s.demo.Token(caller)
	if err != nil {
		t.Fatal(err)
	}
	return "Bearer " + token
}
