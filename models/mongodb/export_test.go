package mongodb

import (
	"context"
	"log/slog"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"gin-blog/models"
)

// Open opens a database for a server.
func Open(uri, name string, log *slog.Logger, observe models.Observer) (*Store, error) {
	s, err := New(uri, name, models.ToServe, log, observe)
	if err != nil {
		return nil, err
	}
	return s, s.Start(context.Background())
}

// OpenRetrying is Open with another time before the second try to make indexes.
func OpenRetrying(uri, name string, retry time.Duration, log *slog.Logger) (*Store, error) {
	s, err := New(uri, name, models.ToServe, log, nil)
	if err != nil {
		return nil, err
	}
	s.indexRetry = retry
	return s, s.Start(context.Background())
}

// Impossible tells whether an error says that there cannot be an index.
func Impossible(err error) bool { return isImpossible(err) }

// PagePlan is the winning plan of the server for the page of a filter.
func (s *Store) PagePlan(ctx context.Context, f models.PostFilter) (bson.Raw, error) {
	c := s.ready.Load()
	answer, err := s.db.RunCommand(ctx, bson.D{{Key: "explain", Value: bson.D{
		{Key: "find", Value: c.posts.Name()},
		{Key: "filter", Value: s.pageFilter(f)},
		{Key: "sort", Value: bson.D{{Key: "_id", Value: -1}}},
		{Key: "limit", Value: f.Limit + 1},
	}}, {Key: "verbosity", Value: "queryPlanner"}}).Raw()
	if err != nil {
		return nil, err
	}
	return answer.Lookup("queryPlanner", "winningPlan").Document(), nil
}

// Classify gives an error of the driver its meaning.
func Classify(ctx context.Context, err error) error { return classify(ctx, err) }

// Unavailable tells whether a later try may not meet an error.
func Unavailable(err error) bool { return isUnavailable(err) }

// MarkDraft does the first step of PublishDraft, as if the process had crashed after it.
func (s *Store) MarkDraft(
	ctx context.Context, id, author models.ID, publish func(*models.Draft) (*models.Post, error),
) error {
	_, _, err := s.markDraft(ctx, s.ready.Load(), id, author, publish)
	return err
}

// Versions are the versions of the data that were seen.
type Versions = versions

// MayAsk returns whether no pause is on, and the end of the last one.
func (v *versions) MayAsk() (time.Time, bool) { return v.mayAsk() }

// Counts returns whether a version counts that was asked for after the pause until then.
func (v *versions) Counts(version int64, until time.Time) bool { return v.counts(version, until) }
