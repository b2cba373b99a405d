package ledger

import (
	"slices"
	"strings"
	"testing"
)

func TestJudge(t *testing.T) {
	kept, drafted, due := entry{post: "1"}, entry{draft: "7"}, entry{draft: "7", due: true}
	one, two := []Item{{ID: "1", Title: "a"}}, []Item{{ID: "1", Title: "a"}, {ID: "2", Title: "a"}}
	draft, other := []Item{{ID: "7", Title: "a"}}, []Item{{ID: "8", Title: "a"}}
	for name, c := range map[string]struct {
		sent          []entry
		posts, drafts []Item
		want          string // the list that the post is in
	}{
		"kept":                        {[]entry{kept}, one, nil, ""},
		"a comment that is kept":      {[]entry{kept}, []Item{{ID: "1", Content: "a"}}, nil, ""},
		"lost":                        {[]entry{kept}, nil, nil, "lost"},
		"lost, another is there":      {[]entry{kept}, other, nil, "lost"},
		"doubled":                     {[]entry{kept}, two, nil, "doubled"},
		"not acknowledged":            {[]entry{{}}, nil, nil, ""},
		"not acknowledged, but there": {[]entry{{}}, one, nil, ""},
		"not acknowledged, doubled":   {[]entry{{}}, two, nil, "doubled"},
		"never arrived":               {[]entry{{cut: true}}, nil, nil, ""},
		"stored, then cut":            {[]entry{{cut: true}}, one, nil, "cut"},
		"wrong":                       {[]entry{{wrong: "500"}}, nil, nil, "wrong"},
		"drafted":                     {[]entry{drafted}, nil, draft, ""},
		"drafted and published":       {[]entry{{draft: "7", post: "1"}}, one, nil, ""},
		"published, not acknowledged": {[]entry{drafted}, one, nil, ""},
		"drafted, two posts":          {[]entry{drafted}, two, nil, "doubled"},
		"a post and a draft":          {[]entry{{draft: "7", post: "1"}}, one, draft, "doubled"},
		"drafted and lost":            {[]entry{drafted}, nil, nil, "lost"},
		"drafted, another is there":   {[]entry{drafted}, nil, other, "lost"},
		"due and published":           {[]entry{due}, one, nil, ""},
		"due and not published":       {[]entry{due}, nil, draft, "lost"},
		"never sent":                  {nil, one, nil, "wrong"},
		"a draft that was never sent": {nil, nil, draft, "wrong"},
	} {
		l := New()
		for _, e := range c.sent {
			l.entries["a"] = e
		}
		v := l.Judge(c.posts, c.drafts)
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
