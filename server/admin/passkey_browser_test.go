package admin_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/proto"

	"akkoord"
	"akkoord/static"
)

// In a browser with an authenticator: somebody adds a passkey, logs out, logs in with
// nothing else, and shows it again for what asks once more who it is. Without
// JavaScript the buttons are not there, and a sentence says that nothing is lost (M27).
func TestAPasskeyInABrowser(t *testing.T) {
	f := newFixture(t)
	f.staff("femke@zonvaart.example", akkoord.RoleOwner)
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	base := strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	mux.Handle("/static/", http.StripPrefix("/static/", http.FileServerFS(static.FS)))
	mux.Handle("/", f.newSite(base))
	_, p := f.opened()
	loads := func(act func()) {
		t.Helper()
		loaded := p.WaitNavigation(proto.PageLifecycleEventNameLoad)
		act()
		loaded()
	}
	goTo := func(path string) { loads(func() { p.MustNavigate(base + path) }) }
	press := func(selector string) { loads(func() { p.MustElement(selector).MustClick() }) }
	if err := rod.Try(func() {
		goTo("/admin/login")
		if p.MustElement("#passkey").MustVisible() || !strings.Contains(p.MustElement("main").MustText(), "Nothing is lost") {
			t.Errorf("without JavaScript: %s", p.MustElement("main").MustText())
		}
		f.check(proto.EmulationSetScriptExecutionDisabled{Value: false}.Call(p))
		f.check(proto.WebAuthnEnable{}.Call(p))
		_, err := proto.WebAuthnAddVirtualAuthenticator{Options: &proto.WebAuthnVirtualAuthenticatorOptions{
			Protocol: proto.WebAuthnAuthenticatorProtocolCtap2, Transport: proto.WebAuthnAuthenticatorTransportInternal,
			HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
		}}.Call(p)
		f.check(err)

		goTo("/admin/login")
		p.MustElement("#passkey").MustClick() // of nobody yet
		p.MustElement("[data-failed]").MustWaitVisible()
		p.MustElement("#email").MustInput("femke@zonvaart.example")
		p.MustElement("#password").MustInput(goodPassword)
		press("form[action='/admin/login'] button")
		goTo("/admin/account")
		p.MustElement("#name").MustInput("Phone")
		press("[data-passkey]")
		if n := len(p.MustElements(".codes li")); n != 10 {
			t.Errorf("%d recovery codes: %s", n, p.MustElement("main").MustText())
		}
		press("form.who button")
		press("#passkey")
		if at := p.MustInfo().URL; at != base+"/admin" {
			t.Errorf("the passkey leads to %s: %s", at, p.MustElement("main").MustText())
		}
		goTo("/admin/account")
		f.advance(akkoord.Limits.ProofWindow + time.Minute)
		press("button[name=act][value=factor]")
		press("#passkey")
		if !p.MustHas("img[src='/admin/account/qr.png']") {
			t.Errorf("after the proof: %s", p.MustElement("main").MustText())
		}
	}); err != nil {
		t.Fatal(err)
	}
}
