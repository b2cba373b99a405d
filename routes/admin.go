package routes

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	"gin-blog/models"
)

// userLister is what the handlers of admins need of the store.
type userLister interface {
	Users(ctx context.Context, f models.UserFilter) ([]models.User, error)
}

// admin are the handlers under /admin.
type admin struct {
	users userLister
}

// list answers with a page of all accounts, newest first.
func (a *admin) list(c *gin.Context) error {
	q, err := parseQuery(c.Request.URL.RawQuery, "limit", "after")
	if err != nil {
		return err
	}
	// One more than the client wants tells whether there is a next page.
	users, err := a.users.Users(c.Request.Context(), models.UserFilter{After: q.after, Limit: q.limit + 1})
	if err != nil {
		return err
	}
	if len(users) > q.limit {
		users = users[:q.limit]
		c.Header("Link", q.link("/admin/users", "next", users[q.limit-1].ID))
	}
	bodies := make([]userBody, len(users))
	for i := range users {
		bodies[i] = newUserBody(&users[i])
	}
	return render(c, http.StatusOK, bodies)
}
