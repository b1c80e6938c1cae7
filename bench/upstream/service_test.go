package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// serve runs a service until the test ends, and gives its address.
func serve(t *testing.T, posts int) (*service, string) {
	t.Helper()
	s, err := newService(posts, 1)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.serve(l) }()
	t.Cleanup(func() {
		_ = l.Close()
		if err := <-ended; !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
	return s, l.Addr().String()
}

// get reads an answer by a client that knows all of HTTP.
func get[T any](t *testing.T, address, target string) (status int, answer T) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	resp, err := client.Get("http://" + address + target)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil && resp.StatusCode == http.StatusOK {
		t.Fatal(err)
	}
	return resp.StatusCode, answer
}

func TestPosts(t *testing.T) {
	t.Parallel()
	s, address := serve(t, 100)
	_, all := get[[]post](t, address, "/posts")
	if len(all) != 100 || all[0].ID != 1 || all[0].UserID != 1 || all[9].UserID != 1 || all[10].UserID != 2 || all[99].UserID != 10 {
		t.Fatalf("got %d posts: %+v", len(all), all)
	}
	letters := 0
	for _, p := range all {
		if p.Title == "" || len(p.Title) > 90 || strings.Count(p.Body, "\n") != 3 {
			t.Errorf("got %+v", p)
		}
		letters += len(p.Title) + len(p.Body)
	}
	if letters < 18_000 || letters > 22_000 { // JSONPlaceholder's have some 20,000
		t.Errorf("the texts have %d letters", letters)
	}
	if _, one := get[post](t, address, "/posts/42"); one != all[41] {
		t.Errorf("got %+v, want %+v", one, all[41])
	}
	if s.calls.Load() != 2 {
		t.Errorf("%d calls were counted, want 2", s.calls.Load())
	}
	again, err := newService(100, 1)
	if err != nil || string(again.answers["/posts"]) != string(s.answers["/posts"]) {
		t.Error("the same seed gives other texts")
	}
}

func TestUsers(t *testing.T) {
	t.Parallel()
	_, address := serve(t, 25)
	_, all := get[[]user](t, address, "/users")
	if len(all) != 3 || all[2].ID != 3 || all[0].Address.Geo.Lat == "" || all[0].Company.Business == "" {
		t.Fatalf("got %+v", all)
	}
	for target, want := range map[string][]user{
		"/users?id=3&id=1":            {all[2], all[0]},
		"/users?id=2&id=4&id=x&id=-1": {all[1]},
		"/users?id=9":                 nil,
	} {
		status, some := get[[]user](t, address, target)
		if status != http.StatusOK || fmt.Sprint(some) != fmt.Sprint(want) {
			t.Errorf("%s: got %d and %+v, want %+v", target, status, some, want)
		}
	}
	if _, one := get[user](t, address, "/users/3"); one != all[2] {
		t.Errorf("got %+v", one)
	}
	for target, want := range map[string]int{"/posts/26": 404, "/users/0": 404, "/": 404, "/users?name=x": 400} {
		if status, _ := get[any](t, address, target); status != want {
			t.Errorf("%s: got %d, want %d", target, status, want)
		}
	}
}

// TestConnection: requests follow each other on one connection, cut wherever packets are; one that is none ends it.
func TestConnection(t *testing.T) {
	t.Parallel()
	_, address := serve(t, 10)
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	answers := bufio.NewReader(conn)
	long := strings.Repeat("x", 10<<10)
	go func() {
		for _, part := range []string{
			"GET /posts/1 HTTP/1.1\r\nHost: x\r\n\r\nGET /posts/2 HT", "TP/1.1\r\nHost: x\r", "\n\r\n", "GET /posts/3 HTTP/1.1\r\nLong: " + long + "\r\n\r\n",
			"POST /posts HTTP/1.1\r\nHost: x\r\n\r\n",
		} {
			if _, err := io.WriteString(conn, part); err != nil {
				return
			}
		}
	}()
	for id := 1; id <= 3; id++ {
		resp, err := http.ReadResponse(answers, nil)
		if err != nil {
			t.Fatal(err)
		}
		var p post
		if err := json.NewDecoder(resp.Body).Decode(&p); err != nil || p.ID != id {
			t.Errorf("got %+v, %v, want %d", p, err, id)
		}
		_ = resp.Body.Close()
	}
	if rest, err := io.ReadAll(answers); len(rest) > 0 {
		t.Errorf("after what is no request comes %q, %v", rest, err)
	}
}
