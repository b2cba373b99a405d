package ledger

import (
	"slices"
	"strings"
	"testing"
)

func TestJudge(t *testing.T) {
	sent := Note{Title: "a", Event: Sending}
	kept := Note{Title: "a", Event: Acknowledged, ID: "1"}
	drafted := Note{Title: "a", Event: Drafted, ID: "7"}
	due := Note{Title: "a", Event: Drafted, ID: "7", Due: true}
	refused := Note{Title: "a", Event: Unavailable}
	killed := Note{Title: "a", Event: Unanswered, Fault: Kill, Read: true}
	read := Note{Title: "a", Event: Unanswered, Fault: Term, Read: true}
	unread := Note{Title: "a", Event: Unanswered, Fault: Term}
	unreadRetried := Note{Title: "a", Event: Unanswered, Fault: Term, Retries: true}
	for name, c := range map[string]struct {
		notes  []Note
		posts  []Post
		want   string // the list that the post is in
		drafts []Post
	}{
		"kept":                   {[]Note{sent, kept}, []Post{{"1", "a"}}, "", nil},
		"lost":                   {[]Note{sent, kept}, nil, "lost", nil},
		"lost, another is there": {[]Note{sent, kept}, []Post{{"2", "a"}}, "lost", nil},
		"doubled":                {[]Note{sent, kept}, []Post{{"1", "a"}, {"2", "a"}}, "doubled", nil},
		"doubled by a retry": {
			[]Note{sent, unreadRetried, sent, kept}, []Post{{"1", "a"}, {"2", "a"}}, "doubled", nil,
		},
		"unanswered, then retried":    {[]Note{sent, unreadRetried, sent, kept}, []Post{{"1", "a"}}, "", nil},
		"retried":                     {[]Note{sent, refused, sent, kept}, []Post{{"1", "a"}}, "", nil},
		"not acknowledged":            {[]Note{sent, refused}, nil, "", nil},
		"not acknowledged, but there": {[]Note{sent, refused}, []Post{{"1", "a"}}, "", nil},
		"not acknowledged, doubled":   {[]Note{sent, refused}, []Post{{"1", "a"}, {"2", "a"}}, "doubled", nil},
		"killed":                      {[]Note{sent, killed}, []Post{{"1", "a"}}, "", nil},
		"read, then cut":              {[]Note{sent, read}, nil, "cut", nil},
		"sent, but never read":        {[]Note{sent, unread}, nil, "", nil},
		"stored, then cut":            {[]Note{sent, unread}, []Post{{"1", "a"}}, "cut", nil},
		"wrong":                       {[]Note{sent, {Title: "a", Event: Wrong, Answer: "500"}}, nil, "wrong", nil},
		"drafted":                     {[]Note{sent, drafted}, nil, "", []Post{{"7", "a"}}},
		"drafted and published":       {[]Note{sent, drafted, sent, kept}, []Post{{"1", "a"}}, "", nil},
		"drafted and sent twice":      {[]Note{sent, drafted, sent, killed}, []Post{{"1", "a"}, {"2", "a"}}, "doubled", nil},
		"drafted, a post and a draft": {[]Note{sent, drafted, sent, kept}, []Post{{"1", "a"}}, "doubled", []Post{{"7", "a"}}},
		"drafted and lost":            {[]Note{sent, drafted}, nil, "lost", nil},
		"drafted, another is there":   {[]Note{sent, drafted}, nil, "lost", []Post{{"8", "a"}}},
		"due and published":           {[]Note{sent, due}, []Post{{"1", "a"}}, "", nil},
		"due and not published":       {[]Note{sent, due}, nil, "lost", []Post{{"7", "a"}}},
		"a draft that was never sent": {nil, nil, "wrong", []Post{{"7", "a"}}},
		"never sent":                  {nil, []Post{{"1", "a"}}, "wrong", nil},
	} {
		v := Judge(c.notes, c.posts, c.drafts)
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
