package routes

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"gin-blog/models"
)

// publicUserBody is a user as everybody may see them. It never has the email address.
type publicUserBody struct {
	ID        string    `json:"_id"`
	Username  string    `json:"username"`
	Name      string    `json:"name"`
	Bio       string    `json:"bio"`
	CreatedAt timestamp `json:"createdAt"`
}

func (h *api) readUser(c *gin.Context) error {
	u, err := models.FindUser(c.Request.Context(), h.Blog.Store, c.Param("id"))
	if err != nil {
		return err
	}
	return render(c, http.StatusOK, publicUserBody{
		ID: u.ID.Hex(), Username: u.Username, Name: u.Name, Bio: u.Bio, CreatedAt: timestamp(u.CreatedAt),
	})
}

// listUsers answers with a page of all accounts, newest first.
func (h *api) listUsers(c *gin.Context) error {
	q, err := parseQuery(c.Request.URL.RawQuery, "limit", "after")
	if err != nil {
		return err
	}
	// One more than the client wants tells whether there is a next page.
	users, err := h.Blog.Store.Users(c.Request.Context(), models.UserFilter{After: q.after, Limit: q.limit + 1})
	if err != nil {
		return err
	}
	more := len(users) > q.limit
	users = users[:min(len(users), q.limit)]
	return renderPage(c, q, users, more, newUserBody)
}
