// Package seed fills a store with believable users, posts and comments.
package seed

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/brianvoe/gofakeit/v7"

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
	// commentedPosts is how many of the newest posts get comments, and maxComments how many each of them gets at most.
	commentedPosts, maxComments = 100, 4
)

// Plan says what to fill a store with.
type Plan struct {
	Users, Posts int
	Random       uint64 // a seed: the same number gives the same names and texts
	PasswordHash string // of every user
	Suffix       string // of every username; with another one, a store can be filled a second time
}

// Fill stores the users and the posts of a plan, and comments on the newest posts. Their times are spread over the past
// months, in the order of their ids. Fill calls progress with the number of users or posts that each step added. After
// an error, some of the rows are stored and some are not. The error is models.ErrDuplicate if a username is taken.
func Fill(ctx context.Context, store models.Store, plan Plan, progress func(rows int)) error {
	faker, now := gofakeit.New(plan.Random), time.Now()
	clock := gofakeit.New(plan.Random) // by itself, so that names do not depend on times
	accounts := span{now.Add(-userAge), now.Add(-postAge), plan.Users}
	var authors []models.ID // grows with what is stored, not with what the plan says
	for start := 0; start < plan.Users; start += batchSize {
		users := make([]models.User, min(batchSize, plan.Users-start))
		for i := range users {
			users[i] = user(faker, plan, start+i, accounts.at(clock, start+i))
			authors = append(authors, users[i].ID)
		}
		if err := store.CreateUsers(ctx, users); err != nil {
			return fmt.Errorf("seed users: %w", err)
		}
		progress(len(users))
	}
	writer, articles := newWriter(faker), span{now.Add(-postAge), now, plan.Posts}
	var newest []models.Post
	for start := 0; start < plan.Posts; start += batchSize {
		posts := make([]models.Post, min(batchSize, plan.Posts-start))
		for i := range posts {
			posts[i] = writer.post(authors, articles.at(clock, start+i))
		}
		if err := store.CreatePosts(ctx, posts); err != nil {
			return fmt.Errorf("seed posts: %w", err)
		}
		progress(len(posts))
		newest = append(newest, posts...)
		newest = newest[max(0, len(newest)-commentedPosts):]
	}
	var comments []models.Comment
	for i := range newest {
		comments = append(comments, writer.comments(&newest[i], authors, clock, now)...)
	}
	for batch := range slices.Chunk(comments, batchSize) {
		if err := store.CreateComments(ctx, batch); err != nil {
			return fmt.Errorf("seed comments: %w", err)
		}
	}
	return nil
}

// FirstUsername returns the name of the first user of a plan.
func FirstUsername(plan Plan) string {
	return user(gofakeit.New(plan.Random), plan, 0, time.Now()).Username
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

// user makes the n-th user of a plan, who registered at a time.
func user(faker *gofakeit.Faker, plan Plan, n int, at time.Time) models.User {
	first, last := faker.FirstName(), faker.LastName()
	name, suffix := letters(first)+"."+letters(last), strconv.Itoa(n)+plan.Suffix
	username := name[:min(len(name), maxUsername-len(suffix))] + suffix
	return models.User{
		ID:           models.NewIDAt(at),
		Username:     username,
		Name:         first + " " + last,
		Email:        username + "@example.com",
		Bio:          faker.RandomString(bios()),
		Role:         models.RoleUser,
		PasswordHash: plan.PasswordHash,
		CreatedAt:    models.StoredTime(at),
	}
}

// writer makes posts.
type writer struct {
	faker              *gofakeit.Faker
	topics             []topic
	openings, closings []string
	remarks            []string
}

func newWriter(faker *gofakeit.Faker) *writer {
	return &writer{faker: faker, topics: topics(), openings: openings(), closings: closings(), remarks: remarks()}
}

// post makes a post of one of the authors, of four paragraphs and some 90 words.
func (w *writer) post(authors []models.ID, at time.Time) models.Post {
	about := w.topics[w.faker.IntN(len(w.topics))]
	first := w.faker.IntN(len(about.paragraphs))
	second := (first + 1 + w.faker.IntN(len(about.paragraphs)-1)) % len(about.paragraphs)
	content := []string{
		w.faker.RandomString(w.openings), about.paragraphs[first], about.paragraphs[second], w.faker.RandomString(w.closings),
	}
	created := models.StoredTime(at)
	return models.Post{
		ID:        models.NewIDAt(at),
		Title:     w.faker.RandomString(about.titles),
		Content:   strings.Join(content, "\n\n"),
		Tags:      about.tags[:],
		AuthorID:  authors[w.faker.IntN(len(authors))],
		CreatedAt: created,
		UpdatedAt: created,
	}
}

// comments makes the comments on a post, none or a few, all different, each younger than the one before.
func (w *writer) comments(
	post *models.Post, authors []models.ID, clock *gofakeit.Faker, now time.Time,
) []models.Comment {
	comments, first := make([]models.Comment, w.faker.IntN(maxComments+1)), w.faker.IntN(len(w.remarks))
	times := span{post.CreatedAt, now, len(comments)}
	for i := range comments {
		at := times.at(clock, i)
		written := models.StoredTime(at)
		comments[i] = models.Comment{
			ID: models.NewIDAt(at), PostID: post.ID, Content: w.remarks[(first+i)%len(w.remarks)],
			AuthorID: authors[w.faker.IntN(len(authors))], CreatedAt: written, UpdatedAt: written,
		}
	}
	return comments
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
