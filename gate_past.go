package akkoord

import "time"

// CheckPast refuses to ask about a time that has not come: what the gate will
// answer then, nobody knows. The error is Invalid and names the field at.
func CheckPast(at, now time.Time) error {
	if at.After(now) {
		return Fieldf("at", "time_future", "That time has not come yet, and what the gate will answer then nobody knows; leave it out to ask about now.")
	}
	return nil
}

// FactsAt gives the gate's facts of a past time from a person's lines in the
// ledger, oldest first, with their evidence. p is the purpose as it was then: whether
// it was archived, and which version of its texts asked for more than those before.
func FactsAt(events []Event, p Purpose, campaignID int64, at time.Time) Facts {
	f := Facts{State: Never, Basis: p.Basis, Archived: p.Archived()}
	version, left, barred := 0, false, SuppressionKind("")
	for _, e := range events {
		if e.At.After(at) {
			break
		}
		f.Known = true
		switch {
		case e.Kind == Barred && e.Source == string(ReportComplaint):
			barred = SuppressedComplaint
		case e.Kind == Barred && barred == "":
			barred = SuppressedHardBounce
		case e.Kind == Unbarred && barred == SuppressedHardBounce:
			barred = ""
		case e.Kind == Withdrew && e.PurposeID == 0:
			left = true
		case e.Kind == Confirmed || e.Kind == Reinstated && e.PurposeID == 0:
			left, barred = false, ""
		case e.Kind == CampaignLeft && e.CampaignID == campaignID:
			f.LeftCampaign = true
		case e.Kind == CampaignBack && e.CampaignID == campaignID:
			f.LeftCampaign = false
		}
		state, folded := Folded[e.Kind]
		if !folded || e.PurposeID != p.ID {
			continue
		}
		f.State, version = state, e.WordingVersion
		switch e.Kind {
		case Requested, Confirmed:
			f.Basis = p.Basis
		case BasisChanged:
			f.Basis = e.Evidence.Ground.basis()
		case Imported:
			if e.Evidence.Ground.Sale != "" {
				f.Basis = BasisExistingCustomer
			}
		case Objected:
			f.Basis = BasisExistingCustomer
		}
	}
	if left {
		f.Suppressions = append(f.Suppressions, SuppressedUnsubscribed)
	}
	if barred != "" {
		f.Suppressions = append(f.Suppressions, barred)
	}
	f.Outgrown = f.State == Active && f.Basis == BasisConsent && version < p.Wider
	if RestrictedAt(events, at) {
		f.Suppressions = append(f.Suppressions, SuppressedRestricted)
	}
	f.Paused = PausedAt(events, at)
	return f
}

// basis tells from the facts which basis other than consent they are of.
func (g Ground) basis() Basis {
	if g.Sale != "" {
		return BasisExistingCustomer
	}
	return BasisOther
}
