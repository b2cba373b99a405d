package config

import (
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// otherNames returns the names that other programs, and tutorials, give to settings.
func otherNames() map[string]string {
	names := map[string]string{}
	for setting, others := range map[string]string{
		"MONGO_URI": "MONGODB_URI MONGODB_URL MONGO_URL MONGOOSE_URI MONGO_CONNECTION_STRING DATABASE_URI DATABASE_URL " +
			"DB_URI DB_URL DB_CONNECTION",
		"MONGO_DB": "MONGODB_DB MONGODB_DATABASE MONGO_DATABASE MONGO_DB_NAME MONGODB_NAME DB_NAME DATABASE_NAME",
		"SECRET_KEY": "JWT_SECRET JWT_SECRET_KEY JWT_KEY JWT_ACCESS_SECRET ACCESS_TOKEN_SECRET ACCESS_SECRET " +
			"TOKEN_SECRET",
		"REFRESH_SECRET":    "JWT_REFRESH_SECRET REFRESH_TOKEN_SECRET REFRESH_SECRET_KEY REFRESH_KEY",
		"ACCESS_TOKEN_TTL":  "JWT_EXPIRES_IN JWT_EXPIRATION JWT_TTL TOKEN_TTL ACCESS_TOKEN_EXPIRY ACCESS_TOKEN_EXPIRES_IN",
		"REFRESH_TOKEN_TTL": "JWT_REFRESH_EXPIRES_IN REFRESH_TTL REFRESH_TOKEN_EXPIRY REFRESH_TOKEN_EXPIRES_IN",
		"BCRYPT_COST":       "SALT_ROUNDS BCRYPT_ROUNDS BCRYPT_SALT_ROUNDS HASH_ROUNDS",
		"CORS_ORIGINS":      "ALLOWED_ORIGINS CORS_ALLOWED_ORIGINS CLIENT_ORIGIN CLIENT_URL",
		"TRUSTED_PROXIES":   "TRUST_PROXY",
		"BASE_URL":          "SITE_URL PUBLIC_URL APP_URL",
		"PORT":              "HTTP_PORT SERVER_PORT APP_PORT",
		"DATA_DIR":          "DATA_PATH DB_PATH DATABASE_PATH",
	} {
		for other := range strings.FieldsSeq(others) {
			names[other] = setting
		}
	}
	return names
}

// isForeign returns whether a name in .env is meant for another program that reads the file: Docker Compose.
func isForeign(name string) bool {
	return name == "GRAFANA_PASSWORD" || name == "DOMAIN" ||
		strings.HasPrefix(name, "COMPOSE_") || strings.HasPrefix(name, "DOCKER_")
}

// settingNames returns the names of all settings.
func settingNames() (names []string) {
	for field := range reflect.TypeFor[Config]().Fields() {
		if name := field.Tag.Get("env"); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// checkNames returns a warning for each name that has no effect but seems to be meant as a setting. In .env that is
// every unknown name. The environment has many names for other programs, so there it is only a name that others give to
// a setting which is not set, or a name that differs from a setting in one character or in their order.
// A name in .env that has not the form of one may be a line of a secret: its line is named instead.
func checkNames(environment, dotenv map[string]string, dotenvPath string, content []byte) (warnings []string) {
	isName := regexp.MustCompile(`^[A-Z_][A-Z0-9_]*$`).MatchString
	known, others := settingNames(), otherNames()
	for _, name := range slices.Sorted(maps.Keys(dotenv)) {
		if slices.Contains(known, name) || isForeign(name) {
			continue
		}
		hint := "docs/settings.md lists all settings"
		if setting := nearestSetting(name, known, others, max(2, len(name)/4)); setting != "" {
			hint = "did you mean " + setting + "?"
		}
		shown := name
		if !isName(name) {
			shown = fmt.Sprintf("line %d", lineOf(name, content))
		}
		warnings = append(warnings, fmt.Sprintf("%s in %s is not a setting and has no effect: %s", shown, dotenvPath, hint))
	}
	for _, name := range slices.Sorted(maps.Keys(environment)) {
		if slices.Contains(known, name) {
			continue
		}
		setting := nearestSetting(name, known, others, 1)
		if setting != "" && environment[setting] == "" && dotenv[setting] == "" {
			warnings = append(warnings, fmt.Sprintf(
				"%s in the environment is not a setting and has no effect: did you mean %s?", name, setting))
		}
	}
	return warnings
}

// nearestSetting returns the setting that name stands for: the one that others call so, or else the nearest one, or "".
func nearestSetting(name string, known []string, others map[string]string, maxDistance int) string {
	name = strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
	if setting, ok := others[name]; ok {
		return setting
	}
	return nearest(name, known, maxDistance)
}

// nearest returns the one of known with the same characters in another order, or else the one that differs in the
// fewest characters, in any case. It returns "" if that is more than maxDistance, or more than a third of the name.
func nearest(name string, known []string, maxDistance int) string {
	name = strings.ToLower(name)
	found, least := "", min(maxDistance, len(name)/3)
	for _, candidate := range known {
		lower := strings.ToLower(candidate)
		if slices.Equal(sorted(name), sorted(lower)) {
			return candidate
		}
		if d := levenshtein.ComputeDistance(name, lower); d <= least {
			found, least = candidate, d-1
		}
	}
	return found
}

// sorted returns the bytes of s in order.
func sorted(s string) []byte { return slices.Sorted(slices.Values([]byte(s))) }
