package storetest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"akkoord"
)

// Gone is somebody who went away, and what they had in hand before.
type Gone struct {
	Address string
	Before  akkoord.Standing // when they last got mail
	Link    akkoord.Link     // of the mails of that time, with what undoes their leaving
}

// Ways are all the ways of having gone (P15): each makes somebody to whom no
// mail of the agency's news may go any more.
var Ways = map[string]func(testing.TB, *Agency, *Gone){
	"left the purpose": leftBy(akkoord.ScopePurpose),
	"left everything":  leftBy(akkoord.ScopeAll),
	"objected": func(t testing.TB, a *Agency, g *Gone) {
		by := customer(akkoord.BasisExistingCustomer)
		if err := a.SetBasis(t.Context(), g.Before.Subscriber.PublicID, a.News.Slug, by); err != nil {
			t.Fatal(err)
		}
		leftBy(akkoord.ScopePurpose)(t, a, g)
	},
	"ended by staff": func(t testing.TB, a *Agency, g *Gone) {
		if err := a.Withdraw(t.Context(), g.Before.Subscriber.PublicID, a.News.ID, "asked for by phone", byAdmin); err != nil {
			t.Fatal(err)
		}
	},
	"said that it was not them": func(t testing.TB, a *Agency, g *Gone) {
		if err := a.NotMe(t.Context(), g.Link, byLink); err != nil {
			t.Fatal(err)
		}
	},
	"bounced":    toldByFile("bounced"),
	"complained": toldByFile("spam"),
	"blocked":    toldByFile("blocklisted"),
	"erased": func(t testing.TB, a *Agency, g *Gone) {
		g.Link.At = must(a.Erase(t.Context(), g.Before.Subscriber.PublicID, "asked for", byAdmin))(t).At
	},
}

func leftBy(scope akkoord.Scope) func(testing.TB, *Agency, *Gone) {
	return func(t testing.TB, a *Agency, g *Gone) {
		g.Link.At = must(a.Leave(t.Context(), g.Link, scope, byLink))(t).At
	}
}

func toldByFile(status string) func(testing.TB, *Agency, *Gone) {
	return func(t testing.TB, a *Agency, g *Gone) {
		a.imported(t, a.spec(akkoord.BasisConsent), "email,status\n"+g.Address+","+status+"\n")
	}
}

// customer gives a change of basis that lacks nothing.
func customer(basis akkoord.Basis) akkoord.BasisChange {
	return akkoord.BasisChange{
		Basis: basis, Reason: "bought skis", Origin: byAdmin,
		Ground: akkoord.Ground{SoldOn: "2027-01-10", Sale: "F-118", Similar: true, RefusalOffered: true, Text: "contract 118"},
	}
}

// Here makes somebody who gets the news, and has not gone yet.
func (a *Agency) Here(t testing.TB, address string) *Gone {
	t.Helper()
	st := a.active(t, address, a.News)
	return &Gone{address, st, akkoord.Link{
		Subscriber: st.Subscriber.PublicID, Request: st.Subscription(a.News.ID).Request, Purpose: a.News.ID, Campaign: a.Campaign.ID, Mailing: a.Mailing.ID,
	}}
}

// MayBeMailed asks the gate about the news.
func (a *Agency) MayBeMailed(t testing.TB, address string) bool {
	t.Helper()
	return must(a.Gate(t.Context(), email(t, address), a.News.Slug, nil))(t).Allowed
}

// doors are all that others, and old links, can try to bring somebody back.
// Their errors are refusals; only what comes of it counts.
var doors = map[string]func(testing.TB, *Agency, *Gone){
	"a stranger's sign-up": func(t testing.TB, a *Agency, g *Gone) {
		for _, purposes := range [][]akkoord.Purpose{{a.News}, {a.Ski, a.News}} {
			must(0, a.SignUp(t.Context(), a.signUp(email(t, strings.ToUpper(g.Address)), purposes...)))(t)
		}
	},
	"a second mail for it": func(t testing.TB, a *Agency, g *Gone) {
		must(0, a.SignUp(t.Context(), a.signUp(email(t, g.Address), a.News)))(t)
		st := a.standing(t, g.Address)
		_ = a.Resend(t.Context(), akkoord.Link{Subscriber: st.Subscriber.PublicID, Request: st.Subscription(a.News.ID).Request})
	},
	"the old link of the confirmation": func(t testing.TB, a *Agency, g *Gone) { must(a.Confirm(t.Context(), g.Link, byLink))(t) },
	"an old link to undo": func(t testing.TB, a *Agency, g *Gone) {
		a.Clock.Move(akkoord.Limits.UndoWindow + time.Second)
		must(a.Undo(t.Context(), g.Link, byLink))(t)
	},
	"the undo of something else": func(t testing.TB, a *Agency, g *Gone) {
		link := g.Link
		link.At = Start
		must(a.Undo(t.Context(), link, byLink))(t)
	},
	"rejoining the campaign": func(t testing.TB, a *Agency, g *Gone) {
		must(a.Leave(t.Context(), g.Link, akkoord.ScopeCampaign, byLink))(t)
		link := g.Link
		link.At = a.Clock.Now()
		must(a.Undo(t.Context(), link, byLink))(t)
	},
	"a change of their record": func(t testing.TB, a *Agency, g *Gone) {
		name, locale := "Anouk", "en"
		_ = a.SetProfile(t.Context(), g.Before.Subscriber.PublicID, akkoord.Profile{Name: &name, Locale: &locale, Interests: &[]string{"strand"}}, byAdmin)
	},
	"the end of a pause": func(t testing.TB, a *Agency, g *Gone) {
		_ = a.Pause(t.Context(), g.Before.Subscriber.PublicID, 1, byLink)
		_ = a.Resume(t.Context(), g.Before.Subscriber.PublicID, byLink)
	},
	"a yes to counted clicks": func(t testing.TB, a *Agency, g *Gone) {
		_ = a.Track(t.Context(), g.Before.Subscriber.PublicID, a.News.ID, true, byLink)
	},
	"a transactional mail": func(t testing.TB, a *Agency, g *Gone) {
		_, _ = a.AddContractTemplate(t.Context(), Admin, Order("booking"), "") // it is there after the first time
		order := akkoord.ContractOrder{Template: "booking", To: email(t, g.Address), Values: map[string]string{"name": "Anouk", "order": "1"}}
		_, _ = a.SendContract(t.Context(), Admin, order)
	},
	"reports of a sending service": func(t testing.TB, a *Agency, g *Gone) {
		for _, kind := range []akkoord.ReportKind{akkoord.ReportBounce, akkoord.ReportComplaint} {
			must(a.TakeReport(t.Context(), akkoord.Report{Kind: kind, Class: akkoord.ClassSoft, Mailing: a.Mailing.ID, Subscriber: g.Before.Subscriber.ID, Source: "postmark"}))(t)
		}
	},
	"a basis by hand": func(t testing.TB, a *Agency, g *Gone) {
		for _, basis := range []akkoord.Basis{akkoord.BasisConsent, akkoord.BasisExistingCustomer, akkoord.BasisContract, akkoord.BasisOther} {
			if err := a.SetBasis(t.Context(), g.Before.Subscriber.PublicID, a.News.Slug, customer(basis)); err == nil {
				t.Errorf("a basis %s was taken", basis)
			}
		}
	},
	"a file, on every basis": func(t testing.TB, a *Agency, g *Gone) {
		for _, basis := range []akkoord.Basis{akkoord.BasisConsent, akkoord.BasisExistingCustomer, akkoord.BasisContract, akkoord.BasisOther} {
			a.comesBackBy(t, basis, g.Address+",Anouk,en,strand,2027-01-14T10:00:00Z,192.0.2.9,fair,Yes")
		}
	},
	"a file, in other letters": func(t testing.TB, a *Agency, g *Gone) {
		a.comesBackBy(t, akkoord.BasisConsent, strings.ToUpper(g.Address)+",,,,2027-01-14,,,")
	},
	"a file, with every column that says yes": func(t testing.TB, a *Agency, g *Gone) {
		for _, columns := range []string{"confirmed_at,OPTIN_TIME,status", "CONFIRM_TIME,consent_date,member_status", "activated_at,created_at,subscription_status"} {
			file := "email," + columns + ",sold_on,sale,similar,refusal_offered\n" + g.Address + ",2027-01-14 10:00:00,2027-01-14 10:00:00,subscribed,2026-11-24,F-1,yes,yes\n"
			a.imported(t, a.spec(akkoord.BasisConsent), file)
			a.imported(t, a.spec(akkoord.BasisExistingCustomer), file)
		}
	},
	"a file that says so twice": func(t testing.TB, a *Agency, g *Gone) {
		a.imported(t, a.spec(akkoord.BasisConsent), "email,status,confirmed_at\n"+g.Address+",unconfirmed,\n"+g.Address+",,2027-01-14\n"+g.Address+",subscribed,2027-01-14\n")
	},
	"somebody else who takes their address": func(t testing.TB, a *Agency, g *Gone) {
		other := a.active(t, "other."+g.Address, a.News)
		a.readdress(t, other.Subscriber.PublicID, g.Address)
	},
	"a new address": func(t testing.TB, a *Agency, g *Gone) {
		to := "new." + g.Address
		a.readdress(t, g.Before.Subscriber.PublicID, to)
		if st := a.standing(t, g.Address); a.MayBeMailed(t, to) && !st.Suppressed(akkoord.SuppressedHardBounce) { // a bounce is said of a mailbox, and the new one answered
			t.Error("P15: they may be mailed at the new address")
		}
	},
	"another wording": func(t testing.TB, a *Agency, _ *Gone) {
		must(a.AddPurposeTexts(t.Context(), Admin, a.News.Slug, map[string]akkoord.PurposeText{"nl": {
			Name: "Nieuws", Explanation: "Waarvoor wij uw adres gebruiken.", Wording: fmt.Sprintf("Ja, versie %d.", must(a.Purpose(t.Context(), a.News.Slug))(t).Version+1),
		}}, akkoord.WordingChange{Kind: akkoord.WordingCorrection, Reason: "a slip of the pen"}))(t)
	},
	"time": func(t testing.TB, a *Agency, _ *Gone) {
		a.Clock.Move(akkoord.Limits.PendingWindow + time.Hour)
		must(a.ExpirePending(t.Context(), 1000))(t)
	},
}

// comesBackBy imports a row with all of our own columns.
func (a *Agency) comesBackBy(t testing.TB, basis akkoord.Basis, row string) {
	t.Helper()
	i := a.imported(t, a.spec(basis), "email,name,locale,interests,confirmed_at,confirmed_ip,source,wording,sold_on,sale,similar,refusal_offered\n"+row+",2026-11-24,F-1,yes,yes\n")
	if n := i.Tally.Outcomes[akkoord.ImportSuppressed] + i.Tally.Outcomes[akkoord.ImportDeparted]; n != 1 {
		t.Errorf("a file on the basis %s came to %v, and not to a row that is passed over", basis, i.Tally.Outcomes)
	}
}

// readdress lets a person ask for another address and confirm it there.
func (a *Agency) readdress(t testing.TB, person akkoord.ID, address string) {
	t.Helper()
	if err := a.AskAddress(t.Context(), person, email(t, address), "", akkoord.Origin{Actor: akkoord.ActorPerson, Locale: "nl"}); akkoord.KindOf(err) == akkoord.NotFound {
		return
	} else if err != nil {
		t.Fatal(err)
	}
	for {
		due := must(a.ClaimSystem(t.Context(), 100))(t)
		if len(due) == 0 {
			return
		}
		for _, d := range due {
			must(0, a.SettleSystem(t.Context(), akkoord.SystemResult{ID: d.ID, Fence: d.Fence, Done: true, Code: "250"}))(t)
			if d.Mail == akkoord.MailAddress {
				must(a.ChangeAddress(t.Context(), akkoord.Link{Subscriber: person, Request: d.Request}, byLink))(t)
			}
		}
	}
}

// testGone (P15): whatever others try, whoever went away is mailed again after
// their own new confirmation only, and after that one they are.
func testGone(t *testing.T, open Open) {
	a := newAgency(t, open)
	names := slices.Sorted(maps.Keys(doors))
	n := 0
	for _, way := range slices.Sorted(maps.Keys(Ways)) {
		for _, door := range names {
			n++
			g := a.Here(t, fmt.Sprintf("p%d@voorbeeld.example", n))
			Ways[way](t, a, g)
			if a.MayBeMailed(t, g.Address) {
				t.Fatalf("somebody who %s may be mailed", way)
			}
			doors[door](t, a, g)
			if a.MayBeMailed(t, g.Address) {
				t.Errorf("P15: somebody who %s came back by %s", way, door)
			}
		}
		g := a.Here(t, fmt.Sprintf("back.%d@voorbeeld.example", n))
		Ways[way](t, a, g)
		a.active(t, g.Address, must(a.Purpose(t.Context(), a.News.Slug))(t))
		if !a.MayBeMailed(t, g.Address) {
			t.Errorf("M6: somebody who %s is not mailed after their own new confirmation", way)
		}
	}
	must(a.VerifyLedger(t.Context(), nil))(t)
}
