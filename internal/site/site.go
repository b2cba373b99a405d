// Package site describes a blog as its owner has set it up: what it is called, its language, time zone and colors.
package site

import (
	"fmt"
	"os"
	"time"
	_ "time/tzdata" // the machine may have no time zones: a container with nothing but the program

	"golang.org/x/text/language"
)

const (
	// maxZone is how many bytes the name of a time zone has at most: to look one up, files are opened.
	maxZone = 64
	// maxCSS is how many bytes the owner's style sheet has at most.
	maxCSS = 256 << 10
)

// Site is what the owner says of the blog. Its methods write dates.
type Site struct {
	Title       string
	Description string // "" for none
	Language    language.Tag
	Zone        *time.Location
	Accent      Accent
	CSS         []byte // rules that follow those of the program
	// APICalls says that pages show the API calls that they stand for.
	APICalls bool

	day       func(time.Time) string
	direction string
}

// New returns a site with its dates in the language and the time zone.
func New(s Site) *Site {
	s.day, s.direction = days(s.Language), directionOf(s.Language)
	return &s
}

// Day writes a day, such as "30 November 2026", in the language of the site.
func (s *Site) Day(t time.Time) string { return s.day(t.In(s.Zone)) }

// Minute writes a day and a time, such as "30 November 2026, 15:04", in the language of the site.
func (s *Site) Minute(t time.Time) string { return s.Day(t) + t.In(s.Zone).Format(", 15:04") }

// Direction returns how the language is written: "ltr" or "rtl".
func (s *Site) Direction() string { return s.direction }

func directionOf(in language.Tag) string {
	switch script, _ := in.Script(); script.String() {
	case "Adlm", "Arab", "Hebr", "Mand", "Nkoo", "Rohg", "Syrc", "Thaa":
		return "rtl"
	}
	return "ltr"
}

// LoadZone returns the time zone with a name, such as "Europe/Berlin", or nil if there is none. "Local" would be the
// zone of the server.
func LoadZone(name string) *time.Location {
	if name == "" || name == "Local" || len(name) > maxZone {
		return nil
	}
	zone, _ := time.LoadLocation(name) // nil with an error
	return zone
}

// ReadCSS reads the owner's style sheet, of at most 256 KiB.
func ReadCSS(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxCSS {
		return nil, fmt.Errorf("%s is no regular file of at most %d KiB", path, maxCSS>>10)
	}
	return os.ReadFile(path)
}
