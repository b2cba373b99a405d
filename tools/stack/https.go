package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"time"

	"gin-blog/internal/testkit"
)

// https brings up the profile https without a DOMAIN, so that Caddy's own authority signs a certificate for localhost,
// and reads from it over HTTPS.
func (s *stack) https(ctx context.Context) error {
	if err := s.up(ctx, "https", "https"); err != nil {
		return err
	}
	root, err := s.engine.docker(ctx, "exec", project+"-https-1", "cat", "/data/caddy/pki/authorities/local/root.crt")
	if err != nil {
		return err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM([]byte(root)) {
		return errors.New("caddy has no authority")
	}
	client := &http.Client{
		Timeout:   readTimeout,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, DisableKeepAlives: true},
	}
	request, err := testkit.NewRequest(ctx, http.MethodGet, "https://localhost/posts", "")
	if err != nil {
		return err
	}
	// Caddy may not have its certificate yet, or not have asked the replicas whether they are ready.
	for deadline := time.Now().Add(recoveryTimeout); ; time.Sleep(time.Second) {
		answer, err := client.Do(request)
		if err == nil {
			answer.Body.Close()
			hsts := answer.Header.Get("Strict-Transport-Security")
			if answer.StatusCode == http.StatusOK && hsts == "max-age=31536000; includeSubDomains" {
				return nil
			}
			err = fmt.Errorf("https://localhost: status %d, Strict-Transport-Security %q", answer.StatusCode, hsts)
		}
		if time.Now().After(deadline) {
			return err
		}
	}
}
