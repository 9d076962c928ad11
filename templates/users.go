package templates

import (
	"slices"
	"time"
)

// UsersPage is GET /admin/users: who has access, and the form that invites somebody,
// which posts email, role and reason to its path.
type UsersPage struct {
	Admin
	Rows                []UserRow
	Roles               []string
	Email, Role, Reason string // as typed, where they were refused
	Errors              FieldErrors
	Invited, Link       string // whom a login link was just made for; it is shown once
}

// UserRow is a user. Its forms post act=role with role and reason, end with reason,
// link, sessions or forget to Action.
type UserRow struct {
	ID, Email, Role, Reason   string
	Since, EndedAt            time.Time
	HasPassword, SecondFactor bool
	Passkeys                  int
	Linked                    bool // they log in by single sign-on too
	You                       bool
	Action                    string
}

// KeysPage is GET /admin/keys: the keys of programs, and the form that makes one,
// which posts name, role, reason, purpose and last_day to its path.
type KeysPage struct {
	Admin
	Rows                        []KeyRow
	Roles                       []string
	Purposes                    []Option
	Tomorrow                    string
	Name, Role, Reason, LastDay string // as typed, where they were refused
	Chosen                      []string
	Errors                      FieldErrors
	Made, Secret                string // a key that was just made; it is shown once
}

// Ticked reports whether a purpose was chosen.
func (p KeysPage) Ticked(slug string) bool { return slices.Contains(p.Chosen, slug) }

// KeyRow is the key of a program. Its form posts to Action to end it.
type KeyRow struct {
	ID, Name, Role, Reason            string
	Purposes                          []string // whose people it may see
	Everybody, SeesPeople             bool
	Since, UsedAt, ExpiresAt, EndedAt time.Time
	Expired                           bool // it lets nobody in any more
	Action                            string
}

func (UsersPage) file() string { return "admin/users.html" }
func (KeysPage) file() string  { return "admin/keys.html" }
