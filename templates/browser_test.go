package templates

import (
	"bytes"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/launcher"
	"github.com/go-rod/rod/lib/proto"

	"akkoord/static"
)

// Every page, with sample data, in a real browser: no violation of WCAG 2.2 AA
// in light at a desk and in dark on a phone.
func TestEveryPageMeetsWCAGInABrowser(t *testing.T) {
	t.Parallel()
	site := httptest.NewServer(gallerySite(t))
	t.Cleanup(site.Close)
	axe, err := os.ReadFile("../cmd/akkoord/testdata/axe/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	browser := openBrowser(t)
	tab, err := browser.Page(proto.TargetCreateTarget{})
	if err != nil {
		t.Fatal(err)
	}
	v := &tabOf{t, tab, string(axe)}
	for _, name := range slices.Sorted(maps.Keys(gallery())) {
		if err := rod.Try(func() { v.look(site.URL, name) }); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
}

// gallerySite serves the gallery's pages as /page/LANGUAGE/NAME, and what they load.
func gallerySite(t *testing.T) http.Handler {
	set, pages := newSet(t), gallery()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /page/{locale}/{name}", func(w http.ResponseWriter, r *http.Request) {
		var b bytes.Buffer
		if err := set.Render(&b, r.PathValue("locale"), pages[r.PathValue("name")]); err != nil {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = b.WriteTo(w)
	})
	mux.Handle("GET /static/", http.StripPrefix("/static/", http.FileServerFS(static.FS)))
	mux.HandleFunc("GET "+zonvaart("").Brand.Style(), func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css")
		_, _ = w.Write(BrandCSS("#b8400e"))
	})
	return mux
}

func openBrowser(t *testing.T) *rod.Browser {
	t.Helper()
	l := launcher.New().Bin("/usr/bin/chromium").Headless(true).NoSandbox(true).Leakless(false).UserDataDir(t.TempDir()).
		Set("disable-gpu").Set("disable-quic").Set("no-first-run").Set("disable-background-networking").Set("disable-component-update").Set("disable-sync")
	u, err := l.Launch()
	if err != nil {
		t.Fatal("Chromium does not start; `make test` installs it: ", err)
	}
	b := rod.New().ControlURL(u)
	if err := b.Connect(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
		l.Cleanup()
	})
	return b.Timeout(15 * time.Minute)
}

// tabOf is a tab of the browser and the script of axe-core.
type tabOf struct {
	t   *testing.T
	tab *rod.Page
	axe string
}

func (v *tabOf) look(site, name string) {
	v.show("light", 1200, site+"/page/nl/"+name)
	v.check(name + " in light, 1200 pixels")
	v.show("dark", 320, site+"/page/nl/"+name)
	v.check(name + " in dark, 320 pixels")
}

func (v *tabOf) show(scheme string, width int, link string) {
	v.tab.MustSetViewport(width, 800, 1, false)
	if err := (proto.EmulationSetEmulatedMedia{Features: []*proto.EmulationMediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}}).Call(v.tab); err != nil {
		v.t.Error(err)
	}
	wait := v.tab.WaitNavigation(proto.PageLifecycleEventNameLoad)
	v.tab.MustNavigate(link)
	wait()
	v.tab.MustEval(`() => Promise.allSettled(document.getAnimations().filter(a => a.effect.getComputedTiming().endTime < 5000).map(a => a.finished))`)
}

func (v *tabOf) check(what string) {
	v.tab.MustEval(`script => { (0, eval)(script) }`, v.axe)
	found := v.tab.MustEval(`async () => {
		const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']
		const rules = {'meta-refresh': {enabled: false}} // only for who asked to follow a mailing, with a link that ends it
		const result = await axe.run(document, {runOnly: {type: 'tag', values: tags}, rules, resultTypes: ['violations'], iframes: false})
		if (result.passes.length === 0) { return ['axe checked nothing'] }
		return result.violations.map(v => v.id + ': ' + v.nodes.map(n => n.html + ' ' + n.failureSummary).join(' | '))
	}`).Arr()
	for _, violation := range found {
		v.t.Errorf("%s: %s", what, strings.Join(strings.Fields(violation.Str()), " "))
	}
}
