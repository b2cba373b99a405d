package server

import (
	"crypto/tls"
	"log/slog"
	"sync/atomic"

	"gin-blog/internal/files"
)

// Certificate is a TLS certificate that can be read again from its files while a server uses it.
type Certificate struct {
	certFile, keyFile string
	log               *slog.Logger
	current           atomic.Pointer[tls.Certificate]
}

// NewCertificate returns a certificate in two PEM files, or nil, which is no certificate, if certFile is empty. Before
// Load it cannot be used.
func NewCertificate(certFile, keyFile string, log *slog.Logger) *Certificate {
	if certFile == "" {
		return nil
	}
	return &Certificate{certFile: certFile, keyFile: keyFile, log: log}
}

// Load reads the files. It refuses a pipe or a device.
func (c *Certificate) Load() error {
	if c == nil {
		return nil
	}
	certificate, err := files.Read(c.certFile)
	if err != nil {
		return err
	}
	key, err := files.Read(c.keyFile)
	if err != nil {
		return err
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return err
	}
	c.current.Store(&pair)
	return nil
}

// Reload is Load while a server uses the certificate. If the files are not valid, it logs why and keeps the present
// certificate.
func (c *Certificate) Reload() {
	if c == nil {
		return
	}
	if err := c.Load(); err != nil {
		c.log.Error("the certificate was not reloaded, the one before stays", "cause", err)
		return
	}
	c.log.Info("the certificate was reloaded")
}

// tlsConfig serves the present certificate, over TLS 1.2 or newer. It returns nil if c is nil.
func (c *Certificate) tlsConfig() *tls.Config {
	if c == nil {
		return nil
	}
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.current.Load(), nil },
	}
}
