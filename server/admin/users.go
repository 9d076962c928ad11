package admin

import (
	"cmp"
	"context"
	"crypto/rand"
	"net/http"
	"strings"
	"time"

	"akkoord"
	"akkoord/templates"
)

// Staff keeps who has access to the site (M26).
type Staff interface {
	UserNamed(ctx context.Context, id akkoord.ID) (akkoord.User, error)
	AddUser(ctx context.Context, actor akkoord.Actor, u akkoord.User) (akkoord.User, error)
	AddLoginToken(ctx context.Context, actor akkoord.Actor, userID int64, hash [32]byte, expires time.Time) error
	// Each of these ends the user's sessions and login links (P27). The last owner
	// stays owner: last_owner.
	ReassignUser(ctx context.Context, actor akkoord.Actor, userID int64, role akkoord.Role, reason string) error
	EndUser(ctx context.Context, actor akkoord.Actor, userID int64, reason string) error
}

const usersPath = Prefix + "/users"

// LoginLife is how long a one-time login link works.
const LoginLife = 24 * time.Hour

// users lists who has access, and had it.
func (s *Site) users(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := s.cfg.Store.Audit(r.Context(), v.user.Actor(), "user.list", "user", ""); err != nil {
		return err
	}
	return s.showUsers(w, r, v, http.StatusOK, templates.UsersPage{})
}

func (s *Site) showUsers(w http.ResponseWriter, r *http.Request, v visit, code int, page templates.UsersPage) error {
	users, err := s.cfg.Store.Users(r.Context())
	if err != nil {
		return err
	}
	page.Admin = s.frame(r, v, "settings")
	page.Path = usersPath
	page.Role = cmp.Or(page.Role, string(akkoord.RoleEditor))
	for _, role := range akkoord.Roles {
		if akkoord.CheckUserRole(role) == nil {
			page.Roles = append(page.Roles, string(role))
		}
	}
	for _, u := range users {
		page.Rows = append(page.Rows, templates.UserRow{
			ID: u.PublicID.String(), Email: u.Email, Role: string(u.Role), Reason: u.Reason, Since: u.CreatedAt, EndedAt: u.DisabledAt,
			HasPassword: u.HasPassword, SecondFactor: u.SecondFactor, Passkeys: u.Passkeys, Linked: u.Linked, You: u.ID == v.user.ID, Action: usersPath + "/" + u.PublicID.String(),
		})
	}
	return s.page(w, v, code, page)
}

// invite gives somebody access and shows the link by which they log in first.
func (s *Site) invite(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	ctx, in := r.Context(), r.PostForm
	page := templates.UsersPage{Email: strings.TrimSpace(in.Get("email")), Role: in.Get("role"), Reason: in.Get("reason")}
	err := akkoord.CheckUserRole(akkoord.Role(page.Role))
	var u akkoord.User
	if err == nil {
		u, err = s.cfg.Store.AddUser(ctx, v.user.Actor(), akkoord.User{Email: page.Email, Role: akkoord.Role(page.Role), Reason: page.Reason})
	}
	if err == nil {
		return s.showLink(w, r, v, u)
	}
	errs, code, ok := faults(err, nil)
	if !ok {
		return err
	}
	page.Errors = errs
	return s.showUsers(w, r, v, code, page)
}

// showLink makes a one-time login link for a user, and shows it this once.
func (s *Site) showLink(w http.ResponseWriter, r *http.Request, v visit, u akkoord.User) error {
	token, hash, err := NewLoginToken(rand.Reader)
	if err != nil {
		return err
	}
	if err := s.cfg.Store.AddLoginToken(r.Context(), v.user.Actor(), u.ID, hash, s.cfg.Now().Add(LoginLife)); err != nil {
		return s.done(w, r, err, "", usersPath)
	}
	return s.showUsers(w, r, v, http.StatusOK, templates.UsersPage{Invited: u.Email, Link: strings.TrimSuffix(s.cfg.BaseURL, "/") + LoginPath(token)})
}

// changeUser does what a button beside a user says.
func (s *Site) changeUser(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	id, err := akkoord.ParseID(r.PathValue("id"))
	if err != nil {
		return err
	}
	ctx, in, actor := r.Context(), r.PostForm, v.user.Actor()
	u, err := s.cfg.Store.UserNamed(ctx, id)
	if err != nil {
		return err
	}
	notice, next := "saved", usersPath
	switch in.Get("act") {
	case "role":
		err = s.cfg.Store.ReassignUser(ctx, actor, u.ID, akkoord.Role(in.Get("role")), in.Get("reason"))
	case "end":
		err = s.cfg.Store.EndUser(ctx, actor, u.ID, in.Get("reason"))
	case "forget":
		err, notice = s.cfg.Store.ForgetFactors(ctx, actor, u), "factor_removed"
	case "sessions":
		err, notice = s.cfg.Store.EndSessions(ctx, actor, u), "user_sessions"
	case "link":
		return s.showLink(w, r, v, u)
	default:
		err = errNoAct
	}
	if err == nil && u.ID == v.user.ID && in.Get("act") != "end" {
		next, err = accountPath, s.goOn(r, u)
	}
	return s.done(w, r, err, notice, next)
}
