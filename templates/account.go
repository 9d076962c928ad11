package templates

// CodePage asks for the code of a second factor, after the password or the
// one-time link. It posts code to its own path.
type CodePage struct {
	Admin
	Errors FieldErrors
}

// AccountPage is GET /admin/account: what its user logs in with. Its forms post
// act=password, factor, confirm, remove or sessions to its path.
type AccountPage struct {
	Admin
	Email, Role, Reason       string
	HasPassword, SecondFactor bool
	CodesLeft                 int      // recovery codes
	Secret                    string   // of a second factor that is being set up; empty: none is
	Codes                     []string // recovery codes that were just made, to be shown once
	Errors                    FieldErrors
}

func (CodePage) file() string    { return "admin/code.html" }
func (AccountPage) file() string { return "admin/account.html" }
