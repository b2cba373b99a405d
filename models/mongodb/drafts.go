package mongodb

import (
	"context"
	"errors"
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

	// PublishAtAsked is true once an author has asked gin-blog for a time. Only then does it publish a draft of another
	// program by itself.
	PublishAtAsked bool `bson:"publishAtAsked,omitempty"`
	// Publishing is true once the publishing has begun. The draft is no longer changed then.
	Publishing bool `bson:"publishing,omitempty"`
	// PublishingAs is the id of the post that the draft becomes, once the publishing has begun.
	PublishingAs models.ID `bson:"publishingAs,omitempty"`
}

// UnmarshalBSON implements bson.Unmarshaler.
func (d *draftDocument) UnmarshalBSON(document []byte) error {
	raw := bson.Raw(document)
	*d = draftDocument{
		ID: idField(raw, "_id"), Title: textField(raw, "title"), Content: textField(raw, "content"),
		Tags: textsField(raw, "tags"), Author: idField(raw, "author"),
		PublishAt: storedPublishAt(timeField(raw, "publishAt")),
		CreatedAt: timeField(raw, "createdAt"), UpdatedAt: timeField(raw, "updatedAt"),
		PublishAtAsked: boolField(raw, "publishAtAsked"),
		Publishing:     boolField(raw, "publishing"), PublishingAs: idField(raw, "publishingAs"),
	}
	return nil
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
	}
	if d.PublishAt != nil {
		draft.PublishAt = *d.PublishAt
	}
	draft.CreatedAt, draft.UpdatedAt = datedBy(d.ID, d.CreatedAt, d.UpdatedAt)
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

// countDrafts returns how many drafts an author has, at most one more than models.MaxDrafts. Those of other programs do
// not count, but the server must look at each draft to tell, so it does that only if there are many.
func countDrafts(ctx context.Context, c *collections, author models.ID) (n int64, err error) {
	for _, filter := range []bson.D{draftsOf(author), append(maybeDraft(), draftsOf(author)...)} {
		n, err = c.drafts.CountDocuments(ctx, filter, options.Count().SetLimit(models.MaxDrafts+1))
		if err != nil || n < models.MaxDrafts {
			break
		}
	}
	return n, err
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
	stored, err := storedDraft(ctx, c, id, author)
	if err != nil {
		return d, err
	}
	return d, d.UnmarshalBSON(stored)
}

// storedDraft is findDraft for the document as it is stored.
func storedDraft(ctx context.Context, c *collections, id, author models.ID) (bson.Raw, error) {
	stored, err := c.drafts.FindOne(ctx, draftOf(author, id)).Raw()
	return stored, missing(err, models.ErrDraftNotFound)
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
	err = s.run(ctx, "update draft", func(ctx context.Context, c *collections) error {
		filter, err := c.editableDraft(ctx, id, author, change.IfUnchanged, publishable(change))
		if err != nil {
			return err
		}
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
		fields = append(fields, bson.E{Key: "publishAt", Value: storedPublishAt(*change.PublishAt)},
			bson.E{Key: "publishAtAsked", Value: true})
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
// and which meets a further condition. It returns models.ErrDraftNotFound, or models.ErrDraftChanged if the draft is in
// another state, also one of another program that looks the same.
func (c *collections) editableDraft(
	ctx context.Context, id, author models.ID, unchanged *models.Draft, condition bson.D,
) (bson.D, error) {
	filter := append(draftOf(author, id), bson.E{Key: "publishing", Value: bson.D{{Key: "$ne", Value: true}}},
		bson.E{Key: "$and", Value: bson.A{condition}}) // apart, because it may be about the same fields
	if unchanged == nil {
		return filter, nil
	}
	stored, err := storedDraft(ctx, c, id, author)
	if err != nil {
		return nil, err
	}
	var d draftDocument
	if err := d.UnmarshalBSON(stored); err != nil {
		return nil, err
	}
	if !d.Publishing && !d.draft().Equal(unchanged) { // publishing comes first where both are so
		return nil, models.ErrDraftChanged
	}
	fields := fieldNames[draftDocument]("_id", "author", "publishAtAsked", "publishing", "publishingAs")
	return inState(filter, stored, fields), nil
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
		filter, err := c.editableDraft(ctx, id, author, ifUnchanged, bson.D{})
		if err != nil {
			return err
		}
		removed, err := deleteOne(ctx, c.drafts, id, filter)
		if err == nil && !removed {
			return refusedDraftChange(ctx, c, id, author, ifUnchanged)
		}
		return err
	})
}
