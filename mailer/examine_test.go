package mailer

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"akkoord"
)

// TestAComposedBodyIsReadAsItsReadersSeeIt: links with their words, pictures with
// and without words, and fields by their names.
func TestAComposedBodyIsReadAsItsReadersSeeIt(t *testing.T) {
	c := newComposer(t)
	l := letter("nl")
	l.Subject, l.Preheader = "Dag {{name}}", "Kijk"
	l.Markdown, l.HTML = "", `<p>Dag {{name | default: "u"}} <a href="https://a.example/{{email}}"><img src="https://a.example/b.png" alt="Berg"></a> <a href="https://a.example/">&nbsp;</a></p><img src="https://a.example/c.png">`
	got, err := c.examine(l)
	if err != nil {
		t.Fatal(err)
	}
	if got.HTMLSize < 1000 || got.Text == "" {
		t.Errorf("%d bytes, text %q", got.HTMLSize, got.Text)
	}
	got.HTMLSize, got.Text = 0, ""
	want := akkoord.ComposedMail{
		Subject: "Dag {{name}}", Preheader: "Kijk", Bare: []string{"name"},
		Links:  []akkoord.ComposedLink{{URL: "https://a.example/{{email}}", Words: "Berg"}, {URL: "https://a.example/"}},
		Images: []akkoord.ComposedImage{{URL: "https://a.example/b.png", Alt: "Berg", Described: true}, {URL: "https://a.example/c.png"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestOwnColoursAreMeasuredInLightAndDark: what a colour alone does to text, also
// where the other comes from the layout (WCAG 1.4.3, L.4).
func TestOwnColoursAreMeasuredInLightAndDark(t *testing.T) {
	for _, tt := range []struct {
		html              string
		ink, ground       string
		lightBad, darkBad bool
		none              bool
	}{
		{html: `<p>gewoon</p>`, none: true},
		{html: `<p style="color:#aaa">grijs</p>`, ink: "#aaaaaa", ground: "#ffffff", lightBad: true},
		{html: `<p style="color:rgb(0, 0, 128)">marine</p>`, ink: "#000080", ground: "#ffffff", darkBad: true},
		{html: `<div style="background-color:yellow"><b>let op</b></div>`, ink: "#1b1c1e", ground: "#ffff00", darkBad: true},
		{html: `<div style="background-color:#003366;color:white"><b>ja</b></div>`, ink: "#ffffff", ground: "#003366"},
		{html: `<p style="color:var(--x)">raar</p>`, none: true},
	} {
		n, err := parseFragment([]byte(tt.html))
		if err != nil {
			t.Fatal(err)
		}
		got := shadesOf(n, newPalette(""))
		if tt.none {
			if len(got) > 0 {
				t.Errorf("%s: %+v", tt.html, got)
			}
			continue
		}
		if len(got) != 1 || got[0].Ink != tt.ink || got[0].Ground != tt.ground || got[0].Light < 4.5 != tt.lightBad || got[0].Dark < 4.5 != tt.darkBad {
			t.Errorf("%s: %+v", tt.html, got)
		}
	}
}

// TestNothingOfOurOwnNetworkIsReached: only addresses of the internet are dialled
// for a link that somebody typed (SSRF).
func TestNothingOfOurOwnNetworkIsReached(t *testing.T) {
	for _, a := range []string{
		"127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "192.0.2.7", "198.18.0.1",
		"::1", "::", "fe80::1", "fc00::1", "fd12::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1", "2002:7f00:1::", "2001:db8::1", "2001::1",
		"::a00:1", "::ffff:0:a00:1", "3fff::1", "5f00::1", "168.63.129.16",
	} {
		if PublicAddress(netip.MustParseAddr(a)) {
			t.Errorf("%s is dialled", a)
		}
	}
	for _, a := range []string{"1.1.1.1", "93.184.216.34", "2606:4700::1111", "2a00:1450:4001::1"} {
		if !PublicAddress(netip.MustParseAddr(a)) {
			t.Errorf("%s is not dialled", a)
		}
	}
	var a Asker
	if a.reachable(netip.MustParseAddrPort("1.1.1.1:25")) || !a.reachable(netip.MustParseAddrPort("1.1.1.1:443")) {
		t.Error("ports of other services are dialled, or those of the web are not")
	}
	for _, u := range []string{"http://127.0.0.1/", "http://[::1]/", "https://10.0.0.1/", "http://169.254.169.254/latest/meta-data/"} {
		if got := a.Ask(t.Context(), []string{u}); !slices.Equal(got, []akkoord.LinkAnswer{{URL: u, Code: akkoord.LinkPrivate}}) {
			t.Errorf("%s: %+v", u, got)
		}
	}
}
