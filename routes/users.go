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
