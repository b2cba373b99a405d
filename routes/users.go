package routes

import (
	"context"
	"errors"
	"net/http"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"gin-blog/models"
)

// userFinder is a store that finds users.
type userFinder interface {
	UserByID(ctx context.Context, id models.ID) (*models.User, error)
	UserByUsername(ctx context.Context, username string) (*models.User, error)
}

// users are the handlers under /users.
type users struct {
	store userFinder
}

// publicUserBody is a user as everybody may see them. It never has the email address.
type publicUserBody struct {
	ID        string    `json:"_id"`
	Username  string    `json:"username"`
	Name      string    `json:"name"`
	Bio       string    `json:"bio"`
	CreatedAt timestamp `json:"createdAt"`
}

func (h *users) read(c *gin.Context) error {
	u, err := findUser(c.Request.Context(), h.store, c.Param("id"))
	if err != nil {
		return err
	}
	return render(c, http.StatusOK, publicUserBody{
		ID: u.ID.Hex(), Username: u.Username, Name: u.Name, Bio: u.Bio, CreatedAt: timestamp(u.CreatedAt),
	})
}

// findUser finds a user by id, or by name if no user has that id. A name of 24 hex digits cannot be registered, but
// a database of the tutorial may contain one.
func findUser(ctx context.Context, store userFinder, idOrName string) (*models.User, error) {
	if id, err := models.ParseID(idOrName); err == nil {
		u, err := store.UserByID(ctx, id)
		if !errors.Is(err, models.ErrUserNotFound) {
			return u, err
		}
	}
	if !utf8.ValidString(idOrName) { // databases refuse it
		return nil, models.ErrUserNotFound
	}
	return store.UserByUsername(ctx, idOrName)
}
