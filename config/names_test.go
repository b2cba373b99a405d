package config_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"gin-blog/config"
)

// TestMisspeltSettings: a name that looks like a setting gets one line with the nearest setting, and no value.
func TestMisspeltSettings(t *testing.T) {
	for name, want := range map[string]string{
		"PROT": "did you mean PORT?", "POTR": "did you mean PORT?",
		"MONGODB_URI": "did you mean MONGO_URI?", "MONGO_URL": "did you mean MONGO_URI?",
		"DATABASE_URL": "did you mean MONGO_URI?", "ACCES_TOKEN_TTL": "did you mean ACCESS_TOKEN_TTL?",
		"JWT_SECRET": "did you mean SECRET_KEY?", "ACCESS_TOKEN_SECRET": "did you mean SECRET_KEY?",
		"REFRESH_TOKEN_SECRET": "did you mean REFRESH_SECRET?", "SECRET_KEYS": "did you mean SECRET_KEY?",
		"CORS_ORIGIN": "did you mean CORS_ORIGINS?", "LOGLEVEL": "did you mean LOG_LEVEL?",
		"HOTS": "did you mean HOST?", "BIND_ADDRESS": "did you mean HOST?", "NODE_ENV": "docs/settings.md lists all",
	} {
		c, err := load(t, name+"=hunter2\n")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		line := strings.Join(c.Warnings, "\n")
		if len(c.Warnings) != 1 || !strings.HasPrefix(line, name+" in ") || !strings.Contains(line, want) {
			t.Errorf("%s: the warnings are %q, want one with %q", name, c.Warnings, want)
		}
		if strings.Contains(line, "hunter2") {
			t.Errorf("%s: the warning tells the value: %s", name, line)
		}
	}
}

// TestNamesInTheEnvironment: most names in the environment are meant for others.
func TestNamesInTheEnvironment(t *testing.T) {
	others := []string{
		"PATH=/bin", "HOME=/", "HOSTNAME=x", "PWD=/", "LOGNAME=x", "XDG_DATA_DIRS=/", "PROMPT=x", "SSL_CERT_DIR=/",
		"MONGO_PORT=tcp://10.0.0.1:27017", "MONGO_SERVICE_HOST=10.0.0.1", "GIN_BLOG_PORT=tcp://10.0.0.1", "NODE_ENV=x",
	}
	c, err := load(t, "GRAFANA_PASSWORD=hunter2\nDOMAIN=blog.example\nCOMPOSE_PROFILES=monitoring\n", others...)
	if err != nil || len(c.Warnings) > 0 {
		t.Errorf("names of others: %v, %v", c.Warnings, err)
	}
	c, err = load(t, "", append(others, "MONGODB_URI=mongodb://host/", "PROT=4000")...)
	if err != nil || len(c.Warnings) != 2 || !strings.Contains(c.Warnings[0], "MONGODB_URI in the environment is not") {
		t.Errorf("misspelt names: %q, %v", c.Warnings, err)
	}
	c, err = load(t, "MONGO_URI=mongodb://host/", "MONGODB_URI=mongodb://host/")
	if err != nil || len(c.Warnings) > 0 {
		t.Errorf("another name beside the right one: %q, %v", c.Warnings, err)
	}
}

// TestNamesOfCompose: every name that docker-compose.yml reads from .env may be there.
func TestNamesOfCompose(t *testing.T) {
	text, err := os.ReadFile("../docker-compose.yml")
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile(`\$\{(\w+)`).FindAllSubmatch(text, -1)
	if len(names) < 10 {
		t.Fatalf("only %d names in docker-compose.yml", len(names))
	}
	for _, name := range names {
		if c, err := load(t, fmt.Sprintf("%s=\n", name[1])); err != nil || len(c.Warnings) > 0 {
			t.Errorf("%s: %v, %v", name[1], c, err)
		}
	}
}

// TestOtherNamesStandForSettings: what a hint names exists.
func TestOtherNamesStandForSettings(t *testing.T) {
	settings := map[string]bool{}
	for _, setting := range new(config.Config).Attrs() {
		settings[setting.Key] = true
	}
	for line := range strings.Lines(config.OtherNames) {
		names := strings.Fields(line)
		for _, other := range names[1:] {
			if !settings[names[0]] || settings[other] {
				t.Errorf("%s stands for %s", other, names[0])
			}
		}
	}
}

// TestLinesOfSecretsAreNoNames: a line of a secret that is no name of a setting is told by its number.
func TestLinesOfSecretsAreNoNames(t *testing.T) {
	for line, want := range map[string]string{
		"aHVudGVyMg==": "docs/settings.md lists all", "hunter2=": "docs/", "hunter2: x": "docs/", "9HUNTER2=": "docs/",
		"export hunter2=x": "docs/", "SECRET_KEYhunter2=x": "docs/", "port=x": "did you mean PORT?",
	} {
		c, err := load(t, "# PORT=1\nMONGO_DB=blog\n"+line+"\n")
		if err != nil || len(c.Warnings) != 1 || !strings.HasPrefix(c.Warnings[0], "line 3 in /") ||
			!strings.Contains(c.Warnings[0], want) || strings.Contains(c.Warnings[0], "unter") ||
			strings.Contains(c.Warnings[0], "aHV") || strings.Contains(c.Warnings[0], "UNTER") {
			t.Errorf("%s: %+v, %v, want line 3", line, c, err)
		}
	}
}
