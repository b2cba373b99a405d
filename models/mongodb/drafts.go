package mongodb

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"gin-blog/models"
)

// draftDocument is a draft in a collection of its own, which the tutorial's Express app does not know.
type draftDocument struct {
	ID        models.ID  `bson:"_id"`
	Title     string     `bson:"title"`
	Content   string     `bson:"content"`
	Tags      []string   `bson:"tags"`
	Author    models.ID  `bson:"author"`
	PublishAt *time.Time `bson:"publishAt"` // null for never
	CreatedAt time.Time  `bson:"createdAt"`
	UpdatedAt time.Time  `bson:"updatedAt"`

	// Publishing is true once the publishing has begun. The draft is no longer changed then.
	Publishing bool `bson:"publishing,omitempty"`
}

func newDraftDocument(d *models.Draft) draftDocument {
	return draftDocument{
		ID: d.ID, Title: d.Title, Content: d.Content, Tags: storedTags(d.Tags), Author: d.AuthorID,
		PublishAt: storedPublishAt(d.PublishAt), CreatedAt: d.CreatedAt, UpdatedAt: d.UpdatedAt,
	}
}

// storedTags returns tags as drafts have them: never null.
func storedTags(tags []string) []string { return append([]string{}, tags...) }

// storedPublishAt returns a time as drafts have it. The zero time is null.
func storedPublishAt(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func (d *draftDocument) draft() *models.Draft {
	draft := &models.Draft{
		ID: d.ID, Title: d.Title, Content: d.Content, Tags: d.Tags, AuthorID: d.Author,
		CreatedAt: d.CreatedAt.UTC(), UpdatedAt: d.UpdatedAt.UTC(),
	}
	if d.PublishAt != nil {
		draft.PublishAt = d.PublishAt.UTC()
	}
	return draft
}

// countMargin is how many drafts below the limit CreateDraft counts once more after it has inserted one. No more calls
// than that can be on their way from one process.
const countMargin = defaultMaxPool

// CreateDraft implements models.DraftStore. It counts before and, close to the limit, again after: of several calls at
// once, the last one to insert sees all the others, so no more than models.MaxDrafts are left.
func (s *Store) CreateDraft(ctx context.Context, d *models.Draft) error {
	if !d.PublishAt.IsZero() && d.Content == "" {
		return models.ErrDraftEmpty
	}
	return s.run(ctx, "create draft", func(ctx context.Context, c *collections) error {
		n, err := countDrafts(ctx, c, d.AuthorID)
		if err != nil {
			return err
		}
		if n >= models.MaxDrafts {
			return models.ErrTooManyDrafts
		}
		err = insertNew(ctx, c.drafts, d.ID, newDraftDocument(d))
		if err != nil || n < models.MaxDrafts-countMargin {
			return err
		}
		if n, err = countDrafts(ctx, c, d.AuthorID); err != nil || n <= models.MaxDrafts {
			return err
		}
		if _, err := deleteOne(ctx, c.drafts, d.ID, byID(d.ID)); err != nil {
			return err
		}
		return models.ErrTooManyDrafts
	})
}

// countDrafts returns how many drafts an author has, at most one more than models.MaxDrafts.
func countDrafts(ctx context.Context, c *collections, author models.ID) (int64, error) {
	return c.drafts.CountDocuments(ctx, draftsOf(author), options.Count().SetLimit(models.MaxDrafts+1))
}

// draftsOf selects the drafts of an author.
func draftsOf(author models.ID) bson.D { return bson.D{{Key: "author", Value: author}} }

// DraftByID implements models.DraftStore.
func (s *Store) DraftByID(ctx context.Context, id, author models.ID) (draft *models.Draft, err error) {
	err = s.run(ctx, "find draft", func(ctx context.Context, c *collections) error {
		d, err := findDraft(ctx, c, id, author)
		draft = d.draft()
		return err
	})
	if err != nil {
		return nil, err
	}
	return draft, nil
}

// findDraft returns a draft of this author, or models.ErrDraftNotFound.
func findDraft(ctx context.Context, c *collections, id, author models.ID) (d draftDocument, err error) {
	err = c.drafts.FindOne(ctx, draftOf(author, id)).Decode(&d)
	return d, missing(err, models.ErrDraftNotFound)
}

// draftOf selects a draft if it has this author.
func draftOf(author, id models.ID) bson.D {
	return append(byID(id), bson.E{Key: "author", Value: author})
}

// Drafts implements models.DraftStore.
func (s *Store) Drafts(ctx context.Context, f models.DraftFilter) (drafts []models.Draft, more bool, err error) {
	page := models.NewPage[models.Draft](f.Limit)
	err = s.run(ctx, "list drafts", func(ctx context.Context, c *collections) error {
		filter := append(draftsOf(f.AuthorID), olderThan(f.After)...)
		cursor, err := c.drafts.Find(ctx, filter, newestFirst(f.Limit+1))
		if err != nil {
			return err
		}
		defer closeCursor(ctx, cursor)
		for cursor.Next(ctx) {
			var d draftDocument
			if err := cursor.Decode(&d); err != nil {
				return err
			}
			if !page.Reserve(len(d.Title) + len(d.Content)) {
				return nil
			}
			page.Rows = append(page.Rows, *d.draft())
		}
		return cursor.Err()
	})
	if err != nil {
		return nil, false, err
	}
	return page.Rows, page.More, nil
}

// UpdateDraft implements models.DraftStore.
func (s *Store) UpdateDraft(
	ctx context.Context, id, author models.ID, change models.DraftChange,
) (draft *models.Draft, err error) {
	fields := changedDraftFields(change)
	filter := editableDraft(author, id, change.IfUnchanged, publishable(change))
	err = s.run(ctx, "update draft", func(ctx context.Context, c *collections) error {
		changed, err := updateOne(ctx, c.drafts, filter, draftOf(author, id), change.UpdatedAt, fields)
		if errors.Is(err, mongo.ErrNoDocuments) {
			return refusedDraftChange(ctx, c, id, author, change.IfUnchanged)
		}
		if err != nil {
			return err
		}
		var d draftDocument
		if err := bson.Unmarshal(changed, &d); err != nil {
			return err
		}
		draft = d.draft()
		return nil
	})
	if err != nil {
		return nil, err
	}
	return draft, nil
}

// changedDraftFields returns the fields of a draft after a change.
func changedDraftFields(change models.DraftChange) []bson.E {
	fields := changedTexts(change.Title, change.Content)
	if change.Tags != nil {
		fields = append(fields, bson.E{Key: "tags", Value: storedTags(*change.Tags)})
	}
	if change.PublishAt != nil {
		fields = append(fields, bson.E{Key: "publishAt", Value: storedPublishAt(*change.PublishAt)})
	}
	return fields
}

// publishable selects the drafts that a change does not leave with a time to publish and without content.
func publishable(change models.DraftChange) bson.D {
	isEmptied := change.Content != nil && *change.Content == ""
	isTimed := change.PublishAt != nil && !change.PublishAt.IsZero()
	switch {
	case isEmptied && isTimed:
		return bson.D{{Key: "$expr", Value: false}}
	case isEmptied && change.PublishAt == nil:
		return bson.D{{Key: "publishAt", Value: nil}}
	case isTimed && change.Content == nil:
		return bson.D{{Key: "content", Value: notEmpty()}}
	}
	return bson.D{}
}

// notEmpty selects texts that have a character at least.
func notEmpty() bson.D { return bson.D{{Key: "$ne", Value: ""}} }

// editableDraft selects a draft of this author whose publishing has not begun, which is in a state unless that is nil,
// and which meets a further condition.
func editableDraft(author, id models.ID, unchanged *models.Draft, condition bson.D) bson.D {
	filter := append(draftOf(author, id), bson.E{Key: "publishing", Value: nil},
		bson.E{Key: "$and", Value: bson.A{condition}}) // apart, because it may be about the same fields
	if unchanged == nil {
		return filter
	}
	return append(filter, draftState(unchanged)...)
}

// draftState selects drafts in the state of d. A draft that is older than one of the fields lacks it, which is as good
// as an empty text.
func draftState(d *models.Draft) (state bson.D) {
	for field, value := range reflect.ValueOf(newDraftDocument(d)).Fields() {
		name, wanted := fieldName(field), value.Interface()
		switch {
		case slices.Contains([]string{"_id", "author", "publishing"}, name):
			continue
		case wanted == "":
			wanted = bson.D{{Key: "$in", Value: bson.A{"", nil}}}
		}
		state = append(state, bson.E{Key: name, Value: wanted})
	}
	return state
}

// refusedDraftChange returns why a change or a removal found no document.
func refusedDraftChange(ctx context.Context, c *collections, id, author models.ID, unchanged *models.Draft) error {
	d, err := findDraft(ctx, c, id, author)
	switch {
	case err != nil:
		return err
	case d.Publishing:
		return models.ErrDraftPublishing
	case unchanged != nil && !d.draft().Equal(unchanged):
		return models.ErrDraftChanged
	}
	return models.ErrDraftEmpty
}

// DeleteDraft implements models.DraftStore.
func (s *Store) DeleteDraft(ctx context.Context, id, author models.ID, ifUnchanged *models.Draft) error {
	return s.run(ctx, "delete draft", func(ctx context.Context, c *collections) error {
		removed, err := deleteOne(ctx, c.drafts, id, editableDraft(author, id, ifUnchanged, bson.D{}))
		if err == nil && !removed {
			return refusedDraftChange(ctx, c, id, author, ifUnchanged)
		}
		return err
	})
}
