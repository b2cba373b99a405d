// Package seed fills a store with believable users and posts.
package seed

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/brianvoe/gofakeit/v7"

	"gin-blog/models"
)

const (
	// batch is how many rows are made and stored at a time: all that is ever in memory, and few enough for a slow machine to
	// store in the time after which a store gives up.
	batch       = 250
	maxUsername = 32
	// sentences make a post of some 60 words.
	sentences = 10
)

// Plan is what to fill a store with.
type Plan struct {
	Users, Posts int
	Random       uint64 // the same number gives the same names and texts
	PasswordHash string // of every user
	Suffix       string // ends every username, so that a store can be filled twice
}

// Fill stores the users and the posts of a plan. It calls progress with how many rows each step added. Where it fails, some
// of them are stored.
func Fill(ctx context.Context, store models.Store, plan Plan, progress func(rows int)) error {
	faker := gofakeit.New(plan.Random)
	authors := make([]models.ID, 0, plan.Users)
	for start := 0; start < plan.Users; start += batch {
		users := make([]models.User, min(batch, plan.Users-start))
		for i := range users {
			users[i] = user(faker, plan, start+i)
			authors = append(authors, users[i].ID)
		}
		if err := store.CreateUsers(ctx, users); err != nil {
			return fmt.Errorf("seed users: %w", err)
		}
		progress(len(users))
	}
	for start := 0; start < plan.Posts; start += batch {
		posts := make([]models.Post, min(batch, plan.Posts-start))
		for i := range posts {
			posts[i] = post(faker, authors)
		}
		if err := store.CreatePosts(ctx, posts); err != nil {
			return fmt.Errorf("seed posts: %w", err)
		}
		progress(len(posts))
	}
	return nil
}

func user(faker *gofakeit.Faker, plan Plan, n int) models.User {
	first, last := faker.FirstName(), faker.LastName()
	name, end := letters(first)+"."+letters(last), strconv.Itoa(n)+plan.Suffix
	username := name[:min(len(name), maxUsername-len(end))] + end
	return models.User{
		ID:           models.NewID(),
		Username:     username,
		Name:         first + " " + last,
		Email:        username + "@example.com",
		Bio:          faker.HipsterSentence(),
		Role:         models.RoleUser,
		PasswordHash: plan.PasswordHash,
		CreatedAt:    now(),
	}
}

func post(faker *gofakeit.Faker, authors []models.ID) models.Post {
	text := make([]string, sentences)
	for i := range text {
		text[i] = faker.Sentence()
	}
	subjects := []string{"go", "gin", "jwt", "mongodb", "sqlite", "http", "testing", "security", "postman", "docker"}
	first := faker.IntN(len(subjects))
	second := (first + 1 + faker.IntN(len(subjects)-1)) % len(subjects)
	created := now()
	return models.Post{
		ID:        models.NewID(),
		Title:     strings.TrimSuffix(faker.Sentence(), "."),
		Content:   strings.Join(text, " "),
		Tags:      []string{subjects[first], subjects[second]},
		AuthorID:  authors[faker.IntN(len(authors))],
		CreatedAt: created,
		UpdatedAt: created,
	}
}

// letters keeps what a username may start with.
func letters(name string) string {
	return strings.Map(func(r rune) rune {
		if r > unicode.MaxASCII || !unicode.IsLetter(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, name)
}

func now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }
