package ledger

import (
	"slices"
	"strings"
	"testing"
)

func TestJudge(t *testing.T) {
	sent := Note{Title: "a", Event: Sending}
	kept := Note{Title: "a", Event: Acknowledged, ID: "1"}
	refused := Note{Title: "a", Event: Unavailable}
	killed := Note{Title: "a", Event: Unanswered, Fault: Kill, Read: true}
	read := Note{Title: "a", Event: Unanswered, Fault: Term, Read: true}
	unread := Note{Title: "a", Event: Unanswered, Fault: Term}
	unreadRetried := Note{Title: "a", Event: Unanswered, Fault: Term, Retries: true}
	for name, c := range map[string]struct {
		notes []Note
		posts []Post
		want  string // the list that the post is in
	}{
		"kept":                        {[]Note{sent, kept}, []Post{{"1", "a"}}, ""},
		"lost":                        {[]Note{sent, kept}, nil, "lost"},
		"lost, another is there":      {[]Note{sent, kept}, []Post{{"2", "a"}}, "lost"},
		"doubled":                     {[]Note{sent, kept}, []Post{{"1", "a"}, {"2", "a"}}, "doubled"},
		"doubled by a retry":          {[]Note{sent, unreadRetried, sent, kept}, []Post{{"1", "a"}, {"2", "a"}}, "doubled"},
		"unanswered, then retried":    {[]Note{sent, unreadRetried, sent, kept}, []Post{{"1", "a"}}, ""},
		"retried":                     {[]Note{sent, refused, sent, kept}, []Post{{"1", "a"}}, ""},
		"not acknowledged":            {[]Note{sent, refused}, nil, ""},
		"not acknowledged, but there": {[]Note{sent, refused}, []Post{{"1", "a"}}, ""},
		"not acknowledged, doubled":   {[]Note{sent, refused}, []Post{{"1", "a"}, {"2", "a"}}, "doubled"},
		"killed":                      {[]Note{sent, killed}, []Post{{"1", "a"}}, ""},
		"read, then cut":              {[]Note{sent, read}, nil, "cut"},
		"sent, but never read":        {[]Note{sent, unread}, nil, ""},
		"stored, then cut":            {[]Note{sent, unread}, []Post{{"1", "a"}}, "cut"},
		"wrong":                       {[]Note{sent, {Title: "a", Event: Wrong, Answer: "500"}}, nil, "wrong"},
		"never sent":                  {nil, []Post{{"1", "a"}}, "wrong"},
	} {
		v := Judge(c.notes, c.posts)
		var got []string
		lists := map[string][]string{"lost": v.Lost, "doubled": v.Doubled, "cut": v.Cut, "wrong": v.Wrong}
		for list, sentences := range lists {
			got = append(got, slices.Repeat([]string{list}, len(sentences))...)
		}
		if got := strings.Join(got, ", "); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
		if err := v.Err(); (err != nil) != (c.want != "") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}
