package cli

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"time"
)

const healthcheckTimeout = 3 * time.Second

// healthcheck asks the server on this machine whether it is ready. It does not verify the certificate, which names the
// host that clients use. Neither the request nor the answer holds a secret.
func healthcheck(ctx context.Context, in call) error {
	c, err := in.settings()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, healthcheckTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, localURL(c, "127.0.0.1", c.Port)+"/readyz", nil)
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
