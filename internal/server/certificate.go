package server

import (
	"crypto/tls"
	"sync/atomic"

	"gin-blog/internal/files"
)

// Certificate returns settings of TLS 1.2 or newer for a certificate in two PEM files, and a function that reads the
// files. Call it before the settings are used, and again to take other files while they are: if those are not valid,
// the present certificate stays. A pipe or a device is refused.
func Certificate(certFile, keyFile string) (settings *tls.Config, load func() error) {
	var current atomic.Pointer[tls.Certificate]
	load = func() error {
		certificate, err := files.Read(certFile)
		if err != nil {
			return err
		}
		key, err := files.Read(keyFile)
		if err != nil {
			return err
		}
		pair, err := tls.X509KeyPair(certificate, key)
		if err != nil {
			return err
		}
		current.Store(&pair)
		return nil
	}
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return current.Load(), nil },
	}, load
}
