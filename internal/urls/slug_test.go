package urls

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"gin-blog/models"
)

func TestSlug(t *testing.T) {
	for title, want := range map[string]string{
		"Hello, World!":                  "hello-world",
		"  -- A --  B --  ":              "a-b",
		"Don't panic":                    "dont-panic",
		"Don’t panic":                    "dont-panic",
		"Go 1.26":                        "go-1-26",
		"Crème brûlée":                   "creme-brulee",
		"Straße, Łódź, Ærø, Þingey":      "strasse-lodz-aero-thingey",
		"İstanbul":                       "istanbul",
		"ﬁne ①":                          "fine-1",
		"C++ & C#":                       "c-c",
		"a_b/c\\d.e":                     "a-b-c-d-e",
		"日本語":                            "",
		"Привет, world":                  "world",
		"🙂":                              "",
		"":                               "",
		"../../etc/passwd":               "etc-passwd",
		"a\u202eb":                       "a-b",
		strings.Repeat("x", 200):         strings.Repeat("x", 60),
		strings.Repeat("abcdefghi ", 20): "abcdefghi-abcdefghi-abcdefghi-abcdefghi-abcdefghi-abcdefghi",
		"a " + strings.Repeat("x", 200):  "a-" + strings.Repeat("x", 58),
		strings.Repeat("x", 60) + " y":   strings.Repeat("x", 60),
		"\xff" + strings.Repeat("e\u0301", 200) + "!": strings.Repeat("e", 60),
	} {
		if got := slug(title); got != want {
			t.Errorf("the slug of %.40q is %q, not %q", title, got, want)
		}
	}
}

func TestPost(t *testing.T) {
	id := models.NewID()
	for _, title := range []string{"Hello, World!", "日本語", "deadbeef", "x", strings.Repeat("a b ", 50), id.Hex()} {
		path := Post(id, title)
		segment, ok := strings.CutPrefix(path, "/p/")
		if got, err := ParsePost(segment); !ok || err != nil || got != id {
			t.Errorf("the path of %.40q is %s, whose id is %v (%v)", title, path, got, err)
		}
	}
	if got := Post(id, "Hello, World!"); got != "/p/hello-world-"+id.Hex() {
		t.Errorf("the path is %s", got)
	}
	if got, err := ParsePost("another-title-" + id.Hex()); got != id || err != nil {
		t.Errorf("another title leads to %v (%v)", got, err)
	}
	for _, segment := range []string{"", "-", "x", id.Hex()[1:], "x" + id.Hex(), id.Hex() + "-", "a-" + id.Hex()[1:]} {
		if _, err := ParsePost(segment); !errors.Is(err, models.ErrInvalidID) {
			t.Errorf("%q has an id (%v)", segment, err)
		}
	}
}

func FuzzSlug(f *testing.F) {
	f.Add("Crème brûlée, 日本語 & more…")
	valid := regexp.MustCompile(`^([a-z0-9]+(-[a-z0-9]+)*)?$`)
	f.Fuzz(func(t *testing.T, title string) {
		made := slug(title)
		if len(made) > 60 || !valid.MatchString(made) {
			t.Errorf("the slug of %q is %q", title, made)
		}
		if again := slug(made); again != made {
			t.Errorf("the slug of the slug %q is %q", made, again)
		}
	})
}
