package templates

import "time"

// CodePage asks for the code of a second factor, after the password or the
// one-time link. It posts code to its own path.
type CodePage struct {
	Admin
	Errors FieldErrors
}

// AccountPage is GET /admin/account: what its user logs in with. Its forms post
// act=password, factor, confirm or remove to its path.
type AccountPage struct {
	Admin
	Email, Role, Reason       string
	HasPassword, SecondFactor bool
	CodesLeft                 int      // recovery codes
	Secret                    string   // of a second factor that is being set up; empty: none is
	Codes                     []string // recovery codes that were just made, to be shown once
	Errors                    FieldErrors
}

// SessionsPage is GET /admin/account/sessions: where its user is logged in, newest
// first. Its forms post act=end with id, or act=others, to its path.
type SessionsPage struct {
	Admin
	Rows []SessionRow
}

// Others reports whether there is a session but this one.
func (p SessionsPage) Others() bool { return len(p.Rows) > 1 }

// SessionRow is one session.
type SessionRow struct {
	ID, Client      string // browser and system; empty: not known
	BegunAt, SeenAt time.Time
	This            bool // the one that the page is shown in
}

func (CodePage) file() string     { return "admin/code.html" }
func (AccountPage) file() string  { return "admin/account.html" }
func (SessionsPage) file() string { return "admin/sessions.html" }
