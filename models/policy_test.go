package models_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"gin-blog/models"
)

// TestPatience: the waits of a request share one limit, a wait inside of another counts once, and the contexts of other
// work share none.
func TestPatience(t *testing.T) {
	left := func(ctx context.Context) time.Duration {
		limited, done := models.LimitWait(ctx, time.Hour)
		defer done()
		deadline, _ := limited.Deadline()
		return time.Until(deadline)
	}
	const wait = 300 * time.Millisecond
	use := func(ctx context.Context) {
		outer, done := models.LimitWait(ctx, time.Hour)
		defer done()
		inner, innerDone := models.LimitWait(outer, wait)
		defer innerDone()
		<-inner.Done()
		if !errors.Is(context.Cause(inner), models.ErrUnavailable) || outer.Err() != nil {
			t.Errorf("the causes are %v and %v", context.Cause(inner), context.Cause(outer))
		}
	}
	if use(t.Context()); left(t.Context()) < time.Hour-time.Second {
		t.Errorf("without patience, %s is left", left(t.Context()))
	}
	request := models.WithPatience(t.Context())
	if got := left(request); got > models.CallTimeout || got < models.CallTimeout-wait {
		t.Errorf("at the start, %s is left", got)
	}
	use(request)
	use(context.WithoutCancel(request))
	if got := left(request); got > models.CallTimeout-2*wait || got < models.CallTimeout-4*wait {
		t.Errorf("after two waits of %s, %s is left", wait, got)
	}
	rest, done := models.LimitWait(request, time.Hour)
	<-rest.Done()
	done()
	if left(request) > 0 {
		t.Error("a wait begins after the last one used everything up")
	}
	if got := left(models.WithPatience(t.Context())); got < models.CallTimeout-wait {
		t.Errorf("another request has %s left", got)
	}
}
