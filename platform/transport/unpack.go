package transport

import (
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// errEncoding is what is wrong with a body in an encoding that is not read.
var errEncoding = errors.New("the encoding is not known")

// maxWindow bounds the memory that unpacking zstd takes.
const maxWindow = 8 << 20

// unpack gives a request's body as it was before it was packed: by gzip, by zstd, or not at all. What it gives is at most so many bytes; with more it fails as
// http.MaxBytesReader does, however small the body is as it was sent. Whoever gets it closes it.
func unpack(body io.ReadCloser, header http.Header, most int64) (io.ReadCloser, error) {
	switch strings.ToLower(strings.TrimSpace(strings.Join(header.Values("Content-Encoding"), ","))) {
	case "", "identity":
		return body, nil
	case "gzip":
		r, err := gzip.NewReader(body)
		if err != nil {
			return nil, err
		}
		return http.MaxBytesReader(nil, r, most), nil
	case "zstd":
		r, err := zstd.NewReader(body, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, err
		}
		return http.MaxBytesReader(nil, r.IOReadCloser(), most), nil
	}
	return nil, errEncoding
}
