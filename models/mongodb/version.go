package mongodb

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"

	"gin-blog/models"
)

// minPause and maxPause bound the pause that begins when another version is seen.
const minPause, maxPause = 50 * time.Millisecond, time.Second

var (
	errNotVersioned = fmt.Errorf("no version of the data: %w", errors.ErrUnsupported)
	errJustWritten  = errors.New("no version of the data: another one was seen a moment ago")
)

// versions are the versions of the data that were seen.
//
// A server may tell the time of a write just before others can read it. So a version only counts when it is seen again
// after a pause, in which nobody asks. While writes come so often that answers are hardly ever sent again, the pauses
// grow, and the question costs nothing.
type versions struct {
	mu    sync.Mutex
	last  int64
	pause time.Duration // the last one, 0 if a version counts
	until time.Time     // the end of the last pause
}

// mayAsk returns whether no pause is on, and the end of the last one.
func (v *versions) mayAsk() (until time.Time, ok bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.until, !time.Now().Before(v.until)
}

// counts returns whether a version counts that was asked for after the pause until then.
func (v *versions) counts(version int64, until time.Time) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case !v.until.Equal(until): // another pause began meanwhile
		return false
	case version == v.last:
		v.pause = 0
		return true
	}
	v.last, v.pause = version, min(max(2*v.pause, minPause), maxPause)
	v.until = time.Now().Add(v.pause)
	return false
}

// DataVersion implements models.Versioned. The version is the time of the last write on the deployment, so writes to
// other databases change it too.
func (s *Store) DataVersion(ctx context.Context) (int64, error) {
	if c := s.ready.Load(); c == nil || !c.tellsTime {
		return 0, errNotVersioned
	}
	until, ok := s.versions.mayAsk()
	if !ok {
		return 0, errJustWritten
	}
	version, err := get(ctx, s, "find data version", timeOfLastWrite)
	if err == nil && !s.versions.counts(version, until) {
		return 0, errJustWritten
	}
	return version, err
}

// timeOfLastWrite returns the time of the last write that a majority has, or 0 if the server does not tell. The manual
// calls it operationTime (https://www.mongodb.com/docs/manual/reference/method/db.runCommand/#response). With the read
// concern "local", it may be later than the time of a write that cannot be read yet.
func timeOfLastWrite(ctx context.Context, c *collections) (int64, error) {
	reply, err := c.copySource.Database().RunCommand(ctx, bson.D{
		{Key: "find", Value: c.copySource.Name()}, {Key: "filter", Value: bson.D{{Key: "_id", Value: ""}}},
		{Key: "limit", Value: 1}, {Key: "singleBatch", Value: true},
		{Key: "readConcern", Value: bson.D{{Key: "level", Value: "majority"}}},
	}).Raw()
	seconds, ordinal, _ := reply.Lookup("operationTime").TimestampOK()
	return int64(seconds)<<32 | int64(ordinal), err
}

// tellsTime returns whether the server tells the time of the last write, which it proves by a write. That changes the
// same document each time, so it leaves one behind, however many processes do so. Other servers than the primary of a
// replica set may answer reads with older data: those behind mongos, which names no set, and those of another
// readPreference.
func (s *Store) tellsTime(ctx context.Context, c *collections) (bool, error) {
	if s.use != models.ToServe || s.readPreference.Mode() != readpref.PrimaryMode {
		return false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout())
	defer cancel()
	hello, err := s.db.RunCommand(ctx, bson.D{{Key: "hello", Value: 1}}).Raw()
	if _, missing := hello.LookupErr("setName"); err != nil || missing != nil {
		return false, err
	}
	before, err := timeOfLastWrite(ctx, c)
	if err != nil {
		return false, err
	}
	write := bson.D{{Key: "$set", Value: bson.D{{Key: "last", Value: models.NewID()}}}}
	if _, err := c.copySource.UpdateByID(ctx, probeID, write, options.UpdateOne().SetUpsert(true)); err != nil {
		return false, err
	}
	after, err := timeOfLastWrite(ctx, c)
	return err == nil && after != before, err
}
