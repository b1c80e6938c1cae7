package server_test

import (
	"bufio"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/mainstem/mainstem/platform/config"
	"github.com/mainstem/mainstem/platform/telemetry"
	"github.com/mainstem/mainstem/server"
)

// TestWebSocketsOfBrowsers, which accept packed answers: nothing of what is around all answers keeps them from connecting.
func TestWebSocketsOfBrowsers(t *testing.T) {
	t.Parallel()
	c := alone(t)
	c.CORS.AllowedOrigins = []string{"https://shop.example"}
	catalog := c.Sources["catalog"]
	catalog.Headers = server.HeadersConfig{Return: []string{"X-Version"}}
	c.Sources["catalog"] = catalog
	conn, response, err := websocket.Dial(t.Context(), run(t, c)+"/graphql", &websocket.DialOptions{
		Subprotocols: []string{"graphql-transport-ws"},
		HTTPHeader:   http.Header{"Accept-Encoding": {"gzip, deflate, br, zstd"}, "Origin": {"https://shop.example"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if response.Body != nil {
		_ = response.Body.Close()
	}
	defer func() { _ = conn.CloseNow() }()
	if err := conn.Write(t.Context(), websocket.MessageText, []byte(`{"type":"connection_init"}`)); err != nil {
		t.Fatal(err)
	}
	if _, got, err := conn.Read(t.Context()); err != nil || string(got) != `{"type":"connection_ack"}` {
		t.Errorf("got %s, %v", got, err)
	}
}

// tokenOf gives a good token that expires at a time.
func tokenOf(subject string, expires time.Time, key []byte) string {
	encode := base64.RawURLEncoding.EncodeToString
	signed := encode([]byte(`{"alg":"HS256"}`)) + "." + encode(fmt.Appendf(nil, `{"iss":"me","aud":"you","sub":%q,"exp":%d}`, subject, expires.Unix()))
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(signed))
	return "Bearer " + signed + "." + encode(mac.Sum(nil))
}

// TestWebSocketTokens has who connects say in the payload who she is.
func TestWebSocketTokens(t *testing.T) {
	t.Parallel()
	const key = "a secret of more than thirty-two bytes"
	c := alone(t)
	c.Auth = server.AuthConfig{Issuer: "me", Audience: "you", StaticKey: config.NewSecret(key)}
	url := run(t, c) + "/graphql"
	ann, bob := tokenOf("ann", time.Now().Add(time.Hour), []byte(key)), tokenOf("bob", time.Now().Add(time.Hour), []byte(key))
	const short = "expires soon"
	for reason, test := range map[string]struct {
		header, payload string // in which short stands for a token that expires soon
		code            websocket.StatusCode
	}{
		"two at a time":                 {"", `{"Authorization":"` + ann + `","authorization":"` + bob + `"}`, 4403},
		"one that expires":              {"", `{"Authorization":"` + short + `"}`, 4403},
		"one of the header that does":   {short, `{}`, 4403},
		"one that is good":              {"", `{"authorization":"` + ann + `"}`, -1},
		"a good one, instead of others": {short, `{"authorization":"` + ann + `"}`, -1},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			soon := tokenOf("ann", time.Now().Add(4*time.Second), []byte(key))
			header := http.Header{}
			if test.header != "" {
				header.Set("Authorization", soon)
			}
			conn, response, err := websocket.Dial(t.Context(), url, &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}, HTTPHeader: header})
			if err != nil {
				t.Fatal(err)
			}
			if response.Body != nil {
				_ = response.Body.Close()
			}
			defer func() { _ = conn.CloseNow() }()
			ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
			defer cancel()
			err = conn.Write(ctx, websocket.MessageText, []byte(`{"type":"connection_init","payload":`+strings.Replace(test.payload, short, soon, 1)+`}`))
			for err == nil {
				_, _, err = conn.Read(ctx)
			}
			if got := websocket.CloseStatus(err); got != test.code {
				t.Errorf("closed with %d: %v", got, err)
			}
		})
	}
}

// TestStoppingTakesNoMoreRequests though a client keeps the gateway waiting: of a WebSocket that does not close.
func TestStoppingTakesNoMoreRequests(t *testing.T) {
	t.Parallel()
	c := alone(t)
	tracing, err := telemetry.New(t.Context(), c.Telemetry)
	if err != nil {
		t.Fatal(err)
	}
	s, err := server.New(c, slog.New(slog.DiscardHandler), tracing)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, time.Minute) }()
	address := strings.TrimPrefix(s.URL(), "http://")
	silent, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	if _, err := io.WriteString(silent, "GET /graphql HTTP/1.1\r\nHost: "+address+"\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(silent)
	response, err := http.ReadResponse(in, nil)
	if err != nil || response.StatusCode != http.StatusSwitchingProtocols {
		t.Fatal(response, err)
	}
	_ = response.Body.Close()
	stop()
	stopped := time.Now()
	if _, err := in.ReadByte(); err != nil { // of the frame that closes, which is not answered
		t.Fatal(err)
	}
	for refused := false; !refused; {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
		refused = err != nil
		if err == nil {
			_ = conn.Close()
		}
		if time.Since(stopped) > 3*time.Second { // the client has five
			t.Fatal("requests are taken as long as a client does not close")
		}
	}
	_ = silent.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
