package transfer

import (
	"cmp"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"gin-blog/models"
)

func asText(n *yaml.Node) (string, bool) { return n.Value, n.Kind == yaml.ScalarNode }

// textsIn returns the texts of a value: those of a list; of a map its names or, if some are wanted, what these have.
func textsIn(n *yaml.Node, wanted ...string) (texts []string) {
	switch {
	case n == nil, n.ShortTag() == "!!null":
		return nil
	case n.Kind == yaml.AliasNode:
		return []string{"*" + n.Value}
	case n.Kind == yaml.ScalarNode:
		return []string{n.Value}
	}
	for i, item := range n.Content {
		switch isMap := n.Kind == yaml.MappingNode; {
		case !isMap, i%2 == 1 && slices.Contains(wanted, foldName(n.Content[i-1].Value)):
			texts = append(texts, textsIn(item, wanted...)...)
		case i%2 == 0 && wanted == nil:
			texts = append(texts, item.Value)
		}
	}
	return texts
}

// asID takes no number: other programs would lose its zeros. What is no id of a post is that of another tool.
func asID(n *yaml.Node) (models.ID, bool) {
	id, err := models.ParseID(n.Value)
	return id, err != nil || n.ShortTag() == "!!str"
}

var (
	// timeForm is how people and programs write times in front matter. The time of day and the zone may be missing.
	timeForm = regexp.MustCompile(`^(\d{4})-(\d\d?)-(\d\d?)` +
		`(?:(?:[Tt]| +)(\d\d?):(\d\d)(?::(\d\d(?:\.\d+)?))? *([Zz]|[+-]\d\d(?::?\d\d)?)?)?$`)
	// zones are the zones with names (RFC 822, section 5.1): other names mean different zones in different countries.
	zones = strings.NewReplacer(" UTC", " +0000", " UT", " +0000", " GMT", " +0000", " EST", " -0500", " EDT", " -0400",
		" CST", " -0600", " CDT", " -0500", " MST", " -0700", " MDT", " -0600", " PST", " -0800", " PDT", " -0700")
)

// asTime reads a time in one of these forms, by the rules of RFC 3339, or as e-mails (RFC 5322) and people write it. A
// time without a zone is in UTC.
func asTime(n *yaml.Node) (time.Time, bool) {
	if n.Kind != yaml.ScalarNode || len(n.Value) > 100 {
		return time.Time{}, false
	}
	text := zones.Replace(strings.TrimSpace(n.Value))
	m := timeForm.FindStringSubmatch(text)
	if m == nil {
		t, err := mail.ParseDate(text)
		for _, layout := range []string{"January 2, 2006", "Jan 2, 2006", "2 January 2006", "2 Jan 2006", "2006/1/2"} {
			if err != nil {
				t, err = time.Parse(layout, text)
			}
		}
		return t, err == nil && text[len(text)-1] <= '9' // a zone of another name would be taken for UTC
	}
	twoDigits := func(digits string) string { return ("00" + digits)[len(digits):] }
	zone := cmp.Or(m[7], "Z")
	if len(zone) == len("+07") {
		zone += "00"
	}
	if len(zone) == len("+0700") {
		zone = zone[:3] + ":" + zone[3:]
	}
	return models.ParseTime(m[1] + "-" + twoDigits(m[2]) + "-" + twoDigits(m[3]) +
		"T" + twoDigits(m[4]) + ":" + cmp.Or(m[5], "00") + ":" + cmp.Or(m[6], "00") + zone)
}
