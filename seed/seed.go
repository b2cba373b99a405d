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
	// batchSize is the number of rows that are made and stored at a time. It bounds the memory, and a slow machine can
	// still store that many before the store's timeout.
	batchSize   = 100
	maxUsername = 32
	// sentencesPerPost makes posts of some 60 words.
	sentencesPerPost = 10
)

// Plan says what to fill a store with.
type Plan struct {
	Users, Posts int
	Random       uint64 // a seed: the same number gives the same names and texts
	PasswordHash string // of every user
	Suffix       string // of every username; with another one, a store can be filled a second time
}

// Fill stores the users and the posts of a plan. It calls progress with the number of rows that each step added. After
// an error, some of the rows are stored and some are not. The error is models.ErrDuplicate if a username is taken.
func Fill(ctx context.Context, store models.Store, plan Plan, progress func(rows int)) error {
	faker := gofakeit.New(plan.Random)
	var authors []models.ID // grows with what is stored, not with what the plan says
	for start := 0; start < plan.Users; start += batchSize {
		users := make([]models.User, min(batchSize, plan.Users-start))
		for i := range users {
			users[i] = user(faker, plan, start+i)
			authors = append(authors, users[i].ID)
		}
		if err := store.CreateUsers(ctx, users); err != nil {
			return fmt.Errorf("seed users: %w", err)
		}
		progress(len(users))
	}
	for start := 0; start < plan.Posts; start += batchSize {
		posts := make([]models.Post, min(batchSize, plan.Posts-start))
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

// user makes the n-th user of a plan.
func user(faker *gofakeit.Faker, plan Plan, n int) models.User {
	first, last := faker.FirstName(), faker.LastName()
	name, suffix := letters(first)+"."+letters(last), strconv.Itoa(n)+plan.Suffix
	username := name[:min(len(name), maxUsername-len(suffix))] + suffix
	return models.User{
		ID:           models.NewID(),
		Username:     username,
		Name:         first + " " + last,
		Email:        username + "@example.com",
		Bio:          faker.HipsterSentence(),
		Role:         models.RoleUser,
		PasswordHash: plan.PasswordHash,
		CreatedAt:    models.StoredTime(time.Now()),
	}
}

// post makes a post of one of the authors.
func post(faker *gofakeit.Faker, authors []models.ID) models.Post {
	sentences := make([]string, sentencesPerPost)
	for i := range sentences {
		sentences[i] = faker.Sentence()
	}
	subjects := []string{"go", "gin", "jwt", "mongodb", "sqlite", "http", "testing", "security", "postman", "docker"}
	first := faker.IntN(len(subjects))
	second := (first + 1 + faker.IntN(len(subjects)-1)) % len(subjects)
	created := models.StoredTime(time.Now())
	return models.Post{
		ID:        models.NewID(),
		Title:     strings.TrimSuffix(faker.Sentence(), "."),
		Content:   strings.Join(sentences, " "),
		Tags:      []string{subjects[first], subjects[second]},
		AuthorID:  authors[faker.IntN(len(authors))],
		CreatedAt: created,
		UpdatedAt: created,
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
