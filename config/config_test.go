package config_test

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"gin-blog/config"
	"gin-blog/internal/site"
)

// load reads settings from environ and from a file .env with this content.
func load(t *testing.T, dotenv string, environ ...string) (*config.Config, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), ".env")
	if dotenv != "" {
		if err := os.WriteFile(path, []byte(dotenv), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return config.Load(environ, path)
}

// absolute returns a path as the settings have it.
func absolute(t *testing.T, path string) string {
	t.Helper()
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func TestDefaults(t *testing.T) {
	c, err := load(t, "")
	if err != nil {
		t.Fatal(err)
	}
	want := config.Config{
		Port: 3000, MongoDB: "blog", DataDir: absolute(t, "data"),
		AccessTokenTTL: 15 * time.Minute, RefreshTokenTTL: 7 * 24 * time.Hour,
		RefreshGrace: time.Minute, RefreshRotation: true, BcryptCost: 10, PasswordMinLength: 6,
		RateLimit: true, Registration: "open", Comments: true,
		CORSOrigins: []string{"*"}, LogLevel: slog.LevelInfo, DrainDelay: time.Second,
		SiteTitle: "gin-blog", SiteLanguage: "en", SiteTimezone: "UTC", SiteAccent: site.DefaultAccent, APICalls: true,
	}
	c.Site = nil // TestSite
	if !reflect.DeepEqual(*c, want) {
		t.Errorf("got %+v, want %+v", *c, want)
	}
}

func TestSite(t *testing.T) {
	css := filepath.Join(t.TempDir(), "more.css")
	if err := os.WriteFile(css, []byte("body { color: red }"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := load(t, "SITE_TITLE=Notizen & mehr\nSITE_DESCRIPTION=Über das Gehen\nSITE_LANGUAGE=de\n"+
		"SITE_TIMEZONE=Europe/Berlin\nSITE_ACCENT='#a3201d'\nAPI_CALLS=false\n", "SITE_CSS="+css)
	if err != nil {
		t.Fatal(err)
	}
	s := c.Site
	if s.Title != "Notizen & mehr" || s.Description != "Über das Gehen" || s.Language.String() != "de" ||
		s.Zone.String() != "Europe/Berlin" || s.Accent.Light != "#a3201d" || string(s.CSS) != "body { color: red }" ||
		s.APICalls {
		t.Errorf("got %+v", s)
	}
	_, err = load(t, "SITE_TITLE="+strings.Repeat("x", 101)+"\nSITE_LANGUAGE=german\nSITE_TIMEZONE=Berlin\n"+
		"SITE_ACCENT='#ffcc00'\nSITE_CSS=/nowhere.css\n")
	for _, want := range []string{
		"SITE_TITLE must have at most 100 characters", "SITE_LANGUAGE must be the code of a language",
		`not "german"`, "SITE_TIMEZONE must be the name of a time zone", `not "Berlin"`,
		`SITE_ACCENT "#ffcc00" is too light to be read on a light page: the nearest that works is #`, "SITE_CSS: ",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestEnvironmentWinsOverDotenvAndEmptyIsUnset(t *testing.T) {
	c, err := load(t, "PORT=4000\nMONGO_DB=other\nLOG_LEVEL=warn\nDATA_DIR=\n", "PORT=5000", "MONGO_DB=",
		"BCRYPT_COST=", "REFRESH_TOKEN_TTL=30d",
		"CORS_ORIGINS=https://a.example,http://localhost:5173", "TRUSTED_PROXIES=10.0.0.0/8,::1")
	if err != nil {
		t.Fatal(err)
	}
	if c.MongoDB != "other" || c.BcryptCost != 10 || c.DataDir != absolute(t, "data") {
		t.Errorf("an empty setting counts: got %+v", c)
	}
	if c.Port != 5000 || c.LogLevel != slog.LevelWarn || c.RefreshTokenTTL != 30*24*time.Hour ||
		len(c.CORSOrigins) != 2 || fmt.Sprint(c.Proxies) != "[10.0.0.0/8 ::1/128]" {
		t.Errorf("got %+v", c)
	}
}

// TestUsualSpellings: what people write for a setting means what they think.
func TestUsualSpellings(t *testing.T) {
	for _, c := range []struct{ setting, want string }{
		{"HOST= 127.0.0.1 ", "127.0.0.1"}, {"HOST=[::1]", "::1"}, {"HOST=fe80::1%eth0", "fe80::1%eth0"},
		{"HOST=blog-1.example", "blog-1.example"}, {"HOST=0.0.0.0", "0.0.0.0"}, {"HOST=", ""},
		{"PORT=4140 ", "4140"}, {"BCRYPT_COST=\t12\n", "12"}, {"PASSWORD_MIN_LENGTH= 8", "8"},
		{"COMMENTS=no", "false"}, {"COMMENTS=Off", "false"}, {"COMMENTS=0", "false"}, {"COMMENTS=FALSE ", "false"},
		{"COMMENTS=n", "false"}, {"COMMENTS=YES", "true"}, {"COMMENTS=on", "true"}, {"COMMENTS=1", "true"},
		{"REFRESH_ROTATION=No", "false"}, {"RATE_LIMIT=off", "false"},
		{"LOG_LEVEL=WARNING", "WARN"}, {"LOG_LEVEL=Err", "ERROR"}, {"LOG_LEVEL=trace", "DEBUG"}, {"LOG_LEVEL= INFO", "INFO"},
		{"LOG_FORMAT=JSON", "json"}, {"LOG_FORMAT=Text ", "text"},
		{"ACCESS_TOKEN_TTL= 10 M ", "10m0s"}, {"REFRESH_TOKEN_TTL=2 D", "48h0m0s"},
		{"CORS_ORIGINS=https://a.example/", "https://a.example"},
		{"CORS_ORIGINS= https://A.example:443/, http://b.example:80 http://c.example:8080,",
			"https://a.example,http://b.example,http://c.example:8080"},
		{"CORS_ORIGINS= * ", "*"},
		{"BASE_URL= https://Blog.example:443/ ", "https://blog.example"}, {"BASE_URL=http://[::1]:80", "http://[::1]"},
		{"TRUSTED_PROXIES=10.0.0.1, 10.0.0.0/8", "10.0.0.1,10.0.0.0/8"}, {"TRUSTED_PROXIES=::1 10.0.0.2,", "::1,10.0.0.2"},
		{"MONGO_DB= blog2 ", "blog2"}, {"METRICS_ADDR= localhost:9464", "localhost:9464"},
	} {
		name, _, _ := strings.Cut(c.setting, "=")
		settings, err := load(t, "", c.setting)
		if err != nil {
			t.Errorf("%q: %v", c.setting, err)
			continue
		}
		for _, attr := range settings.Attrs() {
			if attr.Key == name && attr.Value.String() != c.want {
				t.Errorf("%q is %q, want %q", c.setting, attr.Value, c.want)
			}
		}
	}
	c, err := load(t, "", "TRUSTED_PROXIES=::ffff:10.0.0.1, fe80::1%eth0", "SECRET_KEY= "+strings.Repeat("s", 32))
	if err != nil || fmt.Sprint(c.Proxies) != "[10.0.0.1/32 fe80::1/128]" {
		t.Errorf("the proxies are %v, %v", c, err)
	}
	if err == nil && len(c.SecretKey) != 33 {
		t.Error("a blank in a secret does not count, so tokens signed with it end")
	}
	for _, setting := range []string{
		"CORS_ORIGINS=,", "TRUSTED_PROXIES= , ", "COMMENTS=perhaps", "REGISTRATION=maybe",
		"BASE_URL=/", "HOST=a b", "HOST=http://localhost",
		"HOST=[::1]:80", "HOST=*", "HOST=.", "LOG_LEVEL=warned", "PORT=4 140", "ACCESS_TOKEN_TTL=10",
	} {
		name, _, _ := strings.Cut(setting, "=")
		if _, err := load(t, "", setting); err == nil || !strings.Contains(err.Error(), name+" must ") {
			t.Errorf("%q: got %v, want it refused", setting, err)
		}
	}
}

func TestDatabaseOfTheConnectionString(t *testing.T) {
	for _, c := range []struct{ uri, database, want string }{
		{"mongodb://localhost:27017", "", "blog"},
		{"mongodb://localhost:27017/", "", "blog"},
		{"mongodb://localhost:27017/?replicaSet=rs0", "", "blog"},
		{"mongodb://localhost:27017/tutorial", "", "tutorial"},
		{"mongodb://alice:pass@one:27017,two:27017/tutorial?authSource=admin", "", "tutorial"},
		{"mongodb+srv://cluster.example/tutorial", "other", "other"},
	} {
		got, err := load(t, "", "MONGO_URI="+c.uri, "MONGO_DB="+c.database)
		if err != nil || got.MongoDB != c.want {
			t.Errorf("%s, %q: got %v, %v, want %s", c.uri, c.database, got, err, c.want)
		}
	}
}

func TestEveryWrongSettingIsNamedAtOnce(t *testing.T) {
	wrong := map[string]string{
		"HOST": "localhost:3000", "PORT": "70000", "MONGO_URI": "http://hunter2@host", "MONGO_DB": "a b",
		"SECRET_KEY": "hunter2", "REFRESH_SECRET": "hunter2",
		"ACCESS_TOKEN_TTL": "15", "REFRESH_TOKEN_TTL": "-1d", "REFRESH_GRACE": "-1s", "REFRESH_ROTATION": "maybe",
		"BCRYPT_COST": "31", "PASSWORD_MIN_LENGTH": "0",
		"CORS_ORIGINS": "example.com", "TRUSTED_PROXIES": "proxy", "BASE_URL": "https://a.example/blog",
		"RATE_LIMIT": "often",
		"LOG_LEVEL":  "loud", "LOG_FORMAT": "xml", "DRAIN_DELAY": "6s", "METRICS_ADDR": "9464", "TLS_CERT": "cert.pem",
	}
	var environ []string
	for name, value := range wrong {
		environ = append(environ, name+"="+value)
	}
	_, err := load(t, "", environ...)
	if err == nil {
		t.Fatal("no error")
	}
	for name := range wrong {
		if !strings.Contains(err.Error(), name+" ") {
			t.Errorf("%s is not named in: %v", name, err)
		}
	}
	if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "\n") {
		t.Errorf("the error tells a secret or is not one line: %v", err)
	}

	for _, setting := range []string{
		"PORT=abc", "PORT=-1", "BCRYPT_COST=3", "BCRYPT_COST=17", "PASSWORD_MIN_LENGTH=73", "ACCESS_TOKEN_TTL=0s",
		"ACCESS_TOKEN_TTL=d", "CORS_ORIGINS=https://a.example/path", "SECRET_KEY=short", "METRICS_ADDR=localhost:99999",
		"METRICS_ADDR=localhost:http", "BASE_URL=*", "BASE_URL=a.example", "BASE_URL=//a.example", "BASE_URL=ftp://a.example",
		"BASE_URL=https://a.example?x", "BASE_URL=https://a.example/#x", "BASE_URL=https://u:p@a.example",
		"BASE_URL=https://",
	} {
		name, _, _ := strings.Cut(setting, "=")
		if _, err := load(t, "", setting); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v", setting, err)
		}
	}
	for _, address := range []string{"https://a.example", "https://a.example/", "http://[::1]:3000"} {
		if _, err := load(t, "", "BASE_URL="+address); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
	same := strings.Repeat("s", 32)
	_, err = load(t, "", "SECRET_KEY="+same, "REFRESH_SECRET="+same)
	if err == nil || !strings.Contains(err.Error(), "must differ") {
		t.Errorf("equal secrets: got %v", err)
	}
}

// TestAddressesInOtherSettings: an address with a password in a setting that takes none is not quoted.
func TestAddressesInOtherSettings(t *testing.T) {
	for _, address := range []string{"mongodb://u:hunter2@host/x", "https://u:hunter2@host", "https://u:hunter2,x@host"} {
		for _, name := range []string{
			"HOST", "PORT", "MONGO_DB", "BASE_URL", "CORS_ORIGINS", "TRUSTED_PROXIES", "LOG_LEVEL", "LOG_FORMAT", "METRICS_ADDR",
			"RATE_LIMIT", "REFRESH_GRACE",
		} {
			_, err := load(t, "", name+"="+address)
			if err == nil || !strings.Contains(err.Error(), name+" must ") || strings.Contains(err.Error(), "hunter") {
				t.Errorf("%s=%s: %v", name, address, err)
			}
		}
	}
}

// TestMalformedDotenv: the error names the line that is wrong, and quotes nothing.
func TestMalformedDotenv(t *testing.T) {
	for content, line := range map[string]string{
		"SECRET_KEY='hunter2\n":                            "line 1 ",
		"PORT=4000\n# a remark\n\nhunter2\nMONGO_DB=a\n":   "line 4 ",
		"PORT=4000\n\nPORT 4000 hunter2\nDATA_DIR=d":       "line 3 ",
		"PORT=4000\nSECRET_KEY=\"hunter2\nDATA_DIR=d\nX=y": "line 2 ",
	} {
		_, err := load(t, content)
		if err == nil || !strings.Contains(err.Error(), line) || !strings.Contains(err.Error(), ".env") {
			t.Errorf("%q: got %v, want %s", content, err, line)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: the error tells a secret: %v", content, err)
		}
	}
	c, err := load(t, "\ufeffPORT=4000\r\nMONGO_DB=other\r\n")
	if err != nil || c.Port != 4000 || c.MongoDB != "other" || len(c.Warnings) > 0 {
		t.Errorf("a file of a Windows editor: %+v, %v", c, err)
	}
}

func TestAttrsTellEverySettingAndNoSecret(t *testing.T) {
	t.Chdir(t.TempDir())
	dotenv := "SECRET_KEY=hunter2" + strings.Repeat("s", 32)
	c, err := load(t, dotenv, "MONGO_URI=mongodb://alice:hunter2@host/", "PORT=4000",
		"TLS_CERT=a.pem", "TLS_KEY=/b.pem")
	if err != nil {
		t.Fatal(err)
	}
	data := absolute(t, "data")
	for _, read := range []func() error{ // before the missing secret is made, and after
		c.ReadSecrets, c.EnsureDataDir, func() error { _, err := c.EnsureSecrets(); return err },
	} {
		if err := read(); err != nil {
			t.Fatal(err)
		}
		var line strings.Builder
		slog.New(slog.NewTextHandler(&line, nil)).LogAttrs(t.Context(), slog.LevelInfo, "settings", c.Attrs()...)
		for _, want := range []string{
			" PORT=4000 ", " MONGO_URI=(set) ", " SECRET_KEY=(set) ",
			" DATA_DIR=" + data + " ", " MONGO_DB=blog ",
			" REFRESH_GRACE=1m0s ", " TLS_CERT=" + absolute(t, "a.pem") + " TLS_KEY=/b.pem",
		} {
			if !strings.Contains(line.String(), want) {
				t.Errorf("%q is not in %s", want, line.String())
			}
		}
		if strings.Contains(line.String(), "hunter2") ||
			c.RefreshSecret != "" && strings.Contains(line.String(), c.RefreshSecret) {
			t.Errorf("the line tells a secret: %s", line.String())
		}
	}
}

// TestSecretsThatCannotBeUsed: nothing is made beside a secret that is refused.
func TestSecretsThatCannotBeUsed(t *testing.T) {
	secret := strings.Repeat("s", 32)
	for name, c := range map[string]struct {
		setting, kept, want string
	}{
		"damaged": {"", "short", "refresh_secret is damaged: it has fewer than 32 bytes"},
		"equal":   {secret, secret, "SECRET_KEY and REFRESH_SECRET must differ"},
	} {
		settings := config.Config{DataDir: t.TempDir(), SecretKey: c.setting}
		if settings.KeepsSecrets() {
			t.Errorf("%s: there are secrets in an empty folder", name)
		}
		err := os.WriteFile(filepath.Join(settings.DataDir, "refresh_secret"), []byte(c.kept+"\n"), 0o600)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := settings.EnsureSecrets(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
		if entries, err := os.ReadDir(settings.DataDir); err != nil || len(entries) != 1 || !settings.KeepsSecrets() {
			t.Errorf("%s: the folder has %v, %v, want the one secret", name, entries, err)
		}
	}
}

// TestEverySettingIsDocumented checks that docs/settings.md and .env.example name every setting.
func TestEverySettingIsDocumented(t *testing.T) {
	for path, form := range map[string]string{"../docs/settings.md": "`%s`", "../.env.example": "\n#%s="} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, setting := range new(config.Config).Attrs() {
			if !strings.Contains(string(text), fmt.Sprintf(form, setting.Key)) {
				t.Errorf("%s does not name %s", path, setting.Key)
			}
		}
	}
}

func TestSecretsAreMadeOnceAndKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	const processes = 8
	secrets := make([]config.Config, processes)
	var starts sync.WaitGroup
	for i := range processes {
		starts.Go(func() {
			c := &secrets[i]
			c.DataDir = dir
			if err := c.EnsureDataDir(); err != nil {
				t.Error(err)
			}
			if _, err := c.EnsureSecrets(); err != nil {
				t.Error(err)
			}
		})
	}
	starts.Wait()
	first := secrets[0]
	if len(first.SecretKey) != 128 || len(first.RefreshSecret) != 128 || first.SecretKey == first.RefreshSecret {
		t.Errorf("the secrets have %d and %d characters", len(first.SecretKey), len(first.RefreshSecret))
	}
	for i, c := range secrets {
		if c.SecretKey != first.SecretKey || c.RefreshSecret != first.RefreshSecret {
			t.Errorf("process %d has secrets of its own", i)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("DATA_DIR holds %v, %v, want the two secrets", entries, err)
	}
	for _, e := range entries {
		if info, err := e.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", e.Name(), info.Mode(), err)
		}
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("DATA_DIR: %v, %v", info.Mode(), err)
	}

	damaged := config.Config{DataDir: dir}
	if err := os.Truncate(filepath.Join(dir, "secret_key"), 3); err != nil {
		t.Fatal(err)
	}
	if _, err := damaged.EnsureSecrets(); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("a damaged secret: got %v", err)
	}
	key := strings.Repeat("k", 32)
	given := config.Config{DataDir: dir, SecretKey: key}
	_, err = given.EnsureSecrets()
	if err != nil || given.SecretKey != key || given.RefreshSecret != first.RefreshSecret {
		t.Errorf("a given secret: %v", err)
	}
}
