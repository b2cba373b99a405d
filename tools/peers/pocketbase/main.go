// Command pocketbase is PocketBase with one more command: fill makes the collection of posts and stores what it reads
// from the standard input, one JSON object a line.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/pocketbase/pocketbase"
	"github.com/pocketbase/pocketbase/core"
	"github.com/spf13/cobra"
)

// post is what fill reads. Author is a username; its user is made when the name comes up first.
type post struct {
	Title   string   `json:"title"`
	Content string   `json:"content"`
	Tags    []string `json:"tags"`
	Author  string   `json:"author"`
}

func main() {
	app := pocketbase.New()
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		e.InstallerFunc = nil // which would open a browser
		return e.Next()
	})
	app.RootCmd.AddCommand(&cobra.Command{
		Use:  "fill",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return fill(app, os.Stdin) },
	})
	if err := app.Start(); err != nil {
		fmt.Fprintln(os.Stderr, "pocketbase:", err)
		os.Exit(1)
	}
}

// fill makes the collection of posts and stores the posts that it reads, with their authors, in one transaction. It
// also turns off the log of requests.
func fill(app core.App, posts io.Reader) error {
	settings := app.Settings()
	settings.Logs.MaxDays = 0
	if err := app.Save(settings); err != nil {
		return fmt.Errorf("turn off the log: %w", err)
	}
	return app.RunInTransaction(func(tx core.App) error {
		users, collection, err := collections(tx)
		if err != nil {
			return fmt.Errorf("make the collections: %w", err)
		}
		authors := map[string]string{} // the id of each username
		for decoder := json.NewDecoder(posts); ; {
			var p post
			if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return fmt.Errorf("read a post: %w", err)
			}
			if authors[p.Author] == "" {
				if authors[p.Author], err = createUser(tx, users, p.Author); err != nil {
					return fmt.Errorf("store the user %s: %w", p.Author, err)
				}
			}
			record := core.NewRecord(collection)
			record.Load(map[string]any{
				"title": p.Title, "content": p.Content, "tags": p.Tags, "author": authors[p.Author],
			})
			if err := tx.Save(record); err != nil {
				return fmt.Errorf("store a post: %w", err)
			}
		}
	})
}

// collections returns the collection of users, which PocketBase has, and a new one of posts. Everybody may read both.
func collections(app core.App) (users, posts *core.Collection, err error) {
	if users, err = app.FindCollectionByNameOrId("users"); err != nil {
		return nil, nil, err
	}
	users.ViewRule = new("")
	users.Fields.RemoveByName("name")
	users.Fields.RemoveByName("avatar")
	users.Fields.Add(&core.TextField{Name: "username", Required: true})
	if err := app.Save(users); err != nil {
		return nil, nil, err
	}
	posts = core.NewBaseCollection("posts")
	posts.ListRule, posts.ViewRule = new(""), new("")
	posts.Fields.Add(
		&core.TextField{Name: "title", Required: true},
		&core.TextField{Name: "content", Required: true},
		&core.JSONField{Name: "tags"},
		&core.RelationField{Name: "author", CollectionId: users.Id, MaxSelect: 1, Required: true},
		&core.AutodateField{Name: "created", OnCreate: true},
		&core.AutodateField{Name: "updated", OnCreate: true, OnUpdate: true},
	)
	return users, posts, app.Save(posts)
}

// createUser stores a user who cannot log in and returns the id.
func createUser(app core.App, users *core.Collection, username string) (string, error) {
	user := core.NewRecord(users)
	user.SetEmail(username + "@example.com")
	user.Set("username", username)
	user.SetRandomPassword()
	err := app.Save(user)
	return user.Id, err
}
