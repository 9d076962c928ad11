package mailer

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"akkoord"
)

// likeMark draws a text made of what marks are made of, and of what authors
// can hide it behind.
func likeMark(t *rapid.T, label string) string {
	piece := rapid.SampledFrom([]string{
		"zqslot", "zqs", "lot", "z", "q", "s", "l", "o", "t", "0000", "0001", "9999", "7", "u", "z", "@slot.invalid", "&#122;", "&#x71;", "&#48;",
		"&amp;", "=\r\n", "=3D", "*", "**", "<b>", "</b>", "\u00ad", "\u200b", " ", "é",
	})
	return "Ja " + strings.Join(rapid.SliceOfN(piece, 1, 14).Draw(t, label), "")
}

func TestATextLikeAGapBreaksNoConfirmationMail(t *testing.T) {
	c := newComposer(t)
	rapid.Check(t, func(t *rapid.T) {
		n := confirmation(rapid.SampledFrom([]string{"nl", "en"}).Draw(t, "locale"))
		oneLine := strings.NewReplacer("\r\n", "")
		n.Purposes = []PurposeWording{{oneLine.Replace(likeMark(t, "name")), likeMark(t, "wording")}}
		n.Controller, n.PostalAddress = oneLine.Replace(likeMark(t, "controller")), oneLine.Replace(likeMark(t, "address"))
		raw, err := c.Confirmation(n)
		if akkoord.CodeOf(err) == "template_invalid" {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := checkWire(raw); err != nil {
			t.Fatal(err)
		}
		_, text, _, err := read(raw)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(text, n.Purposes[0].Name) || strings.Count(text, n.ConfirmURL) != 1 {
			t.Fatalf("%q is not in %q, or the link is not there once", n.Purposes[0].Name, text)
		}
	})
}

func TestATextLikeAGapBreaksNoCampaign(t *testing.T) {
	c := newComposer(t)
	rapid.Check(t, func(t *rapid.T) {
		l := letter("nl")
		l.Markdown, l.PurposeName = likeMark(t, "body"), strings.ReplaceAll(likeMark(t, "purpose"), "\r\n", "")
		if rapid.Bool().Draw(t, "as HTML") {
			l.Markdown, l.HTML = "", "<p>"+l.Markdown+"</p>"
		}
		s, err := c.Campaign(l)
		if akkoord.KindOf(err) == akkoord.Invalid {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := checkWire(s.Append(nil, copyFor("Anouk"))); err != nil {
			t.Fatal(err)
		}
	})
}

func TestGapsInSlugsAndNamesAreRefused(t *testing.T) {
	for name, change := range map[string]func(*Letter){
		"campaign": func(l *Letter) { l.CampaignSlug = "zqslot0099z" },
		"purpose":  func(l *Letter) { l.PurposeSlug = "zqslot0000z" },
		"sender":   func(l *Letter) { l.From.Name = "zqslot0099z" },
		"domain":   func(l *Letter) { l.From.Address = "a@zqslot0099z.example" },
	} {
		l := letter("nl")
		change(&l)
		if _, err := newComposer(t).Campaign(l); akkoord.CodeOf(err) != "template_invalid" {
			t.Errorf("%s: %v", name, err)
		}
	}
}
