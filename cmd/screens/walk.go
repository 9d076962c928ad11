package main

import (
	"regexp"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/input"
)

// walk goes through the demo. Its steps panic where a page is not as expected;
// run turns that into an error.
type walk struct {
	demo    *demo
	dir     string
	browser *rod.Browser
}

const (
	visitor = "anouk@voorbeeld.example"
	reader  = "reiziger002@voorbeeld.example"
)

// formTime is what a person needs at least to fill in the form; what comes
// sooner is asked to press the button again.
const formTime = 3 * time.Second

var confirmLink = regexp.MustCompile(`http://\S+/confirm/\S+`)

func (w *walk) all() {
	w.signUp()
	w.admin()
	w.recipient()
}

// signUp is a visitor: form, mail, button.
func (w *walk) signUp() {
	screen := view{width: wide}
	p := w.open(w.demo.site+"/f/home", screen)
	w.picture(p, "form", screen)
	p.MustElement("input[name=email]").MustInput(visitor)
	p.MustElement("input[name=purpose]").MustFocus()
	p.Keyboard.MustType(input.Space)
	<-time.After(formTime)
	w.submit(p, "main form button")
	m, err := w.demo.mail(p.GetContext(), visitor)
	if err != nil {
		panic(err)
	}
	inbox := w.open(w.demo.inbox+"/m/"+m.ID, screen)
	w.picture(inbox, "inbox", screen)
	phone := view{width: narrow}
	p = w.open(confirmLink.FindString(m.Text), phone)
	w.picture(p, "confirm", phone)
	w.submit(p, "main form button")
	w.picture(p, "confirmed", phone)
}

// submit presses a button that loads another page.
func (w *walk) submit(p *rod.Page, button string) {
	loaded := p.MustWaitNavigation()
	p.MustElement(button).MustFocus()
	p.Keyboard.MustType(input.Enter)
	loaded()
	p.MustWaitStable()
}

// admin is an administrator's day.
func (w *walk) admin() {
	w.submit(w.open(w.demo.login, view{width: wide}), "main form button")
	screen := view{width: wide}
	for _, stop := range []struct {
		name, path string
		view       view
	}{
		{"admin", "/admin", screen},
		{"growth", "/admin/growth?days=365", screen},
		{"purposes", "/admin/purposes", screen},
		{"people", "/admin/people", screen},
		{"segment", "/admin/segments/new?purpose=travel-news", screen},
		{"privacy", "/admin/privacy", screen},
		{"records", "/admin/privacy/records", screen},
		{"retention", "/admin/retention", screen},
		{"dark", "/admin", view{width: wide, dark: true}},
		{"phone", "/admin", view{width: narrow}},
	} {
		w.picture(w.open(w.demo.site+stop.path, stop.view), stop.name, stop.view)
	}
	draft := w.open(w.demo.site+"/admin/campaigns/winter-2027", screen).MustElement(`a[href^="/admin/mailings/"]`).MustProperty("href").Str() // newest first
	beside := view{width: widest, whole: true}                                                                                                // the preview is beside the text
	p := w.open(draft+"/edit", beside)
	w.submit(p, `button[value="kind:blocks"]`)
	w.picture(p, "editor", beside)
	whole := view{width: wide, whole: true}
	p = w.open(draft, whole)
	w.picture(p, "draft", whole)
	w.submit(p, "button[value=send]")
	<-time.After(sendingTime)
	p.MustSetViewport(wide, height, 1, false).MustReload().MustWaitLoad()
	w.picture(p, "sending", screen)
}

// sendingTime is after how long the demo's mailing is well under way.
const sendingTime = time.Second

var (
	preferencesLink = regexp.MustCompile(`http://\S+/preferences/\S+`)
	leaveLink       = regexp.MustCompile(`http://\S+/unsubscribe/\S+`)
)

// recipient has a mail of the campaign, and follows its footer.
func (w *walk) recipient() {
	screen, letter := view{width: wide}, view{width: letterWidth, whole: true}
	m, err := w.demo.mail(w.browser.GetContext(), reader)
	if err != nil {
		panic(err)
	}
	w.picture(w.open(w.demo.inbox+"/m/"+m.ID+"/html", letter), "mail", letter)
	w.picture(w.open(preferencesLink.FindString(m.Text), screen), "preferences", screen)
	w.picture(w.open(leaveLink.FindString(m.Text), screen), "unsubscribe", screen)
}
