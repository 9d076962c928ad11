package server_test

import (
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"akkoord"
	"akkoord/server"
)

// F.7, Art. 5(1)(c) GDPR: evidence keeps of an address what the policy says, and
// which policy that was; the statement says so in every language, and goes on
// saying of an earlier version what held then.
func TestEvidenceKeepsWhatThePolicySays(t *testing.T) {
	const shortened = "shortened IP address"
	for policy, want := range map[akkoord.IPPolicy]struct {
		ip, statement string
		recorded      akkoord.IPPolicy
	}{
		"":                  {"198.51.100.0/24", shortened, akkoord.IPShortened},
		akkoord.IPShortened: {"198.51.100.0/24", shortened, akkoord.IPShortened},
		akkoord.IPOff:       {"", "we do not keep your IP address", akkoord.IPOff},
		akkoord.IPFull:      {"198.51.100.0/24", "in full for 90 days at most or until you stop", akkoord.IPFull},
	} {
		s := newSite(t, func(c *server.Config) {
			c.IPPolicy, c.TrustedProxies = policy, []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
		})
		s.post("/f/home", url.Values{"email": {"anouk@voorbeeld.example"}, "purpose": {"travel-news"}}, header{"X-Forwarded-For", "198.51.100.77"}, header{"X-Forwarded-Proto", "https"})
		events, err := s.store.EventsOf(t.Context(), s.standing("anouk@voorbeeld.example").Subscriber.PublicID)
		if err != nil || len(events) != 1 {
			t.Fatalf("%d events, %v", len(events), err)
		}
		if e := events[0].Evidence; e.IP != want.ip || e.IPPolicy != want.recorded {
			t.Errorf("policy %q: %q is kept, as %q", policy, e.IP, e.IPPolicy)
		} else if whole := e.Whole.Address == "198.51.100.77"; whole != (policy == akkoord.IPFull) || !whole && e.Whole != (akkoord.WholeIP{}) {
			t.Errorf("policy %q: beside it stands %+v", policy, e.Whole)
		}
		if page := s.get("/privacy?locale=en").Body; !strings.Contains(page, want.statement) {
			t.Errorf("policy %q: the statement does not say %q", policy, want.statement)
		}
	}
}

// Art. 13(2)(a) GDPR, F.16: the statement tells in every language how long proof is
// kept, as long as the record of processing says, and leads to one's own page.
func TestTheStatementTellsHowLongProofIsKept(t *testing.T) {
	s := newSite(t)
	years := strconv.Itoa(akkoord.ProofYears)
	for locale, long := range map[string]string{
		"en": "to the end of the calendar year " + years + " years after you stopped", "nl": "tot het eind van het kalenderjaar " + years + " jaar nadat u stopte",
		"de": "bis zum Ende des Kalenderjahres " + years + " Jahre nach Ihrer Abmeldung", "fr": "jusqu’à la fin de l’année civile, " + years + " ans après votre départ",
	} {
		page := s.get("/privacy?locale=" + locale).Body
		for _, want := range []string{long, `<a href="/your-data">`} {
			if !strings.Contains(page, want) {
				t.Errorf("%s: the statement lacks %q", locale, want)
			}
		}
	}
	record := akkoord.RecordOf(akkoord.RecordFacts{}, time.Now())
	if kept := record.Activities[0].Kept; !slices.ContainsFunc(kept, func(t akkoord.Term) bool { return t.Code == "proof" && t.Days == akkoord.ProofYears }) {
		t.Errorf("the record has %+v", kept)
	}
}

// M5, M28, Art. 13(1)(e) and (f) GDPR: the statement names everybody with an
// agreement in force that data goes to, what they do, where, and what a transfer
// outside the EEA rests on, in every language; a party that comes, changes or
// whose agreement ends makes a new version, and the old ones stay as they were.
func TestTheStatementNamesEveryPartyThatGetsData(t *testing.T) {
	s := newSite(t)
	add := func(p akkoord.Processor) {
		t.Helper()
		if _, err := s.store.AddProcessor(t.Context(), akkoord.ActorSystem, p); err != nil {
			t.Fatal(err)
		}
	}
	day := func(text string) time.Time {
		at, err := time.Parse(time.DateOnly, text)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	shows := func(path string, want ...string) {
		t.Helper()
		page := s.get(path).Body
		for _, text := range want {
			no, is := strings.CutPrefix(text, "!")
			if strings.Contains(page, no) == is {
				t.Errorf("%s: %q", path, text)
			}
		}
	}
	shows("/privacy?locale=en", "Version 1", "Nobody. We send the mails with our own computers.")
	add(akkoord.Processor{Slug: "host", Name: "Serverhuis Noord B.V.", Role: "hosting", Country: "NL", Agreement: akkoord.Agreement{SignedOn: day("2026-01-05"), ValidUntil: day("2026-12-31")}})
	add(akkoord.Processor{Slug: "desk", Name: "Desk & Co Inc.", Role: "support", Country: "US", Agreement: akkoord.Agreement{SignedOn: day("2026-02-06"), Document: "SCC 2021/914"}})
	add(akkoord.Processor{Slug: "draft", Name: "Nog niet getekend B.V.", Role: "webhook", Country: "NL"})
	for locale, want := range map[string][]string{
		"nl": {"Serverhuis Noord B.V., Nederland", "beheert onze computers", "maandag 5 januari 2026", "Verenigde Staten (buiten de Europese Economische Ruimte)", "De doorgifte berust op: SCC 2021/914", "bezorgen de mails zelf"},
		"en": {"Serverhuis Noord B.V., Netherlands", "runs our computers", "Monday 5 January 2026", "United States (outside the European Economic Area)", "The transfer rests on: SCC 2021/914", "deliver the mails ourselves"},
		"de": {"Serverhuis Noord B.V., Niederlande", "betreibt unsere Rechner", "Montag, 5. Januar 2026", "Vereinigte Staaten (außerhalb des Europäischen Wirtschaftsraums)", "Übermittlung: SCC 2021/914", "stellen die E-Mails selbst zu"},
		"fr": {"Serverhuis Noord B.V., Pays-Bas", "exploite nos ordinateurs", "lundi 5 janvier 2026", "États-Unis (hors de l’Espace économique européen)", "Le transfert repose sur\u00a0: SCC 2021/914", "acheminons nous-mêmes"},
	} {
		shows("/privacy?locale="+locale, append(want, "!Nog niet getekend", "!Nobody", "!own computers")...)
	}
	shows("/privacy?locale=en", "Version 2")
	shows("/privacy/1?locale=en", "Nobody.", "!Serverhuis")
	s.clock.add(40 * 24 * time.Hour)
	shows("/privacy?locale=en", "Version 3", "!Serverhuis", "Desk &amp; Co Inc.")
	shows("/privacy/2?locale=en", "Serverhuis")
}

// M28: who delivers the mail is named by its legal name, whether or not its
// agreement is in force; where nobody said who it is, the statement says that.
func TestTheStatementNamesWhoDeliversTheMail(t *testing.T) {
	s := newSite(t, func(c *server.Config) { c.Relay = "post" })
	if page := s.get("/privacy?locale=en").Body; !strings.Contains(page, "post:</b> delivers our mails.") {
		t.Error("a party that is not in the register is not named by its slug")
	}
	if _, err := s.store.AddProcessor(t.Context(), akkoord.ActorSystem, akkoord.Processor{Slug: "post", Name: "Postrelais B.V.", Role: "relay", Country: "BE"}); err != nil {
		t.Fatal(err)
	}
	if page := s.get("/privacy?locale=en").Body; !strings.Contains(page, "Postrelais B.V., Belgium:</b> delivers our mails.</li>") || strings.Contains(page, "ourselves") {
		t.Error("the party that delivers the mail is not named, or with an agreement that it has not")
	}
	unknown := newSite(t, func(c *server.Config) { c.Relay = akkoord.UnknownRelay })
	if page := unknown.get("/privacy?locale=en").Body; !strings.Contains(page, "not yet stated which parties") || strings.Contains(page, "Nobody") {
		t.Error("nobody said who delivers the mail, and the statement does not say so")
	}
}

// M28: the party of each relay of the admin site is named while that is in use, also
// where the organisation delivers by itself beside it and where no agreement is in force.
func TestTheStatementNamesThePartiesOfAllRelaysM28(t *testing.T) {
	s := newSite(t)
	ctx := t.Context()
	ours := func(want bool) {
		t.Helper()
		if page := s.get("/privacy?locale=en").Body; strings.Contains(page, "Postrelais B.V., Belgium:</b> delivers our mails.</li>") == want ||
			(strings.Contains(page, "ourselves") || strings.Contains(page, "Nobody")) != want {
			t.Errorf("that we deliver the mails ourselves is to be said: %t, and the statement is %s", want, page)
		}
	}
	ours(true)
	if _, err := s.store.AddProcessor(ctx, akkoord.ActorSystem, akkoord.Processor{Slug: "post", Name: "Postrelais B.V.", Role: "relay", Country: "BE"}); err != nil {
		t.Fatal(err)
	}
	ours(true)
	for slug, party := range map[string]string{"here": akkoord.OwnProcessor, "post": "post"} {
		r := akkoord.Relay{Slug: slug, Addr: "127.0.0.1:25", Security: "none", Connections: 1, Processor: party}
		if _, err := s.store.AddRelay(ctx, akkoord.ActorSystem, akkoord.RelaySettings{Relay: r, URL: "smtp://127.0.0.1:25?tls=none"}); err != nil {
			t.Fatal(err)
		}
	}
	ours(false)
	if _, err := s.store.RetireRelay(ctx, akkoord.ActorSystem, "post"); err != nil {
		t.Fatal(err)
	}
	ours(true)
	if page := s.get("/privacy/2?locale=en").Body; !strings.Contains(page, "Postrelais B.V.") {
		t.Error("the version of then does not name the party")
	}
}

// Art. 12(2) GDPR: the statement tells people what they can do by themselves, and
// leads them to it.
func TestTheStatementLeadsToWhatPeopleCanDoThemselves(t *testing.T) {
	s := newSite(t)
	for locale, want := range map[string]string{"nl": "op uw pagina wist u alles", "en": "on your page you erase everything", "de": "Auf Ihrer Seite löschen Sie alles", "fr": "sur votre page, vous effacez tout"} {
		page := s.get("/privacy?locale=" + locale).Body
		if !strings.Contains(page, `<a href="/your-data">`) || !strings.Contains(strings.ToLower(page), strings.ToLower(want)) {
			t.Errorf("%s: the statement does not lead to /your-data", locale)
		}
	}
}
