package akkoord

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// BreakGlassAct is the act in the audit trail.
const BreakGlassAct = "grant.break_glass"

const (
	// BreakGlassTime is how long a grant lasts that somebody took themselves in
	// an emergency.
	BreakGlassTime = time.Hour
	// BreakGlassReason is the least number of characters of the reason for it.
	BreakGlassReason = 20
)

// BreakGlass gives the grant that somebody takes themselves in an emergency:
// all of everybody, for an hour, for a reason that they typed. Errors: Invalid,
// and Conflict with code grant_held for those who may see all of everybody.
func (a Access) BreakGlass(holder Actor, reason string, now time.Time) (Grant, error) {
	if a.CheckPurpose(0, GrantFields...) == nil {
		return Grant{}, Errorf(Conflict, "grant_held", "You may see everybody's data already; there is nothing to take.")
	}
	if utf8.RuneCountInString(strings.TrimSpace(reason)) < BreakGlassReason {
		return Grant{}, Fieldf("reason", "reason_short", "Say in at least %d characters what happened; the data protection officer reads it.", BreakGlassReason)
	}
	if err := CheckNoPerson("reason", reason); err != nil {
		return Grant{}, err
	}
	return Grant{Holder: holder, Reason: reason, From: now, Until: now.Add(BreakGlassTime), GrantedBy: holder, GrantedAt: now, BreakGlass: true}, nil
}

// judged is Reviewed for a grant that was taken by break-glass: somebody else
// says once what came of it, also when the hour is over.
func (g Grant) judged(by Actor, on time.Time, sentence string, now time.Time) (Grant, error) {
	if !g.ReviewedAt.IsZero() {
		return Grant{}, Errorf(Conflict, "grant_over", "This emergency was reviewed already.")
	}
	if !on.IsZero() {
		return Grant{}, Fieldf("review_on", "review_date", "An emergency is reviewed once; leave the day out.")
	}
	if err := checkSentence("note", sentence); err != nil {
		return Grant{}, err
	}
	g.ReviewedAt, g.ReviewedBy, g.Review = now, by, sentence
	return g, nil
}

// Alarm tells somebody that a user or a program took access to personal data
// themselves.
type Alarm struct {
	Holder      string // address of the user, or name of the key
	Reason      string
	From, Until time.Time
}

// Watchers gives who is told that a holder took access: the data protection
// officers, and whoever the settings name as one. Where there are none, the
// owners, and where the holder is the only owner, the holder: a mail that one
// did not cause oneself is worth having. Nobody is told twice.
func Watchers(users []User, officer Email, holder Actor) (told []User, officerToo bool) {
	var self []User
	byRole := map[Role][]User{}
	for _, u := range users {
		switch {
		case !u.DisabledAt.IsZero():
		case u.Actor() == holder:
			self = append(self, u)
		default:
			byRole[u.Role] = append(byRole[u.Role], u)
		}
	}
	is := func(u User) bool {
		e, err := ParseEmail(u.Email)
		return err == nil && e.Key() == officer.Key()
	}
	told = byRole[RoleDPO]
	officerToo = !officer.IsZero() && !slices.ContainsFunc(told, is) && !slices.ContainsFunc(self, is)
	if len(told) == 0 && !officerToo {
		told = byRole[RoleOwner]
	}
	if len(told) == 0 && !officerToo {
		told = self
	}
	return told, officerToo
}
