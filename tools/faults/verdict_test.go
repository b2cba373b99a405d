package main

import (
	"slices"
	"strings"
	"testing"
)

func TestJudge(t *testing.T) {
	sent := note{Title: "a", Event: sending}
	kept := note{Title: "a", Event: acknowledged, ID: "1"}
	refused := note{Title: "a", Event: unavailable}
	killed := note{Title: "a", Event: unanswered, Fault: kill, Read: true}
	read := note{Title: "a", Event: unanswered, Fault: term, Read: true}
	unread := note{Title: "a", Event: unanswered, Fault: term}
	unreadRetried := note{Title: "a", Event: unanswered, Fault: term, Retries: true}
	for name, c := range map[string]struct {
		notes []note
		posts []post
		want  string // the list that the post is in
	}{
		"kept":                        {[]note{sent, kept}, []post{{"1", "a"}}, ""},
		"lost":                        {[]note{sent, kept}, nil, "lost"},
		"lost, another is there":      {[]note{sent, kept}, []post{{"2", "a"}}, "lost"},
		"doubled":                     {[]note{sent, kept}, []post{{"1", "a"}, {"2", "a"}}, "doubled"},
		"doubled by a retry":          {[]note{sent, unreadRetried, sent, kept}, []post{{"1", "a"}, {"2", "a"}}, "doubled"},
		"unanswered, then retried":    {[]note{sent, unreadRetried, sent, kept}, []post{{"1", "a"}}, ""},
		"retried":                     {[]note{sent, refused, sent, kept}, []post{{"1", "a"}}, ""},
		"not acknowledged":            {[]note{sent, refused}, nil, ""},
		"not acknowledged, but there": {[]note{sent, refused}, []post{{"1", "a"}}, ""},
		"not acknowledged, doubled":   {[]note{sent, refused}, []post{{"1", "a"}, {"2", "a"}}, "doubled"},
		"killed":                      {[]note{sent, killed}, []post{{"1", "a"}}, ""},
		"read, then cut":              {[]note{sent, read}, nil, "cut"},
		"sent, but never read":        {[]note{sent, unread}, nil, ""},
		"stored, then cut":            {[]note{sent, unread}, []post{{"1", "a"}}, "cut"},
		"wrong":                       {[]note{sent, {Title: "a", Event: wrong, Answer: "500"}}, nil, "wrong"},
		"never sent":                  {nil, []post{{"1", "a"}}, "wrong"},
	} {
		v := judge(c.notes, c.posts)
		var got []string
		lists := map[string][]string{"lost": v.lost, "doubled": v.doubled, "cut": v.cut, "wrong": v.wrong}
		for list, sentences := range lists {
			got = append(got, slices.Repeat([]string{list}, len(sentences))...)
		}
		if got := strings.Join(got, ", "); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
		if err := v.err(); (err != nil) != (c.want != "") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}
