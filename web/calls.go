package web

import "strings"

// call is a call of the API, as a page shows it.
type call struct {
	Does string
	Line string // for a shell; $TOKEN stands for an access token
}

// request describes a call of the API.
type request struct {
	method string // "" for GET
	path   string // with the query, escaped
	token  bool   // whether the call needs one
	body   string // JSON, "" for none
}

// newCall writes a call as a command line with curl.
func newCall(does, origin string, r request) call {
	line := []string{"curl"}
	if r.method != "" {
		line = append(line, "-X", r.method)
	}
	line = append(line, quote(origin+r.path))
	if r.token {
		line = append(line, `-H "Authorization: Bearer $TOKEN"`)
	}
	if r.body != "" {
		line = append(line, "-H 'Content-Type: application/json'", "-d", quote(r.body))
	}
	return call{Does: does, Line: strings.Join(line, " ")}
}

// quote writes a text as one word of a shell.
func quote(text string) string {
	isPlain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/:.,-_%", r)
	}
	if text != "" && !strings.ContainsFunc(text, func(r rune) bool { return !isPlain(r) }) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
