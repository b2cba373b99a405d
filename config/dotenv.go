package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"regexp"

	"github.com/joho/godotenv"

	"gin-blog/internal/files"
)

// readDotenv returns the settings in a file of lines NAME=value, and its content, and nothing if there is no such file.
// The error names the line that is wrong, but does not quote it, because it may hold a secret.
func readDotenv(path string) (settings map[string]string, content []byte, err error) {
	content, err = files.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("settings: %w", err)
	}
	content = bytes.TrimPrefix(content, []byte("\ufeff")) // which some editors on Windows write
	settings, err = godotenv.UnmarshalBytes(content)
	if err != nil {
		return nil, nil, fmt.Errorf("settings: line %d of %s is not NAME=value", wrongLine(content), path)
	}
	return settings, content, nil
}

// lineOf returns the number of the first line in content that begins with a name, or 1.
func lineOf(name string, content []byte) int {
	line := regexp.MustCompile(`(?m)^[ \t]*(export[ \t]+)?` + regexp.QuoteMeta(name) + `[ \t]*[=:]`)
	before := content[:append(line.FindIndex(content), 0)[0]]
	return bytes.Count(before, []byte("\n")) + 1
}

// wrongLine returns the number of the first line in which content is malformed. A value in quotes may have several
// lines, so a line is right if all lines up to some later line can be read.
func wrongLine(content []byte) int {
	lines := bytes.SplitAfter(content, []byte("\n"))
	for n := len(lines) - 1; n > 0; n-- {
		if _, err := godotenv.UnmarshalBytes(bytes.Join(lines[:n], nil)); err == nil {
			return n + 1
		}
	}
	return 1
}
