package mongodb

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"gin-blog/models"
)

// createAttempts bounds how often a name may be freed between the insert it blocked and the question whose it is.
const createAttempts = 3

// userDocument is a user as the tutorial's Express app stores it, with fields of ours that it passes over.
type userDocument struct {
	ID        models.ID `bson:"_id"`
	Username  string    `bson:"username"`
	Password  string    `bson:"password"`
	Email     string    `bson:"email,omitempty"`
	Name      string    `bson:"name,omitempty"`
	Bio       string    `bson:"bio,omitempty"`
	Role      string    `bson:"role,omitempty"`
	CreatedAt time.Time `bson:"createdAt,omitempty"`
}

func (d *userDocument) user() *models.User {
	u := &models.User{
		ID: d.ID, Username: d.Username, Email: d.Email, Name: d.Name, Bio: d.Bio,
		Role: models.RoleUser, PasswordHash: d.Password, CreatedAt: d.CreatedAt,
	}
	if d.Role == string(models.RoleAdmin) {
		u.Role = models.RoleAdmin
	}
	if u.CreatedAt.IsZero() { // the tutorial's users carry no date but the one in their id
		u.CreatedAt = d.ID.Timestamp()
	}
	return u
}

// CreateUser implements models.UserStore.
func (s *Store) CreateUser(ctx context.Context, u *models.User) error {
	c, err := s.collections()
	if err != nil {
		return err
	}
	document := userDocument{
		ID: u.ID, Username: u.Username, Password: u.PasswordHash, Email: u.Email,
		Name: u.Name, Bio: u.Bio, Role: string(u.Role), CreatedAt: u.CreatedAt,
	}
	for range createAttempts {
		_, err = c.users.InsertOne(ctx, document)
		if !mongo.IsDuplicateKeyError(err) {
			break
		}
		if taken := s.whichIsTaken(ctx, u); taken != nil {
			return fmt.Errorf("create user: %w", taken)
		}
	}
	return wrap("create user", err)
}

// whichIsTaken asks whether another user has the name or the email of u; nil where neither. The text of the
// server's error would tell too, but every server words it in its own way.
func (s *Store) whichIsTaken(ctx context.Context, u *models.User) error {
	if _, err := s.UserByUsername(ctx, u.Username); !errors.Is(err, models.ErrUserNotFound) {
		return cmp.Or(err, models.ErrUsernameTaken)
	}
	if u.Email == "" {
		return nil
	}
	if _, err := s.UserByEmail(ctx, u.Email); !errors.Is(err, models.ErrUserNotFound) {
		return cmp.Or(err, models.ErrEmailTaken)
	}
	return nil
}

// UserByID implements models.UserStore.
func (s *Store) UserByID(ctx context.Context, id models.ID) (*models.User, error) {
	c, err := s.collections()
	if err != nil {
		return nil, err
	}
	return findUser(ctx, c, byID(id), nil)
}

// UserByUsername implements models.UserStore.
func (s *Store) UserByUsername(ctx context.Context, username string) (*models.User, error) {
	c, err := s.collections()
	if err != nil {
		return nil, err
	}
	return findUser(ctx, c, bson.D{{Key: "username", Value: username}}, c.nameCollation)
}

// UserByEmail implements models.UserStore.
func (s *Store) UserByEmail(ctx context.Context, email string) (*models.User, error) {
	c, err := s.collections()
	if err != nil {
		return nil, err
	}
	return findUser(ctx, c, bson.D{{Key: "email", Value: email}}, c.emailCollation)
}

func findUser(ctx context.Context, c *collections, filter bson.D, collation *options.Collation) (*models.User, error) {
	find := options.FindOne()
	if collation != nil {
		find.SetCollation(collation)
	}
	var d userDocument
	err := c.users.FindOne(ctx, filter, find).Decode(&d)
	if errors.Is(err, mongo.ErrNoDocuments) {
		err = models.ErrUserNotFound
	}
	if err != nil {
		return nil, wrap("find user", err)
	}
	return d.user(), nil
}
