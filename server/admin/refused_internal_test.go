package admin

import (
	"bytes"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/google/go-cmp/cmp"
)

// TestARefusedFormKeepsWhatWasTyped draws a page again with what was sent in the form
// it was sent from, the field that is wrong in focus, and nothing of a password
// (issue 7, bad input).
func TestARefusedFormKeepsWhatWasTyped(t *testing.T) {
	const notice = `<div role="alert"><p>Give a day.</p></div>`
	for _, tt := range []struct {
		name, page, typed, field, want string
	}{
		{
			"each kind of element", notice + `<form method="post" action="/a"><input name="day" autofocus value="1"><input name="version" type="hidden" value="9"><textarea name="why">old</textarea>` +
				`<select name="kind"><option value="a" selected>A</option><option>b</option></select><input type="checkbox" name="ok" value="1"><input type="checkbox" name="off" checked><input type="radio" name="way" value="x"><input type="password" name="password"></form>`,
			"day=31+May&version=9&why=%3C%2Ftextarea%3E%3Cscript%3E&kind=b&ok=1&way=x&password=secret", "agreement.day",
			notice + `<form method="post" action="/a"><p class="error" id="refused-e"><span>Give a day.</span></p><input name="day" value="31 May" autofocus="" aria-invalid="true" aria-describedby="refused-e"/><input name="version" type="hidden" value="9"/>` +
				`<textarea name="why">&lt;/textarea&gt;&lt;script&gt;</textarea><select name="kind"><option value="a">A</option><option selected="">b</option></select><input type="checkbox" name="ok" value="1" checked=""/><input type="checkbox" name="off"/>` +
				`<input type="radio" name="way" value="x" checked=""/><input type="password" name="password"/></form>`,
		},
		{
			"the form with the most of it, opened", notice + `<form method="post" action="/a"><input name="end"></form><details><form method="post" action="/a"><label>Note <input name="note"></label><input name="end"></form></details><form action="/a"><input name="note"></form>`,
			"note=n&end=e", "note",
			notice + `<form method="post" action="/a"><input name="end"/></form><details open=""><form method="post" action="/a"><p class="error" id="refused-e"><span>Give a day.</span></p><label>Note <input name="note" value="n" autofocus="" aria-invalid="true" aria-describedby="refused-e"/></label>` +
				`<input name="end" value="e"/></form></details><form action="/a"><input name="note"/></form>`,
		},
		{
			"the form of the button that was pressed", notice + `<form method="post" action="/a"><button name="act" value="one">1</button></form><details><form method="post" action="/a"><button name="act" value="two">2</button></form></details>`,
			"act=two", "",
			`<div role="alert" tabindex="-1" autofocus=""><p>Give a day.</p></div><form method="post" action="/a"><button name="act" value="one">1</button></form><details open=""><form method="post" action="/a"><button name="act" value="two">2</button></form></details>`,
		},
		{
			"several of one name, in turn", notice + `<form method="post" action="/a?x=1"><input name="n"><input name="n"><input name="n" value="c"></form>`, "n=a&n=b", "elsewhere",
			`<div role="alert" tabindex="-1" autofocus=""><p>Give a day.</p></div><form method="post" action="/a?x=1"><input name="n" value="a"/><input name="n" value="b"/><input name="n" value="c"/></form>`,
		},
		{
			"a choice that is gone", `<form method="post" action="/a"><select name="kind"><option selected>a</option></select></form>`, "kind=gone", "kind",
			`<form method="post" action="/a"><select name="kind" autofocus="" aria-invalid="true"><option selected="">a</option></select></form>`,
		},
		{
			"a form that somebody changed since", notice + `<form method="post" action="/a"><input type="hidden" name="read" value="2"><input name="note" value="theirs"></form>`, "read=1&note=mine", "",
			`<div role="alert" tabindex="-1" autofocus=""><p>Give a day.</p></div><form method="post" action="/a"><input type="hidden" name="read" value="2"/><input name="note" value="theirs"/></form>`,
		},
		{"no form", notice, "n=a", "n", `<div role="alert" tabindex="-1" autofocus=""><p>Give a day.</p></div>`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			typed, err := url.ParseQuery(tt.typed)
			if err != nil {
				t.Fatal(err)
			}
			page, err := html.Parse(strings.NewReader("<!DOCTYPE html><html><head></head><body>" + tt.page + "</body></html>"))
			if err != nil {
				t.Fatal(err)
			}
			refill(page, "/a", typed, tt.field)
			var got bytes.Buffer
			if err := html.Render(&got, page); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff("<!DOCTYPE html><html><head></head><body>"+tt.want+"</body></html>", got.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}
