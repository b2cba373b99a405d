package main

import (
	"slices"
	"strings"
	"testing"
)

func TestJudge(t *testing.T) {
	once := note{Title: "a", Event: sending}
	kept := note{Title: "a", Event: acknowledged, ID: "1"}
	refused := note{Title: "a", Event: unavailable}
	killed := note{Title: "a", Event: unanswered, Fault: kill, Read: true}
	inTime := note{Title: "a", Event: unanswered, Fault: term, Read: true}
	tooLate := note{Title: "a", Event: unanswered, Fault: term}
	tooLateYet := note{Title: "a", Event: unanswered, Fault: term, Repeats: true}
	for name, c := range map[string]struct {
		notes []note
		posts []post
		want  string // what is wrong
	}{
		"kept":                           {[]note{once, kept}, []post{{"1", "a"}}, ""},
		"lost":                           {[]note{once, kept}, nil, "lost"},
		"lost, another is there":         {[]note{once, kept}, []post{{"2", "a"}}, "lost"},
		"doubled":                        {[]note{once, kept}, []post{{"1", "a"}, {"2", "a"}}, "doubled"},
		"doubled by a repeat":            {[]note{once, tooLateYet, once, kept}, []post{{"1", "a"}, {"2", "a"}}, "doubled"},
		"cut or not, and repeated":       {[]note{once, tooLateYet, once, kept}, []post{{"1", "a"}}, ""},
		"repeated":                       {[]note{once, refused, once, kept}, []post{{"1", "a"}}, ""},
		"not acknowledged":               {[]note{once, refused}, nil, ""},
		"not acknowledged, but there":    {[]note{once, refused}, []post{{"1", "a"}}, ""},
		"not acknowledged, doubled":      {[]note{once, refused}, []post{{"1", "a"}, {"2", "a"}}, "doubled"},
		"killed":                         {[]note{once, killed}, []post{{"1", "a"}}, ""},
		"read, then cut":                 {[]note{once, inTime}, nil, "cut"},
		"sent when nobody read any more": {[]note{once, tooLate}, nil, ""},
		"stored, then cut":               {[]note{once, tooLate}, []post{{"1", "a"}}, "cut"},
		"wrong":                          {[]note{once, {Title: "a", Event: wrong, Answer: "500"}}, nil, "wrong"},
		"nobody's":                       {nil, []post{{"1", "a"}}, "wrong"},
	} {
		v := judge(c.notes, c.posts)
		var got []string
		for kind, what := range map[string][]string{"lost": v.lost, "doubled": v.doubled, "cut": v.cut, "wrong": v.wrong} {
			got = append(got, slices.Repeat([]string{kind}, len(what))...)
		}
		if got := strings.Join(got, ", "); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
		if complains := v.complaints() != nil; complains != (c.want != "") {
			t.Errorf("%s: complaints: %v", name, v.complaints())
		}
	}
}
