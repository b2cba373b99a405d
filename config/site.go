package config

import (
	"fmt"

	"golang.org/x/text/language"

	"gin-blog/internal/site"
	"gin-blog/models"
)

const maxTitle, maxDescription = 100, 300 // characters

// readSite sets Site, and returns what is wrong with its settings, a sentence each.
func (c *Config) readSite() (problems []string) {
	s := site.Site{Title: c.SiteTitle, Description: c.SiteDescription, APICalls: c.APICalls}
	for _, text := range []struct {
		name, value string
		most        int
	}{{"SITE_TITLE", s.Title, maxTitle}, {"SITE_DESCRIPTION", s.Description, maxDescription}} {
		if problem := models.Line(text.most)(text.value); problem != "" {
			problems = append(problems, text.name+" "+problem)
		}
	}
	var err error
	if s.Language, err = language.Parse(c.SiteLanguage); err != nil {
		problems = append(problems, fmt.Sprintf(
			"SITE_LANGUAGE must be the code of a language, such as en, pt-BR or ja, not %s", quote(c.SiteLanguage)))
	}
	if s.Zone = site.LoadZone(c.SiteTimezone); s.Zone == nil {
		problems = append(problems, fmt.Sprintf(
			"SITE_TIMEZONE must be the name of a time zone, such as Europe/Berlin, not %s", quote(c.SiteTimezone)))
	}
	if s.Accent, err = site.ParseAccent(c.SiteAccent); err != nil {
		problems = append(problems, fmt.Sprintf("SITE_ACCENT %s is %v", quote(c.SiteAccent), err))
	}
	if c.SiteCSS != "" {
		if s.CSS, err = site.ReadCSS(c.SiteCSS); err != nil {
			problems = append(problems, fmt.Sprintf("SITE_CSS: %v", err))
		}
	}
	if len(problems) == 0 {
		c.Site = site.New(s)
	}
	return problems
}
