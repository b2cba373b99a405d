package config_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestDotenv: what a value means, and which lines are refused. A test of tools/ reads the same table as Docker Compose.
func TestDotenv(t *testing.T) {
	text, err := os.ReadFile("testdata/dotenv.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		File, Value string
		Wrong       int // the line that is refused, 0 for none
	}
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		got, err := load(t, c.File)
		if c.Wrong > 0 {
			if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("settings: line %d of /", c.Wrong)) {
				t.Errorf("%q: got %v, want line %d refused", c.File, err, c.Wrong)
			}
			continue
		}
		want := c.Value
		if want == "" {
			want = "data"
		}
		if err != nil || got.DataDir != absolute(t, want) || len(got.Warnings) > 0 {
			t.Errorf("%q: got %+v, %v, want %q", c.File, got, err, want)
		}
	}
	_, err = load(t, "SECRET_KEY=hunter2$"+strings.Repeat("s", 32))
	if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "single quotes around") {
		t.Errorf("a secret with a $: %v", err)
	}
	if _, err := load(t, "\xff\xfeP\x00O\x00"); err == nil || !strings.Contains(err.Error(), "save it in UTF-8") {
		t.Errorf("UTF-16: %v", err)
	}
}
