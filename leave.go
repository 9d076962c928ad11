package akkoord

import "time"

// Scope is how much a person leaves (M13).
type Scope string

// The scopes of leaving.
const (
	ScopeCampaign Scope = "campaign"
	ScopePurpose  Scope = "purpose"
	ScopeAll      Scope = "all"
)

// ParseScope reads a scope as forms send it.
func ParseScope(s string) (Scope, error) {
	switch scope := Scope(s); scope {
	case ScopeCampaign, ScopePurpose, ScopeAll:
		return scope, nil
	}
	return "", Fieldf("scope", "scope_invalid", "Choose what to leave: campaign, purpose or all.")
}

// Leave decides what leaving does. What the person has already left stays as
// it is, with its first time (requirements-mail C.8).
func (s Standing) Leave(scope Scope, purposeID, campaignID int64, o Origin, now time.Time) Change {
	var c Change
	switch scope {
	case ScopeCampaign:
		if campaignID != 0 && !s.HasLeft(campaignID) {
			c.Leave = []int64{campaignID}
			c.Events = []Event{o.event(CampaignLeft, s.Subscription(purposeID), now)}
		}
	case ScopePurpose:
		s.withdraw(&c, s.Subscription(purposeID), o, now)
	case ScopeAll:
		for _, sub := range s.Subscriptions {
			s.withdraw(&c, sub, o, now)
		}
		if s.Suppressed(SuppressedUnsubscribed) {
			break
		}
		c.Suppress = []SuppressionKind{SuppressedUnsubscribed}
		if len(c.Events) == 0 { // whoever has left every purpose can still leave everything to come
			c.Events = []Event{o.event(Withdrew, Subscription{}, now)}
		}
	}
	return c
}

func (s Standing) withdraw(c *Change, sub Subscription, o Origin, now time.Time) {
	if sub.State != Active && sub.State != Pending && sub.State != Held && !sub.ended() {
		return
	}
	c.Subscriptions = append(c.Subscriptions, sub.end(Withdrawn, now))
	o.Locale = sub.Locale
	c.Events = append(c.Events, o.event(sub.Basis.leaving(), sub, now))
}

// Undo decides what taking back a leaving of the time at does. It works for
// UndoWindow after the leaving and only for what was active before it, so
// that an old link brings nobody back (P15).
func (s Standing) Undo(at time.Time, o Origin, now time.Time) Change {
	var c Change
	if now.Sub(at) > Limits.UndoWindow {
		return c
	}
	for _, sub := range s.Subscriptions {
		if sub.State != Withdrawn || !sub.Since.Equal(at) || sub.WasActive.IsZero() {
			continue
		}
		sub.State, sub.Since, sub.WasActive, sub.Renewed = Active, sub.WasActive, time.Time{}, now
		c.Subscriptions = append(c.Subscriptions, sub)
		o.Locale = sub.Locale
		c.Events = append(c.Events, o.event(Reinstated, sub, now))
	}
	if len(c.Events) > 0 && s.Suppressed(SuppressedUnsubscribed) {
		c.Lift = []SuppressionKind{SuppressedUnsubscribed}
	}
	return c
}

// UndoAll decides what taking back a leaving of everything does, for somebody
// who had no purpose left to leave.
func (s Standing) UndoAll(o Origin, now time.Time) Change {
	if !s.Suppressed(SuppressedUnsubscribed) {
		return Change{}
	}
	return Change{Lift: []SuppressionKind{SuppressedUnsubscribed}, Events: []Event{o.event(Reinstated, Subscription{}, now)}}
}

// Rejoin decides what taking back the leaving of one campaign does.
func (s Standing) Rejoin(purposeID, campaignID int64, o Origin, now time.Time) Change {
	if !s.HasLeft(campaignID) {
		return Change{}
	}
	return Change{
		Rejoin: []int64{campaignID},
		Events: []Event{o.event(CampaignBack, s.Subscription(purposeID), now)},
	}
}

// Leavings are the figures of the leavings by the links of one mailing: by
// Scope, by place (one-click, unsubscribe, …) and by reason, where one was given.
type Leavings struct {
	Scopes  map[string]int64 `json:"scopes"`
	Places  map[string]int64 `json:"places"`
	Reasons map[string]int64 `json:"reasons"`
}
