package templates

import "time"

// CodePage asks for the code of a second factor, after the password or the
// one-time link. It posts code to its own path.
type CodePage struct {
	Admin
	AsksPasskey
	Authenticator bool // there is one, beside recovery codes
	Errors        FieldErrors
}

// AsksPasskey is part of pages whose script can ask a browser for a passkey.
type AsksPasskey struct {
	Passkeys bool
}

// RunsScript reports whether the page needs its script.
func (p AsksPasskey) RunsScript() bool { return p.Passkeys }

// AccountPage is GET /admin/account: what its user logs in with. Its forms post
// act=password, factor, confirm or remove to its path, and passkey_add with name,
// passkey_rename with id and name, passkey_remove with id, sso_link and sso_unlink.
type AccountPage struct {
	Admin
	Email, Role, Reason       string
	HasPassword, SecondFactor bool
	CodesLeft                 int      // recovery codes
	Secret                    string   // of a second factor that is being set up; empty: none is
	Codes                     []string // recovery codes that were just made, to be shown once
	Manages                   bool     // users and keys
	Sends                     bool     // mailings
	AsksPasskey
	SignOn               string // name of the single sign-on; empty: there is none
	Linked               bool   // they log in by it
	LinkedAt, LinkUsedAt time.Time

	PasskeyRows  []PasskeyRow
	PasskeysFor  string // the address that passkeys are for
	PasskeyName  string // of one that is being added
	PasskeyAgain bool   // and whose button is to be pressed again
	Errors       FieldErrors
}

// PasskeyRow is a passkey of a user.
type PasskeyRow struct {
	ID, Name        string
	AddedAt, UsedAt time.Time
	Synced          bool // it is on several devices
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

// ProofPage asks a user to show once more who they are, before something that is
// hard to take back. It posts proof, and what was sent, to Action.
type ProofPage struct {
	Admin
	Action  string
	Email   string
	By      string   // "code" of the second factor, "password", or "link": a new login link, for who has neither
	Fields  []Option // what was sent
	Dropped bool     // passwords that were sent have to be typed again
	AsksPasskey
	Authenticator bool   // the code can be one of these, beside recovery codes
	SignOn        string // name of the single sign-on that can prove it too; empty: none
	Errors        FieldErrors
}

// LeavingPage leads to the provider of single sign-on, by itself where the header
// Refresh says so.
type LeavingPage struct {
	Admin
	Name, URL string
}

// StrangerPage says that nobody here is known by an account of single sign-on.
type StrangerPage struct {
	Admin
	Name  string
	Known bool // but it has to be connected by its user
}

// ProvedPage says that somebody has shown at the provider of single sign-on who they
// are, in a tab beside the one that asked.
type ProvedPage struct{ Admin }

// LostPage keeps what was sent when its session was over, and posts it to Action
// again.
type LostPage struct {
	Admin
	Action  string
	Fields  []Option
	Dropped bool
}

func (ProofPage) file() string { return "admin/proof.html" }
func (LostPage) file() string  { return "admin/lost.html" }

func (LeavingPage) file() string  { return "admin/leaving.html" }
func (StrangerPage) file() string { return "admin/stranger.html" }
func (ProvedPage) file() string   { return "admin/proved.html" }

func (CodePage) file() string     { return "admin/code.html" }
func (AccountPage) file() string  { return "admin/account.html" }
func (SessionsPage) file() string { return "admin/sessions.html" }
