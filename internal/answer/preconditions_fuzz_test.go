package answer

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// FuzzEntityTags compares the splitting of If-Match with a plain reading of RFC 9110, and with lists that are made
// from their tags.
func FuzzEntityTags(f *testing.F) {
	for _, seed := range []string{
		`"a"`, `"a", "b"`, `W/"a"`, `*`, ``, `,`, ` ,"a",,	W/"b" ,`, `"a,b", "c"`, `"a`, `a"`, `"a" "b"`, `w/"a"`, `W/ "a"`,
		`""`, `W/""`, `"a-gzip"`, `"\"`, `"*"`, `*, "a"`, `"a", *`,
		"\"\x80\xff\"", "\"\x7f\"", "\"a\",\n\"b\"", "\"a\"\u0085",
	} {
		f.Add(seed, `"a"`)
	}
	f.Fuzz(func(t *testing.T, lines, etag string) {
		values := strings.Split(lines, "\n")
		tags := entityTags(values)
		want, ok := splitByRFC(values)
		if ok && !slices.Equal(tags, want) {
			t.Errorf("%q has the tags %q, want %q", values, tags, want)
		}
		for _, name := range []string{"If-Match", "If-None-Match"} {
			err := CheckTags(http.Header{name: values})
			isNone := name == "If-None-Match" && strings.Join(values, ",") == ""
			if ok && len(want) > 0 && err != nil || len(tags) == 0 && err == nil && !isNone {
				t.Errorf("%s %q: %v, with the tags %q", name, values, err, tags)
			}
		}

		header := http.Header{"If-Match": values, "If-None-Match": values}
		_ = CheckWrite(header, func() string { return etag }, time.Time{})
		isUnchanged(header, etag, "")

		tags, list := listOf(lines)
		if got := entityTags(list); !slices.Equal(got, tags) {
			t.Errorf("%q has the tags %q, made from %q", list, got, tags)
		}
		for _, tag := range tags {
			strong := strings.TrimPrefix(tag, "W/")
			matches := func(tag string) bool { return tag == strong || tag == gzipTag(strong) }
			err := CheckWrite(http.Header{"If-Match": list}, func() string { return strong }, time.Time{})
			if (err == nil) != slices.ContainsFunc(tags, matches) {
				t.Errorf("If-Match %q on %q: %v", list, strong, err)
			}
		}
	})
}

// isTagByte returns whether a byte may be inside of the quotes of an entity tag: etagc of RFC 9110, section 8.8.3.
func isTagByte(b byte) bool { return b == 0x21 || b >= 0x23 && b != 0x7f }

// listOf makes tags from a text, and header lines that list them, with white space and empty elements as RFC 9110
// allows them.
func listOf(text string) (tags, lines []string) {
	lines = []string{""}
	for i, part := range strings.Split(text, " ") {
		inside := slices.DeleteFunc([]byte(part), func(b byte) bool { return !isTagByte(b) })
		tag := `"` + string(inside) + `"`
		if len(part)%3 == 1 {
			tag = "W/" + tag
		}
		tags = append(tags, tag)
		last := len(lines) - 1
		switch separators := []string{",", ", ", " ,\t", ",,", " , , "}; {
		case i == 0:
			lines[last] = tag
		case len(part)%7 == 5:
			lines = append(lines, tag)
		default:
			lines[last] += separators[len(part)%len(separators)] + tag
		}
	}
	return tags, lines
}

// splitByRFC reads lines of If-Match as RFC 9110 defines it, and returns whether each of them is valid.
func splitByRFC(lines []string) (tags []string, ok bool) {
	if len(lines) == 1 && strings.Trim(lines[0], " \t") == "*" {
		return []string{"*"}, true
	}
	for _, line := range lines {
		for wantComma := false; ; {
			line = strings.TrimLeft(line, " \t")
			if line == "" {
				break
			}
			if line[0] == ',' {
				line, wantComma = line[1:], false
				continue
			}
			opaque := strings.TrimPrefix(line, "W/")
			if wantComma || opaque == "" || opaque[0] != '"' {
				return nil, false
			}
			end := 1
			for end < len(opaque) && isTagByte(opaque[end]) {
				end++
			}
			if end == len(opaque) || opaque[end] != '"' {
				return nil, false
			}
			length := len(line) - len(opaque) + end + 1
			tags, line, wantComma = append(tags, line[:length]), line[length:], true
		}
	}
	return tags, true
}
