package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/mainstem/mainstem/platform/config"
	"github.com/mainstem/mainstem/platform/telemetry"
	"github.com/mainstem/mainstem/platform/upstream"
	"github.com/mainstem/mainstem/server"
)

// logLines keeps what is logged.
type logLines struct {
	mu   sync.Mutex
	all  []map[string]any
	more chan struct{} // closed when there is another
}

func (l *logLines) Write(p []byte) (int, error) {
	var line map[string]any
	if err := json.Unmarshal(p, &line); err != nil {
		return 0, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, line)
	close(l.more)
	l.more = make(chan struct{})
	return len(p), nil
}

// await gives the first line that has all of these.
func (l *logLines) await(t *testing.T, want map[string]any) map[string]any {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for from := 0; ; {
		l.mu.Lock()
		all, more := l.all, l.more
		l.mu.Unlock()
		for ; from < len(all); from++ {
			if has(all[from], want) {
				return all[from]
			}
		}
		select {
		case <-more:
		case <-ctx.Done():
			t.Fatalf("there is no line with %v in %v", want, all)
		}
	}
}

func has(line, want map[string]any) bool {
	for name, value := range want {
		text, _ := json.Marshal(line[name])
		wanted, _ := json.Marshal(value)
		if !bytes.Equal(text, wanted) {
			return false
		}
	}
	return true
}

// runLogged runs a gateway until the test ends.
func runLogged(t *testing.T, c server.Config) (*server.Server, *logLines) {
	t.Helper()
	lines := &logLines{more: make(chan struct{})}
	c.Telemetry.Level = telemetry.NewLevel(slog.LevelInfo)
	log := telemetry.NewLogger(lines, c.Telemetry.Level)
	tracing, err := telemetry.New(t.Context(), c.Telemetry)
	if err != nil {
		t.Fatal(err)
	}
	s, err := server.New(c, log, tracing)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, time.Minute) }()
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return s, lines
}

// send sends a request with headers, and gives the answer's status and body.
func send(t *testing.T, method, url, body string, header http.Header) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = header
	if r.Header == nil {
		r.Header = http.Header{}
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

func TestTheAccessLog(t *testing.T) {
	t.Parallel()
	const key = "a secret of more than thirty-two bytes"
	c := alone(t)
	c.Auth = server.AuthConfig{Issuer: "me", Audience: "you", StaticKey: config.NewSecret(key)}
	s, lines := runLogged(t, c)
	token := tokenOf("ada@example.com", time.Now().Add(time.Hour), []byte(key))
	for reason, test := range map[string]struct {
		body   string
		header http.Header
		want   map[string]any
	}{
		"an operation": {`{"query":"query Who { __typename }"}`, http.Header{"Graphql-Client-Name": {"shop<b>"}, "Apollographql-Client-Version": {"1.2.3"}}, map[string]any{
			"msg": "request", "method": "POST", "path": "/graphql", "protocol": "HTTP/1.1", "status": 200, "bytes_in": 36, "transport": "http", "signed_in": false,
			"operation_name": "Who", "operation_type": "query", "client_name": "shopb", "client_version": "1.2.3", "calls": 0, "cost": 0, "codes": nil,
		}},
		"of who is signed in": {`{"query":"query Signed { __typename }"}`, http.Header{"Authorization": {token}}, map[string]any{"operation_name": "Signed", "signed_in": true}},
		"one that fails": {`{"query":"query Lost { products(first: 1) { totalCount } }"}`, nil, map[string]any{
			"msg": "request", "operation_name": "Lost", "calls": 1, "codes": []string{"SOURCE_UNAVAILABLE"},
		}},
		"one that is not valid": {`{"query":"query Bad { nope }"}`, nil, map[string]any{"msg": "request", "codes": []string{"GRAPHQL_VALIDATION_FAILED"}, "calls": 0}},
		"one that is refused": {`{"query":"query No { __typename }"}`, http.Header{"Authorization": {"Bearer nonsense"}}, map[string]any{
			"msg": "request", "status": 401, "codes": []string{"UNAUTHENTICATED"},
		}},
		"one whose time is no time": {`{"query":"query Late { __typename }"}`, http.Header{"Request-Timeout": {"soon"}}, map[string]any{
			"msg": "request", "status": 400, "codes": []string{"BAD_USER_INPUT"},
		}},
	} {
		t.Run(reason, func(t *testing.T) {
			send(t, http.MethodPost, s.URL()+"/graphql", test.body, test.header)
			line := lines.await(t, test.want)
			if line["trace_id"] == nil || line["request_id"] == nil || line["duration_ms"] == nil || line["bytes_out"] == nil {
				t.Errorf("got %v", line)
			}
		})
	}
	send(t, http.MethodPost, s.URL()+"/graphql", `{"query":"query Old { __typename }"}`, http.Header{"Authorization": {tokenOf("ada@example.com", time.Now().Add(-time.Hour), []byte(key))}})
	lines.await(t, map[string]any{"msg": "token refused", "level": "INFO", "code": "UNAUTHENTICATED", "cause": "UNAUTHENTICATED: The token has expired."})
	everything, err := json.Marshal(lines.all)
	if err != nil || strings.Contains(string(everything), "ada@") || strings.Contains(string(everything), "nonsense") || strings.Contains(string(everything), "eyJ") {
		t.Errorf("the log tells who asks: %v %s", err, everything)
	}
}

// TestSlowAndFailedOperations are logged with what was run for them.
func TestSlowAndFailedOperations(t *testing.T) {
	t.Parallel()
	c := alone(t)
	c.Telemetry.Slow = 1
	s, lines := runLogged(t, c)
	send(t, http.MethodPost, s.URL()+"/graphql", `{"query":"query Slow { __typename }"}`, nil)
	lines.await(t, map[string]any{"msg": "slow operation", "level": "WARN", "operation_name": "Slow", "steps": []any{}})
	send(t, http.MethodPost, s.URL()+"/graphql", `{"query":"query Lost { products(first: 1) { totalCount } }"}`, nil)
	line := lines.await(t, map[string]any{"msg": "failed operation", "level": "WARN", "operation_name": "Lost", "slow": true, "codes": []string{"SOURCE_UNAVAILABLE"}})
	steps, _ := line["steps"].([]any)
	if len(steps) != 2 {
		t.Fatalf("got %v", line)
	}
	step, _ := steps[0].(map[string]any)
	call, _ := steps[1].(map[string]any)
	if !has(step, map[string]any{"step": "products", "field": "Query.products", "objects": 1, "code": "SOURCE_UNAVAILABLE"}) ||
		!has(call, map[string]any{"source": "catalog", "operation": "listProducts", "attempts": 1, "code": "SOURCE_UNAVAILABLE"}) {
		t.Errorf("got %v", steps)
	}
}

// TestStreamsAreLogged when they begin and when they end, and so are the operations over them.
func TestStreamsAreLogged(t *testing.T) {
	t.Parallel()
	s, lines := runLogged(t, alone(t))
	conn, response, err := websocket.Dial(t.Context(), s.URL()+"/graphql", &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
	if err != nil {
		t.Fatal(err)
	}
	if response.Body != nil {
		_ = response.Body.Close()
	}
	defer func() { _ = conn.CloseNow() }()
	lines.await(t, map[string]any{"msg": "stream", "transport": "websocket", "state": "open"})
	for _, message := range []struct {
		says    string
		answers int
	}{
		{`{"type":"connection_init","payload":{"apollographql-client-name":"the shop"}}`, 1},
		{`{"type":"subscribe","id":"1","payload":{"query":"query Over { __typename }"}}`, 2}, // what it is, and that there is no more
		{`{"type":"subscribe","id":"2","payload":{"query":"query Wrong { nope }"}}`, 1},
	} {
		if err := conn.Write(t.Context(), websocket.MessageText, []byte(message.says)); err != nil {
			t.Fatal(err)
		}
		for range message.answers {
			if _, _, err := conn.Read(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	lines.await(t, map[string]any{"msg": "operation", "operation_name": "Over", "client_name": "the shop", "answers": 1, "codes": nil})
	lines.await(t, map[string]any{"msg": "operation", "client_name": "the shop", "answers": 0, "codes": []string{"GRAPHQL_VALIDATION_FAILED"}})
	if err := conn.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Fatal(err)
	}
	lines.await(t, map[string]any{"msg": "stream", "transport": "websocket", "state": "closed", "reason": "closed by the client: 1000", "operations": 1, "events": 1})
	lines.await(t, map[string]any{"msg": "request", "status": 101, "transport": "websocket", "operations": 1, "events": 1})
}

// waiting is a gateway with an admin listener, whose catalog answers when it is told to.
func waiting(t *testing.T) (s *server.Server, lines *logLines, asked <-chan struct{}, answer func()) {
	t.Helper()
	began, release := make(chan struct{}, 1), make(chan struct{})
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		began <- struct{}{}
		<-release
		w.WriteHeader(http.StatusInternalServerError)
	}))
	t.Cleanup(service.Close)
	c := alone(t)
	catalog := c.Sources["catalog"]
	catalog.URL = service.URL
	catalog.Retry = upstream.RetryPolicy{}
	c.Sources["catalog"] = catalog
	c.Admin.Listen = "127.0.0.1:0"
	s, lines = runLogged(t, c)
	answer = sync.OnceFunc(func() { close(release) })
	t.Cleanup(answer)
	return s, lines, began, answer
}

// TestWhatIsUnderWay: the admin listener shows an operation that waits, and what for; the public one does not.
func TestWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	s, lines, asked, answer := waiting(t)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		send(t, http.MethodPost, s.URL()+"/graphql", `{"query":"query Waits { products(first: 1) { totalCount } }"}`, http.Header{"Graphql-Client-Name": {"shop"}})
	}()
	<-asked
	if _, page := get(t, s.AdminURL()+"/debug/requests"); !strings.Contains(page, "query Waits") || !strings.Contains(page, "waits for catalog listProducts for") ||
		!strings.Contains(page, "waits for products (Query.products of 1) for") || !strings.Contains(page, "shop") {
		t.Errorf("got %s", page)
	}
	for _, path := range []string{"/debug/requests", "/debug/pprof/", "/debug/config", "/debug/runtime", "/log/level"} {
		if status, _ := get(t, s.URL()+path); status != http.StatusNotFound {
			t.Errorf("%s is answered with %d to everybody", path, status)
		}
		if status, _ := get(t, s.AdminURL()+path); status != http.StatusOK {
			t.Errorf("%s is answered with %d", path, status)
		}
	}
	answer()
	<-ended
	lines.await(t, map[string]any{"msg": "request", "operation_name": "Waits"})
	if _, page := get(t, s.AdminURL()+"/debug/requests"); !strings.HasPrefix(page, "0 operations") {
		t.Errorf("got %s", page)
	}
}

func TestTheLevelOfTheLog(t *testing.T) {
	t.Parallel()
	s, lines, _, _ := waiting(t)
	if status, body := send(t, http.MethodPut, s.AdminURL()+"/log/level", `{"level":"warn","for":"10m"}`, nil); status != http.StatusOK {
		t.Fatalf("got %d and %s", status, body)
	}
	lines.await(t, map[string]any{"msg": "the log's level is changed", "from": "info", "to": "warn", "for": "10m0s"})
	send(t, http.MethodGet, s.URL()+"/healthz", "", nil)
	send(t, http.MethodPut, s.AdminURL()+"/log/level", `{"level":"info"}`, nil)
	send(t, http.MethodGet, s.URL()+"/readyz", "", nil)
	lines.await(t, map[string]any{"path": "/readyz"})
	for _, line := range lines.all {
		if line["path"] == "/healthz" {
			t.Errorf("it is logged: %v", line)
		}
	}
}

func TestSettingsOfTheAdminListener(t *testing.T) {
	t.Parallel()
	token := config.NewSecret("sixteen letters.")
	for reason, test := range map[string]struct {
		admin server.AdminConfig
		wrong string
	}{
		"none":                           {server.AdminConfig{}, ""},
		"of this machine":                {server.AdminConfig{Listen: "127.0.0.1:4001"}, ""},
		"of this machine, by its name":   {server.AdminConfig{Listen: "localhost:4001"}, ""},
		"of this machine, by IPv6":       {server.AdminConfig{Listen: "[::1]:4001"}, ""},
		"no port":                        {server.AdminConfig{Listen: "127.0.0.1"}, "listen"},
		"a token that is too short":      {server.AdminConfig{Listen: "127.0.0.1:1", Token: config.NewSecret("short")}, "token"},
		"of everybody":                   {server.AdminConfig{Listen: ":4001"}, "token"},
		"of everybody, by a name":        {server.AdminConfig{Listen: "gateway:4001", Insecure: true}, "token"},
		"of everybody, with a token":     {server.AdminConfig{Listen: "0.0.0.0:4001", Token: token}, "insecure"},
		"of everybody, as they know now": {server.AdminConfig{Listen: "0.0.0.0:4001", Token: token, Insecure: true}, ""},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			err := test.admin.Validate()
			if (err == nil) != (test.wrong == "") || err != nil && !strings.Contains(err.Error(), test.wrong) {
				t.Errorf("got %v, want %q", err, test.wrong)
			}
		})
	}
}
