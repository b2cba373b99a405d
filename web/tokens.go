package web

import (
	"time"

	"github.com/gin-gonic/gin"

	"gin-blog/middleware"
	"gin-blog/models"
)

// tokensPage is what the page of access tokens shows.
type tokensPage struct {
	Tokens []models.AccessToken
	Secret string // the token that was just made, which is shown once
	Scopes []tokenScope
}

// tokenScope is a scope, and what a program may do with it.
type tokenScope struct {
	Name models.Scope
	Does string
}

var tokenScopes = []tokenScope{
	{models.ScopePosts, "Publish, change and delete posts"},
	{models.ScopeDrafts, "Read, write and delete drafts"},
	{models.ScopeComments, "Write, change and delete comments"},
}

var errNoScope = models.NewError(models.Invalid, "Choose at least one thing that the program may do.")

// accessTokens is the page of the access tokens with which programs act for the current user. A form on it names the
// token that it ends, or makes a new one.
func (p *Pages) accessTokens(c *gin.Context) (*formPage, error) {
	ctx, me := c.Request.Context(), middleware.CurrentUser(c)
	f := newForm("/account/tokens", "end", "name", "expires")
	for _, scope := range tokenScopes {
		f.limits[string(scope.Name)] = maxLine
	}
	e := newFormPage("tokens", "Access tokens", f,
		call{Does: "My access tokens", Request: "GET /auth/tokens"},
		call{Does: "Make one", Request: "POST /auth/tokens", Body: `{"name": "Notes", "scopes": ["posts"]}`})
	page := &tokensPage{Scopes: tokenScopes}
	e.Page = page
	e.find = func() (_ *models.Post, _ map[string]string, err error) {
		page.Tokens, err = p.Blog.Store.AccessTokens(ctx, me.ID)
		return nil, nil, err
	}
	e.save = func() (string, error) {
		if end := f.Value("end"); end != "" {
			id, err := models.ParseID(end)
			if err != nil {
				return "", err
			}
			return "/account/tokens?done=ended", p.Blog.EndAccessToken(ctx, me.ID, id)
		}
		var scopes []string
		for _, scope := range tokenScopes {
			if f.Value(string(scope.Name)) != "" {
				scopes = append(scopes, string(scope.Name))
			}
		}
		if scopes == nil {
			return "", errNoScope
		}
		expires, err := p.endOf(f.Value("expires"))
		if err != nil {
			return "", err
		}
		if _, page.Secret, err = p.Blog.CreateAccessToken(ctx, me, f.Value("name"), scopes, expires); err != nil {
			return "", err
		}
		clear(f.values)
		_, _, err = e.find()
		return "", err
	}
	return e, nil
}

// endOf returns the end of a day that a field for dates has, in the time zone of the site, or the zero time for none.
func (p *Pages) endOf(day string) (time.Time, error) {
	if day == "" {
		return time.Time{}, nil
	}
	start, err := time.ParseInLocation(time.DateOnly, day, p.Site.Zone)
	if err != nil {
		return start, models.RefuseFields(err, models.FieldError{Field: "expires", Message: "must be a date like 2026-12-31"})
	}
	return start.AddDate(0, 0, 1), nil
}
