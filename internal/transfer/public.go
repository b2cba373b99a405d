package transfer

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// signs are the fields by which blogs say whether a post is public, by what makes it so: see agrees.
var signs = []struct{ needed, names string }{
	{"no", "draft drafts isDraft unpublished private isPrivate secret unlisted hidden isHidden hide headless protected " +
		"encrypted encrypt password internal confidential restricted membersOnly subscribersOnly paid scheduled trashed " +
		"deleted noPublish exclude excluded excludeFromCollections eleventyExcludeFromCollections"},
	{"yes or past", "published isPublished publish dgPublish public isPublic visible listed live output render " +
		"build.render build.list"},
	{"not no", "build permalink permalink.build"},
	{"past", "publishDate pubDate datePublished publishedDate publishedAt publishedOn publishAt publishOn scheduledAt " +
		"scheduledFor embargo embargoUntil"},
	{"future", "expiryDate expireDate expirationDate expires expiresAt expiry unpublishDate unpublishAt"},
	{"public", "status postStatus publishStatus visibility access privacy"},
	{"not hidden", "state stage type layout audience"},
}

// agrees returns whether a value is what makes a post public. A value that is not understood does not.
func agrees(needed, value string, now time.Time) bool {
	at, isTime := asTime(&yaml.Node{Kind: yaml.ScalarNode, Value: value})
	isNo := isOneOf(value, "false no off n f 0 never")
	switch needed {
	case "no":
		return isNo
	case "not no":
		return !isNo
	case "yes or past":
		return isTime && !at.After(now) || isOneOf(value, "true yes on y t 1 always")
	case "past":
		return isTime && !at.After(now)
	case "future":
		return isTime && (at.After(now) || at.IsZero())
	case "public":
		return isOneOf(value, "public publish published live final done complete completed listed visible open all everyone")
	}
	return !isHiddenWord(value)
}

// isOneOf returns whether a value is one of some words.
func isOneOf(value, words string) bool {
	return slices.Contains(strings.Fields(words), foldName(value))
}

// isHiddenWord returns whether a tag, a state or the name of a folder says that posts are not public.
func isHiddenWord(value string) bool {
	return isOneOf(strings.TrimLeft(value, "#_."),
		"draft drafts private pending scheduled hidden unlisted unpublished trash trashed deleted wip")
}

// whyHidden returns why the post of a file is not public at a time, or "". defaults are what other files say of all
// files in a folder: the file itself may say something else.
func (f *fields) whyHidden(defaults []*fields, now time.Time) (why string) {
	for _, d := range append([]*fields{f}, defaults...) {
		why = cmp.Or(why, d.doubt)
		for _, sign := range signs {
			for name := range strings.FieldsSeq(sign.names) {
				for _, inside := range []string{"", "params.", "eleventyComputed."} {
					if isOwn := d == f || f.get(inside+name) == nil; isOwn {
						why = cmp.Or(why, d.disagrees(sign.needed, inside+name, now))
					}
				}
			}
		}
	}
	return why
}

// disagrees returns why a field hides a post, or "".
func (f *fields) disagrees(needed, name string, now time.Time) string {
	value := strings.Join(textsIn(f.get(name)), ",")
	switch {
	case f.get(name) == nil, agrees(needed, value, now):
		return ""
	case strings.HasSuffix(name, "password"):
		return "not public: " + f.source + " has a password"
	}
	return "not public: " + f.source + " says " + name + ": " + short(value)
}

// isChosen returns whether a file says "publish: true", as in Obsidian.
func (f *fields) isChosen() bool {
	said := append(textsIn(f.get("publish")), textsIn(f.get("dgPublish"))...)
	return isOneOf(strings.Join(said, ""), "true yes on y t 1")
}
