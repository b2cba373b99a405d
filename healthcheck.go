package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"time"

	"gin-blog/config"
)

// healthcheck asks the server on this machine whether it is ready. The certificate is not checked: it names the host that
// clients know, not this loopback, and nothing secret is asked or told.
func healthcheck(ctx context.Context, c *config.Config) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s://127.0.0.1:%d/readyz", scheme(c), c.Port), nil)
	if err != nil {
		return fmt.Errorf("healthcheck: %w", err)
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("healthcheck: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("healthcheck: the server is not ready (%s)", response.Status)
	}
	return nil
}
