package templates

import (
	"maps"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/go-rod/rod/lib/proto"

	"akkoord"
)

// lost gives what of pages cannot be seen: what is cut off by a box around it, lies
// beside the screen, or lies under other text; and what scrolls sideways without a name
// or out of reach of the keyboard. What stands behind a fold is unfolded.
const lost = `async (folder, names, enlarged) => {
	const html = name => name && fetch(folder + name).then(answer => answer.text())
	const all = []
	for (let i = 0, next = html(names[0]); i < names.length; i++) {
		const page = new DOMParser().parseFromString(await next, 'text/html')
		next = html(names[i + 1])
		for (const problem of await look(page)) { all.push(names[i] + ': ' + problem) }
	}
	return all
	async function look(page) {
		const sheets = of => [...of.querySelectorAll('link[rel=stylesheet]')], named = of => sheets(of).map(l => l.getAttribute('href')).join()
		if (named(document) !== named(page)) {
			sheets(document).forEach(old => old.remove())
			await Promise.all(sheets(page).map(sheet => new Promise((done, fail) => {
				sheet = document.importNode(sheet)
				sheet.onload = done
				sheet.onerror = fail
				document.head.append(sheet)
			})))
		}
		document.documentElement.lang = page.documentElement.lang
		page.querySelectorAll('details').forEach(d => { d.open = true; d.removeAttribute('name') })
		page.querySelectorAll('iframe').forEach(f => f.removeAttribute('src')) // a page of its own
		document.body.replaceWith(page.body)
		document.documentElement.style.fontSize = enlarged
		const wide = document.documentElement.clientWidth, out = [], lines = [], say = (el, what) => out.push(what + ': ' + el.outerHTML.replace(/\s+/g, ' ').slice(0, 160))
		const styles = new Map()
		const style = el => { let s = styles.get(el); if (!s) { styles.set(el, s = getComputedStyle(el)) } return s }
		if (document.documentElement.scrollWidth > wide) { out.push('the page is ' + document.documentElement.scrollWidth + ' pixels wide on a screen of ' + wide) }
		for (const el of document.body.querySelectorAll('*')) {
			if (el.scrollWidth > el.clientWidth + 1 && /auto|scroll/.test(style(el).overflowX) && el.clientWidth > 0 && !el.matches('textarea, select, input') &&
				!(el.tabIndex >= 0 && (el.matches('[role=region][aria-label], [role=region][aria-labelledby]')))) {
				say(el, 'scrolls sideways without a name or out of reach of the keyboard')
			}
		}
		const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
		for (let text; text = walk.nextNode();) {
			const el = text.parentElement
			if (text.data.trim() === '' || el.closest('script, style, noscript, title, option, textarea, .skip, .trap')) { continue }
			const range = document.createRange()
			range.selectNodeContents(text)
			for (const r of range.getClientRects()) {
				if (r.width < 1 || r.height < 1) { continue }
				let seen = style(el).visibility === 'visible', scrolled = null
				for (let box = el; seen && box !== document.body; box = box.parentElement) {
					const s = style(box), b = box.getBoundingClientRect()
					if (s.clipPath === 'inset(50%)') { seen = false } // for who listens
					else if (s.display === 'inline' || s.display === 'contents') { continue }
					else if (/auto|scroll/.test(s.overflowX + s.overflowY)) { scrolled = box; break }
					else if (/hidden|clip/.test(s.overflowX + s.overflowY) && (r.left < b.left - 1 || r.right > b.right + 1 || r.top < b.top - 4 || r.bottom > b.bottom + 4)) { say(el, 'cut off'); seen = false }
				}
				if (!seen) { continue }
				if (!scrolled && (r.left < -1 || r.right > wide + 1)) { say(el, 'beside the screen') }
				lines.push({el, r, scrolled})
			}
		}
		lines.sort((a, b) => a.r.top - b.r.top)
		lines.forEach((a, i) => {
			for (let j = i + 1; j < lines.length && lines[j].r.top < a.r.bottom; j++) {
				const b = lines[j]
				if (a.el === b.el || a.scrolled !== b.scrolled) { continue }
				const high = Math.min(a.r.bottom, b.r.bottom) - b.r.top, across = Math.min(a.r.right, b.r.right) - Math.max(a.r.left, b.r.left)
				if (across > 2 && high > .4 * Math.min(a.r.height, b.r.height)) { say(b.el, 'lies over "' + a.el.textContent.trim().slice(0, 40) + '"') }
			}
		})
		return [...new Set(out)]
	}
}`

// Every page, in every language on a screen of 320 pixels, in a window that is zoomed in
// to 200 %, and with text of twice the size: nothing scrolls sideways but what has a
// name and can be reached with the keyboard, nothing is cut off, and nothing lies over
// anything else (WCAG 1.4.4, 1.4.10).
func TestNothingOfAPageIsLostOnAPhoneOrEnlarged(t *testing.T) {
	t.Parallel()
	site := httptest.NewServer(gallerySite(t))
	t.Cleanup(site.Close)
	names := slices.Sorted(maps.Keys(gallery()))
	tab, err := openBrowser(t).Page(proto.TargetCreateTarget{URL: site.URL + "/page/nl/" + names[0]})
	if err != nil {
		t.Fatal(err)
	}
	for _, as := range []struct {
		name     string
		wide     int
		scale    float64
		fontSize string
		locales  []string
	}{
		{"on a phone", 320, 2, "100%", akkoord.Locales},
		{"zoomed in to 200 %", 640, 2, "100%", []string{"de"}}, // has the longest words
		{"with text of 200 %", 1280, 1, "200%", []string{"de"}},
	} {
		tab.MustSetViewport(as.wide, 1024/int(as.scale), as.scale, false)
		for _, locale := range as.locales {
			found, err := tab.Eval(lost, site.URL+"/page/"+locale+"/", names, as.fontSize)
			if err != nil {
				t.Fatalf("%s in %s: %v", as.name, locale, err)
			}
			for _, problem := range found.Value.Arr() {
				t.Errorf("%s in %s: %s", as.name, locale, problem)
			}
		}
	}
}
