package site

import (
	"strings"
	"testing"
	"time"

	"github.com/lucasb-eyer/go-colorful"
	"golang.org/x/text/language"
)

func TestDates(t *testing.T) {
	at := time.Date(2026, time.November, 30, 23, 4, 0, 0, time.UTC)
	for _, c := range []struct{ language, zone, day, minute string }{
		{"en", "UTC", "30 November 2026", "30 November 2026, 23:04"},
		{"en-US", "UTC", "November 30, 2026", "November 30, 2026, 23:04"},
		{"de", "Europe/Berlin", "1. Dezember 2026", "1. Dezember 2026, 00:04"},
		{"de-AT", "UTC", "30. November 2026", "30. November 2026, 23:04"},
		{"fr-CA", "UTC", "30 novembre 2026", "30 novembre 2026, 23:04"},
		{"ja", "Asia/Tokyo", "2026年12月1日", "2026年12月1日, 08:04"},
		{"zh-TW", "UTC", "2026年11月30日", "2026年11月30日, 23:04"},
		{"ar", "UTC", "30 نوفمبر 2026", "30 نوفمبر 2026, 23:04"},
		{"pt-BR", "UTC", "30 de novembro de 2026", "30 de novembro de 2026, 23:04"},
		{"eo", "UTC", "2026-11-30", "2026-11-30, 23:04"},
		{"tlh", "UTC", "2026-11-30", "2026-11-30, 23:04"},
	} {
		s := New(Site{Language: language.Make(c.language), Zone: LoadZone(c.zone)})
		if day, minute := s.Day(at), s.Minute(at); day != c.day || minute != c.minute {
			t.Errorf("%s, %s: got %q and %q, want %q and %q", c.language, c.zone, day, minute, c.day, c.minute)
		}
	}
}

func TestDirection(t *testing.T) {
	for tag, want := range map[string]string{
		"en": "ltr", "ja": "ltr", "ar": "rtl", "he": "rtl", "fa-IR": "rtl", "ur": "rtl", "az-Arab": "rtl", "uz": "ltr",
	} {
		if got := New(Site{Language: language.Make(tag)}).Direction(); got != want {
			t.Errorf("%s: got %s, want %s", tag, got, want)
		}
	}
}

func TestAccent(t *testing.T) {
	contrastOf := func(color, ground string) float64 {
		a, _ := colorful.Hex(color)
		b, _ := colorful.Hex(ground)
		return contrast(a, b)
	}
	for _, text := range []string{DefaultAccent, "#000", "#a3201d", "#0000ff", "#800080"} {
		accent, err := ParseAccent(text)
		if err != nil {
			t.Errorf("%s is refused: %v", text, err)
			continue
		}
		for color, ground := range map[string]string{accent.Light: lightGround, accent.Dark: darkGround} {
			if got := contrastOf(color, ground); got < minContrast {
				t.Errorf("%s: %s has a contrast of %.2f on %s", text, color, got, ground)
			}
		}
	}
	for _, text := range []string{"#ffcc00", "#7cc4ef", "#fff", "#00ff00", "#f5f3ee"} {
		_, err := ParseAccent(text)
		if err == nil {
			t.Errorf("%s is taken", text)
			continue
		}
		nearest := err.Error()[strings.LastIndex(err.Error(), " ")+1:]
		if _, err := ParseAccent(nearest); err != nil {
			t.Errorf("%s: the nearest, %s, is refused: %v", text, nearest, err)
		}
	}
	for _, text := range []string{"", "red", "0b5c8a", "#0b5c8", "#0b5c8a;}", "#ggg", "#0b5c8aff"} {
		if accent, err := ParseAccent(text); err == nil {
			t.Errorf("%q is taken as %v", text, accent)
		}
	}
}
