package transfer_test

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"time"

	"gin-blog/internal/testkit"
	"gin-blog/models"
	"gin-blog/models/mongodb"
	"gin-blog/transfer"
)

// TestCopyBearsAnOutage takes MongoDB away while a copy reads from it, or writes to it, and loses the answer to a
// write. The copy waits, and nothing is doubled.
func TestCopyBearsAnOutage(t *testing.T) {
	for _, name := range []string{"the source is away", "the target is away"} {
		t.Run(name, func(t *testing.T) {
			proxy := testkit.NewMongoProxy(t)
			proxy.Listen()
			db := testkit.Database(t)
			remote, err := mongodb.Open(proxy.URI(), db.Name(), slog.New(slog.DiscardHandler), nil)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = remote.Close(context.WithoutCancel(t.Context())) })
			source, target := store(remote), testkit.SQLite(t).(store)
			if name == "the target is away" {
				source, target = target, source
			}
			populate(t, source, 5, 1500)
			outages := 0
			s := new(steps)
			s.then = func(step string) {
				if step == "copying" {
					proxy.DropReply("insert")
				}
			}
			s.added = func(step string, done int) {
				if outages == 0 && step == "copying" && done > 100 || outages == 1 && step == "comparing" && done > 100 {
					outages++
					proxy.Cut()
					time.AfterFunc(time.Second, proxy.Listen)
				}
			}
			if _, _, err := transfer.Copy(t.Context(), source, target, address, s.progress); err != nil || outages != 2 {
				t.Fatalf("%d outages, %v", outages, err)
			}
			if !slices.Equal(records(t, target), records(t, source)) {
				t.Error("the copy differs")
			}
			if want := []string{"copying", "comparing"}; !slices.Equal(s.names, want) {
				t.Errorf("steps %v, want %v", s.names, want)
			}
			posts, _, err := target.Posts(t.Context(), models.PostFilter{Limit: 1})
			if err != nil || len(posts) != 1 {
				t.Errorf("the copy: %v, %v", posts, err)
			}
		})
	}
}
