package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"gin-blog/tools/internal/ledger"
)

// awaitTargets waits until the Prometheus at url has scraped so many targets, and no target is down.
func awaitTargets(ctx context.Context, url string, want int) error {
	ctx, cancel := context.WithTimeout(ctx, recoveryTimeout)
	defer cancel()
	for {
		var answer struct {
			Data struct {
				ActiveTargets []struct{ Health, ScrapeURL, LastError string }
			}
		}
		_, err := ledger.Client{URL: url}.Call(ctx, http.MethodGet, "/api/v1/targets?state=active", "", &answer)
		up := 0
		for _, target := range answer.Data.ActiveTargets {
			if target.Health == "up" {
				up++
			}
		}
		if err == nil && up == want && len(answer.Data.ActiveTargets) == want {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("want %d targets that are up, have %+v (%w)", want, answer.Data.ActiveTargets, err)
		case <-time.After(500 * time.Millisecond):
		}
	}
}
