package admin_test

import (
	"strings"
	"testing"

	"github.com/go-rod/rod"
)

const pastedMJML = `<mjml><mj-head><mj-title>Zomer in Tirol</mj-title><mj-preview>Vroeg boeken loont</mj-preview></mj-head><mj-body>
<mj-section background-color="#ffe8d6"><mj-column><mj-text>Dag {{name | default: "reiziger"}}</mj-text></mj-column><mj-column><mj-button href="https://zonvaart.example/zomer">Boek nu</mj-button></mj-column></mj-section>
<mj-section><mj-group><mj-column><mj-text>Links</mj-text></mj-column><mj-column><mj-text>Rechts</mj-text></mj-column></mj-group></mj-section>
<mj-raw><script>window.ran = true</script><img src="https://a.example/x.png" alt="x" onerror="window.ran = true"></mj-raw>
</mj-body></mjml>`

// MJML is compiled in the author's browser and takes the place of the text: it keeps its
// columns, which the layout stacks on a phone, its fields and its title, and nothing in it
// runs. What is not understood is named (issue 6.6, ADR 70).
func TestPastedMJMLBecomesHTML(t *testing.T) {
	f := newFixture(t)
	var path string
	if err := rod.Try(func() {
		d := f.opensEditor(true)
		path = d.path
		d.press("button[value='kind:html']")
		d.MustElement(".mjml")
		d.MustEval(`text => {
			document.querySelector('#subject').value = ''
			document.querySelector('.mjml').open = true
			document.querySelector('#mjml').value = text
		}`, pastedMJML)
		d.press(".mjml-compile")
		d.MustWait(`() => document.querySelector('.mjml-answer').textContent !== ''`)
		d.shows("Boek nu")
		if d.MustEval(`() => Boolean(window.ran)`).Bool() {
			t.Error("the MJML ran")
		}
		if got := d.MustEval(`() => [document.querySelector('#subject').value, document.querySelector('#preheader').value].join('; ')`).Str(); got != "Zomer in Tirol; Vroeg boeken loont" {
			t.Errorf("subject and preheader are %q", got)
		}
		d.MustEval(`() => { document.querySelector('#mjml').value = '<mjml><mj-body><mj-section><mj-column><mj-wrong/></mj-column></mj-section></mj-body></mjml>' }`)
		body := d.MustEval(`() => document.querySelector('#body').value`).Str()
		d.press(".mjml-compile")
		d.MustWait(`() => document.querySelector('.mjml-answer li') !== null`)
		if got := d.MustElement(".mjml-answer").MustText(); !strings.Contains(got, "mj-wrong") {
			t.Errorf("of a wrong element it says %q", got)
		}
		d.MustEval(`body => { document.querySelector('#body').value = body }`, body)
		d.press("button[name=act][value=done]")
		d.MustElement("button[value=test]")
	}); err != nil {
		t.Fatal(err)
	}
	got := f.content(path).HTML
	for _, want := range []string{`class="columns"`, `width="50%" valign="top" style="padding:0px" class="column"`, `{{name | default: "reiziger"}}`, `background-color:#ffe8d6`, `href="https://zonvaart.example/zomer"`} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is not in the HTML:\n%s", want, got)
		}
	}
	if n := strings.Count(got, `class="column"`); n != 2 {
		t.Errorf("%d cells stack, want the 2 that are in no group:\n%s", n, got)
	}
	for _, bad := range []string{"<!--", "mj-", "width:600px", "rgb("} {
		if strings.Contains(got, bad) {
			t.Errorf("%q is in the HTML:\n%s", bad, got)
		}
	}
}
