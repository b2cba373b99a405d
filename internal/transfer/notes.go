package transfer

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"gin-blog/models"
)

var (
	// separators are what may stand between the words of a tag.
	separators = regexp.MustCompile(`([\pL\pM\pN])[\s\pZ_/.:&'’-]+`)
	// unseen are code, and comments of Obsidian, Liquid, Hugo and Nunjucks, which readers do not see there.
	unseen = regexp.MustCompile("(?ms)^[ \t>]*````.*?(?:^[ \t>]*````|\\z)|^[ \t>*+0-9.)-]*```.*?(?:^[ \t>]*```|\\z)|" +
		"^[ \t>*+0-9.)-]*~~~.*?(?:^[ \t>]*~~~|\\z)|`+[^`\n]+`+|" +
		`%%.*?%%|^%%.*\z|\{%-?\s*comment\b.*?endcomment\s*-?%\}|\{\{[<%]\s*comment\b.*?/comment\s*[%>]\}\}|\{#.*?#\}`)
	// sitePath is the path of a link to another page of the site that the file comes from.
	sitePath = regexp.MustCompile(`\]\((/[^/)\s][^)\s]*)`)
	// replaced is what other tools replace, and pages of the blog show as it is typed.
	replaced = regexp.MustCompile(`\{%.*?%\}|\{\{.*?\}\}|!?\[\[[^\]\n]+\]\]|\{:[^}\n]*\}|\[TOC\]|\[![A-Za-z]+\]|` +
		`==[^=\n]+==|\$\$|<[A-Za-z][A-Za-z0-9-]*(?:\s[^<>]*)?/?>`)
)

// tagsOf makes tags of what a file calls so, and returns also what cannot be one.
func tagsOf(texts []string) (tags, left []string) {
	for _, text := range texts {
		tag := strings.TrimLeft(strings.TrimSpace(text), "#")
		tag = strings.TrimRight(separators.ReplaceAllString(tag, "$1-"), "-")
		one := models.Text{Title: "t", Content: "c", Tags: []string{tag}} // the rule for tags is that of posts
		switch err := one.Clean(nil); {
		case text == "" || err == nil && slices.Contains(tags, one.Tags[0]):
		case err != nil || len(tags) == models.MaxTags:
			left = append(left, text)
		default:
			tags = append(tags, one.Tags[0])
		}
	}
	return tags, left
}

// withoutComments returns a content without what its tool shows to nobody, and these parts.
func withoutComments(content string) (rest string, comments []string) {
	rest = unseen.ReplaceAllStringFunc(content, func(found string) string {
		if strings.ContainsAny(strings.TrimLeft(found, " \t>*+0123456789.)-")[:1], "`~") {
			return found
		}
		comments = append(comments, found)
		return ""
	})
	return rest, comments
}

// notes returns what of a file the post does not show, or not as the tool of the file does.
func (f *fields) notes(content string, lost, leftTags, comments []string) string {
	var notes, unkept []string
	add := func(what string, items []string) {
		for n, item := range items {
			items[n] = short(item)
		}
		slices.Sort(items)
		if items = slices.Compact(items); len(items) > 3 {
			items = append(items[:3], fmt.Sprintf("and %d more", len(items)-3))
		}
		if len(items) > 0 {
			notes = append(notes, what+" "+strings.Join(items, ", "))
		}
	}
	for name := range strings.FieldsSeq("permalink aliases redirect_from slug url image cover thumbnail featured_image") {
		if f.get(name) != nil {
			unkept = append(unkept, name)
		}
	}
	for _, found := range sitePath.FindAllStringSubmatch(content, -1) {
		if f.get("id") == nil { // an export has paths of this site
			lost = append(lost, found[1])
		}
	}
	add("tags left out:", leftTags)
	add("comments left out:", comments)
	add("not kept:", unkept)
	add("images and links that do not work here:", lost)
	add("shown as typed:", replaced.FindAllString(unseen.ReplaceAllString(content, ""), -1))
	return strings.Join(notes, "; ")
}

// short returns the beginning of a text, in one line.
func short(text string) string { return fmt.Sprintf("%.40s", inOneLine(text)) }

func inOneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
