package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
	"unicode"

	"gin-blog/internal/files"
)

// dotenv is what a file .env says.
type dotenv struct {
	path   string
	values map[string]string
	lines  map[string]int // the line that sets a name
}

var (
	// assignment is a line that sets a name, without blanks at its ends.
	assignment = regexp.MustCompile(`^(?:export[ \t]+)?([\w.-]+)[ \t]*[=:][ \t]*(.*)$`)
	// plainValue is a value in single quotes, in double quotes, or in none, and perhaps a remark.
	plainValue = regexp.MustCompile(`^'((?:[^'\\]|\\[^'])*)'[ \t]*(?:#.*)?$|^"([^"\\$]*)"[ \t]*(?:#.*)?$|` +
		`^((?:[^'"#$][^$]*?)??)[ \t]*(?: #.*)?$`)
)

// readDotenv reads the file at path. If there is none, it says nothing. Docker Compose reads the same file and replaces
// what follows a $, also in double quotes, where a backslash means something too. So readDotenv takes only what means
// the same to both. The error names the line that is wrong, but does not quote it, because it may hold a secret.
func readDotenv(path string) (*dotenv, error) {
	d := &dotenv{path: path, values: map[string]string{}, lines: map[string]int{}}
	content, err := files.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return d, nil
	}
	if err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	if bytes.HasPrefix(content, []byte("\xff\xfe")) { // as PowerShell writes
		return nil, fmt.Errorf("settings: %s is in UTF-16: save it in UTF-8", path)
	}
	content = bytes.TrimPrefix(content, []byte("\ufeff")) // which some editors on Windows write
	for i, line := range strings.Split(string(content), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		parts := assignment.FindStringSubmatch(line)
		if parts == nil {
			return nil, fmt.Errorf("settings: line %d of %s is not NAME=value", i+1, path)
		}
		found := plainValue.FindStringSubmatch(parts[2])
		value := strings.Join(found[min(1, len(found)):], "")
		if found == nil || strings.ContainsFunc(value, func(r rune) bool { return !unicode.IsPrint(r) }) {
			return nil, fmt.Errorf("settings: line %d of %s needs single quotes around its value, "+
				"or Docker Compose would read it differently", i+1, path)
		}
		d.values[parts[1]], d.lines[parts[1]] = value, i+1
	}
	return d, nil
}
