package routes_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"gin-blog/internal/testkit"
	"gin-blog/models"
)

func TestRegister(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		r := s.send(t, "POST", "/auth/register",
			`{"username":"Alice","password":"pass123","email":"alice@example.com","name":"Alice <L>"}`).
			is(201).has("Cache-Control", "no-store").hides(password)
		var a struct {
			Message string
			User    userAnswer
		}
		r.decode(&a)
		u := a.User
		if a.Message != "User registered" || u.Username != "Alice" || u.Email != "alice@example.com" ||
			u.Name != "Alice <L>" ||
			u.Role != "user" || u.Bio != "" || len(u.ID) != 24 {
			t.Errorf("got %+v", a)
		}
		if !strings.Contains(r.body, "Alice <L>") {
			t.Errorf("HTML characters are escaped: %s", r.body)
		}
		if _, err := time.Parse("2006-01-02T15:04:05.000Z", u.CreatedAt); err != nil {
			t.Errorf("createdAt: %v", err)
		}

		for _, c := range []struct{ body, message string }{
			{`{"username":"alice","password":"pass123"}`, "Username already taken"},
			{`{"username":"ALICE","password":"pass123"}`, "Username already taken"},
			{`{"username":"bob","password":"pass123","email":"ALICE@example.com"}`, "Email already taken"},
		} {
			s.send(t, "POST", "/auth/register", c.body).fails(409, "ConflictError", c.message)
		}
	})
}

// TestMessagesNameOneRule: who breaks one rule hears of that rule alone.
func TestMessagesNameOneRule(t *testing.T) {
	s := newServer(t, testkit.SQLite(t))
	token := s.signUp(t, "alice").Token
	for _, c := range []struct{ method, path, body, field, message string }{
		{"POST", "/auth/register", `{"username":"bob","password":"abc"}`, "password", "must have at least 6 characters"},
		{"POST", "/auth/register", `{"username":"bob","password":"` + strings.Repeat("x", 73) + `"}`, "password",
			"must have at most 72 bytes"},
		{"POST", "/auth/register", `{"username":"bob","password":"pass\u0000123"}`, "password",
			"must have no NUL character"},
		{"POST", "/auth/register", `{"username":"robert","password":"Robert"}`, "password",
			"must differ from the username"},
		{"POST", "/auth/register", `{"username":"bo","password":"pass123"}`, "username",
			"must be 3 to 32 of the characters A-Z a-z 0-9 . _ - and start with a letter or digit"},
		{"POST", "/auth/register", `{"username":"0123456789abcdef01234567","password":"pass123"}`, "username",
			"must not be 24 hex digits, which would look like an id"},
		{"POST", "/auth/password", `{"currentPassword":"pass123","newPassword":"abc"}`, "newPassword",
			"must have at least 6 characters"},
		{"PATCH", "/auth/me", `{"name":"` + strings.Repeat("x", 101) + `"}`, "name", "must have at most 100 characters"},
		{"PATCH", "/auth/me", `{"name":"a\nb"}`, "name",
			"must have no control character, and none that changes the direction of writing"},
		{"POST", "/posts", `{"title":"` + strings.Repeat("é", 201) + `","content":"c"}`, "title",
			"must have 1 to 200 characters"},
		{"POST", "/posts", `{"title":"t","content":"\u0000"}`, "content",
			"must have no control characters but tabs and line breaks"},
	} {
		var e struct {
			Message string
			Details []struct{ Field, Message string }
		}
		s.send(t, c.method, c.path, c.body, bearer(token)).is(400).decode(&e)
		if len(e.Details) != 1 || e.Details[0].Field != c.field || e.Details[0].Message != c.message ||
			e.Message != c.field+" "+e.Details[0].Message {
			t.Errorf("%s %s %s: got %+v, want %s %s", c.method, c.path, c.body, e, c.field, c.message)
		}
	}
}

func TestRegisterRules(t *testing.T) {
	s := newServer(t, testkit.SQLite(t))
	quoted := func(s string) string { b, _ := json.Marshal(s); return string(b) }
	for _, username := range []string{"abc", "a.b_c-d", "0x0", strings.Repeat("a", 32), "pass1234"} {
		s.send(t, "POST", "/auth/register", `{"username":`+quoted(username)+`,"password":"pass123"}`).is(201)
	}
	for name, username := range map[string]string{
		"empty":              "",
		"short":              "ab",
		"long":               strings.Repeat("a", 33),
		"space":              "al ice",
		"leading dot":        ".alice",
		"leading dash":       "-alice",
		"at":                 "alice@example.com",
		"24 hex digits":      "0123456789abcdefABCDEF01",
		"right-to-left mark": "al\u202eice",
		"full width":         "ａｌｉｃｅ",
		"umlaut":             "alicë",
		"NUL":                "alice\x00",
		"newline":            "alice\n",
		"zero width":         "ali\u200bce",
		"slash":              "a/b/c",
	} {
		t.Run("username "+name, func(t *testing.T) {
			s.send(t, "POST", "/auth/register", `{"username":`+quoted(username)+`,"password":"pass123"}`).
				fails(400, "ValidationError", "username ", "username")
		})
	}
	for i, good := range []string{
		"pass12", "日本語日本語", strings.Repeat("x", 72), strings.Repeat("é", 36), " spaces ", "\t\n\r\v\f\b",
	} {
		s.send(t, "POST", "/auth/register", fmt.Sprintf(`{"username":"good%d","password":%s}`, i, quoted(good))).is(201)
	}
	for name, bad := range map[string]string{
		"empty":                     "",
		"short":                     "12345",
		"short in characters":       "ééééé",
		"73 bytes":                  strings.Repeat("x", 73),
		"74 bytes in 37 characters": strings.Repeat("é", 37),
		"NUL":                       "pass\x00123",
		"the username":              "someone",
		"the username's letters":    "SomeOne",
	} {
		t.Run("password "+name, func(t *testing.T) {
			r := s.send(t, "POST", "/auth/register", `{"username":"someone","password":`+quoted(bad)+`}`).
				fails(400, "ValidationError", "password ", "password")
			if len(bad) > 6 && !strings.EqualFold(bad, "someone") {
				r.hides(strings.Trim(quoted(bad), `"`))
			}
		})
	}
	for i, good := range []string{"a@b.co", "first.last+tag@sub.example.com", "x@localhost"} {
		s.send(t, "POST", "/auth/register", fmt.Sprintf(`{"username":"mail%d","password":"pass123","email":%q}`, i, good)).
			is(201)
	}
	for _, bad := range []string{
		"a", "a@", "@b.co", "a b@c.de", "Alice <a@b.co>", "a@b..co", "a@b.co\n", "ä@b.co",
		"a@" + strings.Repeat("b", 64), strings.Repeat("a", 65) + "@b.co", "a@" + strings.Repeat("b.", 130) + "co",
	} {
		t.Run("email "+bad, func(t *testing.T) {
			s.send(t, "POST", "/auth/register", `{"username":"someone","password":"pass123","email":`+quoted(bad)+`}`).
				fails(400, "ValidationError", "email ", "email")
		})
	}
	s.send(t, "POST", "/auth/register", `{"username":"","password":"x","email":"y"}`).
		fails(400, "ValidationError", "username is required; password must", "username", "password", "email")
	s.send(t, "POST", "/auth/register", `{"username":"someone","password":"pass123","role":"admin"}`).
		fails(400, "ValidationError", "role is not a known field", "role")
	longName := `{"username":"someone","password":"pass123","name":"` + strings.Repeat("n", 101) + `"}`
	s.send(t, "POST", "/auth/register", longName).
		fails(400, "ValidationError", "name ", "name")
	s.send(t, "POST", "/auth/register", `{"username":"someone","password":"pass123","email":"","name":""}`).is(201)
}

func TestLogin(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		s.send(t, "POST", "/auth/register", `{"username":"alice","password":"pass123","email":"alice@example.com"}`).is(201)
		for _, body := range []string{
			`{"username":"alice","password":"pass123"}`,
			`{"username":"ALICE","password":"pass123"}`,
			`{"email":"Alice@example.com","password":"pass123"}`,
		} {
			var g grantAnswer
			r := s.send(t, "POST", "/auth/login", body).is(200).has("Cache-Control", "no-store").hides(password)
			r.decode(&g)
			if g.Token == "" || g.Token != g.AccessToken || g.RefreshToken == "" || g.RefreshToken == g.AccessToken ||
				g.TokenType != "Bearer" || g.ExpiresIn != 900 || g.User == nil || g.User.Username != "alice" {
				t.Errorf("%s: got %+v", body, g)
			}
		}
		for _, body := range []string{
			`{"username":"alice","password":"Pass123"}`,
			`{"username":"alice","password":"pass1234"}`,
			`{"username":"nobody","password":"pass123"}`,
			`{"email":"nobody@example.com","password":"pass123"}`,
			`{"username":"alice","password":"` + strings.Repeat("x", 73) + `"}`,
			`{"username":"alice\u0000","password":"pass123"}`,
			`{"username":"alice","password":"pass123\u0000pass123"}`,
			`{"username":"alice","password":"pass123\u0000"}`,
			`{"username":"$ne","password":"pass123"}`,
		} {
			s.send(t, "POST", "/auth/login", body).
				fails(401, "UnauthorizedError", "Invalid credentials").has("WWW-Authenticate", "Bearer").hides("token")
		}
		s.send(t, "POST", "/auth/login", `{"password":"pass123"}`).
			fails(400, "ValidationError", "username or email is required", "username")
		s.send(t, "POST", "/auth/login", `{"username":"alice"}`).
			fails(400, "ValidationError", "password is required", "password")
		s.send(t, "POST", "/auth/login", `{"username":"alice","password":null}`).
			fails(400, "ValidationError", "password", "password")
		s.send(t, "POST", "/auth/login", `{"username":"alice","email":"alice@example.com","password":"pass123"}`).
			fails(400, "ValidationError", "username and email", "username")
		s.send(t, "POST", "/auth/login", `{"username":{"$ne":""},"password":"pass123"}`).
			fails(400, "ValidationError", "username must be a string", "username")
		for _, field := range []string{"username", "email"} {
			body := `{"` + field + `":"` + strings.Repeat("é", 254) + `%s","password":"pass123"}`
			s.send(t, "POST", "/auth/login", fmt.Sprintf(body, "")).is(401)
			for _, more := range []string{"x", strings.Repeat("x", 60_000)} {
				s.send(t, "POST", "/auth/login", fmt.Sprintf(body, more)).
					fails(400, "ValidationError", field+" must have at most 254 characters", field)
			}
		}
	})
}

// TestLongPasswordOfTheTutorial: bcryptjs cut passwords at 72 bytes in silence, so a longer one must not log in.
func TestLongPasswordDoesNotPassOnItsBeginning(t *testing.T) {
	s := newServer(t, testkit.SQLite(t))
	full := strings.Repeat("p", 72)
	s.send(t, "POST", "/auth/register", `{"username":"alice","password":"`+full+`"}`).is(201)
	s.send(t, "POST", "/auth/login", `{"username":"alice","password":"`+full+`"}`).is(200)
	s.send(t, "POST", "/auth/login", `{"username":"alice","password":"`+full+`p"}`).is(401)
}

func TestMe(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		g := s.signUp(t, "alice")
		var me userAnswer
		s.send(t, "GET", "/auth/me", "", bearer(g.Token)).is(200).has("Cache-Control", "no-store").decode(&me)
		if me != *g.User {
			t.Errorf("got %+v, want %+v", me, *g.User)
		}
	})
}

// claimsOf reads a token without checking it.
func claimsOf(t *testing.T, token string) (head, claims map[string]any) {
	t.Helper()
	parts := strings.Split(token, ".")
	for i, into := range []*map[string]any{&head, &claims} {
		raw, err := base64.RawURLEncoding.DecodeString(parts[i])
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(raw, into); err != nil {
			t.Fatal(err)
		}
	}
	return head, claims
}

func TestTokenClaims(t *testing.T) {
	s := newServer(t, testkit.SQLite(t))
	g := s.signUp(t, "alice")
	head, claims := claimsOf(t, g.AccessToken)
	if head["alg"] != "HS256" || head["typ"] != "at+jwt" {
		t.Errorf("access header: %v", head)
	}
	if claims["sub"] != g.User.ID || claims["userId"] != g.User.ID || claims["username"] != "alice" ||
		claims["role"] != "user" {
		t.Errorf("access claims: %v", claims)
	}
	for _, name := range []string{"sid", "jti", "iss", "aud", "iat", "exp"} {
		if claims[name] == nil {
			t.Errorf("access claims lack %s: %v", name, claims)
		}
	}
	if life := claims["exp"].(float64) - claims["iat"].(float64); life != 900 {
		t.Errorf("the access token lives %v s", life)
	}
	head, claims = claimsOf(t, g.RefreshToken)
	if head["alg"] != "HS256" || head["typ"] != "rt+jwt" || claims["sub"] != g.User.ID || claims["sid"] == nil ||
		claims["jti"] == nil {
		t.Errorf("refresh token: %v %v", head, claims)
	}
}

func TestAccessTokenIsChecked(t *testing.T) {
	s := newServer(t, testkit.SQLite(t))
	g := s.signUp(t, "alice")
	head, claims := claimsOf(t, g.AccessToken)
	forge := func(secret string, change func(head, claims map[string]any)) string {
		h, c := map[string]any{}, jwt.MapClaims{}
		for k, v := range head {
			h[k] = v
		}
		for k, v := range claims {
			c[k] = v
		}
		change(h, c)
		token := jwt.NewWithClaims(jwt.SigningMethodHS256, c)
		if h["alg"] == "none" {
			token = jwt.NewWithClaims(jwt.SigningMethodNone, c)
		}
		if h["alg"] == "HS512" {
			token = jwt.NewWithClaims(jwt.SigningMethodHS512, c)
		}
		token.Header = h
		var key any = []byte(secret)
		if h["alg"] == "none" {
			key = jwt.UnsafeAllowNoneSignatureType
		}
		signed, err := token.SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return signed
	}
	same := func(head, claims map[string]any) {}
	noUser := models.NewID().Hex()
	inFuture := func(seconds int64) int64 { return s.clock.now().Unix() + seconds }
	nearlyNow := forge(accessSecret, func(_, c map[string]any) { c["iat"] = inFuture(25) })
	s.send(t, "GET", "/auth/me", "", bearer(nearlyNow)).is(200)
	s.send(t, "GET", "/auth/me", "", bearer(forge(accessSecret, same))).is(200)
	s.send(t, "GET", "/auth/me", "", bearer(forge(accessSecret, func(h, _ map[string]any) {
		h["kid"], h["jku"], h["x5u"], h["jwk"] = "../../dev/null", "http://127.0.0.1:1/", "http://127.0.0.1:1/",
			map[string]any{}
	}))).is(200)
	s.send(t, "GET", "/auth/me", "", header{"Authorization": "bearer  " + g.AccessToken}).is(200)

	for name, token := range map[string]string{
		"another secret":    forge(refreshSecret, same),
		"no algorithm":      forge("", func(h, _ map[string]any) { h["alg"] = "none" }),
		"another algorithm": forge(accessSecret, func(h, _ map[string]any) { h["alg"] = "HS512" }),
		"plain JWT type":    forge(accessSecret, func(h, _ map[string]any) { h["typ"] = "JWT" }),
		"no type":           forge(accessSecret, func(h, _ map[string]any) { delete(h, "typ") }),
		"critical header":   forge(accessSecret, func(h, _ map[string]any) { h["crit"] = []string{"exp"} }),
		"another issuer":    forge(accessSecret, func(_, c map[string]any) { c["iss"] = "else" }),
		"another audience":  forge(accessSecret, func(_, c map[string]any) { c["aud"] = "else" }),
		"no audience":       forge(accessSecret, func(_, c map[string]any) { delete(c, "aud") }),
		"no expiry":         forge(accessSecret, func(_, c map[string]any) { delete(c, "exp") }),
		"no session":        forge(accessSecret, func(_, c map[string]any) { delete(c, "sid") }),
		"unknown session":   forge(accessSecret, func(_, c map[string]any) { c["sid"] = models.NewID().Hex() }),
		"session of a type": forge(accessSecret, func(_, c map[string]any) { c["sid"] = 1 }),
		"another subject":   forge(accessSecret, func(_, c map[string]any) { c["sub"] = noUser }),
		"another user":      forge(accessSecret, func(_, c map[string]any) { c["sub"], c["userId"] = noUser, noUser }),
		"no user":           forge(accessSecret, func(_, c map[string]any) { delete(c, "sub"); delete(c, "userId") }),
		"no token id":       forge(accessSecret, func(_, c map[string]any) { delete(c, "jti") }),
		"the refresh token": g.RefreshToken,
		"garbage":           "garbage",
		"two parts":         strings.Join(strings.Split(g.AccessToken, ".")[:2], "."),
		"four parts":        g.AccessToken + ".x",
		"padding":           g.AccessToken + "=",
		"trailing bits":     trailingBits(g.AccessToken),
		"trailing space":    g.AccessToken + " x",
		"cut":               g.AccessToken[:len(g.AccessToken)-1],
		"expiry as a text":  forge(accessSecret, func(_, c map[string]any) { c["exp"] = fmt.Sprint(c["exp"]) }),
		"issued as a text":  forge(accessSecret, func(_, c map[string]any) { c["iat"] = fmt.Sprint(c["iat"]) }),
		"start as a text":   forge(accessSecret, func(_, c map[string]any) { c["nbf"] = fmt.Sprint(c["iat"]) }),
		"not valid yet":     forge(accessSecret, func(_, c map[string]any) { c["nbf"] = c["exp"] }),
		"from the future":   forge(accessSecret, func(_, c map[string]any) { c["iat"] = inFuture(32) }),
		"a long time ahead": forge(accessSecret, func(_, c map[string]any) { c["iat"] = 1e12 }),
	} {
		t.Run(name, func(t *testing.T) {
			s.send(t, "GET", "/auth/me", "", bearer(token)).
				fails(401, "JsonWebTokenError", "invalid token").has("WWW-Authenticate", `Bearer error="invalid_token"`)
		})
	}
	s.send(t, "GET", "/auth/me?access_token="+g.AccessToken, "", header{"Cookie": "token=" + g.AccessToken}).
		fails(401, "UnauthorizedError", "Authentication required").has("WWW-Authenticate", "Bearer")
	for name, h := range map[string]header{
		"empty":          {"Authorization": ""},
		"Basic":          {"Authorization": "Basic YWxpY2U6cGFzczEyMw=="},
		"no token":       {"Authorization": "Bearer"},
		"only the token": {"Authorization": g.AccessToken},
	} {
		t.Run("header "+name, func(t *testing.T) {
			s.send(t, "GET", "/auth/me?access_token="+g.AccessToken, "", h).
				fails(401, "UnauthorizedError", "Authorization: Bearer TOKEN").has("WWW-Authenticate", "Bearer")
		})
	}
	expired := forge(accessSecret, func(_, c map[string]any) { c["exp"] = time.Now().Add(-31 * time.Second).Unix() })
	s.send(t, "GET", "/auth/me", "", bearer(expired)).
		fails(401, "TokenExpiredError", "jwt expired").has("WWW-Authenticate", `Bearer error="invalid_token"`)
	expiredAndForged := forge(refreshSecret, func(_, c map[string]any) { c["exp"] = 1 })
	s.send(t, "GET", "/auth/me", "", bearer(expiredAndForged)).fails(401, "JsonWebTokenError", "invalid token")
}

// trailingBits changes the bits of the last character that a lenient base64 decoder passes over.
func trailingBits(token string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, token[len(token)-1])
	return token[:len(token)-1] + string(alphabet[last^1])
}

// refresh trades a refresh token.
func (s *server) refresh(t *testing.T, token string) *response {
	t.Helper()
	return s.send(t, "POST", "/auth/refresh", fmt.Sprintf(`{"refreshToken":%q}`, token))
}

func TestRefresh(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		first := s.signUp(t, "alice")
		var second, again, third grantAnswer
		s.refresh(t, first.RefreshToken).is(200).has("Cache-Control", "no-store").hides(`"user"`).decode(&second)
		if second.Token != second.AccessToken || second.RefreshToken == first.RefreshToken || second.ExpiresIn != 900 ||
			second.TokenType != "Bearer" {
			t.Errorf("got %+v", second)
		}
		s.send(t, "GET", "/auth/me", "", bearer(second.Token)).is(200)
		s.send(t, "GET", "/auth/me", "", bearer(first.Token)).is(200)

		s.clock.advance(9 * time.Second)
		s.refresh(t, first.RefreshToken).is(200).decode(&again)
		if again.RefreshToken != second.RefreshToken {
			t.Error("within the grace the old token gets another successor")
		}
		s.refresh(t, second.RefreshToken).is(200).decode(&third)
		s.clock.advance(11 * time.Second)
		s.refresh(t, second.RefreshToken).fails(401, "UnauthorizedError", "Invalid refresh token").
			has("WWW-Authenticate", `Bearer error="invalid_token"`)
		s.refresh(t, third.RefreshToken).fails(401, "UnauthorizedError", "Invalid refresh token")
		s.send(t, "GET", "/auth/me", "", bearer(third.Token)).fails(401, "JsonWebTokenError", "invalid token")
	})
}

func TestRefreshTokenOlderThanThePreviousEndsTheSession(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		first := s.signUp(t, "alice")
		other := s.login(t, "alice")
		var second, third grantAnswer
		s.refresh(t, first.RefreshToken).is(200).decode(&second)
		s.refresh(t, second.RefreshToken).is(200).decode(&third)
		s.refresh(t, first.RefreshToken).is(401)
		s.refresh(t, third.RefreshToken).is(401)
		s.refresh(t, other.RefreshToken).is(200)
	})
}

// TestMessagesAboutTokens: a refusal says what was wrong with what was sent, and its name stays.
func TestMessagesAboutTokens(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		g, ended, deleted := s.signUp(t, "alice"), s.login(t, "alice"), s.signUp(t, "bob")
		s.send(t, "POST", "/auth/logout", fmt.Sprintf(`{"refreshToken":%q}`, ended.RefreshToken)).is(204)
		s.send(t, "DELETE", "/auth/me", `{"password":"pass123"}`, bearer(deleted.Token)).is(204)
		for _, c := range []struct {
			what          string
			header        header
			name, message string
		}{
			{"no header", nil, "UnauthorizedError", "Authentication required"},
			{"only the token", header{"Authorization": g.Token}, "UnauthorizedError",
				"Send the access token in a header Authorization: Bearer TOKEN"},
			{"the refresh token", bearer(g.RefreshToken), "JsonWebTokenError",
				"invalid token: this is a refresh token, send the access token"},
			{"a session that ended", bearer(ended.Token), "JsonWebTokenError",
				"invalid token: its session has ended, log in again"},
			{"an account that is gone", bearer(deleted.Token), "JsonWebTokenError",
				"invalid token: its session has ended, log in again"},
			{"garbage", bearer("garbage"), "JsonWebTokenError", "invalid token"},
			{"a changed token", bearer(g.Token + "x"), "JsonWebTokenError", "invalid token"},
		} {
			var e struct{ Error, Message string }
			s.send(t, "GET", "/auth/me", "", c.header).is(401).decode(&e)
			if e.Error != c.name || e.Message != c.message {
				t.Errorf("%s: got %s %q, want %s %q", c.what, e.Error, e.Message, c.name, c.message)
			}
		}
		for token, message := range map[string]string{
			g.AccessToken: "Invalid refresh token: this is an access token", ended.RefreshToken: "Invalid refresh token",
			"garbage": "Invalid refresh token",
		} {
			var e struct{ Error, Message string }
			s.refresh(t, token).is(401).decode(&e)
			if e.Error != "UnauthorizedError" || e.Message != message {
				t.Errorf("a refresh: got %s %q, want %q", e.Error, e.Message, message)
			}
		}
	})
}

func TestRefreshRefusals(t *testing.T) {
	s := newServer(t, testkit.SQLite(t))
	g := s.signUp(t, "alice")
	for _, body := range []string{`{}`, `{"refreshToken":""}`, `{"refreshToken":null}`} {
		s.send(t, "POST", "/auth/refresh", body).fails(401, "UnauthorizedError", "Refresh token required").
			has("WWW-Authenticate", "Bearer")
	}
	for _, token := range []string{g.AccessToken, "garbage", trailingBits(g.RefreshToken), g.RefreshToken + "."} {
		s.refresh(t, token).fails(401, "UnauthorizedError", "Invalid refresh token").
			has("WWW-Authenticate", `Bearer error="invalid_token"`)
	}
	for at, char := range []string{"\n", "\r", "\r\n", " ", "=", "+", "/", "."} {
		at = len(g.RefreshToken) * (at + 1) / 10
		token := g.RefreshToken[:at] + char + g.RefreshToken[at:]
		s.refresh(t, token).fails(401, "UnauthorizedError", "Invalid refresh token")
		s.send(t, "POST", "/auth/logout", fmt.Sprintf(`{"refreshToken":%q}`, token)).is(204)
	}
	s.send(t, "GET", "/auth/me", "", bearer(g.Token)).is(200)
	s.send(t, "POST", "/auth/refresh", `{"refreshToken":7}`).
		fails(400, "ValidationError", "refreshToken must be a string", "refreshToken")
	s.clock.advance(8 * 24 * time.Hour)
	s.refresh(t, g.RefreshToken).fails(401, "TokenExpiredError", "jwt expired").
		has("WWW-Authenticate", `Bearer error="invalid_token"`)
}

// TestClockSetBack: tokens that were replaced before stay useless, and a login gets tokens that work.
func TestClockSetBack(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		first, other := s.signUp(t, "alice"), s.login(t, "alice")
		var second, again, fresh grantAnswer
		s.refresh(t, first.RefreshToken).is(200).decode(&second)
		s.clock.advance(-20 * time.Second) // as far as the clocks of two processes may be apart
		s.refresh(t, first.RefreshToken).is(200).decode(&again)
		if again.RefreshToken != second.RefreshToken {
			t.Error("within the grace the old token gets another successor")
		}

		s.clock.advance(-3 * time.Hour)
		s.refresh(t, first.RefreshToken).fails(401, "UnauthorizedError", "Invalid refresh token")
		s.refresh(t, second.RefreshToken).fails(401, "UnauthorizedError", "Invalid refresh token")
		s.send(t, "GET", "/auth/me", "", bearer(other.Token)).fails(401, "JsonWebTokenError", "invalid token")
		s.refresh(t, other.RefreshToken).is(200).decode(&fresh)
		s.send(t, "GET", "/auth/me", "", bearer(fresh.Token)).is(200)

		s.clock.advance(3 * time.Hour)
		for range models.MaxSessions {
			s.login(t, "alice")
		}
		s.clock.advance(-3 * time.Hour)
		late := s.login(t, "alice")
		s.send(t, "GET", "/auth/me", "", bearer(late.Token)).is(200)
		s.refresh(t, late.RefreshToken).is(200)
	})
}

func TestRefreshesAtOnceGetOneSuccessor(t *testing.T) {
	onEachStore(t, func(t *testing.T, s *server) {
		g := s.signUp(t, "alice")
		successors := make(chan string, 20)
		var clients sync.WaitGroup
		for range cap(successors) {
			clients.Go(func() {
				var next grantAnswer
				s.refresh(t, g.RefreshToken).is(200).decode(&next)
				successors <- next.RefreshToken
			})
		}
		clients.Wait()
		close(successors)
		different := map[string]bool{}
		for token := range successors {
			different[token] = true
		}
		if len(different) != 1 {
			t.Errorf("%d different successors, want 1", len(different))
		}
	})
}

func TestRefreshWithoutRotation(t *testing.T) {
	t.Parallel()
	testkit.Each(t, func(t *testing.T, store models.Store) {
		s := newServer(t, store, func(o *parts) { o.session.Rotation = false })
		g := s.signUp(t, "alice")
		for range 3 {
			var next grantAnswer
			s.clock.advance(time.Hour)
			s.refresh(t, g.RefreshToken).is(200).decode(&next)
			if next.RefreshToken != g.RefreshToken {
				t.Error("the refresh token changed")
			}
			s.send(t, "GET", "/auth/me", "", bearer(next.Token)).is(200)
		}
	})
}

func TestNoAccessTokenOutlivesItsSession(t *testing.T) {
	s := newServer(t, testkit.SQLite(t))
	g := s.signUp(t, "alice")
	s.clock.advance(7*24*time.Hour - time.Minute)
	var last grantAnswer
	s.refresh(t, g.RefreshToken).is(200).decode(&last)
	if last.ExpiresIn > 60 {
		t.Errorf("the access token lives %d s, the session a minute", last.ExpiresIn)
	}
	s.clock.advance(2 * time.Minute)
	s.send(t, "GET", "/auth/me", "", bearer(last.Token)).is(401)
}
