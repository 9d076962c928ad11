package api

import (
	"context"
	"strings"
	"time"

	"akkoord"
)

// Users keeps who has access to the admin site (M26).
type Users interface {
	Users(ctx context.Context) ([]akkoord.User, error)
	UserNamed(ctx context.Context, id akkoord.ID) (akkoord.User, error)
	AddUser(ctx context.Context, actor akkoord.Actor, u akkoord.User) (akkoord.User, error)
	AddLoginToken(ctx context.Context, actor akkoord.Actor, userID int64, hash [32]byte, expires time.Time) error
	// Each of these ends the user's sessions and login links (P27). The last owner
	// stays owner: last_owner.
	ReassignUser(ctx context.Context, actor akkoord.Actor, userID int64, role akkoord.Role, reason string) error
	EndUser(ctx context.Context, actor akkoord.Actor, userID int64, reason string) error
	ForgetFactors(ctx context.Context, actor akkoord.Actor, u akkoord.User) error
	EndSessions(ctx context.Context, actor akkoord.Actor, u akkoord.User) error
}

// Login makes the one-time links by which users log in.
type Login struct {
	New  func() (path string, hash [32]byte, err error)
	Life time.Duration
}

// newUser is the body of POST /users.
type newUser struct {
	Email  string       `json:"email"`
	Role   akkoord.Role `json:"role" enum:"owner,manager,editor,analyst,dpo"`
	Reason string       `json:"reason" doc:"Why they need access. Kept for good."`
}

// user is a user as the API shows them.
type user struct {
	ID           akkoord.ID   `json:"id" format:"uuid"`
	Email        string       `json:"email"`
	Role         akkoord.Role `json:"role"`
	Reason       string       `json:"reason"`
	HasPassword  bool         `json:"has_password" doc:"False: they log in by one-time links."`
	SecondFactor bool         `json:"second_factor" doc:"A TOTP."`
	Passkeys     int          `json:"passkeys" doc:"How many they have."`
	CreatedAt    *Time        `json:"created_at"`
	EndedAt      *Time        `json:"ended_at" doc:"Since when they have no access any more; null: they have."`
}

func showUser(u akkoord.User) user {
	return user{u.PublicID, u.Email, u.Role, u.Reason, u.HasPassword, u.SecondFactor, u.Passkeys, when(u.CreatedAt), when(u.DisabledAt)}
}

// invitation is a user with the link by which they log in.
type invitation struct {
	user
	LoginLink *string `json:"login_link" doc:"Lets them in once, within 24 hours. Shown this once: a repetition by Idempotency-Key has null."`
}

func (invitation) once() string { return "login_link" }

func (a *API) listUsers(ctx context.Context, in *struct{ Paging }) (list[user], error) {
	page, err := in.page()
	if err != nil {
		return list[user]{}, err
	}
	all, err := a.cfg.Store.Users(ctx)
	if err != nil {
		return list[user]{}, err
	}
	rows, next := cut(all, func(u akkoord.User) int64 { return u.ID }, page)
	return newList(rows, next, showUser), a.audit(ctx, "user.list", "user", "")
}

func (a *API) addUser(ctx context.Context, in *struct{ Body newUser }) (invitation, error) {
	b := in.Body
	if err := akkoord.CheckUserRole(b.Role); err != nil {
		return invitation{}, err
	}
	u, err := a.cfg.Store.AddUser(ctx, caller(ctx).Actor(), akkoord.User{Email: b.Email, Role: b.Role, Reason: b.Reason})
	if err != nil {
		return invitation{}, err
	}
	return a.invite(ctx, u)
}

func (a *API) invite(ctx context.Context, u akkoord.User) (invitation, error) {
	path, hash, err := a.cfg.Login.New()
	if err != nil {
		return invitation{}, err
	}
	if err := a.cfg.Store.AddLoginToken(ctx, caller(ctx).Actor(), u.ID, hash, a.cfg.Now().Add(a.cfg.Login.Life)); err != nil {
		return invitation{}, err
	}
	return invitation{showUser(u), orNil(strings.TrimSuffix(a.cfg.BaseURL, "/") + path)}, nil
}

// namedUser gives the user that a path names.
func (a *API) namedUser(ctx context.Context, name string) (akkoord.User, error) {
	id, err := akkoord.ParseID(name)
	if err != nil {
		return akkoord.User{}, err
	}
	return a.cfg.Store.UserNamed(ctx, id)
}

// onUser acts on the user that a path names, and gives what became of them.
func (a *API) onUser(ctx context.Context, name string, act func(akkoord.User) error) (user, error) {
	u, err := a.namedUser(ctx, name)
	if err == nil {
		err = act(u)
	}
	if err == nil {
		u, err = a.cfg.Store.UserNamed(ctx, u.PublicID)
	}
	return showUser(u), err
}

func (a *API) readUser(ctx context.Context, in *ByID) (user, error) {
	return a.onUser(ctx, in.ID, func(u akkoord.User) error { return a.audit(ctx, "user.read", "user:"+u.PublicID.String(), "") })
}

func (a *API) changeUser(ctx context.Context, in *struct {
	ByID
	Body struct {
		Role   akkoord.Role `json:"role" enum:"owner,manager,editor,analyst,dpo"`
		Reason string       `json:"reason" doc:"Why they need this access. Kept for good."`
	}
}) (user, error) {
	return a.onUser(ctx, in.ID, func(u akkoord.User) error {
		return a.cfg.Store.ReassignUser(ctx, caller(ctx).Actor(), u.ID, in.Body.Role, in.Body.Reason)
	})
}

func (a *API) endUser(ctx context.Context, in *struct {
	ByID
	Body reasonOrder
}) (user, error) {
	return a.onUser(ctx, in.ID, func(u akkoord.User) error {
		return a.cfg.Store.EndUser(ctx, caller(ctx).Actor(), u.ID, in.Body.Reason)
	})
}

func (a *API) linkUser(ctx context.Context, in *ByID) (invitation, error) {
	u, err := a.namedUser(ctx, in.ID)
	if err != nil {
		return invitation{}, err
	}
	return a.invite(ctx, u)
}

func (a *API) endUserSessions(ctx context.Context, in *ByID) (user, error) {
	return a.onUser(ctx, in.ID, func(u akkoord.User) error { return a.cfg.Store.EndSessions(ctx, caller(ctx).Actor(), u) })
}

func (a *API) forgetFactor(ctx context.Context, in *ByID) (user, error) {
	return a.onUser(ctx, in.ID, func(u akkoord.User) error { return a.cfg.Store.ForgetFactors(ctx, caller(ctx).Actor(), u) })
}
