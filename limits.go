package akkoord

import "time"

// Limits is the one table of sizes and times that bound what comes in.
// docs/operations.md is written from it; a test keeps the two in step.
var Limits = struct {
	EmailInput     int           // bytes of an address as typed (requirements-mail B.1)
	Name           int           // characters of a person's name
	Slug           int           // characters of a slug
	Text           int           // bytes of one wording, explanation or reason
	FormBody       int64         // bytes of a public form post (requirements-mail K.9)
	APIBody        int64         // bytes of a JSON request
	EditorBody     int64         // bytes of a post of the editor of mailings: percent-encoding triples what is typed
	Token          int           // bytes of a signed link's token (requirements-mail G.5)
	Subject        int           // characters of a subject or preheader
	Content        int           // bytes of a mailing's Markdown or HTML
	Purposes       int           // purposes of one form or request
	Interests      int           // interests of one person
	Page           int           // rows of one page of a list
	ImportRecord   int           // bytes of one row of an import
	ImportUpload   int64         // bytes of a file that is imported on the admin site
	ImportColumns  int           // columns of a file that is imported
	ImportPreviews int           // files of previews that are kept at a time
	ConfirmWindow  time.Duration // life of a confirmation link (M6)
	PendingWindow  time.Duration // life of unconfirmed data (requirements-mail F.12)
	RepeatWindow   time.Duration // a second sign-up within it repeats the first
	ResendPause    time.Duration // between two mails of one sign-up that are asked for by hand (requirements-mail F.13)
	UndoWindow     time.Duration // how long leaving can be undone
	ConfirmMails   int           // confirmation mails per mailbox and day (P14)
	ConfirmMailDay time.Duration // the "day" of ConfirmMails and OwnMails
	ComplaintPause time.Duration // between two confirmation mails to an address that complained (I.5)
	OwnWindow      time.Duration // life of a link to one's own data or to a new address
	OwnMails       int           // mails with a link to one's own data, per mailbox and day (P14)
	AddressAsks    int           // new addresses that one person may ask for in a day
	LeaveNote      int           // characters of why somebody left
	ContractFields int           // fields of one template of transactional mail
	ContractValue  int           // characters of one field's value
	PasswordMin    int           // characters of a user's password at least (M27)
	PasswordMax    int           // and at most
	Guesses        int           // wrong passwords for one address, or codes of one user, until a pause (P27)
	NetworkGuesses int           // the same from one network, an IPv4 /24 or IPv6 /48, at all addresses and users
	OpenQuestions  int           // logins by passkey that one network may have begun within five minutes, and not ended
	GuessPause     time.Duration // since the first of them
	Passkeys       int           // of one user at most (M27)
	ProofWindow    time.Duration // how long after showing who one is one may do what asks for that (M27)
	WholeIP        time.Duration // how long a whole IP address is kept, where it is at all (requirements-mail F.7)
	KeepWindow     time.Duration // life of a link to say that one still wants a purpose (M18)
	ClickGroup     int           // clicks of a link below which their number is not shown (M22)
	FilterDepth    int           // levels of a segment's filter
	FilterNodes    int           // nodes of a segment's filter
	Webhooks       int           // endpoints that are told of events
	FilterText     int           // bytes of a name, source or URL in a filter
}{
	EmailInput: 320, Name: 200, Slug: 64, Text: 4000,
	FormBody: 16 << 10, APIBody: 1 << 20, EditorBody: 4 << 20, Token: 2048,
	Subject: 250, Content: 200 << 10, Purposes: 20, Interests: 50, Page: 200, ImportRecord: 1 << 20, ImportUpload: 512 << 20, ImportColumns: 1000, ImportPreviews: 5,
	ConfirmWindow: 7 * 24 * time.Hour, PendingWindow: 14 * 24 * time.Hour,
	RepeatWindow: 24 * time.Hour, ResendPause: 5 * time.Minute, UndoWindow: time.Hour,
	ConfirmMails: 3, ConfirmMailDay: 24 * time.Hour, ComplaintPause: 90 * 24 * time.Hour,
	OwnWindow: 24 * time.Hour, OwnMails: 3, AddressAsks: 3, LeaveNote: 500, PasswordMin: 12, PasswordMax: 200, Guesses: 10, NetworkGuesses: 100, OpenQuestions: 100, GuessPause: time.Hour, Passkeys: 20, ProofWindow: 15 * time.Minute,
	KeepWindow: 90 * 24 * time.Hour, WholeIP: 90 * 24 * time.Hour,
	ContractFields: 50, ContractValue: 2000,
	ClickGroup: 5, FilterDepth: 8, FilterNodes: 100, FilterText: 2000, Webhooks: 20,
}
