package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// service answers requests with what it has made before. It speaks as much of HTTP/1.1 as a client on the same machine needs: GET, one request
// after the other.
type service struct {
	answers map[string][]byte // whole, with their headers, by path
	users   [][]byte          // by id, less one
	calls   atomic.Int64
}

func newService(posts int, seed uint64) (*service, error) {
	w := newWriter(seed)
	s := &service{answers: map[string][]byte{}}
	users := (posts + postsPerUser - 1) / postsPerUser
	var err error
	s.users, err = add(s, "/users", users, w.user)
	if err != nil {
		return nil, err
	}
	_, err = add(s, "/posts", posts, w.post)
	return s, err
}

// add makes the answers of a list and of its items, whose texts it gives.
func add[T any](s *service, path string, n int, item func(id int) T) ([][]byte, error) {
	texts := make([][]byte, n)
	for i := range texts {
		var err error
		if texts[i], err = text(item(i + 1)); err != nil {
			return nil, err
		}
		s.answers[path+"/"+strconv.Itoa(i+1)] = appendAnswer(nil, "200 OK", texts[i])
	}
	s.answers[path] = appendAnswer(nil, "200 OK", appendList(nil, texts))
	return texts, nil
}

func appendAnswer(to []byte, status string, body []byte) []byte {
	to = fmt.Appendf(to, "HTTP/1.1 %s\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: %d\r\n\r\n", status, len(body))
	return append(to, body...)
}

// serve answers until the listener is closed, and then closes every connection.
func (s *service) serve(l net.Listener) error {
	var mu sync.Mutex
	open := map[net.Conn]bool{}
	var all sync.WaitGroup
	for {
		conn, err := l.Accept()
		if err != nil {
			mu.Lock()
			for c := range open {
				_ = c.Close()
			}
			mu.Unlock()
			all.Wait()
			return err
		}
		mu.Lock()
		open[conn] = true
		mu.Unlock()
		all.Go(func() {
			_ = s.converse(conn) // a client that breaks off, or sends what is no request, is gone: no more can be done for it
			mu.Lock()
			delete(open, conn)
			mu.Unlock()
			_ = conn.Close()
		})
	}
}

// maxHeadBytes bounds a request's line and headers.
const maxHeadBytes = 64 << 10

var (
	errTooLong   = errors.New("the request's head is too long")
	errNoRequest = errors.New("this is no request that can be answered here")
)

// converse answers the requests of one connection.
func (s *service) converse(conn net.Conn) error {
	buffer := make([]byte, 4<<10)
	var answer []byte
	filled := 0
	for {
		end := bytes.Index(buffer[:filled], []byte("\r\n\r\n"))
		if end < 0 {
			if filled == maxHeadBytes {
				return errTooLong
			}
			if filled == len(buffer) {
				buffer = append(buffer, make([]byte, len(buffer))...)
			}
			n, err := conn.Read(buffer[filled:])
			if err != nil {
				return err
			}
			filled += n
			continue
		}
		head := buffer[:end]
		target, ok := targetOf(head)
		if !ok {
			return errNoRequest
		}
		s.calls.Add(1)
		whole := s.answers[string(target)]
		if whole == nil {
			answer = s.appendOther(answer[:0], string(target))
			whole = answer
		}
		if _, err := conn.Write(whole); err != nil {
			return err
		}
		filled = copy(buffer, buffer[end+len("\r\n\r\n"):filled])
	}
}

// targetOf gives the path and query of a GET.
func targetOf(head []byte) ([]byte, bool) {
	line, _, _ := bytes.Cut(head, []byte("\r\n"))
	target, ok := bytes.CutPrefix(line, []byte("GET "))
	if !ok {
		return nil, false
	}
	return bytes.CutSuffix(target, []byte(" HTTP/1.1"))
}

// appendOther answers what has not been made before: users by their ids, and what is not there.
func (s *service) appendOther(to []byte, target string) []byte {
	query, ok := strings.CutPrefix(target, "/users?")
	if !ok {
		return appendAnswer(to, "404 Not Found", []byte("{}"))
	}
	var users [][]byte
	for parameter := range strings.SplitSeq(query, "&") {
		value, ok := strings.CutPrefix(parameter, "id=")
		if !ok {
			return appendAnswer(to, "400 Bad Request", []byte("{}"))
		}
		if id, err := strconv.Atoi(value); err == nil && id > 0 && id <= len(s.users) {
			users = append(users, s.users[id-1])
		}
	}
	return appendAnswer(to, "200 OK", appendList(nil, users))
}
