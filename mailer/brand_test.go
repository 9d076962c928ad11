package mailer

import (
	"strings"
	"testing"

	"akkoord"
)

// Mails of campaigns and those that ask to confirm wear the brand's colour; mailings also
// its logo from our own site, with what is written in it (issue 7.3). A mail to somebody
// who agreed to nothing yet has no picture to load.
func TestMailsWearTheBrand(t *testing.T) {
	logo := akkoord.Logo{Image: akkoord.ID{7}, Width: 560, Height: 140}
	named := logo
	named.Alt = `Zonvaart "Reizen"`
	src := `src="https://mail.zonvaart.example/media/` + logo.Image.String() + `"`
	const name = "Zonvaart Reizen</td>"
	for what, c := range map[string]struct {
		brand    akkoord.Brand
		has, not []string
	}{
		"nothing":         {akkoord.Brand{}, []string{"#b8400e", name}, []string{"<img", "logo"}},
		"a colour":        {akkoord.Brand{Accent: "#0a6b49"}, []string{"#0a6b49", name}, []string{"<img", "#b8400e"}},
		"a picture alone": {akkoord.Brand{Logo: logo}, []string{src, `alt=""`, `width="192"`, `height="48"`, name}, nil},
		"a name drawn":    {akkoord.Brand{Logo: named}, []string{src, `alt="Zonvaart &#34;Reizen&#34;"`}, []string{name}},
	} {
		l := letter("nl")
		l.Sender, l.Markdown = l.Sender.Wearing(c.brand), "Dag."
		_, _, campaign := mustRead(t, mustCampaign(t, l).Append(nil, copyFor("Zoë")))
		asked := confirmation("nl")
		asked.Sender = l.Sender
		raw, err := newComposer(t).Confirmation(asked)
		if err != nil {
			t.Fatal(err)
		}
		_, _, asking := mustRead(t, raw)
		if strings.Contains(asking, "<img") || !strings.Contains(asking, name) {
			t.Errorf("%s: the mail that asks to confirm has a picture, or no name", what)
		}
		colour := l.Brand
		if colour == "" {
			colour = "#b8400e"
		}
		if !strings.Contains(asking, colour) {
			t.Errorf("%s: the mail that asks to confirm lacks %s", what, colour)
		}
		for kind, html := range map[string]string{"campaign": campaign} {
			for _, want := range c.has {
				if !strings.Contains(html, want) {
					t.Errorf("%s: the %s lacks %s", what, kind, want)
				}
			}
			for _, want := range c.not {
				if strings.Contains(html, want) {
					t.Errorf("%s: the %s has %s", what, kind, want)
				}
			}
		}
	}
}
