package testkit

import (
	"time"

	"golang.org/x/text/language"

	"gin-blog/internal/site"
)

// Site returns the site of an owner who has set nothing up.
func Site() *site.Site {
	accent, _ := site.ParseAccent(site.DefaultAccent)
	return site.New(site.Site{
		Title: "gin-blog", Language: language.English, Zone: time.UTC, Accent: accent, APICalls: true,
	})
}
