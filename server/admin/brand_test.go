package admin_test

import (
	"bytes"
	"image"
	"image/png"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"akkoord"
	"akkoord/server/admin"
)

var framed = regexp.MustCompile(`<iframe class="preview" src="([^"]+)"`)

// brandForm is the form of the brand, with what was typed into it.
type brandForm struct {
	f       *fixture
	browser *browser
	fields  url.Values
}

func (b *brandForm) press(act string, logo []byte) reply {
	b.f.t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	fields := b.fields
	fields.Set("act", act)
	for name, values := range fields {
		b.f.check(w.WriteField(name, values[0]))
	}
	part, err := w.CreateFormFile("logo-file", "logo.png")
	b.f.check(err)
	_, err = part.Write(logo)
	b.f.check(err)
	b.f.check(w.Close())
	r := b.browser.send("POST", "/admin/settings/brand", body.String(), "Content-Type: "+w.FormDataContentType())
	if r.status != http.StatusSeeOther {
		for _, name := range []string{"accent", "logo", "alt", "version"} {
			m := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(r.body)
			if m == nil {
				b.f.t.Fatalf("the form lost %s: %d %s", name, r.status, r.body)
			}
			b.fields.Set(name, m[1])
		}
	}
	return r
}

func blank(width, height int) []byte {
	var b bytes.Buffer
	_ = png.Encode(&b, image.NewRGBA(image.Rect(0, 0, width, height))) // into memory
	return b.Bytes()
}

// Issue 7.3: an owner chooses colour and logo, sees a page and a mail in them before
// anything is kept, is offered the nearest colour that can be read, and is told when
// somebody else was faster.
func TestAnOwnerChoosesTheBrand(t *testing.T) {
	f := newFixture(t)
	f.mailing()
	owner := f.as(akkoord.RoleOwner)
	has(t, owner.get("/admin/settings"), `href="/admin/settings/brand"`)
	has(t, owner.get("/admin/settings/brand"), `name="version" value="0"`)
	typed := func() *brandForm {
		return &brandForm{f, owner, url.Values{"accent": {""}, "logo": {""}, "alt": {""}, "version": {"0"}}}
	}
	first, second := typed(), typed()

	first.fields.Set("accent", "#ffcc00")
	r := first.press("save", nil)
	if nearest := akkoord.NearestAccent("#ffcc00"); r.status != http.StatusUnprocessableEntity || !strings.Contains(r.body, `id="accent-e"`) || !strings.Contains(r.body, "Use "+nearest) {
		t.Errorf("a colour that can't be read: %d %s", r.status, r.body)
	}
	if r = first.press("nearest", nil); r.status != http.StatusOK || first.fields.Get("accent") != akkoord.NearestAccent("#ffcc00") {
		t.Errorf("the nearest: %d %s", r.status, first.fields.Get("accent"))
	}
	for code, bad := range map[string][]byte{"image_invalid": []byte(`<svg onload="x()">`), "logo_large": blank(4001, 1000)} {
		if r := first.press("try", bad); r.status != http.StatusUnprocessableEntity || !strings.Contains(r.body, `id="logo-file-e"`) {
			t.Errorf("%s: %d", code, r.status)
		}
	}
	first.fields.Set("accent", "#b8400e")
	first.fields.Set("alt", "Zonvaart")
	r = first.press("try", blank(1120, 200))
	frames := framed.FindAllStringSubmatch(r.body, -1)
	if r.status != http.StatusOK || len(frames) != 2 || first.fields.Get("logo") == "" {
		t.Fatalf("trying: %d %s", r.status, r.body)
	}
	if b, err := f.store.Brand(t.Context()); err != nil || b != (akkoord.Brand{}) {
		t.Fatalf("trying kept %+v %v", b, err)
	}
	logo := "/media/" + first.fields.Get("logo")
	form, mail := owner.get(strings.ReplaceAll(frames[0][1], "&amp;", "&")), owner.get(strings.ReplaceAll(frames[1][1], "&amp;", "&"))
	has(t, form, `/static/brand-b8400e-1.css`, `src="`+logo+`" width="202" height="36" alt="Zonvaart"`)
	has(t, mail, "#b8400e")
	if strings.Contains(mail.body, "<img") {
		t.Error("the mail that asks to confirm has a picture")
	}
	if csp := form.header.Get("Content-Security-Policy"); !strings.Contains(csp, "sandbox") || strings.Contains(csp, "unsafe") {
		t.Errorf("the page is shown under %s", csp)
	}

	if r = first.press("save", nil); r.status != http.StatusSeeOther {
		t.Fatalf("saving: %d %s", r.status, r.body)
	}
	kept, err := f.store.Brand(t.Context())
	f.check(err)
	if want := (akkoord.Logo{Image: kept.Logo.Image, Width: 560, Height: 100, Alt: "Zonvaart"}); kept.Accent != "#b8400e" || kept.Version != 1 || kept.Logo != want || "/media/"+kept.Logo.Image.String() != logo {
		t.Errorf("kept %+v", kept)
	}
	if last, _ := f.trail(); !strings.Contains(last, "brand.change") {
		t.Errorf("the line about it: %s", last)
	}

	second.fields.Set("accent", "#0a6b49")
	r = second.press("save", nil)
	if r.status != http.StatusConflict || !strings.Contains(r.body, "<code>#b8400e</code>") || !strings.Contains(r.body, logo+`" alt="Zonvaart"`) || strings.Contains(r.body, `id="accent-e"`) {
		t.Errorf("a stale form: %d %s", r.status, r.body)
	}
	if r = second.press("save", nil); r.status != http.StatusSeeOther {
		t.Errorf("a second press, with theirs in sight: %d %s", r.status, r.body)
	}
	if kept, err = f.store.Brand(t.Context()); err != nil || kept != (akkoord.Brand{Accent: "#0a6b49", Version: 2}) {
		t.Errorf("kept %+v %v", kept, err)
	}
}

// ASVS 7.5.3: a logo that came with a brand to be kept outlasts the question who sends
// it, and nothing is kept without the answer, whatever came as a picture.
func TestABrandWaitsForItsProofWithItsLogo(t *testing.T) {
	f := newFixture(t)
	owner := f.as(akkoord.RoleOwner)
	f.advance(akkoord.Limits.ProofWindow + time.Minute)
	for picture, logo := range map[string][]byte{"a picture": blank(560, 100), "none": []byte("<svg>")} {
		form := &brandForm{f, owner, url.Values{"accent": {"#b8400e"}, "logo": {""}, "alt": {"Zonvaart"}, "version": {"0"}}}
		r := form.press("save", logo)
		if asked := strings.Contains(r.body, asksProof); asked != (picture == "a picture") || r.status != map[bool]int{true: http.StatusForbidden, false: http.StatusUnprocessableEntity}[asked] {
			t.Errorf("%s: %d, asked %v", picture, r.status, asked)
		} else if asked && form.fields.Get("logo") == "" {
			t.Error("the page that asks lost the logo")
		}
		if b, err := f.store.Brand(t.Context()); err != nil || b != (akkoord.Brand{}) {
			t.Errorf("%s kept %+v %v", picture, b, err)
		}
	}
}

// Words of a logo outlast a picture that is refused, and are refused where there is
// none; who removes the logo leaves them out.
func TestWordsOfALogoAreNotLost(t *testing.T) {
	f := newFixture(t)
	b := &brandForm{f, f.as(akkoord.RoleOwner), url.Values{"accent": {""}, "logo": {""}, "alt": {"Zonvaart"}, "version": {"0"}}}
	if r := b.press("try", []byte("no picture")); r.status != http.StatusUnprocessableEntity || b.fields.Get("alt") != "Zonvaart" {
		t.Errorf("a picture that is refused: %d, and the words are %q", r.status, b.fields.Get("alt"))
	}
	if r := b.press("save", nil); r.status != http.StatusUnprocessableEntity || !strings.Contains(r.body, `id="alt-e"`) || b.fields.Get("alt") != "Zonvaart" {
		t.Errorf("words without a logo: %d %s", r.status, r.body)
	}
	if r := b.press("remove", nil); r.status != http.StatusOK || b.fields.Get("alt") != "" {
		t.Errorf("removing: %d %q", r.status, b.fields.Get("alt"))
	}
}

// What somebody types into the address of a preview is checked as the form is.
func TestPreviewsOfBrandsTakeNoOther(t *testing.T) {
	f := newFixture(t)
	owner := f.as(akkoord.RoleOwner)
	large, err := f.store.PutImage(t.Context(), akkoord.ActorSystem, akkoord.Image{ContentType: "image/png", Data: blank(600, 10)})
	f.check(err)
	for query, status := range map[string]int{
		"accent=": 200, "accent=%23b8400e": 200, "accent=%23ffcc00": 422, "accent=red%3B%7D": 422, "accent=%23b8400e&logo=x": 404,
		"logo=" + large.PublicID.String(): 422, "logo=00000000-0000-7000-8000-000000000000": 404,
	} {
		for _, part := range []string{"form", "mail"} {
			if r := owner.send("GET", "/admin/settings/brand/preview/"+part+"?"+query, ""); r.status != status {
				t.Errorf("%s of %s: %d, want %d", part, query, r.status, status)
			}
		}
	}
	if r := owner.send("GET", "/admin/settings/brand/preview/other?accent=", ""); r.status != http.StatusNotFound {
		t.Errorf("another part: %d", r.status)
	}
}

// What the server was started with wins, and is shown without what is secret.
func TestSettingsOfTheServerAreShown(t *testing.T) {
	f := newFixture(t)
	f.server.Config.Handler = f.newSite("http://127.0.0.1:8080", func(c *admin.Config) {
		c.BrandColour = "#7d4a00"
		c.Brand = func() akkoord.Brand { return akkoord.Brand{Accent: "#7d4a00"} }
		c.Set = []admin.Setting{{Name: "AKKOORD_URL", Help: "Base.", Value: "https://a.example"}, {Name: "AKKOORD_SMTP", Help: "Relay.", Secret: true}}
	})
	owner := f.as(akkoord.RoleOwner)
	has(t, owner.get("/admin/settings"), "https://a.example", "AKKOORD_SMTP", "set, not shown")
	page := owner.get("/admin/settings/brand").body
	if strings.Contains(page, `id="accent"`) || !strings.Contains(page, "AKKOORD_BRAND_COLOUR") {
		t.Error("the colour of the settings can be typed over")
	}
	b := &brandForm{f, owner, url.Values{"logo": {""}, "alt": {""}, "version": {"0"}, "accent": {"#0a6b49"}}}
	b.fields.Set("act", "save")
	if r := owner.send("POST", "/admin/settings/brand", b.fields.Encode()); r.status != http.StatusSeeOther {
		t.Fatalf("saving: %d", r.status)
	}
	if kept, err := f.store.Brand(t.Context()); err != nil || kept.Accent != "" {
		t.Errorf("kept %+v %v", kept, err)
	}
	has(t, owner.get("/admin/settings/brand/preview/form?accent="), "/static/brand-7d4a00-1.css")
	for _, role := range slices.DeleteFunc(slices.Clone(akkoord.Roles), func(r akkoord.Role) bool { return r.May(akkoord.SetUp) || r == akkoord.RoleMail }) {
		if strings.Contains(f.as(role).get("/admin").body, "/admin/settings") {
			t.Errorf("%s is led to the settings", role)
		}
	}
}
