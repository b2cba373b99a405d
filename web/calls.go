package web

import (
	"net/http"
	"regexp"
	"strings"
)

// call is a call of the API that does what a page does.
type call struct {
	Does    string
	Request string // the method and the path with the query, escaped: "GET /posts"
	Body    string // JSON, "" for none
	Public  bool   // it needs no token
}

// Line writes the call as a command line with curl. $TOKEN stands for an access token.
func (c call) Line(origin string) string {
	method, path, _ := strings.Cut(c.Request, " ")
	line := []string{"curl"}
	if method != http.MethodGet && (method != http.MethodPost || c.Body == "") { // which curl takes by itself
		line = append(line, "-X", method)
	}
	line = append(line, quote(origin+path))
	if !c.Public {
		line = append(line, `-H "Authorization: Bearer $TOKEN"`)
	}
	if c.Body != "" {
		line = append(line, "-H 'Content-Type: application/json'", "-d", quote(c.Body))
	}
	return strings.Join(line, " ")
}

// plainWord is a text that a shell takes as one word, without quotes.
var plainWord = regexp.MustCompile(`^[A-Za-z0-9/:.,_%-]+$`)

// quote writes a text as one word of a shell.
func quote(text string) string {
	if plainWord.MatchString(text) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
