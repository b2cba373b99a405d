package models_test

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/unicode/rangetable"

	"gin-blog/models"
)

func TestWords(t *testing.T) {
	for text, want := range map[string]string{
		"":                     "",
		" \t.":                 "",
		"Hello world":          "hello|world",
		"  it isn't. (art) ":   "it|isn|t|art",
		"foo_bar _ -":          "foo_bar|_",
		"Hello🤩 world 100€":    "hello|world|100",
		"使用Docker部署gin-blog教程": "使用|docker|部署|gin|blog|教程",
		"人々 〇 ゝ・ヽ":             "人々|〇|ゝ|ヽ",
		"2024年 web3 3д":        "2024|年|web3|3д",
		"ｶﾞｷﾞ ﾗｰﾒﾝ ヿ":          "ガギ|ラーメン|コト",
		"한국 ﾡﾢ":                "한국|ᄀᄁ",
		"a🏳️‍🌈b 1️⃣2 #️⃣ 👩‍💻ok":                 "a|b|12|ok",
		"naïve E\u0301cole ½ x² Ⅳ №5":           "naive|ecole|1|2|x2|iv|5",
		"Größe ẞ ΣΊΣΥΦΟΣ ς ᾳ Ёлка":              "grosse|ss|σισυφοσ|σ|α|елка",
		"İstanbul ISPARTA ısparta":              "istanbul|isparta|ısparta",
		"Tiếng Việt Đà":                         "tieng|viet|đa",
		"हिन्दी क्\u200dष":                      "हिन्दी|क्ष",
		"ﬁle ＡＢＣ Acme™ Ⓐ µm":                    "file|abc|acme|μ|m",
		"a\x00b\xffc\u200dd\xed\xa0\x80":        "a|b|cd",
		"co\u00adop zero\u200bw \u2067x\u2069y": "coop|zerow|x|y",

		"まちづくり、日本語の本文ラーメン": "まちづくり|日本語|の|本文|ラーメン",

		"מִלָּה مُحَمَّد \ufdfa ﻻ": "מִלָּה|مُحَمَّد|صلى|الله|عليه|وسلم|لا",

		"⚠️Warning \u0301a \u3099b":      "warning|a|b",
		"\u05d0\u0345\u20dd":             "\u05d0\u20dd",
		strings.Repeat("a", 1025) + " b": "b",
	} {
		if got := strings.Join(models.WordsOf(text), "|"); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestWordsOccurIn(t *testing.T) {
	for _, c := range []struct{ title, content, found, not string }{
		{"Title", "Hello🤩 world", "title|hello world|WORLD Title|…|", "hell|title missing|titles"},
		{"foo_bar", "costs 100€ hello👋", "FOO_bar|100|hello", "foo|bar|10"},
		{"部署方案讨论", "今天讨论了部署方案和数据库性能",
			"部署|性能|数据库|署|今天讨论|讨论 性能", "部署性|库数|讨论天"},
		{"使用Docker部署gin-blog教程", "", "Docker|gin|教程|用docker部", "Dock|docker备"},
		{"日本語の本文", "駅前のまちづくりとコンピューター",
			"日本語|まちづくり|まち|の本|ンピューター|ｺﾝﾋﾟｭｰﾀｰ", "日語|まり|コピ"},
		{"โปรแกรมบล็อกภาษาไทย", "대한민국은 좋다",
			"บล็อก|대한민국|민국", "บลอก|대민|하"},
		{"café", "Cafe\u0301 naïve", "cafe|CAFÉ|cafe\u0301|naive", "caf|e\u0301|é"},
		{"ﬁle ＡＢＣ", "straße", "file|abc|STRASSE|Straſſe|ﬁle|ＡＢＣ", "fi|strase"},
		{"⚠️Warning one", "co\u00adoperate zero\u200bwidth",
			"warning|cooperate|co\u200boperate|zerowidth", "zero|operate"},
		{"Acme™ №5", "C++ and C#", "acme|5|c++|c", "no5|acmetm"},
		{"1️⃣ first", "İstanbul", "1|istanbul|ISTANBUL", "ıstanbul"},
		{"हिन्दी", "שלום מִלָּה", "हिन्दी|שלום", "हिन|ह|שלו|מלה"},
		{"ЁЛКА", "ΣΊΣΥΦΟΣ", "елка|ёлка|σισυφος", "елк"},
	} {
		for text := range strings.SplitSeq(c.found, "|") {
			if !models.ParseWords(text).OccurIn(c.title, c.content) {
				t.Errorf("%q is not found in %q and %q", text, c.title, c.content)
			}
		}
		for text := range strings.SplitSeq(c.not, "|") {
			if models.ParseWords(text).OccurIn(c.title, c.content) {
				t.Errorf("%q is found in %q and %q", text, c.title, c.content)
			}
		}
	}
}

func TestTerms(t *testing.T) {
	for _, c := range []struct {
		text, terms, searched string
		areTerms              bool
	}{
		{"", "", "", true},
		{"b A a-b", "a|b", "a|b", true},
		{"数据 据", "据|数|数据", "据|数据", true},
		{"数据库 go", "go|库|据|据库|数|数据", "go|据库|数据", false},
	} {
		words := models.ParseWords(c.text)
		terms, searched := strings.Join(models.SearchTerms(c.text), "|"), strings.Join(words.Terms(), "|")
		if terms != c.terms || searched != c.searched || words.AreTerms() != c.areTerms {
			t.Errorf("%q: got %q, %q and %v, want %+v", c.text, terms, searched, words.AreTerms(), c)
		}
	}
	if got, want := models.SearchTerms("a b", "", ".", "c 字"), []string{"a", "b", "c", "字"}; !slices.Equal(got, want) {
		t.Errorf("several texts: got %q, want %q", got, want)
	}
	if words := models.ParseWords("?! 🤩 \u0301"); words != nil {
		t.Errorf("a text without words gives %q", words)
	}
}

// everyCharacter yields texts in which every code point stands between two words, and between two others without
// spaces. Each text has one block of them.
func everyCharacter() iter.Seq[string] {
	return func(yield func(string) bool) {
		const block = 4096
		for first := rune(0); first <= unicode.MaxRune; first += block {
			var text strings.Builder
			for r := first; r < first+block; r++ {
				text.WriteString("c" + string(r) + "B 字" + string(r) + "か ")
			}
			if !yield(text.String()) {
				return
			}
		}
	}
}

// TestWordsOfEveryCharacter compares with the rule written another way, also what is indexed with what is looked for.
func TestWordsOfEveryCharacter(t *testing.T) {
	t.Parallel()
	block := 0
	for text := range everyCharacter() {
		if got, want := models.WordsOf(text), plainWords(text); !slices.Equal(got, want) {
			t.Errorf("block %d: got %q, want %q", block, got, want)
		}
		terms := models.SearchTerms(text)
		for _, term := range models.ParseWords(text).Terms() {
			if _, found := slices.BinarySearch(terms, term); !found {
				t.Errorf("block %d: %q is not among the terms", block, term)
			}
		}
		block++
	}
}

// TestCaseOfEveryCharacter: a letter is found in its other cases.
func TestCaseOfEveryCharacter(t *testing.T) {
	for r := range rune(unicode.MaxRune + 1) {
		other := unicode.SimpleFold(r)
		if other == r || unicode.IsMark(r) || unicode.IsMark(other) { // U+0345 is a mark, and a case of iota
			continue
		}
		if got, want := models.WordsOf(string(r)), models.WordsOf(string(other)); !slices.Equal(got, want) {
			t.Errorf("%q has the words %q, and %q has %q", r, got, other, want)
		}
	}
}

// TestLongestWord: a search of as many characters as it may have has no word that is too long to be one.
func TestLongestWord(t *testing.T) {
	t.Parallel()
	for r := range rune(unicode.MaxRune + 1) {
		if !unicode.IsLetter(r) && !unicode.IsNumber(r) || norm.NFKC.IsNormalString(string(r)) && r < 0x20000 && r > 0x3000 {
			continue
		}
		text := strings.Repeat(string(r), models.MaxSearchLength)
		if got, want := models.WordsOf(text), plainWords(string(r)); len(got) < len(want) {
			t.Errorf("%d of %U: got %q", models.MaxSearchLength, r, got)
		}
	}
}

// TestHostileTexts: the cost grows with the length of a text, whatever is in it. The longest take some 80 ms.
func TestHostileTexts(t *testing.T) {
	for name, text := range map[string]string{
		"ligatures of many letters": "\ufdfa", "marks": "\u0301\u0316", "invisible": "\u034f",
		"scripts": "aбγאا字", "short words": "é ", "unspaced": "字",
	} {
		start := time.Now()
		models.SearchTerms("ब" + strings.Repeat(text, 100_000/utf8.RuneCountInString(text)))
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("%s: it takes %s", name, took)
		}
	}
}

// TestRuleOfWordsIsThatOfTheIndex: stores hold terms by this rule. If the rule changes, by a newer Unicode of Go for
// example, have both stores derive them again, and then put the new hash here.
func TestRuleOfWordsIsThatOfTheIndex(t *testing.T) {
	t.Parallel()
	hash := sha256.New()
	for text := range everyCharacter() {
		hash.Write([]byte(strings.Join(models.SearchTerms(text), " ")))
	}
	const want = "720cebf5f5a2c51696f1b31bd4d16c3f0e0c3bf512bad03360fbd86a2baef770"
	if got := hex.EncodeToString(hash.Sum(nil)); got != want {
		t.Errorf("the rule of words has changed: its hash is %s (Unicode %s), want %s", got, unicode.Version, want)
	}
}

// plainWords returns the words of a text by a plain reading of the rule.
func plainWords(text string) (words []string) {
	isInvisible := func(r rune) bool {
		return unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) &&
			!strings.ContainsRune("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069", r)
	}
	isSign := func(r rune) bool { return r != '_' && !unicode.In(r, unicode.L, unicode.N, unicode.M) }
	var last, script string
	fold := cases.Fold()
	for _, run := range strings.FieldsFunc(text, func(r rune) bool { return isSign(r) && !isInvisible(r) }) {
		folded := withoutAccents(strings.Map(func(r rune) rune {
			if isInvisible(r) || r == '\u0345' {
				return -1
			}
			return r
		}, norm.NFKD.String(run)))
		for _, r := range norm.NFKC.String(fold.String(strings.ToLower(folded))) + " " {
			switch of := scriptName(r); {
			case unicode.IsMark(r) && last != "":
				last += string(r)
			case isSign(r) || unicode.IsMark(r):
				words, last, script = append(words, last), "", ""
			case of == script, r == 'ー' && script == "Hiragana",
				hasSpaces(of) && hasSpaces(script) && (of == "" || script == ""):
				last, script = last+string(r), cmp.Or(script, of)
			default:
				words, last, script = append(words, last), string(r), of
			}
		}
	}
	return slices.DeleteFunc(words, func(w string) bool {
		return w == "" || len(w) > 1024 && hasSpaces(scriptName([]rune(w)[0]))
	})
}

// withoutAccents returns a text with marks only on letters of other scripts than Latin, Greek and Cyrillic.
func withoutAccents(text string) string {
	var plain []rune
	keep := false
	for _, r := range text {
		if !unicode.IsMark(r) {
			keep = unicode.IsLetter(r) && !unicode.In(r, unicode.Latin, unicode.Greek, unicode.Cyrillic)
		} else if !keep {
			continue
		}
		plain = append(plain, r)
	}
	return string(plain)
}

func hasSpaces(script string) bool {
	unspaced := []string{"Han", "Hiragana", "Katakana", "Hangul", "Thai", "Lao", "Khmer", "Myanmar"}
	return !slices.Contains(unspaced, script)
}

// scriptNames are the scripts of the characters that only one script has.
var scriptNames = sync.OnceValue(func() map[rune]string {
	names := map[rune]string{}
	for name, table := range unicode.Scripts {
		if name != "Common" && name != "Inherited" {
			rangetable.Visit(table, func(r rune) { names[r] = name })
		}
	}
	names['ー'] = "Katakana"
	return names
})

func scriptName(r rune) string { return scriptNames()[r] }

// TestWordsAreBounded: the terms of noise are cut off, and so are texts that only another program can store.
func TestWordsAreBounded(t *testing.T) {
	var noise strings.Builder
	for i := range 100_000 {
		noise.WriteRune(rune(0x4e00 + i*7919%20_000 + i/20_000))
	}
	if n := len(models.SearchTerms(noise.String())); n != 40_000 {
		t.Errorf("noise has %d terms, want 40,000", n)
	}
	long := "first " + strings.Repeat(". ", 1<<19) + "last"
	if terms := models.SearchTerms(long); !slices.Equal(terms, []string{"first"}) {
		t.Errorf("a long text has the terms %q", terms)
	}
	if models.ParseWords("last").OccurIn(long) || !models.ParseWords("first").OccurIn(long) {
		t.Error("a long text has other words than terms")
	}
}

// TestManyWordsAreLookedForAtOnce: a search for many words takes about as long as one for a single word, also in a text
// that takes long to bring into the form in which words are compared.
func TestManyWordsAreLookedForAtOnce(t *testing.T) {
	text := strings.Repeat(strings.Repeat("\ufdfa", 30)+"部丁一丁部", 1_000)
	took := func(search string) time.Duration {
		least := time.Hour
		for range 3 {
			start := time.Now()
			if models.ParseWords(search).OccurIn(text) {
				t.Fatalf("%q occurs", search)
			}
			least = min(least, time.Since(start))
		}
		return least
	}
	one, many := took("部丁部"), took(strings.Repeat("部 丁 一 ", 14)+"部丁部")
	if many > 6*one {
		t.Errorf("many words take %s, one takes %s", many, one)
	}
}
