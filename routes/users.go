package routes

import (
	"context"
	"errors"
	"net/http"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"gin-blog/models"
)

// publicUserBody is a user as everybody sees them: never the email.
type publicUserBody struct {
	ID        string    `json:"_id"`
	Username  string    `json:"username"`
	Name      string    `json:"name"`
	Bio       string    `json:"bio"`
	CreatedAt timestamp `json:"createdAt"`
}

func (a *api) user(c *gin.Context) error {
	u, err := a.userByIDOrName(c.Request.Context(), c.Param("id"))
	if err != nil {
		return err
	}
	return render(c, http.StatusOK, publicUserBody{
		ID: u.ID.Hex(), Username: u.Username, Name: u.Name, Bio: u.Bio, CreatedAt: timestamp(u.CreatedAt),
	})
}

// userByIDOrName finds a user by id or, where no user has that id, by name: a database of the tutorial's may hold names
// of 24 hex digits, which can be registered no more.
func (a *api) userByIDOrName(ctx context.Context, idOrName string) (*models.User, error) {
	if id, err := models.ParseID(idOrName); err == nil {
		u, err := a.Store.UserByID(ctx, id)
		if !errors.Is(err, models.ErrUserNotFound) {
			return u, err
		}
	}
	if !utf8.ValidString(idOrName) { // which no database takes
		return nil, models.ErrUserNotFound
	}
	return a.Store.UserByUsername(ctx, idOrName)
}
