package server

import (
	"crypto/tls"
	"log/slog"
	"sync/atomic"
)

// Certificate is a TLS certificate that can be read again from its files while a server uses it.
type Certificate struct {
	certFile, keyFile string
	log               *slog.Logger
	current           atomic.Pointer[tls.Certificate]
}

// LoadCertificate reads a certificate and its key from PEM files.
func LoadCertificate(certFile, keyFile string, log *slog.Logger) (*Certificate, error) {
	c := &Certificate{certFile: certFile, keyFile: keyFile, log: log}
	if err := c.load(); err != nil {
		return nil, err
	}
	return c, nil
}

func (c *Certificate) load() error {
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return err
	}
	c.current.Store(&pair)
	return nil
}

// Reload reads the files again. If they are not valid, it logs why and keeps the present certificate.
func (c *Certificate) Reload() {
	if err := c.load(); err != nil {
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
