package routes

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"gin-blog/models"
)

// listUsers shows admins who has an account, newest first.
func (a *api) listUsers(c *gin.Context) error {
	q, err := parseQuery(c.Request.URL.RawQuery, "limit", "after")
	if err != nil {
		return err
	}
	// One more than asked for tells whether there is a next page.
	users, err := a.Store.Users(c.Request.Context(), models.UserFilter{After: q.after, Limit: q.limit + 1})
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
