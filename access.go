package akkoord

import (
	"slices"
	"time"
)

// Access is what somebody may see of people: their grants that are in force
// (M26). Without any they see nobody.
type Access []Grant

// AccessOf gives what grants of one holder open at a time.
func AccessOf(grants []Grant, now time.Time) Access {
	return slices.DeleteFunc(slices.Clone(grants), func(g Grant) bool { return g.State(now) != GrantInForce })
}

// AccessByHolder gives what grants open at a time, for each of their holders.
func AccessByHolder(grants []Grant, now time.Time) map[Actor]Access {
	out := map[Actor]Access{}
	for _, g := range AccessOf(grants, now) {
		out[g.Holder] = append(out[g.Holder], g)
	}
	return out
}

// errNoGrant is why somebody does not see a person, or something of them.
func errNoGrant(of string) *Error {
	return Errorf(Forbidden, "grant_missing", "You have no grant for %s. An owner or the data protection officer can give you one (Access, or POST /api/v1/grants); in an emergency take one for an hour by break-glass.", of)
}

// CheckAny refuses those who may see nobody at all.
func (a Access) CheckAny() error {
	if len(a) == 0 {
		return errNoGrant("anybody's data")
	}
	return nil
}

// Scope gives the purposes whose people may be seen, with these fields of them;
// all is true where these are all people.
func (a Access) Scope(fields ...GrantField) (purposes []int64, all bool) {
	if a.CheckPurpose(0, fields...) == nil {
		return nil, true
	}
	for _, g := range a {
		for _, id := range g.Purposes {
			if a.CheckPurpose(id, fields...) == nil {
				purposes = append(purposes, id)
			}
		}
	}
	slices.Sort(purposes)
	return slices.Compact(purposes), false
}

func (g Grant) covers(purpose int64) bool {
	return len(g.Purposes) == 0 || slices.Contains(g.Purposes, purpose)
}

func (g Grant) opens(f GrantField) bool { return len(g.Fields) == 0 || slices.Contains(g.Fields, f) }

// Covers reports whether the people of a purpose may be seen.
func (a Access) Covers(purpose int64) bool {
	return slices.ContainsFunc(a, func(g Grant) bool { return g.covers(purpose) })
}

// CheckPurpose refuses what is about the people of a purpose that is not
// covered, or about fields of them that are not. Purpose 0 stands for people
// of any purpose or none, which a grant for all purposes opens alone.
func (a Access) CheckPurpose(purpose int64, fields ...GrantField) error {
	if !a.Covers(purpose) {
		return errNoGrant("the people of this purpose")
	}
	for _, f := range fields {
		if !slices.ContainsFunc(a, func(g Grant) bool { return g.covers(purpose) && g.opens(f) }) {
			return errNoGrant("this part of people's data (" + string(f) + ")")
		}
	}
	return nil
}

// shows reports whether a person may be seen by the grant.
func (g Grant) shows(st Standing) bool {
	return len(g.Purposes) == 0 || slices.ContainsFunc(st.Subscriptions, func(s Subscription) bool { return g.covers(s.PurposeID) })
}

// Opening gives the grants by which a person may be seen.
func (a Access) Opening(st Standing) Access {
	return slices.DeleteFunc(slices.Clone(a), func(g Grant) bool { return !g.shows(st) })
}

// fields gives the groups of fields that may be seen of a person, and whether
// the person may be seen at all.
func (a Access) fields(st Standing) (fields []GrantField, seen bool) {
	for _, g := range a {
		if !g.shows(st) {
			continue
		}
		seen = true
		for _, f := range GrantFields {
			if g.opens(f) && !slices.Contains(fields, f) {
				fields = append(fields, f)
			}
		}
	}
	return fields, seen
}

// CheckPerson refuses what is about a person who may not be seen, or about
// fields that may not.
func (a Access) CheckPerson(st Standing, fields ...GrantField) error {
	have, seen := a.fields(st)
	if !seen {
		return errNoGrant("this person's data")
	}
	for _, f := range fields {
		if !slices.Contains(have, f) {
			return errNoGrant("this part of the person's data (" + string(f) + ")")
		}
	}
	return nil
}

// CheckWhole refuses what hands out or ends all that is stored of a person
// where some of it may not be seen.
func (a Access) CheckWhole(st Standing) error { return a.CheckEverywhere(st, GrantFields...) }

// CheckEverywhere refuses what is about a person in all purposes that they dealt
// with, or about fields there, where some of that may not be seen.
func (a Access) CheckEverywhere(st Standing, fields ...GrantField) error {
	if err := a.CheckPerson(st, fields...); err != nil {
		return err
	}
	for _, s := range st.Subscriptions {
		if err := a.CheckPurpose(s.PurposeID, fields...); err != nil {
			return err
		}
	}
	return nil
}

// See gives of where a person stands what may be seen, and the fields that
// were taken out. Where the person is nobody's to see, seen is false.
func (a Access) See(st Standing) (out Standing, withheld []GrantField, seen bool) {
	have, seen := a.fields(st)
	if !seen {
		return Standing{}, GrantFields, false
	}
	for _, f := range GrantFields {
		if slices.Contains(have, f) {
			continue
		}
		withheld = append(withheld, f)
		switch f {
		case FieldAddress:
			st.Subscriber.Email = Email{}
		case FieldName:
			st.Subscriber.Name, st.Subscriber.Locale = "", ""
		case FieldAttributes:
			st.Subscriber.Interests = nil
		}
	}
	st.Subscriptions = slices.DeleteFunc(slices.Clone(st.Subscriptions), func(s Subscription) bool { return !a.Covers(s.PurposeID) })
	return st, withheld, true
}
