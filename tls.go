package main

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"

	"gin-blog/config"
)

// newTLSConfig serves the certificate in TLS_CERT and TLS_KEY, and reads them again at each SIGHUP; a pair that does not
// work then is logged, and the one before stays. It returns nil where they are not set.
func newTLSConfig(c *config.Config, log *slog.Logger) (*tls.Config, error) {
	if c.TLSCert == "" {
		return nil, nil
	}
	var current atomic.Pointer[tls.Certificate]
	load := func() error {
		pair, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
		if err != nil {
			return fmt.Errorf("TLS_CERT and TLS_KEY: %w", err)
		}
		current.Store(&pair)
		return nil
	}
	if err := load(); err != nil {
		return nil, err
	}
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	go func() {
		for range hangups {
			if err := load(); err != nil {
				log.Error("the certificate was not reloaded, the one before stays", "cause", err)
				continue
			}
			log.Info("the certificate was reloaded")
		}
	}()
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return current.Load(), nil },
	}, nil
}
