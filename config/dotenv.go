package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/joho/godotenv"
)

// readDotenv returns the settings in a file of lines NAME=value, and nothing if there is no such file. The error names
// the line that is wrong, but does not quote it, because it may hold a secret.
func readDotenv(path string) (map[string]string, error) {
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	content = bytes.TrimPrefix(content, []byte("\ufeff")) // which some editors on Windows write
	settings, err := godotenv.UnmarshalBytes(content)
	if err != nil {
		return nil, fmt.Errorf("settings: line %d of %s is not NAME=value", wrongLine(content), path)
	}
	return settings, nil
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
