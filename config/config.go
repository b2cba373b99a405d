// Package config reads the settings of gin-blog from the environment and from a .env file. Nothing else in the
// project reads the environment.
package config

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/crypto/bcrypt"

	"gin-blog/internal/auth"
	"gin-blog/internal/site"
	"gin-blog/models"
)

// minSecretBytes is the minimum length of a secret: HS256 needs a key as long as its hash (RFC 7518, section 3.2).
const minSecretBytes = 32

// maxDrainDelay leaves the requests in flight some of the time that a stop may take, which is 10 s with Docker.
const maxDrainDelay = 5 * time.Second

// Config is every setting, checked. docs/settings.md says what each is for.
type Config struct {
	Host              string        `env:"HOST"` // not set: all addresses
	Port              int           `env:"PORT" envDefault:"3000"`
	MongoURI          string        `env:"MONGO_URI" secret:"true"`
	MongoDB           string        `env:"MONGO_DB"` // not set: the one in MONGO_URI, or blog
	DataDir           string        `env:"DATA_DIR" envDefault:"data"`
	SecretKey         string        `env:"SECRET_KEY" secret:"true"`
	RefreshSecret     string        `env:"REFRESH_SECRET" secret:"true"`
	AccessTokenTTL    time.Duration `env:"ACCESS_TOKEN_TTL" envDefault:"15m"`
	RefreshTokenTTL   time.Duration `env:"REFRESH_TOKEN_TTL" envDefault:"7d"`
	RefreshGrace      time.Duration `env:"REFRESH_GRACE" envDefault:"60s"`
	RefreshRotation   bool          `env:"REFRESH_ROTATION" envDefault:"true"`
	BcryptCost        int           `env:"BCRYPT_COST" envDefault:"10"`
	PasswordMinLength int           `env:"PASSWORD_MIN_LENGTH" envDefault:"6"`
	CORSOrigins       []string      `env:"CORS_ORIGINS" envDefault:"*"`
	TrustedProxies    []string      `env:"TRUSTED_PROXIES"`
	BaseURL           string        `env:"BASE_URL"`
	RateLimit         bool          `env:"RATE_LIMIT" envDefault:"true"`
	Registration      string        `env:"REGISTRATION" envDefault:"open"`
	Comments          bool          `env:"COMMENTS" envDefault:"true"`
	LogLevel          slog.Level    `env:"LOG_LEVEL" envDefault:"info"`
	LogFormat         string        `env:"LOG_FORMAT"` // not set: text for a terminal, otherwise json
	DrainDelay        time.Duration `env:"DRAIN_DELAY" envDefault:"1s"`
	MetricsAddr       string        `env:"METRICS_ADDR"`
	TLSCert           string        `env:"TLS_CERT"`
	TLSKey            string        `env:"TLS_KEY"`
	SiteTitle         string        `env:"SITE_TITLE" envDefault:"gin-blog"`
	SiteDescription   string        `env:"SITE_DESCRIPTION"`
	SiteLanguage      string        `env:"SITE_LANGUAGE" envDefault:"en"`
	SiteTimezone      string        `env:"SITE_TIMEZONE" envDefault:"UTC"`
	SiteAccent        string        `env:"SITE_ACCENT" envDefault:"#0b5c8a"`
	SiteCSS           string        `env:"SITE_CSS"`
	APICalls          bool          `env:"API_CALLS" envDefault:"true"`

	// Site is what the settings whose names begin with SITE_ say, and API_CALLS.
	Site *site.Site
	// Proxies are the networks of TrustedProxies.
	Proxies []netip.Prefix
	// Mongo is what MongoURI says, or nil if it is not set.
	Mongo *MongoURI
	// Warnings say which names look like settings, or like options in MongoURI, but have no effect: a line each, without
	// values.
	Warnings []string
}

// Attrs returns the settings in force, for a log. Of a secret it says only whether there is one.
func (c *Config) Attrs() []slog.Attr {
	value := reflect.ValueOf(*c)
	var attrs []slog.Attr
	for field, content := range value.Fields() {
		name := field.Tag.Get("env")
		if name == "" {
			continue
		}
		text := fmt.Sprint(content.Interface())
		if list, ok := content.Interface().([]string); ok {
			text = strings.Join(list, ",")
		}
		if field.Tag.Get("secret") != "" && text != "" {
			text = "(set)"
		}
		attrs = append(attrs, slog.String(name, text))
	}
	return attrs
}

// Load reads the settings from environ, in the form of os.Environ, and from the file dotenv if it exists; the
// environment wins. An empty value counts as not set, in either of them. Paths become absolute, so that logs say which
// files are meant. The error is one line that names every setting that is wrong, but not the values of secrets.
func Load(environ []string, dotenv string) (*Config, error) {
	file, err := readDotenv(dotenv)
	if err != nil {
		return nil, err
	}
	environment := map[string]string{}
	for _, assignment := range environ {
		name, value, _ := strings.Cut(assignment, "=")
		environment[name] = value
	}
	c := Config{Warnings: checkNames(environment, file)}
	settings := map[string]string{}
	take(settings, file.values)
	take(settings, environment)

	problems := parse(&c, settings)
	for _, path := range []*string{&c.DataDir, &c.TLSCert, &c.TLSKey, &c.SiteCSS} {
		if *path == "" {
			continue
		}
		if *path, err = filepath.Abs(*path); err != nil {
			return nil, fmt.Errorf("settings: %w", err)
		}
	}
	problems = append(problems, c.check()...)
	problems = append(problems, c.readSite()...)
	if err := c.readMongoURI(); err != nil {
		problems = append(problems, fmt.Sprintf("MONGO_URI %v", err))
	}
	if len(problems) > 0 {
		return nil, fmt.Errorf("settings: %s", strings.Join(problems, "; "))
	}
	return &c, nil
}

// take copies the values that are not empty into settings. Blanks around a value do not count, but for secrets.
func take(settings, values map[string]string) {
	for name, value := range values {
		if name != "SECRET_KEY" && name != "REFRESH_SECRET" {
			value = strings.TrimSpace(value)
		}
		if value != "" {
			settings[name] = value
		}
	}
}

// spellings are other words for the values of settings that are no text.
var spellings = map[string]string{
	"warning": "warn", "err": "error", "trace": "debug",
	"yes": "true", "y": "true", "on": "true", "no": "false", "n": "false", "off": "false",
}

// parse fills c and returns which settings have the wrong form. Those keep their defaults, so that check finds what is
// wrong with the others.
func parse(c *Config, settings map[string]string) (problems []string) {
	for field, value := range reflect.ValueOf(c).Elem().Fields() {
		name, usual := field.Tag.Get("env"), field.Tag.Get("envDefault")
		if name == "" {
			continue
		}
		if form, err := set(value.Addr().Interface(), cmp.Or(settings[name], usual)); err != nil {
			problems = append(problems, fmt.Sprintf("%s must be %s, not %s", name, form, quote(settings[name])))
			_, _ = set(value.Addr().Interface(), usual)
		}
	}
	return problems
}

// set reads a text into a field of Config. An empty text is none. If the text has the wrong form, set returns an error
// and says what is right.
func set(field any, text string) (form string, err error) {
	if text == "" {
		return "", nil
	}
	other := cmp.Or(spellings[strings.ToLower(text)], text)
	switch field := field.(type) {
	case *string:
		*field = text
	case *int:
		*field, err = strconv.Atoi(text)
		form = "a whole number"
	case *bool:
		*field, err = strconv.ParseBool(strings.ToLower(other))
		form = "true or false"
	case *time.Duration:
		*field, err = parseDuration(text)
		form = "a duration like 10s, 15m or 7d"
	case *slog.Level:
		err = field.UnmarshalText([]byte(other))
		form = "debug, info, warn or error"
	case *[]string:
		*field = strings.FieldsFunc(text, func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
		form = "a list, separated by commas"
		if len(*field) == 0 { // which for CORS_ORIGINS would mean all
			err = errors.New("the list is empty")
		}
	}
	return form, err
}

// check returns what is wrong with the settings that have the right form, a sentence each. Of those that may be written
// in several ways, it leaves one.
func (c *Config) check() (problems []string) {
	expect := func(holds bool, format string, args ...any) {
		if !holds {
			problems = append(problems, fmt.Sprintf(format, args...))
		}
	}
	c.Host, c.LogFormat = strings.Trim(c.Host, "[]"), strings.ToLower(c.LogFormat)
	c.Registration = strings.ToLower(c.Registration)
	expect(c.Host == "" || isHost(c.Host),
		"HOST must be an address like 127.0.0.1, or a name like localhost, without a port, not %s", quote(c.Host))
	expect(c.Port >= 0 && c.Port <= 65535, "PORT must be 0 to 65535, not %d", c.Port)
	expect(isDatabaseName(c.MongoDB), "MONGO_DB must have %s, not %s", databaseNameForm, quote(c.MongoDB))
	expect(c.AccessTokenTTL >= time.Second, "ACCESS_TOKEN_TTL must be at least 1s, not %s", c.AccessTokenTTL)
	expect(c.RefreshTokenTTL >= time.Second, "REFRESH_TOKEN_TTL must be at least 1s, not %s", c.RefreshTokenTTL)
	expect(c.RefreshGrace >= 0, "REFRESH_GRACE must not be negative, not %s", c.RefreshGrace)
	expect(c.BcryptCost >= bcrypt.MinCost && c.BcryptCost <= auth.MaxCost,
		"BCRYPT_COST must be %d to %d, not %d", bcrypt.MinCost, auth.MaxCost, c.BcryptCost)
	expect(c.PasswordMinLength >= 1 && c.PasswordMinLength <= models.MaxPasswordBytes,
		"PASSWORD_MIN_LENGTH must be 1 to %d, not %d", models.MaxPasswordBytes, c.PasswordMinLength)
	expect(slices.Contains([]string{"", "text", "json"}, c.LogFormat),
		"LOG_FORMAT must be text or json, not %s", quote(c.LogFormat))
	expect(slices.Contains([]string{"open", "invite", "closed"}, c.Registration),
		"REGISTRATION must be open, invite or closed, not %s", quote(c.Registration))
	for i, origin := range c.CORSOrigins {
		c.CORSOrigins[i] = tidyOrigin(origin)
		expect(isOrigin(c.CORSOrigins[i]),
			"CORS_ORIGINS must be * or origins like https://example.com, separated by commas, not %s",
			quote(origin, c.CORSOrigins...))
	}
	for _, proxy := range c.TrustedProxies {
		network, err := parseNetwork(proxy)
		c.Proxies = append(c.Proxies, network)
		expect(err == nil,
			"TRUSTED_PROXIES must be addresses or networks like 10.0.0.0/8, separated by commas, not %s",
			quote(proxy, c.TrustedProxies...))
	}
	c.BaseURL = tidyOrigin(c.BaseURL)
	expect(c.BaseURL == "" || c.BaseURL != "*" && isOrigin(c.BaseURL),
		"BASE_URL must be an address like https://blog.example, without a path, not %s", quote(c.BaseURL))
	expect(c.DrainDelay >= 0 && c.DrainDelay <= maxDrainDelay,
		"DRAIN_DELAY must be 0s to %s, not %s", maxDrainDelay, c.DrainDelay)
	expect(c.MetricsAddr == "" || isAddress(c.MetricsAddr),
		"METRICS_ADDR must be an address like localhost:9464, not %s", quote(c.MetricsAddr))
	expect((c.TLSCert == "") == (c.TLSKey == ""), "TLS_CERT and TLS_KEY must be set both or neither")
	return append(problems, c.checkSecrets()...)
}

// quote returns a value in quotes, unless it or another one beside it has the @ of an address with a password.
func quote(value string, others ...string) string {
	if strings.Contains(value+strings.Join(others, ""), "@") {
		return "what is set, which is not shown because it has an @"
	}
	return strconv.Quote(value)
}

// readMongoURI sets what follows from MongoURI.
func (c *Config) readMongoURI() error {
	if c.MongoURI == "" {
		c.MongoDB = cmp.Or(c.MongoDB, "blog")
		return nil
	}
	m, err := ParseMongoURI(c.MongoURI, c.MongoDB)
	if err != nil {
		return err
	}
	c.MongoURI, c.MongoDB, c.Mongo = m.URI, m.Database, m
	for _, warning := range m.Warnings {
		c.Warnings = append(c.Warnings, "MONGO_URI: "+warning)
	}
	return nil
}

// checkSecrets returns which secrets are too weak. It skips those that are not set.
func (c *Config) checkSecrets() (problems []string) {
	for _, secret := range c.secrets() {
		if *secret.value != "" && len(*secret.value) < minSecretBytes {
			problems = append(problems, fmt.Sprintf(
				"%s must have at least %d bytes (openssl rand -hex 64 makes one)", secret.name, minSecretBytes))
		}
	}
	if c.SecretKey != "" && c.SecretKey == c.RefreshSecret {
		problems = append(problems, "SECRET_KEY and REFRESH_SECRET must differ")
	}
	return problems
}

// tidyOrigin returns an origin as browsers write it.
func tidyOrigin(s string) string {
	s = cmp.Or(strings.ToLower(strings.TrimRight(s, "/")), s)
	return regexp.MustCompile(`^(https:.*):443$|^(http:.*):80$`).ReplaceAllString(s, "$1$2")
}

// parseDuration reads what time.ParseDuration reads, and whole days such as 7d, as the npm package jsonwebtoken does.
func parseDuration(s string) (time.Duration, error) {
	s = strings.ToLower(strings.ReplaceAll(s, " ", ""))
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.ParseInt(days, 10, 16)
		return time.Duration(n) * 24 * time.Hour, err
	}
	return time.ParseDuration(s)
}

// isHost returns whether s is an IP address, or may be the name of one.
func isHost(s string) bool {
	_, err := netip.ParseAddr(s)
	return err == nil || regexp.MustCompile(`^[\w-]+(\.[\w-]+)*$`).MatchString(s)
}

func isAddress(s string) bool {
	_, port, err := net.SplitHostPort(s)
	if err != nil {
		return false
	}
	_, err = strconv.ParseUint(port, 10, 16)
	return err == nil
}

func isOrigin(s string) bool {
	form := regexp.MustCompile(`^https?://(\[[\da-f:.]+\]|[^][\s/?#@\\:]+)(:\d{1,5})?$`)
	return s == "*" || form.MatchString(s)
}

// parseNetwork reads a network, or an address as the network that has nothing else.
func parseNetwork(s string) (netip.Prefix, error) {
	if address, err := netip.ParseAddr(s); err == nil {
		address = address.Unmap().WithZone("")
		return address.Prefix(address.BitLen())
	}
	return netip.ParsePrefix(s)
}
