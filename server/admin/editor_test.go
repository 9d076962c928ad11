package admin_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/input"
	"github.com/go-rod/rod/lib/proto"

	"akkoord"
	"akkoord/static"
)

// desk is an author's tab at the editor of a mailing.
type desk struct {
	*rod.Page
	f    *fixture
	path string      // of the mailing
	seen chan string // what the preview was answered
}

// opensEditor logs in an editor and opens a draft, with or without JavaScript.
func (f *fixture) opensEditor(script bool) *desk {
	f.t.Helper()
	path := f.mailing()
	return f.opensDesk(akkoord.RoleEditor, path, path+"/edit", script)
}

// opensDesk logs somebody in and opens the page that edits what is at a path.
func (f *fixture) opensDesk(role akkoord.Role, path, page string, script bool) *desk {
	f.t.Helper()
	mux := http.NewServeMux()
	mux.Handle("/static/", http.StripPrefix("/static/", http.FileServerFS(static.FS)))
	seen := make(chan string, 100)
	mux.HandleFunc("POST "+path+"/preview", func(w http.ResponseWriter, r *http.Request) {
		kept := httptest.NewRecorder()
		f.site.ServeHTTP(kept, r)
		maps.Copy(w.Header(), kept.Header())
		w.WriteHeader(kept.Code)
		_, _ = w.Write(kept.Body.Bytes())
		seen <- kept.Body.String()
	})
	mux.Handle("/", f.site)
	server := httptest.NewServer(mux)
	f.t.Cleanup(server.Close)
	_, p := f.opened()
	f.check(proto.EmulationSetScriptExecutionDisabled{Value: !script}.Call(p))
	d := &desk{p, f, path, seen}
	login := f.link(role)
	d.loads(func() { p.MustNavigate(server.URL + login) })
	d.focus("main button[type=submit]")
	d.loads(func() { p.Keyboard.MustType(input.Enter) })
	d.loads(func() { p.MustNavigate(server.URL + page) })
	return d
}

func (d *desk) loads(act func()) {
	d.f.t.Helper()
	loaded := d.WaitNavigation(proto.PageLifecycleEventNameLoad)
	act()
	loaded()
}

func (d *desk) focus(selector string) { d.MustEval(`s => document.querySelector(s).focus()`, selector) }

// shows waits until the preview says something, and until it is the one that is seen.
func (d *desk) shows(words string) {
	d.f.t.Helper()
	for {
		select {
		case said := <-d.seen:
			if strings.Contains(said, words) {
				d.MustWait(`() => document.querySelectorAll('.mail-frames .preview').length === 1`)
				return
			}
		case <-d.GetContext().Done():
			d.f.t.Fatalf("the preview never shows %q", words)
		}
	}
}

// at waits until an element has the focus.
func (d *desk) at(id string) {
	d.f.t.Helper()
	if err := d.Wait(rod.Eval(`id => document.activeElement && document.activeElement.id === id`, id)); err != nil {
		d.f.t.Fatalf("the focus is not in %s but in %s", id, d.MustEval(`() => document.activeElement.outerHTML`).Str())
	}
}

// press presses a button with the keyboard.
func (d *desk) press(selector string) {
	d.focus(selector)
	d.Keyboard.MustType(input.Enter)
}

const builtByHand = `[{"kind":"heading","text":"Sneeuw in Tirol"},{"kind":"text","text":"De sneeuw ligt er."}]`

// With the keyboard alone a mail is built: the focus goes where something is to be typed
// or moved, the preview follows, nothing is stored before it is saved (issue 6.6).
func TestAMailIsBuiltWithTheKeyboard(t *testing.T) {
	f := newFixture(t)
	var path string
	if err := rod.Try(func() {
		d := f.opensEditor(true)
		path = d.path
		d.press("button[value='kind:blocks']")
		d.MustElement("#b1-text")
		d.press("button[value='add:heading:main:0']")
		d.at("b2-text")
		d.MustInsertText("Sneeuw in Tirol")
		d.shows("Sneeuw in Tirol")
		d.press("#b2-up")
		d.at("b2-up")
		d.MustWait(`() => document.querySelector('#blocks-main > .block').id === 'b2-block'`)
		if got := f.content(d.path); got.Blocks != "" {
			t.Errorf("stored before it is saved: %s", got.Blocks)
		}
		d.press(".switches .as[value=dark]")
		d.shows("@media all")
		d.press("button[name=act][value=done]")
		d.MustElement("button[value=test]")
	}); err != nil {
		t.Fatal(err)
	}
	if got := f.content(path).Blocks; got != builtByHand {
		t.Errorf("stored is %s", got)
	}
}

// The same without JavaScript: each button loads the form anew, with the focus in its
// place.
func TestAMailIsBuiltOfBlocksInABrowserWithoutJavaScript(t *testing.T) {
	f := newFixture(t)
	var path string
	if err := rod.Try(func() {
		d := f.opensEditor(false)
		path = d.path
		press := func(selector string) {
			d.focus(selector)
			d.loads(func() { d.Keyboard.MustType(input.Enter) })
		}
		press("button[value='kind:blocks']")
		press("button[value='add:heading:main:0']")
		d.at("b2-text")
		d.MustInsertText("Sneeuw in Tirol")
		press("#b2-up")
		d.at("b2-up")
		d.press(".switches .as[value=light]")
		d.shows("Sneeuw in Tirol")
		press("button[name=act][value=done]")
		d.MustElement("button[value=test]")
	}); err != nil {
		t.Fatal(err)
	}
	if got := f.content(path).Blocks; got != builtByHand {
		t.Errorf("stored is %s", got)
	}
}

// A block is dragged by its handle, into a column too, and whoever leaves with unsaved
// changes is asked first.
func TestABlockIsDraggedAndUnsavedChangesAreAskedFor(t *testing.T) {
	f := newFixture(t)
	if err := rod.Try(func() {
		d := f.opensEditor(true)
		d.MustSetViewport(1280, 1800, 1, false)
		d.press("button[value='kind:blocks']")
		d.MustElement("#b1-text")
		d.press("button[value='add:columns:main:0']")
		d.MustElement("#blocks-c2-0")
		d.drag("#b1-block .grip", "#blocks-c2-0")
		d.MustWait(`() => document.querySelector('#blocks-c2-0 > #b1-block [name=block]') !== null && document.querySelector('#b1-block [name=block]').value === '1:text:c2-0'`)
		d.shows("De sneeuw ligt er.")
		asked, answer := d.HandleDialog()
		go d.focusAndPress("nav.crumbs a")
		if e := asked(); e.Type != proto.PageDialogTypeBeforeunload {
			t.Errorf("the question is %s", e.Type)
		}
		f.check(answer(&proto.PageHandleJavaScriptDialog{Accept: false}))
		if !d.MustHas("#b1-text") {
			t.Error("what was typed is gone")
		}
	}); err != nil {
		t.Fatal(err)
	}
}

func (d *desk) focusAndPress(selector string) {
	_ = rod.Try(func() { d.press(selector) }) // the question keeps it from returning
}

// drag takes a block by its handle to the middle of a list, as a hand does that follows
// what moves below it, and lets go where the block would fall into that list.
func (d *desk) drag(from, to string) { d.dragUntil(from, to, to+" .lifted") }

// dragUntil drags until what would fall is where a selector says.
func (d *desk) dragUntil(from, to, there string) {
	d.f.t.Helper()
	moveTo := func(selector string, aside float64) {
		box := d.MustElement(selector).MustShape().Box()
		d.f.check(d.Mouse.MoveLinear(proto.Point{X: box.X + box.Width/2 + aside, Y: box.Y + box.Height/2}, 6))
	}
	for try := 0; !d.MustHas(there); try++ {
		if !d.MustHas(".sortable-chosen") {
			d.Mouse.MustUp(proto.InputMouseButtonLeft)
			moveTo(from, 0)
			d.Mouse.MustDown(proto.InputMouseButtonLeft)
		}
		moveTo(to, float64(try%2))
	}
	d.Mouse.MustUp(proto.InputMouseButtonLeft)
}
