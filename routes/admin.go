package routes

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"gin-blog/models"
)

// listUsers shows admins who has an account, newest first.
func (a *api) listUsers(c *gin.Context) error {
	p, err := parsePage(c.Request.URL.RawQuery)
	if err != nil {
		return err
	}
	users, err := a.Store.Users(c.Request.Context(), models.UserFilter{After: p.after, Limit: p.limit + 1})
	if err != nil {
		return err
	}
	if len(users) > p.limit {
		users = users[:p.limit]
		c.Header("Link", p.next("/admin/users", users[p.limit-1].ID))
	}
	bodies := make([]userBody, len(users))
	for i := range users {
		bodies[i] = newUserBody(&users[i])
	}
	return render(c, http.StatusOK, bodies)
}
