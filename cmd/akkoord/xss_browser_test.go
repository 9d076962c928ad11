package main

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/proto"
)

// hostile is text that would run where a page put it into itself as it is: in an
// element, in an attribute of either quote, in a script, style, title or text
// area, or as a template. ran is a function of every page of the test.
const hostile = `"'></textarea></title></style></script><script>ran()</script><img src=x onerror=ran()><svg onload=ran()>{{name}}`

// hostileLink is where a page would put an address.
const hostileLink = `javascript:ran()//"><svg onload=ran()>`

// crawl goes through the pages of the demo with a browser that tells when anything that
// was stored runs, or is kept from running by the policy alone: it would where a browser
// knows no policy.
type crawl struct {
	*rod.Page
	t    *testing.T
	site string

	mu   sync.Mutex // guards what follows
	runs []string
}

func newCrawl(t *testing.T, b *rod.Browser, site string) *crawl {
	t.Helper()
	c := &crawl{Page: b.MustPage(), t: t, site: site}
	note := func(what string) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.runs = append(c.runs, what)
	}
	go c.EachEvent(
		func(e *proto.RuntimeConsoleAPICalled) {
			var said []string
			for _, a := range e.Args {
				said = append(said, a.Value.String())
			}
			note("console: " + strings.Join(said, " "))
		},
		func(e *proto.RuntimeExceptionThrown) { note("exception: " + e.ExceptionDetails.Text) },
		func(e *proto.PageJavascriptDialogOpening) {
			if e.Type != proto.PageDialogTypeBeforeunload { // asked of who leaves what they typed
				note("dialog: " + e.Message)
			}
			if err := (proto.PageHandleJavaScriptDialog{Accept: true}).Call(c); err != nil {
				note("dialog: " + err.Error())
			}
		},
		func(e *proto.LogEntryAdded) {
			if e.Entry.Source == proto.LogLogEntrySourceSecurity {
				note("policy: " + e.Entry.Text)
			}
		},
	)()
	c.MustEvalOnNewDocument(`
		window.ran = () => console.error('it ran')
		addEventListener('securitypolicyviolation', e => console.error('policy', e.violatedDirective, e.blockedURI, e.sample, e.sourceFile, e.lineNumber))`)
	return c
}

// quiet reports what ran since it was asked last.
func (c *crawl) quiet(where string) {
	c.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.runs {
		c.t.Errorf("%s: %s", where, r)
	}
	c.runs = nil
}

// pageTime is within what a page is there, whatever else the machine does.
const pageTime = 20 * time.Second

// see opens a page, and reports whether it is one: not a file to keep.
func (c *crawl) see(link string) bool {
	c.t.Helper()
	p := c.Timeout(pageTime)
	defer p.CancelTimeout()
	loaded := p.WaitNavigation(proto.PageLifecycleEventNameLoad)
	if err := p.Navigate(link); err != nil {
		if strings.Contains(err.Error(), "ERR_ABORTED") {
			return false
		}
		c.t.Fatalf("%s: %v", link, err)
	}
	loaded()
	c.quiet(link)
	return true
}

// kept are files, and pages that end the visit or begin another.
var kept = regexp.MustCompile(`\.(csv|json|zip|pdf|png|jpg|svg|txt|ics|eml|js)$|format=|/raw$|/pack$|/login|/logout|/proof|/sso|/account`)

// id is what one page has and its like have not.
var id = regexp.MustCompile(`[0-9a-f-]{16,}|[0-9]+|=[^&]*|\?$|locale=..&?`)

// walk goes over the pages that can be reached within the part of the site, one of each
// kind: next does what is to be done on a page, and gives where it leads.
func (c *crawl) walk(from, within string, next func(link string) []string) (seen int) {
	c.t.Helper()
	kinds := map[string]bool{}
	for queue := []string{from}; len(queue) > 0; queue = queue[1:] {
		seen++
		for _, l := range next(queue[0]) {
			u, err := url.Parse(l)
			if err != nil || u.Scheme+"://"+u.Host != c.site || !strings.HasPrefix(u.Path, within) || kept.MatchString(u.Path) || kept.MatchString(u.RawQuery) {
				continue
			}
			u.Fragment = ""
			l = u.String()
			if kind := id.ReplaceAllString(l, "*"); !kinds[kind] {
				kinds[kind] = true
				queue = append(queue, l)
			}
		}
	}
	return seen
}

// frame shows HTML in a frame, without the scripts and frames of the site, and waits until
// it is there.
const frame = `html => new Promise(done => {
	const frame = document.createElement('iframe')
	frame.onload = () => { frame.remove(); done() }
	frame.srcdoc = html.replace(/<script src="\/static\/[^>]*><\/script>|<iframe|<meta http-equiv/g, '<i')
	document.body.append(frame)
})`

// typing sends every form of a page that text can be typed in: with hostile text first;
// then, in the fields that refuse it, with what was there or something plain, so that what
// the form takes of it is stored. Each page that answers is shown in a frame, in which nothing of the
// policy keeps it from running. It gives where the page leads.
const typing = `async (link, hostile, hostileLink) => {
	const show = ` + frame + `
	const parse = html => new DOMParser().parseFromString(html, 'text/html')
	const plain = ['Zonvaart', '1', 'xss@voorbeeld.example', 'https://voorbeeld.example/', '2027-03-01']
	const fill = (form, attempt, before) => {
		const all = [...form.elements]
		if (all.some(e => e.type === 'password' || e.type === 'file' || e.value === 'zip')) { return null } // no text, or its answer is a file
		const does = all.filter(e => e.type === 'submit' && !e.matches('.btn-bad, [formtarget]') && !/preview/.test(e.getAttribute('formaction')) &&
			!/remove|erase|discard|cancel|end|archive|delete|forget|revoke|rotate|retire|stop|pause|off|show|count|try$/.test(e.value))
		const button = does.find(e => e.matches('.btn-main')) || does[0]
		if (!button) { return null }
		let typed = 0
		for (const e of all) {
			const wrong = attempt > 0 && e.getAttribute('aria-invalid') === 'true'
			const room = e.maxLength > 0 ? e.maxLength : 1e6
			switch (e.type) {
			case 'text': case 'search': case 'textarea':
				if (e.readOnly) { break }
				if (attempt === 0) { e.value = hostile.length <= room ? hostile : '"><svg onload=ran()>'.slice(0, room) } else if (wrong) { e.value = attempt === 1 ? before[e.name] : plain[attempt - 2] }
				typed++
				break
			case 'url': e.value = wrong ? plain[3] : hostileLink; typed++; break
			case 'email': e.value = plain[2]; break
			case 'number': if (e.value === '') { e.value = e.min || 1 } break
			case 'date': if (e.value === '') { e.value = plain[4] } break
			case 'select-one': if (e.value === '' && e.required) { e.selectedIndex = 1 } break
			case 'radio': if (!all.some(o => o.name === e.name && o.checked)) { e.checked = true } break
			case 'checkbox': if (e.required) { e.checked = true } break
			}
		}
		return typed === 0 ? null : new URLSearchParams(new FormData(form, button))
	}
	const answer = await fetch(link)
	if (!(answer.headers.get('Content-Type') || '').startsWith('text/html')) { return [] }
	const page = parse(await answer.text())
	const links = [...page.querySelectorAll('a[href]:not([download]), iframe[src]')].map(a => new URL(a.getAttribute('href') || a.getAttribute('src'), link).href)
	if (/\/preview/.test(link)) { return links } // its forms send nothing
	for (let form of page.querySelectorAll('form[method=post]')) {
		const action = new URL(form.getAttribute('action') || '', link)
		if (/\/(logout|login|proof|account|release|archive)/.test(action.pathname)) { continue } // they end what is looked at below
		const before = Object.fromEntries(new FormData(form))
		for (let attempt = 0; form && attempt < plain.length + 2; attempt++) {
			const body = fill(form, attempt, before)
			if (!body) { break }
			const answer = await fetch(action, { method: 'POST', body })
			if (!(answer.headers.get('Content-Type') || '').startsWith('text/html')) { break }
			const html = await answer.text()
			await show(html)
			form = answer.ok ? null : [...parse(html).querySelectorAll('form[method=post]')].find(f => f.querySelector('[aria-invalid=true]'))
		}
	}
	return links
}`

// Text that would run is typed into every field of the admin site and of the sign-up
// form, is mailed, and is published; then a page of each kind is looked at, and the mails,
// the public pages and the feed: nothing runs, and the policy has nothing to keep back
// (threats.md L4, L12; issue 7).
func TestNothingThatWasTypedRunsInABrowser(t *testing.T) {
	t.Parallel()
	d := startDemonstration(t)
	b := openBrowser(t).CancelTimeout().Timeout(5 * time.Minute)
	c := newCrawl(t, b, d.site)
	c.see(d.login)
	in := c.WaitNavigation(proto.PageLifecycleEventNameLoad)
	c.MustEval(`() => document.querySelector('main form').requestSubmit()`)
	in()

	if err := (proto.PageSetBypassCSP{Enabled: true}).Call(c); err != nil {
		t.Fatal(err)
	}
	c.see(d.site + "/admin/privacy")
	typed := c.walk(d.site+"/admin", "/admin", func(link string) []string {
		found, err := c.Timeout(pageTime).Eval(typing, link, hostile, hostileLink)
		if err != nil {
			t.Fatalf("%s: %v", link, err)
		}
		c.quiet("what " + link + " answers")
		return texts(found.Value.Arr())
	})

	pages := c.reader(d)
	c.feed(d.site + "/archive/travel-news/feed.xml?locale=nl")

	if err := (proto.PageSetBypassCSP{}).Call(c); err != nil {
		t.Fatal(err)
	}
	shows := func(link string) bool {
		return c.see(link) && c.MustEval(`() => document.documentElement.textContent.includes('ran()') || [...document.querySelectorAll('input, textarea')].some(e => e.value.includes('ran()'))`).Bool()
	}
	for _, link := range append(pages, d.site+"/f/home?locale=nl", d.site+"/archive/travel-news?locale=nl") {
		if !shows(link) {
			t.Errorf("%s shows nothing of what was typed: that nothing runs on it proves nothing", link)
		}
	}
	shown := 0
	seen := c.walk(d.site+"/admin", "/admin", func(link string) []string {
		if shows(link) {
			shown++
		}
		return texts(c.MustEval(`() => [...document.querySelectorAll('a[href]:not([download]), iframe[src]')].map(a => a.href || a.src)`).Arr())
	})
	if seen < 80 || shown < 60 {
		t.Errorf("only %d of %d pages show what was typed: the forms took too little for this to prove anything", shown, seen)
	}
	t.Logf("typed on %d pages; %d of %d show it", typed, shown, seen)
}

// reader signs somebody up whose name is hostile, and has the draft of the demo sent and
// published. It gives the mails and the pages that show any of it.
func (c *crawl) reader(d *demonstration) (pages []string) {
	c.t.Helper()
	const who = "hostile@voorbeeld.example"
	var mailings struct{ Items []struct{ ID, State string } }
	d.call("GET", "/campaigns/winter-2027/mailings", &mailings)
	draft := mailings.Items[slices.IndexFunc(mailings.Items, func(m struct{ ID, State string }) bool { return m.State == "draft" })].ID
	c.press(d.site+"/admin/purposes/travel-news", "button[name=act][value=on]", nil)
	c.press(d.site+"/admin/purposes/travel-news", "main > form .btn-main", map[string]string{"wording-nl": hostile, "explanation-nl": hostile, "name-nl": hostile, "change": "correction", "reason": hostile})
	c.press(d.site+"/admin/forms/home", "button[name=act][value=save]", map[string]string{"title-nl": hostile, "intro-nl": hostile})
	c.see(d.site + "/f/home?locale=nl")
	opened := time.Now()
	c.MustEval(`(who, hostile) => {
		document.querySelector('#email').value = who
		document.querySelector('#name').value = hostile
		document.querySelector('[name=purpose][value=travel-news]').checked = true
	}`, who, hostile)
	<-time.After(time.Until(opened.Add(formTime)))
	sent := c.WaitNavigation(proto.PageLifecycleEventNameLoad)
	c.MustEval(`() => document.querySelector('main form').requestSubmit()`)
	sent()
	asked := d.newest(who, 1)
	confirm := confirmLink.FindString(asked.Text)
	c.see(confirm)
	c.press(confirm, "form.ask button", nil)
	c.press(d.site+"/admin/mailings/"+draft+"/edit", "button[name=act][value=done]", map[string]string{"subject": hostile, "preheader": hostile, "body": "# " + hostile + "\n\n[" + hostile + "](" + hostileLink + ")"})
	c.press(d.site+"/admin/mailings/"+draft, "button[value=send]", nil)
	mail := d.newest(who, 2)
	d.sent(draft)
	for _, m := range []inboxMail{asked, mail} {
		pages = append(pages, d.inbox+"/m/"+m.ID, d.inbox+"/m/"+m.ID+"/html")
	}
	for _, kind := range []string{"view", "preferences", "unsubscribe"} {
		link := regexp.MustCompile(d.site + "/" + kind + `/[^\s>?]+`).FindString(mail.Text + " " + strings.Join(mail.Headers["List-Unsubscribe"], " "))
		if link == "" {
			c.t.Fatalf("the mail leads to no /%s/: %s", kind, mail.Text)
		}
		pages = append(pages, link)
	}
	return append(pages, d.site+"/archive/travel-news/"+draft+"?locale=nl")
}

// sent waits until a mailing went to everybody.
func (d *demonstration) sent(mailing string) {
	d.t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	end := time.After(patience)
	for {
		var m struct{ State string }
		if d.call("GET", "/mailings/"+mailing, &m); m.State == "sent" {
			return
		}
		select {
		case <-tick.C:
		case <-end:
			d.t.Fatalf("the mailing is %s, not sent", m.State)
		}
	}
}

// feed reads a feed as a program does that shows each part of it as HTML.
func (c *crawl) feed(link string) {
	c.t.Helper()
	lacking, err := c.Timeout(pageTime).Eval(`async link => {
		const show = `+frame+`
		const text = await (await fetch(link)).text()
		const feed = new DOMParser().parseFromString(text, 'application/xml')
		const parts = [...feed.getElementsByTagName('item')].flatMap(item => [...item.children]).filter(part => /description|encoded/.test(part.tagName))
		for (const part of parts) { await show(part.textContent) }
		return parts.some(part => part.textContent.includes('ran()')) ? '' : text
	}`, link)
	if err != nil {
		c.t.Fatalf("%s: %v", link, err)
	}
	if text := lacking.Value.Str(); text != "" {
		c.t.Errorf("%s: nothing of what was typed is in it: %s", link, text)
	}
	c.quiet(link)
}

// press sends the form of a button of a page as it stands, but for what is typed.
func (c *crawl) press(link, button string, typed map[string]string) {
	c.t.Helper()
	refused, err := c.Timeout(pageTime).Eval(`async (link, selector, typed) => {
		const page = new DOMParser().parseFromString(await (await fetch(link)).text(), 'text/html')
		const button = page.querySelector(selector)
		if (!button) { throw page.querySelector('main').innerText }
		const form = button.form
		const body = new URLSearchParams(new FormData(form, button))
		for (const name in typed) { body.set(name, typed[name]) }
		const answer = await fetch(new URL(form.getAttribute('action') || '', link), { method: 'POST', body })
		return answer.ok ? '' : new DOMParser().parseFromString(await answer.text(), 'text/html').querySelector('main').innerText.slice(0, 1000)
	}`, link, button, typed)
	if err != nil || refused.Value.Str() != "" {
		c.t.Fatalf("%s of %s: %v %v", button, link, refused, err)
	}
}

func texts[T fmt.Stringer](values []T) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = v.String()
	}
	return out
}
