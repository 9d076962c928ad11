package storetest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"akkoord"
)

// WholeIP is the address that acts under the policy full come from.
const WholeIP = "192.0.2.77"

// fullIP is an origin that comes with a whole address, as the policy full keeps it.
func fullIP(o akkoord.Origin) akkoord.Origin {
	o.Evidence = akkoord.IPFull.Evidence(netip.MustParseAddr(WholeIP))
	return o
}

// testWholeIP (requirements-mail F.7, P16): a whole address is kept beside evidence
// that commits to it, for 90 days, until what it proves is over or the person
// is erased; proofs of before and after verify.
func testWholeIP(t *testing.T, open Open) {
	for _, part := range []struct {
		name string
		run  func(*testing.T, *Agency)
	}{
		{"it is in the proof and the export", testWholeIPIsProven},
		{"it goes after 90 days", testWholeIPEnds},
		{"it goes when a purpose is left", testWholeIPOfALeaving},
		{"it goes with the person", testWholeIPOfTheErased},
	} {
		t.Run(part.name, func(t *testing.T) { part.run(t, newAgency(t, open)) })
	}
}

// FromWholeIP signs somebody up and confirms, both from a whole address.
func (a *Agency) FromWholeIP(t testing.TB, address string, purposes ...akkoord.Purpose) akkoord.Standing {
	t.Helper()
	in := a.signUp(email(t, address), purposes...)
	in.Origin = fullIP(in.Origin)
	noFault(t, a.SignUp(t.Context(), in))
	st := a.standing(t, address)
	link := akkoord.Link{Subscriber: st.Subscriber.PublicID, Request: st.Subscription(purposes[0].ID).Request}
	must(a.Confirm(t.Context(), link, fullIP(byLink)))(t)
	return a.standing(t, address)
}

// kept tells of each act of somebody for a purpose whether its whole address is
// kept (1), was reduced (0), or never was (-).
func (a *Agency) kept(t *testing.T, st akkoord.Standing, purpose int64) string {
	t.Helper()
	out := ""
	for _, e := range must(a.Events(t.Context(), st.Subscriber.ID))(t) {
		if e.PurposeID != purpose {
			continue
		}
		w := e.Evidence.Whole
		switch {
		case w.Address == WholeIP && w.Fits(e.Evidence) && w.Reduced.IsZero():
			out += "1"
		case w.Address == "" && w.Nonce == "" && !w.Reduced.IsZero() && len(e.Evidence.IPDigest) == 64:
			out += "0"
		case w == akkoord.WholeIP{} && e.Evidence.IPDigest == "":
			out += "-"
		default:
			t.Errorf("%s has %+v beside %+v", e.Kind, w, e.Evidence)
		}
		if e.Evidence.IP != "192.0.2.0/24" && e.Source != "retention" {
			t.Errorf("%s is from the network %q", e.Kind, e.Evidence.IP)
		}
	}
	return out
}

// proof gives somebody's bundle, which verifies, and what its check says of evidence.
func (a *Agency) proof(t *testing.T, st akkoord.Standing) (file []byte, says string) {
	t.Helper()
	file = must(a.EvidenceBundle(t.Context(), Admin, st.Subscriber.PublicID, "", nil))(t)
	return file, checked(t, file)
}

func checked(t *testing.T, file []byte) (says string) {
	t.Helper()
	noFault(t, akkoord.VerifyBundle(bytes.NewReader(file), int64(len(file)), "", func(s string) {
		if strings.HasPrefix(s, "evidence:") {
			says = s
		}
	}))
	return says
}

func testWholeIPIsProven(t *testing.T, a *Agency) {
	st := a.FromWholeIP(t, "anouk@voorbeeld.example", a.News, a.Ski)
	if got := a.kept(t, st, a.News.ID) + a.kept(t, st, a.Ski.ID); got != "1111" {
		t.Errorf("kept: %s", got)
	}
	nonces := map[string]bool{}
	for _, e := range must(a.Events(t.Context(), st.Subscriber.ID))(t) {
		nonces[e.Evidence.Whole.Nonce] = true
	}
	if len(nonces) != 4 {
		t.Errorf("4 acts have %d nonces", len(nonces))
	}
	if _, says := a.proof(t, st); !strings.HasSuffix(says, "the digests of 4 IP addresses") {
		t.Error(says)
	}
	record := string(must(json.Marshal(must(a.ExportPerson(t.Context(), Admin, st.Subscriber.PublicID, ""))(t)))(t))
	if n := strings.Count(record, `"address":"`+WholeIP+`"`); n != 4 {
		t.Errorf("M20: the export has %d of 4 addresses", n)
	}
	must(a.VerifyLedger(t.Context(), nil))(t)
}

func testWholeIPEnds(t *testing.T, a *Agency) {
	st := a.FromWholeIP(t, "anouk@voorbeeld.example", a.News)
	held := a.FromWholeIP(t, "bram@voorbeeld.example", a.News)
	noFault(t, a.Restrict(t.Context(), held.Subscriber.PublicID, "contests it", byAdmin))
	before, _ := a.proof(t, st)

	a.Clock.Move(akkoord.Limits.WholeIP - time.Hour)
	must(a.ExpirePending(t.Context(), 10))(t)
	if got := a.kept(t, st, a.News.ID); got != "11" {
		t.Errorf("an hour before its time: %s", got)
	}
	a.Clock.Move(2 * time.Hour)
	for range 2 {
		must(a.ExpirePending(t.Context(), 10))(t)
	}
	if got := a.kept(t, st, a.News.ID); got != "00" {
		t.Errorf("after 90 days: %s", got)
	}
	if got := a.kept(t, held, a.News.ID); got != "11" {
		t.Errorf("Art. 18 GDPR: of somebody restricted it is %s", got)
	}
	for _, e := range must(a.Events(t.Context(), st.Subscriber.ID))(t) {
		if at := e.Evidence.Whole.Reduced; at.Sub(a.Clock.Now()).Abs() > time.Second {
			t.Errorf("it says that it was reduced at %s", at)
		}
	}
	after, says := a.proof(t, st)
	if !strings.HasSuffix(says, "the digests of 0 IP addresses") || bytes.Contains(unzip(t, after)["evidence.json"], []byte(WholeIP)) {
		t.Errorf("%s\n%s", says, unzip(t, after)["evidence.json"])
	}
	if says := checked(t, before); !strings.HasSuffix(says, "the digests of 2 IP addresses") {
		t.Errorf("the proof of before: %s", says)
	}
	if trail := a.trail(t); !slices.Contains(trail, "system retention.reduce ") {
		t.Errorf("M27: %q", trail)
	}
	must(a.VerifyLedger(t.Context(), nil))(t)
}

func testWholeIPOfALeaving(t *testing.T, a *Agency) {
	for scope, want := range map[akkoord.Scope][2]string{akkoord.ScopeCampaign: {"111", "11"}, akkoord.ScopePurpose: {"00-", "11"}, akkoord.ScopeAll: {"00-", "00-"}} {
		st := a.FromWholeIP(t, fmt.Sprintf("%s@voorbeeld.example", scope), a.News, a.Ski)
		link := akkoord.Link{Subscriber: st.Subscriber.PublicID, Purpose: a.News.ID, Campaign: a.Campaign.ID, Mailing: a.Mailing.ID}
		must(a.Leave(t.Context(), link, scope, fullIP(byLink)))(t)
		if got := [2]string{a.kept(t, st, a.News.ID), a.kept(t, st, a.Ski.ID)}; got != want {
			t.Errorf("after leaving %s: %q, want %q", scope, got, want)
		}
		a.proof(t, st)
	}
	must(a.VerifyLedger(t.Context(), nil))(t)
}

func testWholeIPOfTheErased(t *testing.T, a *Agency) {
	st := a.FromWholeIP(t, "anouk@voorbeeld.example", a.News)
	must(a.Erase(t.Context(), st.Subscriber.PublicID, "asked for", fullIP(byAdmin)))(t)
	for _, e := range must(a.Events(t.Context(), st.Subscriber.ID))(t) {
		if e.Evidence != (akkoord.Evidence{}) {
			t.Errorf("%s still has %+v", e.Kind, e.Evidence)
		}
	}
	must(a.VerifyLedger(t.Context(), nil))(t)
}
