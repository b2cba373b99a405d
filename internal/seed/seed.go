// Package seed fills a store with believable users and posts.
package seed

import (
	"context"
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/brianvoe/gofakeit/v7"
	"github.com/goccy/go-yaml"

	"gin-blog/models"
)

const (
	// batchSize is the number of rows that are made and stored at a time. It bounds the memory, and a slow machine can
	// still store that many before the store's timeout.
	batchSize   = 100
	maxUsername = 32
	// userAge is how old the accounts of the users are at most. Their posts are younger than postAge.
	userAge = 210 * 24 * time.Hour
	postAge = 180 * 24 * time.Hour
)

// Plan says what to fill a store with.
type Plan struct {
	Users, Posts int
	Random       uint64 // a seed: the same number gives the same names and texts
	PasswordHash string // of every user
	Suffix       string // of every username; with another one, a store can be filled a second time
}

// Fill stores the users and the posts of a plan. Their times are spread over the past months, in the order of their
// ids. Fill calls progress with the number of users or posts that each step added. After
// an error, some of the rows are stored and some are not. The error is models.ErrDuplicate if a username is taken.
func Fill(ctx context.Context, store models.Bulk, plan Plan, progress func(rows int)) error {
	now := time.Now()
	w := writer{faker: gofakeit.New(plan.Random), clock: gofakeit.New(plan.Random)}
	if err := yaml.Unmarshal(textsFile, &w.texts); err != nil {
		return fmt.Errorf("read the texts to seed: %w", err)
	}
	accounts := span{now.Add(-userAge), now.Add(-postAge), plan.Users}
	err := inBatches(ctx, plan.Users, func(n int) models.User {
		user := w.user(plan, n, accounts.at(w.clock, n))
		w.authors = append(w.authors, user.ID)
		return user
	}, store.UserTable().Insert, progress)
	if err != nil {
		return fmt.Errorf("seed users: %w", err)
	}
	articles := span{now.Add(-postAge), now, plan.Posts}
	err = inBatches(ctx, plan.Posts, func(n int) models.KeptPost {
		return models.KeptPost{Post: w.post(articles.at(w.clock, n))}
	}, store.PostTable().Insert, progress)
	if err != nil {
		return fmt.Errorf("seed posts: %w", err)
	}
	return nil
}

// inBatches makes so many rows and stores them, batchSize at a time. It keeps none of them.
func inBatches[T any](
	ctx context.Context, rows int, row func(n int) T, store func(context.Context, []T) error, progress func(rows int),
) error {
	for start := 0; start < rows; start += batchSize {
		batch := make([]T, min(batchSize, rows-start))
		for i := range batch {
			batch[i] = row(start + i)
		}
		if err := store(ctx, batch); err != nil {
			return err
		}
		progress(len(batch))
	}
	return nil
}

// FirstUsername returns the name of the first user of a plan.
func FirstUsername(plan Plan) string {
	username, _ := names(gofakeit.New(plan.Random), plan, 0)
	return username
}

// names returns the names of the n-th user of a plan.
func names(faker *gofakeit.Faker, plan Plan, n int) (username, name string) {
	first, last := faker.FirstName(), faker.LastName()
	short, suffix := letters(first)+"."+letters(last), strconv.Itoa(n)+plan.Suffix
	return short[:min(len(short), maxUsername-len(suffix))] + suffix, first + " " + last
}

// span is a time over which rows are spread evenly.
type span struct {
	from, to time.Time
	rows     int
}

// at returns a random time in the n-th part of the span.
func (s span) at(clock *gofakeit.Faker, n int) time.Time {
	part := (float64(n) + clock.Float64()) / float64(s.rows)
	return s.from.Add(time.Duration(part * float64(s.to.Sub(s.from))))
}

//go:embed texts.yaml
var textsFile []byte

// texts are what texts.yaml has.
type texts struct {
	Openings, Closings, Bios []string
	Topics                   []struct{ Tags, Titles, Paragraphs []string }
}

// writer makes users and posts.
type writer struct {
	texts
	faker   *gofakeit.Faker
	clock   *gofakeit.Faker // by itself, so that names do not depend on times
	authors []models.ID     // grows with what is stored, not with what the plan says
}

// user makes the n-th user of a plan, who registered at a time.
func (w *writer) user(plan Plan, n int, at time.Time) models.User {
	username, name := names(w.faker, plan, n)
	return models.User{
		ID:           models.NewIDAt(at),
		Username:     username,
		Name:         name,
		Email:        username + "@example.com",
		Bio:          w.faker.RandomString(w.Bios),
		Role:         models.RoleUser,
		PasswordHash: plan.PasswordHash,
		CreatedAt:    models.StoredTime(at),
	}
}

// author returns one of the users.
func (w *writer) author() models.ID { return w.authors[w.faker.IntN(len(w.authors))] }

// post makes a post of four paragraphs and some 90 words.
func (w *writer) post(at time.Time) models.Post {
	about := w.Topics[w.faker.IntN(len(w.Topics))]
	first := w.faker.IntN(len(about.Paragraphs))
	second := (first + 1 + w.faker.IntN(len(about.Paragraphs)-1)) % len(about.Paragraphs)
	content := []string{
		w.faker.RandomString(w.Openings), about.Paragraphs[first], about.Paragraphs[second], w.faker.RandomString(w.Closings),
	}
	created := models.StoredTime(at)
	return models.Post{
		ID: models.NewIDAt(at),
		Text: models.Text{
			Title: w.faker.RandomString(about.Titles), Content: strings.Join(content, "\n\n"), Tags: about.Tags,
		},
		AuthorID: w.author(), CreatedAt: created, UpdatedAt: created,
	}
}

// letters returns the letters of name that a username may start with, in lower case.
func letters(name string) string {
	return strings.Map(func(r rune) rune {
		if r > unicode.MaxASCII || !unicode.IsLetter(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, name)
}
