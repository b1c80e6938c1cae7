package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/mainstem/mainstem/platform/admin"
	"github.com/mainstem/mainstem/platform/config"
)

// AdminConfig is where those look who look after the gateway. docs/admin.md says what they see.
type AdminConfig struct {
	Listen   string        `yaml:"listen" desc:"Host and port of the admin listener, such as 127.0.0.1:4001; there is none when empty."`
	Token    config.Secret `yaml:"token" desc:"What every request to it has to bring as Authorization: Bearer; 16 characters or more. It is needed where others than this machine can reach it."`
	Insecure bool          `yaml:"insecure" desc:"Whether others than this machine may reach it. It speaks HTTP: who can listen on the way sees the token."`
}

const leastToken = 16

// Validate gives config.Problems for settings by which others could look.
func (c AdminConfig) Validate() error {
	var wrong problems
	if c.Listen == "" {
		return nil
	}
	_, _, err := net.SplitHostPort(c.Listen)
	wrong.check(err == nil, "listen", "must be host:port, such as 127.0.0.1:4001")
	wrong.check(c.Token.IsZero() || len(c.Token.Reveal()) >= leastToken, "token", "must have %d characters or more", leastToken)
	if err == nil && !admin.IsLoopback(c.Listen) {
		wrong.check(!c.Token.IsZero(), "token", "is needed, since others than this machine can reach %s", c.Listen)
		wrong.check(c.Insecure, "insecure", "must be true, since others than this machine can reach %s, and it is not encrypted", c.Listen)
	}
	return wrong.err()
}

// administration is the admin listener. The zero value is none.
type administration struct {
	http     *http.Server
	listener net.Listener
}

// openAdmin makes the admin listener, if there is to be one.
func (s *Server) openAdmin(ctx context.Context) (err error) {
	c := s.config.Admin
	if c.Listen == "" {
		return nil
	}
	shown, err := config.Show(s.config)
	if err != nil {
		return err
	}
	if s.admin.listener, err = new(net.ListenConfig).Listen(ctx, "tcp", c.Listen); err != nil {
		return fmt.Errorf("admin.listen: %w", err)
	}
	s.admin.http = &http.Server{ // without a time for answers: profiles take as long as they are told to
		Handler: admin.New(admin.Options{
			Token: c.Token.Reveal(), Live: s.live, Level: s.config.Telemetry.Level, Metrics: s.tracing.Metrics(), Config: func() any { return shown },
			Changed: func(c admin.LevelChange) {
				s.log.LogAttrs(c.Context, slog.LevelWarn, "the log's level is changed", slog.String("from", c.Past), slog.String("to", c.Level), slog.String("for", c.For))
			},
		}),
		ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
	return nil
}

// AdminURL gives where the admin listener is; "" if there is none.
func (s *Server) AdminURL() string {
	if s.admin.listener == nil {
		return ""
	}
	return "http://" + s.admin.listener.Addr().String()
}

// serve serves until the listener is closed.
func (a administration) serve(log *slog.Logger) {
	if a.http == nil {
		return
	}
	log.Info("the admin listener is open", "address", a.listener.Addr().String())
	if err := a.http.Serve(a.listener); !errors.Is(err, http.ErrServerClosed) {
		log.Error("the admin listener has failed", "error", err)
	}
}

// close ends it at once, and what is under way there: a profile may take minutes.
func (a administration) close() error {
	if a.http == nil {
		return nil
	}
	err := a.http.Close()
	if e := a.listener.Close(); e != nil && !errors.Is(e, net.ErrClosed) {
		err = errors.Join(err, e)
	}
	return err
}
