package blog

import (
	"context"
	"errors"
	"slices"
	"time"

	"gin-blog/models"
)

// Import is a post as a file has it. Without an AuthorID, nothing says who wrote it.
type Import struct {
	models.Post
	// Lastmod is when the file says that the text changed last, or zero.
	Lastmod time.Time
	// FileTags are the tags as the file has them. Another program may have stored such.
	FileTags []string
}

// Outcome is what an import did with a post.
type Outcome string

// What an import does. A post that is there already, as the file has it, is unchanged; so importing twice is importing
// once.
const (
	Created   Outcome = "created"
	Updated   Outcome = "updated"
	Unchanged Outcome = "unchanged"
)

// fileTime is how times stand in files.
const fileTime = "2006-01-02T15:04:05.000Z07:00"

// errRaced says that somebody else wrote the post of a file at the same moment.
var errRaced = models.Refuse(models.Conflict, nil, "the post changed meanwhile: import again")

// ImportPost creates a post under its id, or changes the text of the one that has its id. It refuses what the API would
// refuse, to change what nobody can change, and to undo what somebody has changed since.
func (b *Blog) ImportPost(ctx context.Context, in Import) (Outcome, error) {
	in.Lastmod = limitLastmod(in, b.now())
	outcome := Unchanged
	_, err := b.Store.UpdatePost(ctx, in.ID, func(there *models.Post) (err error) {
		outcome, err = b.importOnto(there, in)
		return err
	})
	switch {
	case errors.Is(err, models.ErrPostNotFound):
		return Created, b.importNew(ctx, in)
	case errors.Is(err, models.ErrContended):
		return "", errRaced
	}
	return outcome, err
}

// limitLastmod returns when a text changed last: between its creation and now.
func limitLastmod(in Import, now time.Time) time.Time {
	switch {
	case in.Lastmod.IsZero():
		return time.Time{}
	case in.Lastmod.Before(in.CreatedAt):
		return in.CreatedAt
	case in.Lastmod.After(now):
		return now
	}
	return in.Lastmod
}

// importNew creates the post of a file.
func (b *Blog) importNew(ctx context.Context, in Import) error {
	if in.CreatedAt.Unix() < 0 {
		return models.Refuse(models.Invalid, nil, "its date is before 1970")
	}
	if models.IsDistant(in.ID) { // SQLite may have no place for the largest
		return models.Refuse(models.Invalid, nil,
			"its id %s is that of a distant time: take the id out, and it gets another", in.ID.Hex())
	}
	if err := in.Clean(nil); err != nil {
		return err
	}
	in.UpdatedAt = in.Lastmod
	if in.Lastmod.IsZero() {
		in.UpdatedAt = in.CreatedAt
	}
	err := b.Store.PostTable().Insert(ctx, []models.KeptPost{{Post: in.Post}})
	if errors.Is(err, models.ErrDuplicate) {
		return errRaced
	}
	return err
}

// importOnto gives the post that is there the text of a file.
func (b *Blog) importOnto(there *models.Post, in Import) (Outcome, error) {
	refuse := func(format string, args ...any) (Outcome, error) {
		return "", models.Refuse(models.Conflict, nil, format, args...)
	}
	if !in.AuthorID.IsZero() && in.AuthorID != there.AuthorID {
		return refuse("the post %s has another author, which no import changes", in.ID.Hex())
	}
	if !in.CreatedAt.Equal(there.CreatedAt) {
		return refuse("the post %s has the date %s, which no import changes",
			in.ID.Hex(), there.CreatedAt.Format(fileTime))
	}
	if slices.Equal(in.FileTags, there.Tags) {
		in.Tags = there.Tags
	}
	if err := in.Clean(&there.Text); err != nil {
		return "", err
	}
	if in.Text.Equal(there.Text) {
		return Unchanged, nil
	}
	if in.AuthorID.IsZero() && there.Author != nil {
		return refuse("the post %s has the author %s: name them in the file", in.ID.Hex(), there.Author.Username)
	}
	if !in.Lastmod.IsZero() && in.Lastmod.Before(there.UpdatedAt) {
		return refuse("the post changed at %s, after the lastmod of the file: "+
			"without a lastmod, the file replaces it all the same", there.UpdatedAt.Format(fileTime))
	}
	changed := models.ChangedAt(b.Now(), there.UpdatedAt)
	if in.Lastmod.After(there.UpdatedAt) {
		changed = in.Lastmod
	}
	there.Text, there.UpdatedAt = in.Text, changed
	return Updated, nil
}
