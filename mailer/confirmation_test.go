package mailer

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
	"pgregory.net/rapid"

	"akkoord"
	"akkoord/goldentest"
)

var wordings = map[string][]PurposeWording{
	"nl": {{"Reisnieuws", "Ja, Zonvaart Reizen mag mij reisideeën en vakantieaanbiedingen mailen."}},
	"en": {
		{"Travel news", "Yes, Zonvaart Reizen may mail me travel ideas and holiday offers."},
		{"Ski equipment offers", "Yes, Zonvaart Reizen may mail me offers for skis, boots and clothing."},
	},
}

func notice(locale string) Notice {
	return Notice{
		Sender: zonvaart, Locale: locale, To: "anouk@voorbeeld.example", MessageID: "fedcba98@zonvaart.example", Date: noon, Requested: noon.Add(-time.Minute),
		Purposes: wordings[locale],
	}
}

func confirmation(locale string) Confirmation {
	return Confirmation{
		Notice: notice(locale), ConfirmURL: "https://mail.zonvaart.example/confirm/" + strings.Repeat("eyJ.", 40),
		Expires: noon.AddDate(0, 0, 7), Deletion: noon.AddDate(0, 0, 14),
	}
}

func TestGoldenConfirmationMails(t *testing.T) {
	c := newComposer(t)
	for locale := range wordings {
		raw, err := c.Confirmation(confirmation(locale))
		if err != nil {
			t.Fatal(err)
		}
		if err := checkWire(raw); err != nil {
			t.Error(err)
		}
		goldentest.Check(t, "golden/confirmation."+locale+".eml", raw)
	}
}

// M22: the mail quotes what was ticked about clicks too, in both parts.
func TestGoldenConfirmationThatClicksMayBeCounted(t *testing.T) {
	n := confirmation("en")
	n.Tracking = "Yes, count which <links> I click."
	raw, err := newComposer(t).Confirmation(n)
	if err != nil {
		t.Fatal(err)
	}
	if err := checkWire(raw); err != nil {
		t.Error(err)
	}
	goldentest.Check(t, "golden/confirmation-counting.en.eml", raw)
}

// M4: the question of a round quotes the new words, with one button, and says
// what silence means; it is no list mail.
func TestGoldenRenewalMails(t *testing.T) {
	for _, locale := range akkoord.Locales {
		first := goldenRenewal(t, locale, akkoord.MailRenew)
		if again := goldenRenewal(t, locale, akkoord.MailRenewAgain); again.subject == first.subject || again.opening == first.opening {
			t.Errorf("%s: the reminder begins as the first mail does: %+v", locale, again)
		}
	}
}

// beginning is what is seen of a mail first.
type beginning struct{ subject, opening string }

func goldenRenewal(t *testing.T, locale string, kind akkoord.SystemMail) beginning {
	t.Helper()
	url := "https://mail.zonvaart.example/"
	n := Renewal{notice(locale), url + "confirm/" + strings.Repeat("eyJ.", 40), url + "preferences/" + strings.Repeat("eyK.", 40), noon.AddDate(0, 0, 7)}
	if len(n.Purposes) == 0 {
		n.Purposes = map[string][]PurposeWording{
			"de": {{"Reisenachrichten", "Ja, Zonvaart Reizen darf mir Reiseideen und Urlaubsangebote mailen."}},
			"fr": {{"Idées de voyage", "Oui, Zonvaart Reizen peut m’envoyer des idées et des offres de vacances."}},
		}[locale]
	}
	raw, err := newComposer(t).Renewal(kind, n)
	if err != nil {
		t.Fatal(err)
	}
	if err := checkWire(raw); err != nil {
		t.Error(err)
	}
	h, text, page := mustRead(t, raw)
	if h.Get("Auto-Submitted") != "auto-generated" || h.Get("List-Unsubscribe") != "" {
		t.Error("its header is that of a list mail")
	}
	for _, p := range n.Purposes {
		if !strings.Contains(text, p.Wording) || !strings.Contains(page, p.Wording) {
			t.Errorf("%q is not quoted verbatim in both parts", p.Wording)
		}
	}
	if !strings.Contains(text, "\n"+n.ConfirmURL+"\n") || !strings.Contains(text, n.PreferencesURL) || !strings.Contains(page, `href="`+n.ConfirmURL+`"`) {
		t.Error("it lacks a link")
	}
	goldentest.Check(t, "golden/"+string(kind)+"."+locale+".eml", raw)
	opening, _, _ := strings.Cut(text, "\n\n"+n.Purposes[0].Name+":")
	return beginning{h.Get("Subject"), opening}
}

func TestGoldenAlreadyMails(t *testing.T) {
	c := newComposer(t)
	for locale := range wordings {
		raw, err := c.Already(Already{notice(locale), "https://mail.zonvaart.example/preferences/" + strings.Repeat("eyJ.", 40)})
		if err != nil {
			t.Fatal(err)
		}
		if err := checkWire(raw); err != nil {
			t.Error(err)
		}
		goldentest.Check(t, "golden/already."+locale+".eml", raw)
	}
}

// M20, M21: a link that is asked for says how long it works; word to the old
// address holds no link to the data, since somebody else may read it.
func TestGoldenMailsAboutOnesOwnData(t *testing.T) {
	c := newComposer(t)
	for locale := range wordings {
		for kind, path := range map[akkoord.SystemMail]string{akkoord.MailOwnData: "/your-data/", akkoord.MailAddress: "/address/", akkoord.MailMoved: ""} {
			n := Own{Notice: notice(locale), Expires: noon.AddDate(0, 0, 1)}
			n.Purposes = nil
			if path != "" {
				n.URL = "https://mail.zonvaart.example" + path + strings.Repeat("eyJ.", 40)
			}
			raw, err := c.Own(kind, n)
			if err != nil {
				t.Fatal(err)
			}
			if err := checkWire(raw); err != nil {
				t.Error(err)
			}
			h, text, page := mustRead(t, raw)
			if h.Get("Auto-Submitted") != "auto-generated" || h.Get("List-Unsubscribe") != "" || path != "" && (!strings.Contains(text, n.URL) || !strings.Contains(page, n.URL)) || strings.Contains(text, "eyJ") != (path != "") {
				t.Errorf("%s %s: %s", kind, locale, text)
			}
			goldentest.Check(t, "golden/"+string(kind)+"."+locale+".eml", raw)
		}
	}
}

// M26: who watches over access is told who took it, why and until when, and where
// to judge it; the words of the reason stay words.
func TestGoldenMailsAboutBreakGlass(t *testing.T) {
	c := newComposer(t)
	for _, locale := range akkoord.Locales {
		n := notice(locale)
		n.Purposes = nil
		n.Alarm = &akkoord.Alarm{Holder: "eva@zonvaart.example", Reason: "A reader gets <b>mail</b> of a stranger.\r\nBcc: x", From: noon, Until: noon.Add(time.Hour)}
		raw, err := c.Alarm(n)
		if err != nil {
			t.Fatal(err)
		}
		if err := checkWire(raw); err != nil {
			t.Error(err)
		}
		h, text, page := mustRead(t, raw)
		for _, want := range []string{"eva@zonvaart.example", "https://mail.zonvaart.example/admin/privacy/access"} {
			if !strings.Contains(text, want) || !strings.Contains(page, want) {
				t.Errorf("%s: %q is not in both parts", locale, want)
			}
		}
		if h.Get("Bcc") != "" || h.Get("Auto-Submitted") != "auto-generated" || strings.Contains(page, "<b>mail") || !strings.Contains(text, "of a stranger.") {
			t.Errorf("%s: %v %s", locale, h, text)
		}
		goldentest.Check(t, "golden/alarm."+locale+".eml", raw)
	}
}

// M18: the question says since when, until when, and how to end it now.
func TestGoldenMailsThatAskWhetherItIsStillWanted(t *testing.T) {
	c := newComposer(t)
	names, subjects := map[string]string{"nl": "Reisnieuws", "en": "Travel news", "de": "Reisenachrichten", "fr": "Idées de voyage"}, map[string]bool{}
	for _, locale := range akkoord.Locales {
		for _, kind := range []akkoord.SystemMail{akkoord.MailStill, akkoord.MailStillAgain} {
			n := Still{Notice: notice(locale), Ends: noon.AddDate(0, 0, 28),
				URL: "https://mail.zonvaart.example/keep/" + strings.Repeat("eyJ.", 40), LeaveURL: "https://mail.zonvaart.example/unsubscribe/" + strings.Repeat("eyL.", 40)}
			n.Purposes = []PurposeWording{{Name: names[locale]}}
			raw, err := c.Still(kind, n)
			if err != nil {
				t.Fatal(err)
			}
			if err := checkWire(raw); err != nil {
				t.Error(err)
			}
			h, text, page := mustRead(t, raw)
			for _, want := range []string{n.URL, n.LeaveURL} {
				if !strings.Contains(text, want) || !strings.Contains(page, want) {
					t.Errorf("%s %s lacks a link: %s", kind, locale, text)
				}
			}
			if h.Get("Auto-Submitted") != "auto-generated" || h.Get("List-Unsubscribe") != "" || subjects[h.Get("Subject")] {
				t.Errorf("%s %s: %v", kind, locale, h)
			}
			subjects[h.Get("Subject")] = true
			goldentest.Check(t, "golden/"+string(kind)+"."+locale+".eml", raw)
		}
	}
}

// F.4, A.16, A.19, C.17, C.19, G.9.
func TestConfirmationMailIsNothingButTheRequest(t *testing.T) {
	c := newComposer(t)
	for locale := range wordings {
		n := confirmation(locale)
		raw, err := c.Confirmation(n)
		if err != nil {
			t.Fatal(err)
		}
		h, text, page := mustRead(t, raw)
		if h.Get("Auto-Submitted") != "auto-generated" {
			t.Error("Auto-Submitted is missing")
		}
		for f := h.Fields(); f.Next(); {
			if key := f.Key(); strings.HasPrefix(key, "List-") || strings.HasPrefix(key, "X-") || key == "Bcc" || key == "User-Agent" {
				t.Errorf("%s has no place in it", key)
			}
		}
		if !strings.Contains(text, "\n"+n.ConfirmURL+"\n") || strings.Count(text, "/confirm/") != 1 {
			t.Error("the text part has not the one confirm link, alone on its line")
		}
		if !strings.Contains(page, `href="`+n.ConfirmURL+`"`) || !strings.Contains(page, `href="`+n.ConfirmURL+`#not-me"`) {
			t.Error("the HTML part lacks the button or the not-me link")
		}
		for _, p := range n.Purposes {
			if !strings.Contains(text, p.Wording) || !strings.Contains(page, p.Wording) {
				t.Errorf("%q is not quoted verbatim in both parts", p.Wording)
			}
		}
		for _, want := range []string{"Zonvaart Reizen", "Oudegracht 118, 3511 AW Utrecht", "/privacy?locale=" + locale, "24 ", "2026", "1 dec", "8 dec", "14"} {
			if !strings.Contains(strings.ToLower(text), strings.ToLower(want)) {
				t.Errorf("%s: the text part lacks %q", locale, want)
			}
		}
		checkNotice(t, locale, page, n.Purposes)
	}
}

func checkNotice(t *testing.T, locale, page string, purposes []PurposeWording) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	host := regexp.MustCompile(`^(https://mail\.zonvaart\.example/|mailto:privacy@zonvaart\.example$)`)
	words := 0
	for n := range root.Descendants() {
		switch {
		case n.Type == html.TextNode && n.Parent.Data != "style" && n.Parent.Data != "title":
			said := n.Data
			for _, p := range purposes {
				said = strings.ReplaceAll(said, p.Wording, "")
			}
			words += len(strings.Fields(said))
		case n.Type == html.ElementNode && (n.Data == "img" || n.Data == "script" || n.Data == "form" || n.Data == "link" || n.Data == "iframe"):
			t.Errorf("%s: a %s in a system mail", locale, n.Data)
		case n.Data == "a" && !host.MatchString(attr(n, "href")):
			t.Errorf("%s: a link to elsewhere: %s", locale, attr(n, "href"))
		case n.Data == "table" && attr(n, "role") != "presentation":
			t.Errorf("%s: a layout table without its role (L.3)", locale)
		}
	}
	if words > 120 {
		t.Errorf("%s: %d words, at most 120 are allowed", locale, words)
	}
}

func TestSameNoticeGivesTheSameBytes(t *testing.T) {
	first, err := newComposer(t).Confirmation(confirmation("nl"))
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		again, err := newComposer(t).Confirmation(confirmation("nl"))
		if err != nil || !bytes.Equal(first, again) {
			t.Fatalf("a retry would send other bytes (A.4): %v", err)
		}
	}
}

func TestConfirmationWithoutPostalAddressOrContact(t *testing.T) {
	n := confirmation("nl")
	n.Controller, n.PostalAddress, n.PrivacyContact, n.ReplyTo = "", "", "", ""
	raw, err := newComposer(t).Confirmation(n)
	if err != nil {
		t.Fatal(err)
	}
	if _, text, _ := mustRead(t, raw); !strings.Contains(text, "bij Zonvaart Reizen") {
		t.Error("the name of the From field does not stand in for the controller")
	}
}

func TestUnknownLanguageFallsBack(t *testing.T) {
	for locale, want := range map[string]string{"nl-BE": "nl", "tlh": "en", "": "en", "../../etc": "en"} {
		n := confirmation("nl")
		n.Locale = locale
		raw, err := newComposer(t).Confirmation(n)
		if err != nil {
			t.Fatal(err)
		}
		if h, _, page := mustRead(t, raw); h.Get("Content-Language") != want || !strings.Contains(page, `<html lang="`+want+`" dir="ltr">`) {
			t.Errorf("%q: %s (L.6)", locale, h.Get("Content-Language"))
		}
	}
}

func TestLocalesHaveTheSameTexts(t *testing.T) {
	c := newComposer(t)
	for locale, l := range c.languages {
		for other, m := range c.languages {
			for key := range l.words {
				if m.words[key] == "" {
					t.Errorf("%s has %s, %s has not (L.5)", locale, key, other)
				}
			}
		}
	}
}

// drawnAlone draws a confirmation mail's parts for one person with the layouts
// and no skeleton.
func drawnAlone(c *Composer, n Confirmation) (html, text string, err error) {
	lang, locale := c.language(n.Locale)
	page := noticeSheet{sheet: newSheet(n.Sender, locale, ""), Purposes: n.Purposes, ConfirmURL: n.ConfirmURL}
	for field, at := range map[*string]time.Time{&page.ExpiresAt: n.Expires, &page.DeleteAt: n.Deletion} {
		if *field, err = lang.words.day(at); err != nil {
			return "", "", err
		}
	}
	if page.RequestedAt, err = lang.words.moment(n.Requested); err != nil {
		return "", "", err
	}
	name, err := page.setTitles(akkoord.MailConfirm, lang.words)
	if err != nil {
		return "", "", err
	}
	return lang.draw(name, page, page)
}

func TestSplicedNoticeEqualsOneDrawnForThatPersonAlone(t *testing.T) {
	c := newComposer(t)
	plates := map[string]*noticePlate{}
	for locale := range wordings {
		p, err := c.castNotice(akkoord.MailConfirm, notice(locale))
		if err != nil {
			t.Fatal(err)
		}
		plates[locale] = p
	}
	rapid.Check(t, func(t *rapid.T) {
		n := confirmation(rapid.SampledFrom([]string{"nl", "en"}).Draw(t, "locale"))
		at := time.Unix(rapid.Int64Range(0, 1<<32).Draw(t, "at"), 0).In(n.Date.Location())
		n.Date, n.Requested, n.Expires, n.Deletion = at, at.Add(-time.Minute), at.AddDate(0, 0, 7), at.AddDate(0, 0, 14)
		n.To = rapid.StringMatching(`[a-z0-9!#$%&'*+/=?^_{|}~-]{1,64}@[a-z]{1,60}\.example`).Draw(t, "to")
		n.ConfirmURL = "https://mail.zonvaart.example/confirm/" + rapid.StringMatching(`[A-Za-z0-9._-]{0,400}`).Draw(t, "token")
		raw, err := plates[n.Locale].appendConfirmation(nil, &n)
		if err != nil {
			t.Fatal(err)
		}
		if err := checkWire(raw); err != nil {
			t.Fatal(err)
		}
		h, text, page, err := read(raw)
		if err != nil {
			t.Fatal(err)
		}
		wantPage, wantText, err := drawnAlone(c, n)
		if err != nil {
			t.Fatal(err)
		}
		if text = strings.ReplaceAll(text, "\r\n", "\n"); strings.TrimSpace(text) != strings.TrimSpace(wantText) {
			t.Fatalf("text part\n got %q\nwant %q", text, wantText)
		}
		if page = strings.ReplaceAll(page, "\r\n", "\n"); strings.TrimSpace(page) != strings.TrimSpace(wantPage) {
			t.Fatalf("HTML part\n got %q\nwant %q", page, wantPage)
		}
		if h.Get("To") != "<"+n.To+">" || h.Get("Date") != at.Format(time.RFC1123Z) || h.Get("Message-ID") != "<"+n.MessageID+">" {
			t.Fatalf("%q %q %q", h.Get("To"), h.Get("Date"), h.Get("Message-ID"))
		}
	})
}

func TestAWordingThatLooksLikeAGapIsRefused(t *testing.T) {
	for _, change := range []func(*Notice){
		func(n *Notice) { n.Purposes = []PurposeWording{{"Reisnieuws", "Ja zqslot9999z"}} },
		func(n *Notice) { n.From.Name = "zqslot0000z" },
		func(n *Notice) { n.PostalAddress = "zqslot0000z" },
	} {
		n := confirmation("nl")
		change(&n.Notice)
		if _, err := newComposer(t).Confirmation(n); akkoord.CodeOf(err) != "template_invalid" {
			t.Errorf("got %v", err)
		}
	}
}

func BenchmarkSplicedConfirmation(b *testing.B) {
	n := confirmation("nl")
	c := newComposer(b)
	p, err := c.castNotice(akkoord.MailConfirm, n.Notice)
	if err != nil {
		b.Fatal(err)
	}
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		if dst, err = p.appendConfirmation(dst[:0], &n); err != nil {
			b.Fatal(err)
		}
	}
}
