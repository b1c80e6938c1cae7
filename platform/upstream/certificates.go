package upstream

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/mainstem/mainstem/platform/config"
)

// config gives what connections over TLS are made with. The problems' paths begin with tls; no message holds what stands in a file.
func (t TLS) config() (*tls.Config, config.Problems) {
	made := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.ServerName}
	var problems config.Problems
	check := func(setting string, err error) {
		if err != nil {
			problems = append(problems, config.Problem{Path: "tls." + setting, Message: err.Error()})
		}
	}
	if t.CAFile != "" {
		var err error
		made.RootCAs, err = readCAs(t.CAFile)
		check("caFile", err)
	}
	switch {
	case t.CertFile == "" && t.KeyFile == "":
	case t.KeyFile == "":
		check("keyFile", errors.New("is needed beside certFile"))
	case t.CertFile == "":
		check("certFile", errors.New("is needed beside keyFile"))
	default:
		_, certErr := readPEM(t.CertFile)
		_, keyErr := readPEM(t.KeyFile)
		check("certFile", certErr)
		check("keyFile", keyErr)
		ours := &certificate{certFile: t.CertFile, keyFile: t.KeyFile}
		if certErr == nil && keyErr == nil {
			_, err := ours.get(nil)
			check("certFile", err)
		}
		made.GetClientCertificate = ours.get
	}
	return made, problems
}

func readCAs(file string) (*x509.CertPool, error) {
	text, err := readPEM(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s holds no certificate in PEM", file)
	}
	return pool, nil
}

// certificate is what we show to a service that asks who we are. It is safe for concurrent use.
type certificate struct {
	certFile, keyFile string

	mu                      sync.Mutex
	current                 *tls.Certificate
	certChanged, keyChanged time.Time // of the files that current was read from
}

// get gives the certificate, read again if its files have changed since. While they are being replaced they may not fit each other: the
// last that did is good until it expires. It is called once for each connection, so looking at the files costs nothing that counts.
func (c *certificate) get(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.refresh(); err != nil && (c.current == nil || time.Now().After(c.current.Leaf.NotAfter)) {
		return nil, err
	}
	return c.current, nil
}

func (c *certificate) refresh() error {
	certChanged, err := changed(c.certFile)
	if err != nil {
		return err
	}
	keyChanged, err := changed(c.keyFile)
	if err != nil {
		return err
	}
	if c.current != nil && certChanged.Equal(c.certChanged) && keyChanged.Equal(c.keyChanged) {
		return nil
	}
	cert, err := readPEM(c.certFile)
	if err != nil {
		return err
	}
	key, err := readPEM(c.keyFile)
	if err != nil {
		return err
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return fmt.Errorf("%s and keyFile %s: %w", c.certFile, c.keyFile, err)
	}
	c.current, c.certChanged, c.keyChanged = &pair, certChanged, keyChanged
	return nil
}

// changed gives the time of a file's last change.
func changed(file string) (time.Time, error) {
	if err := checkName(file); err != nil {
		return time.Time{}, err
	}
	info, err := os.Stat(file)
	if err != nil {
		return time.Time{}, unreadable(file, err)
	}
	return info.ModTime(), nil
}

// maxPEMBytes is more than all the certificates that a system trusts.
const maxPEMBytes = 1 << 20

func readPEM(file string) ([]byte, error) {
	if err := checkName(file); err != nil {
		return nil, err
	}
	f, err := os.Open(file) //nolint:gosec // whoever names the file runs the program
	if err != nil {
		return nil, unreadable(file, err)
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, maxPEMBytes+1))
	if err != nil {
		return nil, unreadable(file, err)
	}
	if len(text) > maxPEMBytes {
		return nil, fmt.Errorf("%s is larger than %s", file, config.Bytes(maxPEMBytes))
	}
	return text, nil
}

// checkName refuses what is meant to stand in a file, before a message shows it.
func checkName(file string) error {
	if strings.Contains(file, "-----BEGIN") || strings.ContainsAny(file, "\r\n") {
		return errors.New("must be a file's name, not what stands in it")
	}
	return nil
}

func unreadable(file string, err error) error {
	if of, ok := errors.AsType[*fs.PathError](err); ok {
		err = of.Err
	}
	return fmt.Errorf("%s cannot be read: %w", file, err)
}
