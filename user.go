package akkoord

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Role is what a user or an API key may do (M27).
type Role string

// The roles.
const (
	RoleOwner   Role = "owner"
	RoleManager Role = "manager"
	RoleEditor  Role = "editor"
	RoleAnalyst Role = "analyst"
	RoleDPO     Role = "dpo"  // data protection officer
	RoleMail    Role = "mail" // of programs alone: they send transactional mail and hand over what comes in
)

// Roles lists the roles as commands and the API name them.
var Roles = []Role{RoleOwner, RoleManager, RoleEditor, RoleAnalyst, RoleDPO, RoleMail}

// Right is one thing that a route or command needs. Every route declares one
// (P28).
type Right string

// The rights.
const (
	ReadPeople     Right = "people.read"
	ChangePeople   Right = "people.change"
	ErasePeople    Right = "people.erase"
	ReadCatalogue  Right = "catalogue.read"   // purposes, forms, campaigns, mailings, counts
	ChangePurposes Right = "catalogue.change" // purposes and forms
	WriteMailings  Right = "mailings.write"   // campaigns, drafts, test mails
	SendMailings   Right = "mailings.send"
	ReleaseSending Right = "sending.release" // after a restore
	ReadAudit      Right = "audit.read"
	ReadRecords    Right = "records.read"    // of processing
	ManageAccess   Right = "access.manage"   // users and keys
	ManageGrants   Right = "grants.manage"   // who may see which personal data
	ChangeRegister Right = "register.change" // of parties that data goes to, and of restore drills
	ManageWebhooks Right = "webhooks.manage" // endpoints of others that are told of events
	SetUp          Right = "setup"           // who is behind the mails, and the first steps

	WriteContracts Right = "transactional.write" // templates
	SendContracts  Right = "transactional.send"
	ReadContracts  Right = "transactional.read" // the log
	ReceiveMail    Right = "mail.receive"       // mail that comes in, like that to the address for leaving
)

// rights is the whole matrix of roles and rights.
var rights = map[Role][]Right{
	RoleOwner:   {ReadPeople, ChangePeople, ErasePeople, ReadCatalogue, ChangePurposes, WriteMailings, SendMailings, ReleaseSending, ReadAudit, ReadRecords, ManageAccess, ManageGrants, ChangeRegister, ManageWebhooks, SetUp, WriteContracts, SendContracts, ReadContracts, ReceiveMail},
	RoleManager: {ReadPeople, ChangePeople, ReadCatalogue, ChangePurposes, WriteMailings, SendMailings, ReadRecords, WriteContracts, SendContracts, ReadContracts, ReceiveMail},
	RoleEditor:  {ReadCatalogue, WriteMailings, WriteContracts},
	RoleAnalyst: {ReadCatalogue},
	RoleMail:    {SendContracts, ReceiveMail},
	RoleDPO:     {ReadPeople, ChangePeople, ErasePeople, ReadCatalogue, ReadAudit, ReadRecords, ManageGrants, ChangeRegister, ReadContracts},
}

// May reports whether a role has a right.
func (r Role) May(right Right) bool { return slices.Contains(rights[r], right) }

// ParseRole reads a role.
func ParseRole(s string) (Role, error) {
	if _, ok := rights[Role(s)]; ok {
		return Role(s), nil
	}
	names := make([]string, len(Roles))
	for i, r := range Roles {
		names[i] = string(r)
	}
	return "", Fieldf("role", "role_unknown", "The role is one of %s.", strings.Join(names, ", "))
}

// User is somebody with access to the admin site, and why (M26).
type User struct {
	ID         int64
	PublicID   ID
	Email      string // of staff, as typed
	Role       Role
	Reason     string
	CreatedAt  time.Time
	DisabledAt time.Time

	HasPassword  bool
	SecondFactor bool // a TOTP
	Passkeys     int
	Linked       bool      // logs in by single sign-on too
	RenewedAt    time.Time // when what they log in with last changed: sessions begun with another are over (P27); zero: never
}

var (
	errLastOwner = Errorf(Conflict, "last_owner", "This is the last owner: nobody could manage access any more. Make somebody else owner first.")
	errUserEnded = Errorf(Conflict, "user_ended", "This user's access has ended. Invite them again.")
)

// CheckUserRole refuses roles that nobody can have who logs in.
func CheckUserRole(role Role) error {
	if _, err := ParseRole(string(role)); err != nil {
		return err
	}
	if role == RoleMail {
		return Fieldf("role", "role_of_programs", "The role mail is for programs: make an API key.")
	}
	return nil
}

// Reassign gives a user another role, for a reason (M26). others counts the owners
// besides them: the last one stays owner.
func (u User) Reassign(role Role, reason string, others int) (User, error) {
	if !u.DisabledAt.IsZero() {
		return u, errUserEnded
	}
	if err := CheckUserRole(role); err != nil {
		return u, err
	}
	if err := CheckReason(reason); err != nil {
		return u, err
	}
	if u.Role == RoleOwner && role != RoleOwner && others == 0 {
		return u, errLastOwner
	}
	u.Role, u.Reason = role, reason
	return u, nil
}

// End takes a user's access away, for a reason. Whoever has none any more stays so,
// with its first time; the last owner can't be ended.
func (u User) End(reason string, others int, now time.Time) (User, error) {
	if err := CheckReason(reason); err != nil {
		return u, err
	}
	if !u.DisabledAt.IsZero() {
		return u, nil
	}
	if u.Role == RoleOwner && others == 0 {
		return u, errLastOwner
	}
	u.DisabledAt = now
	return u, nil
}

// Actor names the user in the ledger and the audit trail.
func (u User) Actor() Actor { return Actor(fmt.Sprintf("user:%d", u.ID)) }

// User gives the number of the user who acts; false for keys, people and the system.
func (a Actor) User() (int64, bool) {
	number, of := strings.CutPrefix(string(a), "user:")
	id, err := strconv.ParseInt(number, 10, 64)
	return id, of && err == nil
}

// Key gives the number of the key that an actor is.
func (a Actor) Key() (int64, bool) {
	number, of := strings.CutPrefix(string(a), "key:")
	id, err := strconv.ParseInt(number, 10, 64)
	return id, of && err == nil
}

// UserSession is a login of a user to the admin site.
type UserSession struct {
	ID        ID
	UserID    int64
	BegunAt   time.Time
	SeenAt    time.Time // when it was last used, to within a minute
	ExpiresAt time.Time
	Client    string // browser and system, like "Firefox, Windows"; empty: not known
}

// APIKey is a program's access. Only a hash of the key is stored.
type APIKey struct {
	ID        int64
	PublicID  ID
	Name      string
	Role      Role
	Reason    string
	CreatedAt time.Time
	ExpiresAt time.Time // when it stops working; zero: not by itself
	UsedAt    time.Time // when it was last used, to within a minute; zero: never
	RevokedAt time.Time
}

// Check reports the first thing wrong with a new key. Errors are Invalid and name
// the field.
func (k APIKey) Check(now time.Time) error {
	if k.Name == "" {
		return Fieldf("name", "text_missing", "A key needs a name.")
	}
	if err := CheckLine("name", k.Name, Limits.Text); err != nil {
		return err
	}
	if _, err := ParseRole(string(k.Role)); err != nil {
		return err
	}
	if !k.ExpiresAt.IsZero() && !k.ExpiresAt.After(now) {
		return Fieldf("expires_at", "time_past", "A key can only stop working at a time to come.")
	}
	return CheckReason(k.Reason)
}

// Works reports whether a key lets in.
func (k APIKey) Works(now time.Time) bool {
	return k.RevokedAt.IsZero() && (k.ExpiresAt.IsZero() || k.ExpiresAt.After(now))
}

// Actor names the key in the ledger and the audit trail.
func (k APIKey) Actor() Actor { return Actor(fmt.Sprintf("key:%d", k.ID)) }

// CheckReason reports whether a reason for access was given (M26).
func CheckReason(reason string) error {
	if strings.TrimSpace(reason) == "" {
		return Fieldf("reason", "reason_missing", "Say why this access is needed; it is kept on record.")
	}
	return CheckText("reason", reason, Limits.Text)
}

// Page asks for one page of a list, in the order of an internal number.
type Page struct {
	After int64 // number after which the page begins; 0 for the first page
	Limit int   // at most Limits.Page; 0 means that
}

// Size gives the number of rows that the page may hold.
func (p Page) Size() int {
	if p.Limit <= 0 || p.Limit > Limits.Page {
		return Limits.Page
	}
	return p.Limit
}

// AllPages reads every page of a list, the first that fails included.
func AllPages[T any](ctx context.Context, read func(context.Context, Page) (rows []T, next int64, err error)) ([]T, error) {
	var out []T
	for p := (Page{}); ; {
		rows, next, err := read(ctx, p)
		out = append(out, rows...)
		if err != nil || next == 0 {
			return out, err
		}
		p.After = next
	}
}

// Image is an uploaded picture of a mailing.
type Image struct {
	PublicID    ID
	ContentType string // image/png, image/jpeg, image/gif or image/webp
	Data        []byte
	At          time.Time // when it was uploaded; in lists
}
