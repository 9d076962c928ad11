package mailer

import (
	"bytes"
	"fmt"
	"html"
	"mime"
	"net/url"
	"strings"
	"testing"

	"github.com/wneessen/go-mail"
	"pgregory.net/rapid"

	"akkoord"
)

// alone composes a message for one person with go-mail and no skeleton: each
// mark of the draft is replaced by its value, then all is encoded.
func alone(d *draft, subject string, c *Copy) ([]byte, error) {
	fill := func(part string, escape func(string) string) string {
		for i, s := range d.gaps.slots {
			name := fmt.Sprintf("%s%04d", markStart, i)
			part = strings.ReplaceAll(part, name+markText, escape(s.value(c)))
			part = strings.ReplaceAll(part, name+markURL, strings.ReplaceAll(url.QueryEscape(s.value(c)), "+", "%20"))
		}
		return part
	}
	m, err := newMessage(d.Sender, d.locale, "alone", fill(d.text, func(v string) string { return v }), fill(d.html, html.EscapeString))
	if err != nil {
		return nil, err
	}
	if err := m.To(c.To); err != nil {
		return nil, err
	}
	m.SetGenHeader(mail.HeaderSubject, subject)
	m.SetMessageIDWithValue(c.MessageID)
	m.SetDateWithValue(c.Date)
	m.SetGenHeader(mail.HeaderListUnsubscribe, "<"+c.UnsubscribeURL+">")
	d.setListFields(m)
	return render(m)
}

// hostile are values and stretches of text that break naive encoders.
var hostile = []string{"", " ", "Zoë 🎿", "=?x?=", "=?utf-8?q?x?=", "<script>alert(1)</script>", `"`, "'", "a\r\nBcc: b@c.example", "\r\n.\r\n", "\u202egnol",
	strings.Repeat("Wolfeschlegelsteinhausen", 9)[:200], strings.Repeat("é", 200), strings.Repeat("🎿", 60), strings.Repeat(" x", 100), "=", "= =3D", ".", "...", strings.Repeat(".", 100), "--", "a b ", "%2F&amp;", "\x00\x1b", "{{name}}"}

func TestSplicedMailEqualsOneComposedForThatPersonAlone(t *testing.T) {
	c := newComposer(t)
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.OneOf(rapid.SampledFrom(hostile), rapid.String())
		literal := rapid.OneOf(rapid.SampledFrom([]string{" ", "\n\n", "é", "= ", "a ", "- ", "**b**", strings.Repeat("lang", 30), ".", "...", strings.Repeat(".", 80), strings.Repeat("x", 74) + "..", "[x](https://a.example/?q={{name}}&r=1) ", "<{{name}}@x.example>"}),
			rapid.StringMatching(`[a-zA-Z0-9 .,!é=?<>&"'_*-]{0,90}`))
		field := rapid.SampledFrom([]string{"{{name}}", `{{name | default: "beste <b> reiziger"}}`, "{{email}}", "{{campaign}}", "{{purpose}}"})
		text := func(label string, line bool) string {
			s := strings.Join(rapid.SliceOfN(rapid.OneOf(literal, field), 1, 12).Draw(t, label), "")
			if line {
				s = strings.Join(strings.Fields(s), " ")
			}
			return s
		}
		l := letter(rapid.SampledFrom([]string{"nl", "en"}).Draw(t, "locale"))
		l.Subject, l.Preheader, l.Markdown = text("subject", true), text("preheader", true), text("body", false)
		if len(l.Subject) > 4*akkoord.Limits.Subject || len(l.Preheader) > 4*akkoord.Limits.Subject {
			t.Skip("too long")
		}
		s, err := c.Campaign(l)
		if akkoord.CodeOf(err) == "link_refused" {
			t.Skip("no such link")
		}
		if err != nil {
			t.Fatal(err)
		}
		person := copyFor("")
		name, address := value.Draw(t, "name"), value.Draw(t, "address")
		person.Field = func(f string) string { return map[string]string{"name": name, "email": address}[f] }
		got := s.Append(nil, person)
		if err := checkWire(got); err != nil {
			t.Fatal(err)
		}
		if bytes.HasPrefix(got, []byte(".")) || bytes.Contains(got, []byte("\n.")) {
			t.Fatalf("a line begins with a dot: %q", got)
		}
		gotHead, gotText, gotHTML, err := read(got)
		if err != nil {
			t.Fatal(err)
		}
		d, err := c.draft(l)
		if err != nil {
			t.Fatal(err)
		}
		want, err := alone(d, s.Subject(person), person)
		if err != nil {
			t.Fatal(err)
		}
		wantHead, wantText, wantHTML, err := read(want)
		if err != nil {
			t.Fatal(err)
		}
		if gotText != wantText {
			t.Fatalf("text part\n got %q\nwant %q", gotText, wantText)
		}
		if gotHTML != wantHTML {
			t.Fatalf("HTML part\n got %q\nwant %q", gotHTML, wantHTML)
		}
		if page := string(s.AppendHTML(nil, person)); page != strings.ReplaceAll(gotHTML, "\r", "") {
			t.Fatalf("page\n got %q\nwant %q", page, gotHTML)
		}
		subject, err := new(mime.WordDecoder).DecodeHeader(gotHead.Get("Subject"))
		if err != nil || subject != s.Subject(person) {
			t.Fatalf("subject %q, want %q (%v)", subject, s.Subject(person), err)
		}
		for f := wantHead.Fields(); f.Next(); {
			if key := f.Key(); key != "Subject" && key != "Content-Type" && gotHead.Get(key) != f.Value() {
				t.Fatalf("%s: %q, want %q", key, gotHead.Get(key), f.Value())
			}
		}
		if gotHead.Len() != wantHead.Len() {
			t.Fatalf("%d header fields, want %d", gotHead.Len(), wantHead.Len())
		}
	})
}

func TestHostileNamesStayWhereTheyBelong(t *testing.T) {
	l := letter("nl")
	l.Markdown = `Dag {{name}}, [uw pagina](https://www.zonvaart.example/{{name}}?n={{name}}#{{name}}).`
	s := mustCampaign(t, l)
	for _, name := range hostile {
		raw := s.Append(nil, copyFor(name))
		if err := checkWire(raw); err != nil {
			t.Errorf("%q: %v", name, err)
		}
		h, text, page := mustRead(t, raw)
		plain := akkoord.PlainText(name)
		if !strings.Contains(text, "Dag "+plain+",") {
			t.Errorf("%q: text part %q", name, text[:120])
		}
		if !strings.Contains(page, "Dag "+html.EscapeString(plain)+", <a") {
			t.Errorf("%q: not in the HTML part as text", name)
		}
		escaped := url.PathEscape(plain)
		if u, err := url.Parse("https://www.zonvaart.example/" + strings.ReplaceAll(url.QueryEscape(plain), "+", "%20")); err != nil || !strings.Contains(text, "<"+u.String()+"?n=") {
			t.Errorf("%q: link is not escaped as %q in %q", name, escaped, text[:200])
		}
		if h.Get("Bcc") != "" || strings.Contains(page, "<script") {
			t.Errorf("%q got out of its place", name)
		}
	}
}

func TestNoByteOfACopyAppearsInAnother(t *testing.T) {
	s := mustCampaign(t, letter("nl"))
	buf := make([]byte, 0, 64<<10)
	secret := copyFor("Geheimnaam")
	secret.To, secret.UnsubscribeURL, secret.MessageID = "geheim@voorbeeld.example", "https://mail.zonvaart.example/unsubscribe/geheim", "geheim@zonvaart.example"
	before := s.Append(nil, copyFor("Zoë"))
	s.Append(buf, secret)
	s.AppendHTML(buf, secret)
	after := s.Append(buf[:0], copyFor("Zoë"))
	if !bytes.Equal(before, after) {
		t.Error("a copy changed after another was made in the same buffer")
	}
	if bytes.Contains(bytes.ToLower(after), []byte("geheim")) {
		t.Error("a copy holds another's data (L28)")
	}
}

func TestEnvelopeFactsCannotInjectAHeader(t *testing.T) {
	c := copyFor("Zoë")
	c.To, c.MessageID, c.UnsubscribeURL = "a@b.example\r\nBcc: x@y.example", "id@x\r\nBcc: x", "https://x.example/\r\n\r\nbody"
	h, _, _ := mustRead(t, mustCampaign(t, letter("nl")).Append(nil, c))
	if h.Get("Bcc") != "" || !strings.HasPrefix(h.Get("Subject"), "=?") {
		t.Error("a line break came through (A.15)")
	}
}

func TestUntrackedMailHoldsTheAuthorsLinksUnchanged(t *testing.T) {
	links := []string{"https://www.zonvaart.example/a?b=1&c=2", "https://www.zonvaart.example/a%20b/(c)!d'e;f,g?q=%C3%A9&x=a+b#top~", "http://zonvaart.example:8080/", "https://Www.Zonvaart.example/A_b_C/"}
	for _, link := range links {
		for _, l := range []Letter{{Markdown: "[hier](<" + link + ">)"}, {HTML: `<p><a href="` + html.EscapeString(link) + `">hier</a></p>`}} {
			full := letter("nl")
			full.Markdown, full.HTML = l.Markdown, l.HTML
			_, text, page := mustRead(t, mustCampaign(t, full).Append(nil, copyFor("Zoë")))
			if !strings.Contains(text, "hier <"+link+">") {
				t.Errorf("%s changed in the text part: %q", link, text[:150])
			}
			if strings.Contains(page, "<img") {
				t.Error("an image that is not the author's")
			}
		}
	}
}

func BenchmarkAppend20KB(b *testing.B) {
	l := letter("nl")
	for len(l.Markdown) < 12000 {
		l.Markdown += "\n\nGrüße uit de bergen, met [meer nieuws](https://www.zonvaart.example/nieuws/1) en nog een hele zin om de ruimte te vullen."
	}
	s := mustCampaign(b, l)
	c := copyFor("Zoë 🎿")
	c.Field = func(string) string { return "Zoë 🎿" }
	buf := s.Append(nil, c)
	b.SetBytes(int64(len(buf)))
	b.ReportAllocs()
	for b.Loop() {
		buf = s.Append(buf[:0], c)
	}
}

func TestAppendDoesNotAllocate(t *testing.T) {
	s := mustCampaign(t, letter("nl"))
	c := copyFor("Zoë")
	c.Field = func(string) string { return "Zoë 🎿" }
	buf := s.Append(nil, c)
	if n := testing.AllocsPerRun(50, func() { buf = s.Append(buf[:0], c) }); n > 0 {
		t.Errorf("%v allocations for each message", n)
	}
}
