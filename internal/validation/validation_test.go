package validation

import (
	"strings"
	"testing"
)

func TestEveryRuleHasAMessage(t *testing.T) {
	type known struct {
		Title string `validate:"required,title"`
	}
	type unknown struct {
		Title string `validate:"required,min=3"`
	}
	type free struct {
		Title []string `json:"title"`
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
		"a text without a rule":  {rules(6), free{}, "free.Title: a text needs a rule"},
	} {
		_, err := newValidator(c.rules, c.request)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}
