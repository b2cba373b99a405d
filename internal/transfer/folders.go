package transfer

import (
	"fmt"
	"path"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v4"
)

// programHides finds what may hide posts in a program that makes data of Eleventy.
var programHides = regexp.MustCompile(`(?i)draft|exclude|publish|private|hidden|unlisted|password|expir|visib|status|` +
	`permalink["']?\s*:\s*false`)

// isIndexFile returns whether a file is the post, or the list of posts, of its folder.
func isIndexFile(file string) bool {
	name, _, _ := strings.Cut(path.Base(file), ".")
	return name == "index" || name == "_index"
}

// defaultsFor returns what other files say of a file: the data files of Eleventy for it or for a folder around it, the
// cascades of Hugo, and the post of Hugo whose part it is.
func (i *importing) defaultsFor(file string) (defaults []*fields) {
	stems, isIndex := []string{strings.TrimSuffix(file, path.Ext(file))}, isIndexFile(file)
	language := path.Ext(stems[0]) // of post.de.md
	for dir := path.Dir(file); ; dir = path.Dir(dir) {
		for _, name := range []string{"_index.md", "_index" + language + ".md", "index.md", "index" + language + ".md"} {
			if name[0] == '_' || dir != "." && !isIndex { // an index is no part of itself
				defaults = append(defaults, i.saidBy(path.Join(dir, name))...)
			}
		}
		if dir == "." {
			stems = append(stems, i.name)
			break
		}
		stems, isIndex = append(stems, path.Join(dir, path.Base(dir))), false
	}
	for _, stem := range stems {
		for _, end := range []string{".json", ".11tydata.json", ".11tydata.js", ".11tydata.cjs", ".11tydata.mjs"} {
			defaults = append(defaults, i.saidBy(stem+end)...)
		}
	}
	return defaults
}

// saidBy returns what a file, which may not be there, says of others.
func (i *importing) saidBy(file string) (said []*fields) {
	if known, ok := i.said[file]; ok {
		return known
	}
	defer func() { i.said[file] = said }()
	if _, err := i.dir.Lstat(file); err != nil { // it is not there, or no file can have so long a name
		return nil
	}
	content, err := readFile(i.dir, file)
	add := func(f *fields, err error) {
		if err != nil { // nobody knows, so the others are not public
			f = &fields{doubt: fmt.Sprintf("%s may hide it (%v): take that file away if it does not", file, err)}
		}
		f.source = file
		said = append(said, f)
	}
	dir, name := path.Split(file)
	word := programHides.FindString(string(content))
	switch extension := path.Ext(name); {
	case err != nil:
		add(nil, err)
	case extension == ".json":
		add(parseFields("", string(content), 0))
	case extension != ".md" && word != "":
		add(nil, fmt.Errorf("it is a program, which is not run, about %q", word))
	case extension == ".md":
		f, _, err := parseMarkdown(content)
		cascade := &yaml.Node{}
		switch {
		case err != nil:
			add(nil, err)
		case name[0] == '_' && f.get("cascade") != nil:
			cascade = f.get("cascade") // also what its target says is for some pages only
		case name[0] != '_' && (nameDate.MatchString(path.Base(dir)) ||
			f.get("date") != nil || f.get("headless") != nil || f.get("build") != nil):
			add(&fields{doubt: "it is a part of the post " + file}, nil)
		}
		if cascade.Kind == yaml.MappingNode {
			cascade = &yaml.Node{Content: []*yaml.Node{cascade}}
		}
		for _, part := range cascade.Content {
			add(newFields(part))
		}
	}
	return said
}
