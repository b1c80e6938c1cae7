package load

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// maxBody bounds an answer's body.
const maxBody = 64 << 20

var (
	errNoAnswer = errors.New("this is no answer of HTTP/1.1")
	errTooLong  = errors.New("the answer is too long")
	errNoLength = errors.New("the answer has no length")
)

// Reader reads the answers of one connection: as much of HTTP/1.1 as servers send on connections that stay open, and without making
// anything for each answer. Its requests must not be HEAD. It is not safe for concurrent use.
type Reader struct {
	from *bufio.Reader
	body []byte
}

// NewReader makes a reader of a connection.
func NewReader(from io.Reader) *Reader { return &Reader{from: bufio.NewReaderSize(from, 32<<10)} }

// Next gives the next answer's status and body. The body is good until the next call. It fails with what reading fails with, and if an answer
// is not one that it understands.
func (r *Reader) Next() (status int, body []byte, err error) {
	line, err := r.line()
	if err != nil {
		return 0, nil, err
	}
	status, ok := statusOf(line)
	if !ok {
		return 0, nil, fmt.Errorf("%w: it begins with %.50q", errNoAnswer, line)
	}
	length, chunked, err := r.headers()
	if err != nil {
		return 0, nil, err
	}
	r.body = r.body[:0]
	switch {
	case chunked:
		err = r.chunks()
	case length >= 0:
		err = r.add(length)
	case status == 204 || status == 304: // which have no body
	default:
		err = errNoLength
	}
	return status, r.body, err
}

// statusOf gives the status of an answer's first line.
func statusOf(line []byte) (int, bool) {
	rest, ok := bytes.CutPrefix(line, []byte("HTTP/1.1 "))
	if !ok || len(rest) < 3 || len(rest) > 3 && rest[3] != ' ' {
		return 0, false
	}
	status, ok := number(rest[:3], 10)
	return status, ok && status >= 200 // an answer that is not final was not asked for
}

// headers reads all headers, and gives what they say of the body's length: -1 for nothing.
func (r *Reader) headers() (length int, chunked bool, err error) {
	length = -1
	for {
		line, err := r.line()
		if err != nil || len(line) == 0 {
			return length, chunked, early(err)
		}
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			return 0, false, fmt.Errorf("%w: it has the header %.50q", errNoAnswer, line)
		}
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, ok = number(bytes.TrimSpace(value), 10); !ok {
				return 0, false, fmt.Errorf("%w: its length is %.50q", errNoAnswer, value)
			}
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			chunked = bytes.EqualFold(bytes.TrimSpace(value), []byte("chunked"))
		}
	}
}

// chunks reads a body that comes in chunks.
func (r *Reader) chunks() error {
	for {
		line, err := r.line()
		if err != nil {
			return early(err)
		}
		digits, _, _ := bytes.Cut(line, []byte(";"))
		length, ok := number(bytes.TrimSpace(digits), 16)
		if !ok {
			return fmt.Errorf("%w: it has a chunk of length %.50q", errNoAnswer, line)
		}
		if length == 0 {
			_, _, err := r.headers() // the trailers
			return err
		}
		if err := r.add(length); err != nil {
			return err
		}
		line, err = r.line()
		if err != nil {
			return early(err)
		}
		if len(line) > 0 {
			return fmt.Errorf("%w: a chunk is followed by %.50q", errNoAnswer, line)
		}
	}
}

// add reads n bytes of the body.
func (r *Reader) add(n int) error {
	begin := len(r.body)
	if n > maxBody-begin {
		return errTooLong
	}
	if cap(r.body) < begin+n {
		larger := make([]byte, begin, 2*(begin+n))
		copy(larger, r.body)
		r.body = larger
	}
	r.body = r.body[:begin+n]
	_, err := io.ReadFull(r.from, r.body[begin:])
	return early(err)
}

// line gives the next line, without its end. It is good until the next read.
func (r *Reader) line() ([]byte, error) {
	line, err := r.from.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return nil, errTooLong
	}
	if err != nil && len(line) > 0 {
		err = early(err)
	}
	return bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r")), err
}

// early says of an end that it is within an answer.
func early(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// number reads digits, and nothing else.
func number(text []byte, base int) (int, bool) {
	n, err := strconv.ParseUint(string(text), base, 31)
	return int(n), err == nil
}
