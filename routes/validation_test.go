package routes

import (
	"strings"
	"testing"

	"gin-blog/internal/testkit"
	"gin-blog/models"
	"gin-blog/seed"
)

func TestEveryRuleHasAMessage(t *testing.T) {
	type known struct {
		Title string `validate:"required,title"`
	}
	type unknown struct {
		Title string `validate:"required,min=3"`
	}
	silent := append(rules(6), rule{name: "shout", alias: "uppercase"})
	for name, c := range map[string]struct {
		rules   []rule
		request any
		want    string
	}{
		"all is well":            {rules(6), known{}, ""},
		"a rule without message": {silent, known{}, "the rule shout has no message"},
		"a tag without message":  {rules(6), unknown{}, "unknown.Title: the rule min has no message"},
	} {
		_, err := newValidation(c.rules, c.request)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

// TestSeededRowsPassTheRules: what the command seed writes a client could have sent too.
func TestSeededRowsPassTheRules(t *testing.T) {
	decoder, err := newDecoder(6)
	if err != nil {
		t.Fatal(err)
	}
	store := testkit.SQLite(t)
	plan := seed.Plan{Users: 20, Posts: 100, Random: 7, PasswordHash: "hash"}
	if err := seed.Fill(t.Context(), store, plan, func(int) {}); err != nil {
		t.Fatal(err)
	}
	posts, _, err := store.Posts(t.Context(), models.PostFilter{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range posts {
		for _, request := range []any{
			&postRequest{Title: p.Title, Content: p.Content, Tags: p.Tags},
			&registration{Username: p.Author.Username, Password: testkit.Password},
		} {
			if err := decoder.validation.check(request); err != nil {
				t.Errorf("the post %q of %s: %v", p.Title, p.Author.Username, err)
			}
		}
	}
}
