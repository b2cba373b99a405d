package site

import (
	"strings"
	"time"

	"github.com/go-playground/locales"
	"github.com/go-playground/locales/ar"
	"github.com/go-playground/locales/bg"
	"github.com/go-playground/locales/bn"
	"github.com/go-playground/locales/ca"
	"github.com/go-playground/locales/cs"
	"github.com/go-playground/locales/da"
	"github.com/go-playground/locales/de"
	"github.com/go-playground/locales/el"
	"github.com/go-playground/locales/en_GB"
	"github.com/go-playground/locales/en_US"
	"github.com/go-playground/locales/es"
	"github.com/go-playground/locales/et"
	"github.com/go-playground/locales/eu"
	"github.com/go-playground/locales/fa"
	"github.com/go-playground/locales/fi"
	"github.com/go-playground/locales/fr"
	"github.com/go-playground/locales/gl"
	"github.com/go-playground/locales/he"
	"github.com/go-playground/locales/hi"
	"github.com/go-playground/locales/hr"
	"github.com/go-playground/locales/hu"
	"github.com/go-playground/locales/id"
	"github.com/go-playground/locales/is"
	"github.com/go-playground/locales/it"
	"github.com/go-playground/locales/ja"
	"github.com/go-playground/locales/ka"
	"github.com/go-playground/locales/ko"
	"github.com/go-playground/locales/lt"
	"github.com/go-playground/locales/lv"
	"github.com/go-playground/locales/ms"
	"github.com/go-playground/locales/nb"
	"github.com/go-playground/locales/nl"
	"github.com/go-playground/locales/nn"
	"github.com/go-playground/locales/pl"
	"github.com/go-playground/locales/pt"
	"github.com/go-playground/locales/pt_PT"
	"github.com/go-playground/locales/ro"
	"github.com/go-playground/locales/ru"
	"github.com/go-playground/locales/sk"
	"github.com/go-playground/locales/sl"
	"github.com/go-playground/locales/sr"
	"github.com/go-playground/locales/sv"
	"github.com/go-playground/locales/sw"
	"github.com/go-playground/locales/ta"
	"github.com/go-playground/locales/th"
	"github.com/go-playground/locales/tr"
	"github.com/go-playground/locales/uk"
	"github.com/go-playground/locales/ur"
	"github.com/go-playground/locales/uz"
	"github.com/go-playground/locales/vi"
	"github.com/go-playground/locales/zh"
	"github.com/go-playground/locales/zh_Hant"
	"golang.org/x/text/language"
)

// days returns what writes a day in a language: as the Unicode CLDR has it, for the languages that the program knows,
// otherwise as a reader of any language understands it (ISO 8601). English without a country is written as in Britain:
// "30 November 2026".
func days(in language.Tag) func(time.Time) string {
	known := []locales.Translator{
		en_GB.New(), // for "en"
		ar.New(), bg.New(), bn.New(), ca.New(), cs.New(), da.New(), de.New(), el.New(), en_GB.New(), en_US.New(),
		es.New(), et.New(), eu.New(), fa.New(), fi.New(), fr.New(), gl.New(), he.New(), hi.New(), hr.New(), hu.New(),
		id.New(), is.New(), it.New(), ja.New(), ka.New(), ko.New(), lt.New(), lv.New(), ms.New(), nb.New(), nl.New(),
		nn.New(), pl.New(), pt.New(), pt_PT.New(), ro.New(), ru.New(), sk.New(), sl.New(), sr.New(), sv.New(),
		sw.New(), ta.New(), th.New(), tr.New(), uk.New(), ur.New(), uz.New(), vi.New(), zh.New(), zh_Hant.New(),
	}
	english, _ := language.English.Base() // the nearest to languages that its readers are used to, such as Klingon
	tags := []language.Tag{language.English}
	for _, l := range known[1:] {
		tags = append(tags, language.Make(strings.ReplaceAll(l.Locale(), "_", "-")))
	}
	_, nearest, confidence := language.NewMatcher(tags).Match(in)
	wanted, _ := in.Base()
	if found, _ := tags[nearest].Base(); confidence < language.High || found == english && wanted != english {
		return func(t time.Time) string { return t.Format(time.DateOnly) }
	}
	return known[nearest].FmtDateLong
}
