package admin_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mainstem/mainstem/platform/admin"
	"github.com/mainstem/mainstem/platform/telemetry"
	"github.com/mainstem/mainstem/platform/telemetry/live"
)

// ask asks a handler, as a request says it in one line, with headers.
func ask(h http.Handler, method, target, body string, header map[string]string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r.Host = "127.0.0.1:4001"
	for name, value := range header {
		if name == "Host" {
			r.Host = value
		}
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestWhoMayAsk(t *testing.T) {
	t.Parallel()
	const token = "sixteen letters."
	for reason, test := range map[string]struct {
		token  string
		header map[string]string
		want   int
	}{
		"anybody on this machine":                 {"", nil, http.StatusOK},
		"by its name":                             {"", map[string]string{"Host": "localhost:4001"}, http.StatusOK},
		"by its other address":                    {"", map[string]string{"Host": "[::1]"}, http.StatusOK},
		"by a name that somebody has given it":    {"", map[string]string{"Host": "evil.example:4001"}, http.StatusForbidden},
		"a web page":                              {"", map[string]string{"Origin": "http://localhost:3000"}, http.StatusForbidden},
		"a link of a web page":                    {"", map[string]string{"Sec-Fetch-Site": "cross-site"}, http.StatusForbidden},
		"somebody who types the address":          {"", map[string]string{"Sec-Fetch-Site": "none"}, http.StatusOK},
		"nobody without the token":                {token, nil, http.StatusUnauthorized},
		"nobody with another token":               {token, map[string]string{"Authorization": "Bearer sixteen letters,"}, http.StatusUnauthorized},
		"nobody with a part of it":                {token, map[string]string{"Authorization": "Bearer sixteen"}, http.StatusUnauthorized},
		"nobody by another scheme":                {token, map[string]string{"Authorization": "Basic " + token}, http.StatusUnauthorized},
		"who brings it":                           {token, map[string]string{"Authorization": "Bearer " + token}, http.StatusOK},
		"who brings it, by any name":              {token, map[string]string{"Authorization": "bearer " + token, "Host": "gateway:4001"}, http.StatusOK},
		"a web page that brings it":               {token, map[string]string{"Authorization": "Bearer " + token, "Origin": "null"}, http.StatusForbidden},
		"nobody with an empty one where it needs": {token, map[string]string{"Authorization": "Bearer "}, http.StatusUnauthorized},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			if w := ask(admin.New(admin.Options{Token: test.token}), http.MethodGet, "/", "", test.header); w.Code != test.want {
				t.Errorf("got %d, want %d: %s", w.Code, test.want, w.Body)
			}
		})
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	h := admin.New(admin.Options{
		Live: live.New(live.Options{}), Level: telemetry.NewLevel(slog.LevelInfo),
		Metrics: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "metrics") }),
		Config:  func() any { return map[string]string{"listen": "x"} },
	})
	for target, want := range map[string]string{
		"/": "/debug/requests\n", "/debug/pprof/": "goroutine", "/debug/pprof/cmdline": "admin", "/debug/requests": "0 operations at ", "/metrics": "metrics",
		"/debug/requests?format=json": `"operations": []`, "/debug/runtime": `"goroutines": `, "/debug/config": `"listen": "x"`, "/log/level": `"level": "info"`,
		"/debug/requests?n=0": "n is a number", "/debug/requests?n=x": "n is a number",
	} {
		if got := ask(h, http.MethodGet, target, "", nil).Body.String(); !strings.Contains(got, want) {
			t.Errorf("%s: there is no %q in %s", target, want, got)
		}
	}
	if got := ask(h, http.MethodGet, "/debug/requests", "", map[string]string{"Accept": "application/json"}); !json.Valid(got.Body.Bytes()) {
		t.Errorf("it is no JSON: %s", got.Body)
	}
	nothing := admin.New(admin.Options{})
	for _, target := range []string{"/debug/requests", "/debug/config", "/log/level", "/metrics", "/other"} {
		if w := ask(nothing, http.MethodGet, target, "", nil); w.Code != http.StatusNotFound {
			t.Errorf("%s: got %d", target, w.Code)
		}
	}
}

func TestChangingTheLevel(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		body string
		want string // the level, or "" if it is refused
	}{
		"for a while":          {`{"level":"debug","for":"10m"}`, "debug"},
		"for good":             {`{"level":"error"}`, "error"},
		"no level":             {`{}`, ""},
		"another level":        {`{"level":"loud"}`, ""},
		"a level with a sum":   {`{"level":"info+4"}`, ""},
		"no time":              {`{"level":"debug","for":"soon"}`, ""},
		"a time that was":      {`{"level":"debug","for":"-1s"}`, ""},
		"more than a day":      {`{"level":"debug","for":"25h"}`, ""},
		"more than is known":   {`{"level":"debug","until":"x"}`, ""},
		"no JSON":              {`level=debug`, ""},
		"more than one object": {`{"level":"debug"}{}`, ""},
		"too much":             {`{"level":"debug","for":"` + strings.Repeat("1", 2000) + `"}`, ""},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			level, told := telemetry.NewLevel(slog.LevelInfo), 0
			h := admin.New(admin.Options{Level: level, Changed: func(admin.LevelChange) { told++ }})
			w := ask(h, http.MethodPut, "/log/level", test.body, nil)
			now := strings.ToLower(level.Level().String())
			switch {
			case test.want == "" && (w.Code != http.StatusBadRequest || now != "info" || told != 0):
				t.Errorf("got %d, and the level is %s", w.Code, now)
			case test.want != "" && (w.Code != http.StatusOK || now != test.want || told != 1):
				t.Errorf("got %d, and the level is %s: %s", w.Code, now, w.Body)
			}
		})
	}
}

func TestTheLevelFallsBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		level := telemetry.NewLevel(slog.LevelInfo)
		h := admin.New(admin.Options{Level: level})
		ask(h, http.MethodPut, "/log/level", `{"level":"debug","for":"10m"}`, nil)
		if got := ask(h, http.MethodGet, "/log/level", "", nil).Body.String(); !strings.Contains(got, `"usual": "info"`) || !strings.Contains(got, `"until"`) {
			t.Errorf("got %s", got)
		}
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if level.Level() != slog.LevelInfo {
			t.Errorf("it is %v", level.Level())
		}
	})
}
