package upstream

import (
	"crypto/tls"
	"crypto/x509"
	"path/filepath"
	"testing"
	"time"
)

func TestCertificateWhoseFilesAreGone(t *testing.T) {
	t.Parallel()
	for reason, test := range map[string]struct {
		expires time.Duration // from now
		good    bool
	}{
		"it is good until it expires": {time.Hour, true},
		"it has expired":              {-time.Hour, false},
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			gone := filepath.Join(t.TempDir(), "gone.pem")
			last := &tls.Certificate{Leaf: &x509.Certificate{NotAfter: time.Now().Add(test.expires)}}
			c := &certificate{certFile: gone, keyFile: gone, current: last}
			got, err := c.get(nil)
			if test.good && (got != last || err != nil) || !test.good && err == nil {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}
