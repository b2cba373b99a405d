package metered

import (
	"context"
	"time"

	"gin-blog/models"
)

func (s *store) CreateUser(ctx context.Context, u *models.User) (err error) {
	defer s.observe("CreateUser", time.Now(), &err)
	return s.Store.CreateUser(ctx, u)
}

func (s *store) CreateUsers(ctx context.Context, users []models.User) (err error) {
	defer s.observe("CreateUsers", time.Now(), &err)
	return s.Store.CreateUsers(ctx, users)
}

func (s *store) UserByID(ctx context.Context, id models.ID) (_ *models.User, err error) {
	defer s.observe("UserByID", time.Now(), &err)
	return s.Store.UserByID(ctx, id)
}

func (s *store) UserByUsername(ctx context.Context, username string) (_ *models.User, err error) {
	defer s.observe("UserByUsername", time.Now(), &err)
	return s.Store.UserByUsername(ctx, username)
}

func (s *store) UserByEmail(ctx context.Context, email string) (_ *models.User, err error) {
	defer s.observe("UserByEmail", time.Now(), &err)
	return s.Store.UserByEmail(ctx, email)
}

func (s *store) Users(ctx context.Context, f models.UserFilter) (_ []models.User, err error) {
	defer s.observe("Users", time.Now(), &err)
	return s.Store.Users(ctx, f)
}

func (s *store) UpdateProfile(ctx context.Context, id models.ID, change models.ProfileChange) (_ *models.User, err error) {
	defer s.observe("UpdateProfile", time.Now(), &err)
	return s.Store.UpdateProfile(ctx, id, change)
}

func (s *store) SetRole(ctx context.Context, username string, role models.Role) (err error) {
	defer s.observe("SetRole", time.Now(), &err)
	return s.Store.SetRole(ctx, username, role)
}

func (s *store) ChangePassword(ctx context.Context, id models.ID, version int64, hash string, keep models.ID) (err error) {
	defer s.observe("ChangePassword", time.Now(), &err)
	return s.Store.ChangePassword(ctx, id, version, hash, keep)
}

func (s *store) RenewHash(ctx context.Context, id models.ID, from, to string) (err error) {
	defer s.observe("RenewHash", time.Now(), &err)
	return s.Store.RenewHash(ctx, id, from, to)
}

func (s *store) DeleteUser(ctx context.Context, id models.ID) (err error) {
	defer s.observe("DeleteUser", time.Now(), &err)
	return s.Store.DeleteUser(ctx, id)
}

func (s *store) CreatePost(ctx context.Context, p *models.Post, once *models.Idempotency) (_ *models.Post, err error) {
	defer s.observe("CreatePost", time.Now(), &err)
	return s.Store.CreatePost(ctx, p, once)
}

func (s *store) CreatePosts(ctx context.Context, posts []models.Post) (err error) {
	defer s.observe("CreatePosts", time.Now(), &err)
	return s.Store.CreatePosts(ctx, posts)
}

func (s *store) PostByID(ctx context.Context, id models.ID) (_ *models.Post, err error) {
	defer s.observe("PostByID", time.Now(), &err)
	return s.Store.PostByID(ctx, id)
}

func (s *store) Posts(ctx context.Context, f models.PostFilter) (_ []models.Post, _ bool, err error) {
	defer s.observe("Posts", time.Now(), &err)
	return s.Store.Posts(ctx, f)
}

func (s *store) Revisions(ctx context.Context, f models.PostFilter) (_ []models.Revision, _ bool, err error) {
	defer s.observe("Revisions", time.Now(), &err)
	return s.Store.Revisions(ctx, f)
}

func (s *store) UpdatePost(ctx context.Context, id, author models.ID, change models.PostChange) (_ *models.Post, err error) {
	defer s.observe("UpdatePost", time.Now(), &err)
	return s.Store.UpdatePost(ctx, id, author, change)
}

func (s *store) DeletePost(ctx context.Context, id, author models.ID, ifVersion *int64) (err error) {
	defer s.observe("DeletePost", time.Now(), &err)
	return s.Store.DeletePost(ctx, id, author, ifVersion)
}

func (s *store) CreateSession(ctx context.Context, session *models.Session) (err error) {
	defer s.observe("CreateSession", time.Now(), &err)
	return s.Store.CreateSession(ctx, session)
}

func (s *store) LiveSession(ctx context.Context, id models.ID, now time.Time) (_ *models.Session, _ *models.User, err error) {
	defer s.observe("LiveSession", time.Now(), &err)
	return s.Store.LiveSession(ctx, id, now)
}

func (s *store) SwapRefreshID(ctx context.Context, id models.ID, from, to string, now time.Time) (_ *models.Session, err error) {
	defer s.observe("SwapRefreshID", time.Now(), &err)
	return s.Store.SwapRefreshID(ctx, id, from, to, now)
}

func (s *store) LiveSessions(ctx context.Context, user models.ID, now time.Time) (_ []models.Session, err error) {
	defer s.observe("LiveSessions", time.Now(), &err)
	return s.Store.LiveSessions(ctx, user, now)
}

func (s *store) DeleteSession(ctx context.Context, id models.ID) (err error) {
	defer s.observe("DeleteSession", time.Now(), &err)
	return s.Store.DeleteSession(ctx, id)
}

func (s *store) DeleteSessionOf(ctx context.Context, user, id models.ID) (err error) {
	defer s.observe("DeleteSessionOf", time.Now(), &err)
	return s.Store.DeleteSessionOf(ctx, user, id)
}

func (s *store) DeleteSessions(ctx context.Context, user models.ID) (err error) {
	defer s.observe("DeleteSessions", time.Now(), &err)
	return s.Store.DeleteSessions(ctx, user)
}

func (s *store) Ping(ctx context.Context) (err error) {
	defer s.observe("Ping", time.Now(), &err)
	return s.Store.Ping(ctx)
}
