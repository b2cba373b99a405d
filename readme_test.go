package main_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestReadmeFlow pastes the README's lines into one shell, against the real program, and compares the shape of what comes
// back with what the README shows.
func TestReadmeFlow(t *testing.T) {
	for _, tool := range []string{"bash", "curl", "sed"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not here", tool)
		}
	}
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, flow, _ := strings.Cut(string(readme), "## The tutorial's flow\n")
	flow, _, _ = strings.Cut(flow, "\n## ")
	blocks := regexp.MustCompile("(?s)```(sh|json)\n(.*?)```").FindAllStringSubmatch(flow, -1)
	if len(blocks) < 10 {
		t.Fatalf("only %d blocks in the README's flow", len(blocks))
	}

	p := start(t, t.TempDir())
	script, shown := "set -eu\n", []string(nil)
	const mark = "=== answer ==="
	for _, block := range blocks {
		if block[1] == "sh" {
			script += strings.ReplaceAll(block[2], "localhost:3000", "localhost:"+p.port) + "echo '" + mark + "'\n"
		} else {
			shown = append(shown, block[2])
		}
	}
	shell := exec.Command("bash", "-c", script)
	shell.Dir = t.TempDir()
	out, err := shell.Output()
	if err != nil {
		t.Fatalf("the lines fail: %v\n%s", err, out)
	}
	answers := strings.Split(string(out), mark)
	if len(answers) != len(shown)+1 {
		t.Fatalf("%d answers, the README shows %d", len(answers)-1, len(shown))
	}
	for i, want := range shown {
		if got, want := shape(t, answers[i]), shape(t, want); got != want {
			t.Errorf("answer %d has the shape %s, the README shows %s", i+1, got, want)
		}
	}
	if left, err := os.ReadDir(shell.Dir); err != nil || len(left) > 0 {
		t.Errorf("the lines leave files behind: %v, %v", left, err)
	}
}

// shape is JSON with types for values, and with the messages that name what happened.
func shape(t *testing.T, text string) string {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("%v in %q", err, text)
	}
	return shapeOf("", value)
}

func shapeOf(key string, value any) string {
	switch value := value.(type) {
	case map[string]any:
		var parts []string
		for _, name := range slices.Sorted(maps.Keys(value)) {
			parts = append(parts, name+":"+shapeOf(name, value[name]))
		}
		return "{" + strings.Join(parts, ",") + "}"
	case []any:
		var parts []string
		for _, element := range value {
			parts = append(parts, shapeOf("", element))
		}
		return "[" + strings.Join(parts, ",") + "]"
	case string:
		if slices.Contains([]string{"message", "username", "title", "content", "tokenType", "role"}, key) {
			return value
		}
	}
	return fmt.Sprintf("%T", value)
}
