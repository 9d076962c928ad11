package admin_test

import (
	"bytes"
	"html"
	"image"
	"image/png"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	nethtml "golang.org/x/net/html"

	"akkoord"
)

// fieldsOf gives what a browser would send of the form with an id: its fields as they
// stand, without its buttons.
func (f *fixture) fieldsOf(page, id string) url.Values {
	f.t.Helper()
	root, err := nethtml.Parse(strings.NewReader(page))
	f.check(err)
	out := url.Values{}
	for n := range root.Descendants() {
		if n.Type == nethtml.ElementNode && (n.Data == "form" && attr(n, "id") == id) {
			for in := range n.Descendants() {
				addField(out, in)
			}
		}
	}
	return out
}

func attr(n *nethtml.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func addField(out url.Values, n *nethtml.Node) {
	name := attr(n, "name")
	if n.Type != nethtml.ElementNode || name == "" {
		return
	}
	has := func(key string) bool {
		return slices.ContainsFunc(n.Attr, func(a nethtml.Attribute) bool { return a.Key == key })
	}
	switch n.Data {
	case "input":
		if kind := attr(n, "type"); kind == "file" || (kind == "checkbox" || kind == "radio") && !has("checked") {
			return
		}
		out.Add(name, attr(n, "value"))
	case "textarea":
		text := ""
		if n.FirstChild != nil {
			text = n.FirstChild.Data
		}
		out.Add(name, strings.ReplaceAll(text, "\n", "\r\n")) // as browsers do
	case "select":
		value, first := "", true
		for o := range n.Descendants() {
			if o.Data != "option" {
				continue
			}
			selected := slices.ContainsFunc(o.Attr, func(a nethtml.Attribute) bool { return a.Key == "selected" })
			if first || selected {
				value = attr(o, "value")
			}
			first = false
		}
		out.Add(name, value)
	}
}

// author is somebody at the form of a draft.
type author struct {
	*browser
	at     string // path of the form
	fields url.Values
	page   string
}

func (b *browser) author(mailing string) *author {
	b.f.t.Helper()
	a := &author{browser: b, at: mailing + "/edit"}
	a.page = b.get(a.at).body
	a.fields = b.f.fieldsOf(a.page, "draft")
	return a
}

// press sends the form by a button, which has to be on the page, and reads the form that
// comes back.
func (a *author) press(act string) reply {
	a.f.t.Helper()
	if !strings.Contains(a.page, `name="act" value="`+act+`"`) {
		a.f.t.Fatalf("the form has no button %s:\n%s", act, a.page)
	}
	return a.send(act)
}

func (a *author) send(act string) reply {
	a.f.t.Helper()
	a.fields.Set("act", act)
	r := a.browser.send("POST", a.at, a.fields.Encode())
	if r.status != http.StatusSeeOther {
		a.page, a.fields = r.body, a.f.fieldsOf(r.body, "draft")
	}
	return r
}

func (f *fixture) content(path string) akkoord.Content {
	f.t.Helper()
	id, err := akkoord.ParseID(strings.TrimPrefix(path, "/admin/mailings/"))
	f.check(err)
	m, err := f.store.Mailing(f.t.Context(), id)
	f.check(err)
	return m.Content
}

// TestAMailIsBuiltOfBlocksByForms: each button gives the same form with one change and
// with all that was typed, and nothing is stored before it is saved (issue 6.6, ADR 46).
func TestAMailIsBuiltOfBlocksByForms(t *testing.T) {
	f := newFixture(t)
	path := f.mailing()
	a := f.as(akkoord.RoleEditor).author(path)
	before := f.content(path)
	for _, step := range []struct {
		act   string
		typed map[string]string
	}{
		{"kind:blocks", nil}, // the Markdown becomes one text, block 1
		{"add:heading:main:0", map[string]string{"b2-text": "Sneeuw & <zon>", "b2-level": "1"}},
		{"up:2", nil},
		{"add:columns:main:0", nil},
		{"add:image:c3-0:0", map[string]string{"b4-image": "https://a.example/x.png"}},
		{"add:button:c3-1:0", map[string]string{"b5-text": "Kijk", "b5-url": "https://a.example/"}},
		{"add:divider:main:2", nil},
		{"copy:2", map[string]string{"b7-text": "Nog een kop"}},
		{"down:7", nil},
		{"columns:3:3", nil},
		{"add:text:c3-2:0", map[string]string{"b8-text": "Een\r\ntwee"}},
		{"columns:3:2", nil}, // its text goes to the second
		{"add:footer:main:0", nil},
		{"add:text:main:0", map[string]string{"b10-text": "Vóór de voettekst"}},
		{"copy:10", nil},
		{"remove:11", nil},
	} {
		if r := a.press(step.act); r.status != http.StatusOK {
			t.Fatalf("%s: %d %s", step.act, r.status, r.body)
		}
		for name, text := range step.typed {
			if !a.fields.Has(name) {
				t.Fatalf("after %s there is no field %s: %v", step.act, name, a.fields)
			}
			a.fields.Set(name, text)
		}
	}
	if !f.content(path).Equal(before) {
		t.Errorf("before it is saved, %+v is stored", f.content(path))
	}
	if r := a.press("save"); r.status != http.StatusSeeOther {
		t.Fatalf("saving: %d %s", r.status, r.body)
	}
	const want = `[{"kind":"heading","text":"Sneeuw & <zon>","level":1},{"kind":"divider"},{"kind":"heading","text":"Nog een kop","level":1},{"kind":"text","text":"De sneeuw ligt er."},` +
		`{"kind":"columns","columns":[[{"kind":"image","image":"https://a.example/x.png"}],[{"kind":"button","text":"Kijk","url":"https://a.example/"},{"kind":"text","text":"Een\ntwee"}]]},` +
		`{"kind":"text","text":"Vóór de voettekst"},{"kind":"footer"}]`
	if got := f.content(path); got.Blocks != want || got.Markdown != "" {
		t.Errorf("stored is\n%s, want\n%s", got.Blocks, want)
	}
	a = a.author(path)
	if r := a.press("save"); r.status != http.StatusSeeOther || f.content(path).Blocks != want {
		t.Errorf("saving what is shown: %d, stored %s", r.status, f.content(path).Blocks)
	}
	for _, act := range []string{"up:99", "up:x", "add:script:main:0", "add:text:nowhere:0", "add:columns:c3-0:0", "picture:3:x", "kind:word", "columns:3:9", "fly"} {
		a := a.author(path)
		if r := a.send(act); r.status >= 500 || f.content(path).Blocks != want {
			t.Errorf("%s: %d", act, r.status)
		}
	}
}

// TestWhatIsWrongWithABlockStandsAtItsField: with the focus in it, and all that was typed.
func TestWhatIsWrongWithABlockStandsAtItsField(t *testing.T) {
	f := newFixture(t)
	path := f.mailing()
	a := f.as(akkoord.RoleEditor).author(path)
	a.press("kind:blocks")
	a.press("add:columns:main:0")
	a.press("add:button:c2-1:0")
	a.fields.Set("b3-text", `Kijk "hier"`)
	for name, tt := range map[string]struct{ field, text, at string }{
		"a button that leads nowhere": {"b3-url", "", "b3-url"},
		"a topic that is none":        {"b3-topic", "Not A Slug", "b3-topic"},
		"a text that is too long":     {"b1-text", strings.Repeat("x", akkoord.Limits.Content+1), "b1-text"},
	} {
		b := &author{browser: a.browser, at: a.at, fields: url.Values{}, page: a.page}
		for k, v := range a.fields {
			b.fields[k] = slices.Clone(v)
		}
		b.fields.Set("b3-url", "https://a.example/")
		b.fields.Set(tt.field, tt.text)
		r := b.press("save")
		if r.status != http.StatusUnprocessableEntity || !strings.Contains(r.body, `id="`+tt.at+`-e"`) || !strings.Contains(r.body, `href="#`+tt.at+`"`) || !strings.Contains(r.body, html.EscapeString(`Kijk "hier"`)) {
			t.Errorf("%s: %d", name, r.status)
		}
		if n := strings.Count(r.body, " autofocus"); n != 1 || !strings.Contains(r.body, `aria-invalid="true" autofocus`) {
			t.Errorf("%s: %d elements want the focus", name, n)
		}
	}
}

// TestAnotherKindSaysWhatItCosts: Markdown becomes one text, blocks become Markdown when
// the author has seen what is lost, and HTML stays apart.
func TestAnotherKindSaysWhatItCosts(t *testing.T) {
	f := newFixture(t)
	path := f.mailing()
	a := f.as(akkoord.RoleEditor).author(path)
	a.press("kind:blocks")
	a.press("add:button:main:0")
	a.fields.Set("b2-text", "Kijk")
	a.fields.Set("b2-url", "https://a.example/")
	if r := a.press("kind:html"); r.status != http.StatusConflict || a.fields.Get("kind") != "blocks" {
		t.Errorf("as HTML: %d, %s", r.status, a.fields.Get("kind"))
	}
	if r := a.press("kind:markdown"); !strings.Contains(r.body, "Buttons become links.") || a.fields.Get("kind") != "blocks" || a.fields.Get("b2-text") != "Kijk" {
		t.Errorf("it is not asked: %d %s", r.status, a.fields.Get("kind"))
	}
	a.press("kind:source")
	if got := a.fields.Get("body"); !strings.Contains(got, `"url": "https://a.example/"`) {
		t.Errorf("as JSON: %s", got)
	}
	a.press("kind:markdown")
	a.press("kind:markdown!")
	if got := a.fields.Get("body"); got != "De sneeuw ligt er.\r\n\r\n[Kijk](https://a.example/)" || a.fields.Get("kind") != "markdown" {
		t.Errorf("as Markdown: %q", got)
	}
	a.press("kind:html")
	if r := a.press("kind:blocks"); r.status != http.StatusConflict || a.fields.Get("kind") != "html" {
		t.Errorf("HTML as blocks: %d", r.status)
	}
	a.fields.Set("body", "[{")
	a.fields.Set("kind", "source")
	if r := a.send("kind:blocks"); r.status != http.StatusUnprocessableEntity || a.fields.Get("body") != "[{" || !strings.Contains(r.body, `id="body-e"`) {
		t.Errorf("JSON that is none: %d", r.status)
	}
}

// TestVariantsHaveBlocksOfTheirOwn: and what somebody else saved in the meantime stands
// beside what was typed (409).
func TestVariantsHaveBlocksOfTheirOwn(t *testing.T) {
	f := newFixture(t)
	path := f.mailing()
	b := f.as(akkoord.RoleEditor)
	a, late := b.author(path), b.author(path)
	a.press("kind:blocks")
	a.press("variant")
	a.press("add:heading:v1:0")
	a.fields.Set("b2-text", "Anders")
	if r := a.press("save"); r.status != http.StatusSeeOther {
		t.Fatalf("saving: %d %s", r.status, r.body)
	}
	id, err := akkoord.ParseID(strings.TrimPrefix(path, "/admin/mailings/"))
	f.check(err)
	m, err := f.store.Mailing(t.Context(), id)
	f.check(err)
	if len(m.Variants) != 2 || m.Variants[0].Blocks != "" || m.Variants[1].Blocks != `[{"kind":"heading","text":"Anders"}]` {
		t.Errorf("the variants are %+v", m.Variants)
	}
	late.press("kind:blocks")
	late.fields.Set("b1-text", "Te laat")
	if r := late.press("save"); r.status != http.StatusConflict || !strings.Contains(r.body, "De sneeuw ligt er.") || !strings.Contains(r.body, "Te laat") {
		t.Errorf("too late: %d %s", r.status, r.body)
	}
	if r := late.press("save"); r.status != http.StatusSeeOther || f.content(path).Blocks != `[{"kind":"text","text":"Te laat"}]` {
		t.Errorf("over theirs: %d %s", r.status, f.content(path).Blocks)
	}
}

// TestTypedBlocksOutliveALostSession: the page that says so holds them in their order.
func TestTypedBlocksOutliveALostSession(t *testing.T) {
	f := newFixture(t)
	path := f.mailing()
	a := f.as(akkoord.RoleEditor).author(path)
	a.press("kind:blocks")
	a.press("add:heading:main:0")
	a.fields.Set("b2-text", "Niet kwijt")
	a.press("up:2")
	a.fields.Set("act", "save")
	r := f.browser().send("POST", a.at, a.fields.Encode())
	if r.status != http.StatusUnauthorized || !strings.Contains(r.body, "Niet kwijt") || strings.Index(r.body, "2:heading:main") > strings.Index(r.body, "1:text:main") {
		t.Errorf("%d %s", r.status, r.body)
	}
}

// TestAPictureIsUploadedWhereItIsShown: as a file by its content (L15), or as one that is
// there already; what was typed is kept.
func TestAPictureIsUploadedWhereItIsShown(t *testing.T) {
	f := newFixture(t)
	path := f.mailing()
	a := f.as(akkoord.RoleEditor).author(path)
	a.press("kind:blocks")
	a.press("add:image:main:0")
	a.press("pick:2")
	a.fields.Set("b1-text", "Getypt")
	send := func(data []byte) reply {
		var body bytes.Buffer
		w := multipart.NewWriter(&body)
		a.fields.Set("act", "upload:2")
		for name, values := range a.fields {
			for _, v := range values {
				f.check(w.WriteField(name, v))
			}
		}
		part, err := w.CreateFormFile("b2-file", "../../x.exe")
		f.check(err)
		_, err = part.Write(data)
		f.check(err)
		f.check(w.Close())
		r := a.browser.send("POST", a.at, body.String(), "Content-Type: "+w.FormDataContentType())
		a.page, a.fields = r.body, f.fieldsOf(r.body, "draft")
		return r
	}
	for code, data := range map[string][]byte{"file_missing": nil, "image_invalid": []byte("<svg onload=x>"), "image_large": make([]byte, akkoord.Limits.APIBody+1)} {
		if r := send(data); r.status != http.StatusUnprocessableEntity || !strings.Contains(r.body, `id="b2-file-e"`) || a.fields.Get("b1-text") != "Getypt" {
			t.Errorf("%s: %d", code, r.status)
		}
	}
	var picture bytes.Buffer
	f.check(png.Encode(&picture, image.NewRGBA(image.Rect(0, 0, 2, 2))))
	r := send(picture.Bytes())
	at := a.fields.Get("b2-image")
	id, ok := strings.CutPrefix(at, "http://127.0.0.1:8080/media/")
	if r.status != http.StatusOK || !ok || a.fields.Get("b1-text") != "Getypt" || !strings.Contains(r.body, `<img src="/media/`+id+`"`) {
		t.Fatalf("%d, the picture is %q", r.status, at)
	}
	a.press("add:offer:main:0")
	a.press("pick:3")
	a.press("picture:3:" + id)
	if got := a.fields.Get("b3-image"); got != at {
		t.Errorf("chosen is %q", got)
	}
	if last, _ := f.trail(); !strings.Contains(last, "image.create") {
		t.Errorf("the line about it: %s", last)
	}
}

// TestNothingTypedInABlockRuns: in the form it is text, in the preview it is text or
// refused, whatever field it stands in (L4).
func TestNothingTypedInABlockRuns(t *testing.T) {
	f := newFixture(t)
	path := f.mailing()
	b := f.as(akkoord.RoleEditor)
	const evil = `"><script>alert(1)</script><img src=x onerror=alert(2)>'`
	for _, kind := range akkoord.BlockKinds {
		for _, field := range []string{"text", "title", "price", "image", "alt", "url", "label"} {
			in := url.Values{"subject": {"Dag"}, "kind": {"blocks"}, "block": {"1:" + string(kind) + ":main"}, "b1-text": {"Kijk"}, "b1-title": {"Titel"}, "b1-image": {"https://a.example/x.png"}, "b1-url": {"https://a.example/"}}
			for _, value := range []string{evil, "javascript:alert(1)", "https://a.example/" + evil} {
				in.Set("b1-"+field, value)
				for _, to := range []string{"/preview", "/edit"} {
					in.Set("act", "show")
					r := b.send("POST", path+to, in.Encode())
					body := strings.ToLower(r.body)
					if r.header.Get("Content-Type") == "text/plain; charset=utf-8" {
						continue // a refusal, in words
					}
					if r.status >= 500 || strings.Contains(body, "<script>") || strings.Contains(body, "<img src=x") || strings.Contains(body, `href="javascript:`) || strings.Contains(body, `src="javascript:`) {
						t.Errorf("%s.%s %q in %s: %d", kind, field, value, to, r.status)
					}
				}
			}
		}
	}
}

// TestBlocksAreTypedAsJSONToo: they come back as they are stored, and what can't be drawn
// comes back as it was typed (ADR 46).
func TestBlocksAreTypedAsJSONToo(t *testing.T) {
	f := newFixture(t)
	path := f.mailing()
	b := f.as(akkoord.RoleEditor)
	post := func(to, body string) reply {
		in := url.Values{"read": {b.read(path + "/edit")}, "act": {"save"}, "subject": {"Sneeuw"}, "kind": {"source"}, "body": {body}, "zone": {"Europe/Amsterdam"}, "missed": {"ask"}}
		return b.send("POST", path+to, in.Encode())
	}
	const want = `[{"kind":"heading","text":"Sneeuw & <zon>"},{"kind":"button","text":"Kijk","url":"https://a.example/"}]`
	if r := post("/edit", want); r.status != http.StatusSeeOther || f.content(path).Blocks != want {
		t.Fatalf("saving: %d, stored %s", r.status, f.content(path).Blocks)
	}
	if r := post("/preview", want); r.status != http.StatusOK || !strings.Contains(r.body, "Sneeuw &amp; &lt;zon&gt;") || !strings.Contains(r.body, `href="https://a.example/"`) {
		t.Errorf("the preview: %d", r.status)
	}
	b.get(path, "Sneeuw", `value="test"`)
	for typed, says := range map[string]string{`[{"kind":"button","text":"Kijk"}]`: "Block 1: a button needs text and url.", `nee`: "not a list of blocks"} {
		if r := post("/edit", typed); r.status != http.StatusUnprocessableEntity || !strings.Contains(r.body, html.EscapeString(typed)) || !strings.Contains(r.body, `id="body-e"`) || !strings.Contains(r.body, says) {
			t.Errorf("%s: %d", typed, r.status)
		}
		if r := post("/preview", typed); r.status != http.StatusUnprocessableEntity || !strings.Contains(r.body, says) {
			t.Errorf("the preview of %s: %d %s", typed, r.status, r.body)
		}
	}
	if r := post("/edit", ""); r.status != http.StatusSeeOther || f.content(path).Blocks != "" {
		t.Errorf("no blocks: %d", r.status)
	}
}
