package web

import (
	"html"
	"html/template"
	"regexp"
	"strings"

	"gin-blog/internal/markdown"
)

// A post has a table of contents if it takes some minutes to read, and has some headings.
const minMinutes, minHeadings = 4, 3

// heading is an entry of a table of contents.
type heading struct {
	ID, Text string
	IsSub    bool
}

var (
	headings = regexp.MustCompile(`<h([23]) id="([^"]+)"[^>]*>(.*?)</h[23]>`)
	tags     = regexp.MustCompile(`<[^>]*>`)
	images   = regexp.MustCompile(`<img src="(https://[^"]+)"`)
)

// contentsOf returns the headings of the upper two levels in the HTML of a post, nil if it is short.
func contentsOf(rendered template.HTML, minutes int) (contents []heading) {
	if minutes < minMinutes {
		return nil
	}
	for _, h := range headings.FindAllStringSubmatch(string(rendered), -1) {
		text := html.UnescapeString(tags.ReplaceAllString(h[3], ""))
		contents = append(contents, heading{ID: h[2], Text: text, IsSub: h[1] == "3"})
	}
	if len(contents) < minHeadings {
		return nil
	}
	return contents
}

// imageOf returns the address of the first image in the HTML of a post that others may load, "" for none.
func imageOf(rendered template.HTML) string {
	if found := images.FindStringSubmatch(string(rendered)); found != nil {
		return html.UnescapeString(found[1])
	}
	return ""
}

// own returns the HTML of a text for whose links its author answers, so that search engines follow them.
func own(rendered template.HTML) template.HTML {
	const relation = ` rel="` + markdown.LinkRelation + `"`
	return template.HTML(strings.ReplaceAll(string(rendered), relation, ` rel="noopener"`))
}
