package routes

import (
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"gin-blog/internal/answer"
	"gin-blog/models"
)

// FuzzQuery: whatever the query of a list, parseQuery takes it or says 400; the links of what it takes are short enough
// to be followed, and mean the same.
func FuzzQuery(f *testing.F) {
	for _, seed := range []string{
		"", "limit=10", "limit=010", "limit=0", "limit=101", "limit=1&limit=2", "after=66f0a1f0dc29e0003f2bdd11",
		"after=000000000000000000000000", "before=66f0a1f0dc29e0003f2bdd11&view=html&tag=go", "view=full",
		"after=66f0a1f0dc29e0003f2bdd11&before=66f0a1f0dc29e0003f2bdd11", "after=66F0A1F0DC29E0003F2BDD11&limit=100",
		"author=alice&tag=go&q=hello+post",
		"q=%22a%22%26b%3Dc%3Bd", "q=a;b", "q=%zz", "q=%ff", "q=\xff", "q=", "q", "&&q=a&", "page=2", "q=%00", "q=>;rel=%22x",
		"author=" + strings.Repeat("é", 2000), "q=" + strings.Repeat("😀", 100), "author=" + strings.Repeat("a", 4096),
	} {
		f.Add(seed)
	}
	known := []string{"limit", "after", "before", "author", "tag", "q", "view"}
	f.Fuzz(func(t *testing.T, rawQuery string) {
		q, err := parseQuery(rawQuery, known...)
		if err != nil {
			if e := answer.ErrorOf(t.Context(), err); e.Code != http.StatusBadRequest || e.Message == "" {
				t.Errorf("%d %q for %v", e.Code, e.Message, err)
			}
			return
		}
		for _, page := range [][]models.Post{nil, {{ID: models.ID{2}}, {ID: models.ID{1}}}} {
			for entry := range strings.SplitSeq(links(q, "/posts", page, true, true), ", ") {
				address, rel, ok := strings.Cut(strings.TrimPrefix(entry, "<"), ">; rel=")
				if !ok || strings.ContainsAny(address, "<> \"") {
					t.Fatalf("the link is %s", entry)
				}
				target, err := url.Parse(address)
				if err != nil || target.Path != "/posts" {
					t.Fatalf("the link leads to %v: %v", target, err)
				}
				want := q
				want.after, want.before = models.ID{}, models.ID{}
				switch {
				case rel == `"prev"` && page == nil:
					want.before = models.ID{11: 1}
				case rel == `"prev"`:
					want.before = page[0].ID
				case rel == `"next"` && page != nil:
					want.after = page[1].ID
				}
				if again, err := parseQuery(target.RawQuery, known...); err != nil || !reflect.DeepEqual(again, want) {
					t.Errorf("took %+v, and of its link %+v: %v", want, again, err)
				}
			}
		}
	})
}
