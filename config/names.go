package config

import (
	_ "embed"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// othernames.txt has, on each line, a setting and the names that other programs, and tutorials, give to it.
//
//go:embed othernames.txt
var otherNames string

// isForeign returns whether a name in .env is meant for another program that reads the file: Docker Compose.
func isForeign(name string) bool {
	return name == "GRAFANA_PASSWORD" || name == "DOMAIN" ||
		strings.HasPrefix(name, "COMPOSE_") || strings.HasPrefix(name, "DOCKER_")
}

// settingNames returns the names of all settings.
func settingNames() (names []string) {
	for _, setting := range new(Config).Attrs() {
		names = append(names, setting.Key)
	}
	return names
}

// checkNames returns a warning for each name that has no effect but seems to be meant as a setting. In .env that is
// every unknown name. The environment has many names for other programs, so there it is only a name that others give to
// a setting which is not set, or a name that differs from a setting in one character or in their order.
// A name in .env that has not the form of one may be a line of a secret: its line is named instead.
func checkNames(environment map[string]string, file *dotenv) (warnings []string) {
	const warning = "%s in %s is not a setting and has no effect: %s"
	isName := regexp.MustCompile(`^[A-Z_][A-Z0-9_]*$`).MatchString
	known := settingNames()
	for _, name := range slices.Sorted(maps.Keys(file.values)) {
		if slices.Contains(known, name) || isForeign(name) {
			continue
		}
		setting := nearestSetting(name, known, max(2, len(name)/4))
		shown := name
		if !isName(name) {
			shown = fmt.Sprintf("line %d", file.lines[name])
		}
		warnings = append(warnings, fmt.Sprintf(warning, shown, file.path,
			hint(setting, "docs/settings.md lists all settings")))
	}
	for _, name := range slices.Sorted(maps.Keys(environment)) {
		if slices.Contains(known, name) {
			continue
		}
		setting := nearestSetting(name, known, 1)
		if setting != "" && environment[setting] == "" && file.values[setting] == "" {
			warnings = append(warnings, fmt.Sprintf(warning, name, "the environment", hint(setting, "")))
		}
	}
	return warnings
}

// hint asks whether a name was meant, or returns the other text if there is none.
func hint(name, otherwise string) string {
	if name == "" {
		return otherwise
	}
	return "did you mean " + name + "?"
}

// nearestSetting returns the setting that name stands for, in any case: the one that others call so, or the one with
// the same characters in another order, or else the one that differs in the fewest characters. It returns "" if that is
// more than maxDistance, or more than a third of the name.
func nearestSetting(name string, known []string, maxDistance int) string {
	name = strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
	for line := range strings.Lines(otherNames) {
		if names := strings.Fields(line); slices.Contains(names[1:], name) {
			return names[0]
		}
	}
	found, least := "", min(maxDistance, len(name)/3)
	for _, candidate := range known {
		if slices.Equal(sorted(name), sorted(candidate)) {
			return candidate
		}
		if d := levenshtein.ComputeDistance(name, candidate); d <= least {
			found, least = candidate, d-1
		}
	}
	return found
}

// sorted returns the bytes of s in order.
func sorted(s string) []byte { return slices.Sorted(slices.Values([]byte(s))) }
