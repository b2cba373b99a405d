package answer

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"testing"

	"gin-blog/internal/testkit"
	"gin-blog/models"
)

func TestEveryKindHasAnAnswer(t *testing.T) {
	declared := testkit.Kinds(t)
	if declared["Unavailable"] != models.Unavailable || len(declared) != len(statuses) {
		t.Errorf("the kinds are %v, and %d have an answer", declared, len(statuses))
	}
	for name, kind := range declared {
		answer := statuses[kind]
		if answer.Code < 400 || answer.Name == "" || (answer.Code == 401) != (answer.Challenge != "") {
			t.Errorf("the answer to %s is %+v", name, answer)
		}
	}
}

func TestErrorsKeepTheirCause(t *testing.T) {
	cause := errors.New("disk on fire")
	for _, err := range []error{
		cause,
		fmt.Errorf("create post: %w: %w", models.ErrUnavailable, cause),
		models.Refuse(models.Invalid, cause, "The body is incomplete"),
		fmt.Errorf("read body: %w", errors.Join(cause, &http.MaxBytesError{Limit: 1})),
		fmt.Errorf("read body: %w: %w", cause, os.ErrDeadlineExceeded),
	} {
		if e := ErrorOf(t.Context(), err); !errors.Is(e.Cause, cause) || e.Message == "" || e.Message == cause.Error() {
			t.Errorf("%v: the client is told %q, and the log %v", err, e.Message, e.Cause)
		}
	}
}

// TestClientClosedRequest: only a client that hung up is said to have hung up.
func TestClientClosedRequest(t *testing.T) {
	ended, end := context.WithCancel(t.Context())
	end()
	canceled := fmt.Errorf("list posts: %w", context.Canceled)
	for _, c := range []struct {
		name string
		ctx  context.Context
		err  error
		want int
	}{
		{"the client hung up", ended, canceled, 499},
		{"another context ended", t.Context(), canceled, 500},
		{"the client hung up after another error", ended, models.ErrUnavailable, 503},
	} {
		if got := ErrorOf(c.ctx, c.err).Code; got != c.want {
			t.Errorf("%s: got %d, want %d", c.name, got, c.want)
		}
	}
}
