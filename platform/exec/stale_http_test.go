package exec_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/mainstem/mainstem/platform/config"
	"github.com/mainstem/mainstem/platform/exec"
	"github.com/mainstem/mainstem/platform/exec/exectest/testdata/zoo/model"
	"github.com/mainstem/mainstem/platform/loader"
	"github.com/mainstem/mainstem/platform/upstream"
)

// tagShop is a service whose answers a source keeps, behind a loader of tags by number.
type tagShop struct {
	handle atomic.Pointer[http.HandlerFunc]
	calls  atomic.Int64
	tags   *loader.Loader[int, string]
}

func newTagShop(t *testing.T) *tagShop {
	t.Helper()
	s := &tagShop{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.calls.Add(1)
		(*s.handle.Load())(w, r)
	}))
	t.Cleanup(server.Close)
	client, err := upstream.NewHTTP(upstream.Options{
		Name: "shop", URL: server.URL, Policy: upstream.Policy{Cache: upstream.CachePolicy{Enabled: true, MaxBytes: 1 << 20, Stale: config.Duration(time.Hour)}},
	}, upstream.Inputs{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	s.tags = loader.New("shop", "tags", 2, func(ctx context.Context, keys []int) (map[int]string, error) {
		answer, err := client.Do(ctx, "list", func(baseURL string) (*http.Request, error) {
			return http.NewRequest(http.MethodGet, baseURL+"tags?of="+strings.Trim(fmt.Sprint(keys), "[]")[:1], nil)
		})
		if err != nil {
			return nil, err
		}
		found, err := upstream.Decode[map[int]string](answer)
		if err != nil {
			return nil, err
		}
		return *found, nil
	})
	return s
}

// does has the service answer so from now on.
func (s *tagShop) does(handle http.HandlerFunc) { s.handle.Store(&handle) }

func (s *tagShop) answers(w http.ResponseWriter, r *http.Request) {
	first := int(r.URL.Query().Get("of")[0] - '0')
	w.Header().Set("Content-Type", "application/json")
	_, _ = fmt.Fprintf(w, `{"%d": "t%d", "%d": "t%d"}`, first, first, first+1, first+1)
}

// TestStaleOverHTTP asks a service that answers, then one that is down, then one that hangs until the reserve of the deadline begins.
func TestStaleOverHTTP(t *testing.T) {
	t.Parallel()
	s := newTagShop(t)
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	degrade := exec.Degradations{"Lion.tag": {How: exec.Stale, MaxAge: time.Hour, Default: `"none"`}}
	g := degrading(t, fakes{tag: func(ctx context.Context, objs []*model.Lion) ([]string, error) {
		return s.tags.LoadAll(ctx, each(objs, func(l *model.Lion) int { return 1 + l.Legs }))
	}}, exec.Options{Degrade: degrade})
	ask := func(first int, reserve time.Duration) *graphql.Response {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		ctx = upstream.WithRequest(ctx, upstream.Request{Reserve: reserve})
		return g.answer(ctx, t, request{query: fmt.Sprintf(`{ lions(first: %d) { tag } }`, first)})
	}
	const three = `{"lions":[{"tag":"t1"},{"tag":"t2"},{"tag":"t3"}]}`
	s.does(s.answers)
	got := ask(3, 0)
	check(t, got, three)
	if len(degraded(t, got)) > 0 {
		t.Errorf("got %v", got.Extensions)
	}
	for reason, test := range map[string]struct {
		reserve time.Duration
		handle  http.HandlerFunc
	}{
		"down": {0, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }},
		"hanging": {time.Minute - 200*time.Millisecond, func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-r.Context().Done():
			case <-release:
			}
		}},
	} {
		s.does(test.handle)
		before := s.calls.Load()
		got := ask(5, test.reserve)
		check(t, got, `{"lions":[{"tag":"t1"},{"tag":"t2"},{"tag":"t3"},{"tag":"t4"},{"tag":"none"}]}`)
		want := []string{`["lions",0,"tag"] shop stale`, `["lions",1,"tag"] shop stale`, `["lions",2,"tag"] shop stale`, `["lions",3,"tag"] shop stale`, `["lions",4,"tag"] shop default`}
		if lines := degraded(t, got); !slices.Equal(lines, want) {
			t.Errorf("%s: got %q", reason, lines)
		}
		if calls := s.calls.Load() - before; calls > 3 {
			t.Errorf("%s: %d calls, want one for each batch at most, and none for what is kept", reason, calls)
		}
	}
	g = degrading(t, fakes{tag: func(ctx context.Context, objs []*model.Lion) ([]string, error) {
		return s.tags.LoadAll(ctx, each(objs, func(l *model.Lion) int { return 1 + l.Legs }))
	}}, exec.Options{Degrade: exec.Degradations{"Lion.tag": {How: exec.Stale, MaxAge: 1}}})
	s.does(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	check(t, ask(2, 0), `null`, "lions[0].tag 1:21 SOURCE_UNAVAILABLE", "lions[1].tag 1:21 SOURCE_UNAVAILABLE")
}
