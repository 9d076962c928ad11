package admin_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	netmail "net/mail"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"akkoord"
	"akkoord/mailer"
	"akkoord/mailer/domain"
	"akkoord/mailer/mailertest"
	"akkoord/server/admin"
	"akkoord/server/api"
	"akkoord/server/figures"
	"akkoord/store"
	"akkoord/store/sqlitetest"
	"akkoord/templates"
)

// fixture is the site on a real store behind a real listener.
type fixture struct {
	caught caughtMails
	t      *testing.T
	store  *store.Store
	site   *admin.Site
	server *httptest.Server
	mail   *postbox
	sealer akkoord.Sealer
	sender akkoord.Sender
	names  *mailertest.NameServer
	desk   *domain.Desk

	mu  sync.Mutex
	now time.Time
}

// postbox takes test mails; all else it asks the real composer.
type postbox struct {
	tester *mailer.Tester
	sent   []string
	err    error // refuses test mails
}

func (p *postbox) Obstacles(ctx context.Context, m akkoord.Mailing, s akkoord.Sender) ([]akkoord.Reason, error) {
	return p.tester.Obstacles(ctx, m, s)
}

func (p *postbox) SenderOf(ctx context.Context, m akkoord.Mailing, s akkoord.Sender) (akkoord.Sender, error) {
	return p.tester.SenderOf(ctx, m, s)
}

func (p *postbox) ReadRelay(url akkoord.Secret) (akkoord.Relay, error) {
	return p.tester.ReadRelay(url)
}

func (p *postbox) TryRelay(ctx context.Context, r akkoord.RelaySettings, why []akkoord.Reason, to akkoord.Email, locale string) []akkoord.RelayStep {
	return p.tester.TryRelay(ctx, r, why, to, locale)
}

func (p *postbox) Checks(ctx context.Context, m akkoord.Mailing, s akkoord.Sender) ([]akkoord.Finding, error) {
	return p.tester.Checks(ctx, m, s)
}

func (p *postbox) Answers(ctx context.Context, m akkoord.Mailing) ([]akkoord.LinkAnswer, error) {
	return p.tester.Answers(ctx, m)
}

func (p *postbox) SendTest(_ context.Context, m akkoord.Mailing, variant int, locale string, to akkoord.Email) error {
	p.sent = append(p.sent, m.Text(variant, locale).Subject+"|"+locale+"|"+to.Address())
	return p.err
}

func (p *postbox) PreviewFor(ctx context.Context, m akkoord.Mailing, variant int, r akkoord.MailReader) (html, text []byte, subject string, err error) {
	return p.tester.PreviewFor(ctx, m, variant, r)
}

func (p *postbox) Try(ctx context.Context, to akkoord.Email, locale string) []akkoord.RelayStep {
	return p.tester.Try(ctx, to, locale)
}

func (p *postbox) PreviewConfirmation(purposes []akkoord.Purpose, locale string, brand akkoord.Brand) ([]byte, error) {
	return p.tester.PreviewConfirmation(purposes, locale, brand)
}

func newFixture(t *testing.T, change ...func(*store.Config)) *fixture {
	t.Helper()
	return newFixtureAt(t, time.Now(), change...) // scs expires sessions by the clock of the machine
}

// newFixtureAt begins at a time in the past, from which a test has to come to
// the present before anybody logs in.
func newFixtureAt(t *testing.T, now time.Time, change ...func(*store.Config)) *fixture {
	t.Helper()
	f := &fixture{
		t: t, mail: &postbox{}, now: now.UTC().Truncate(time.Microsecond),
		sender: akkoord.Sender{
			From: `"Zonvaart Reizen" <reis@zonvaart.example>`, Controller: "Zonvaart Reizen B.V.", PostalAddress: "Oudegracht 118, 3511 AW Utrecht",
			Contact: "privacy@zonvaart.example", Relay: true, Processor: "own",
		},
	}
	ring, err := akkoord.NewKeyring(f.now, rand.Reader)
	f.check(err)
	cfg := store.Config{
		Database: sqlitetest.New(t, store.Migrate), Keyring: ring, Now: f.clock, Random: rand.Reader, Log: slog.New(slog.DiscardHandler),
	}
	for _, f := range change {
		f(&cfg)
	}
	f.store, err = store.Open(t.Context(), cfg)
	f.check(err)
	t.Cleanup(func() { f.check(f.store.Close()) })
	composer, err := mailer.NewComposer(os.DirFS("../../templates"), rand.Reader)
	f.check(err)
	f.mail.tester = &mailer.Tester{Local: true, Relays: f.store.RelaySettings, Readers: f.store.Readers, Asker: &mailer.Asker{Reachable: func(netip.AddrPort) bool { return true }}, Press: &mailer.Press{
		Composer: composer, Catalog: f.store, Links: ring.Links(), Key: ring.Derive("message-id"), Now: f.clock,
		Sender: mailer.Sender{
			From: netmail.Address{Name: "Zonvaart Reizen", Address: "reis@zonvaart.example"}, Controller: "Zonvaart Reizen B.V.",
			PostalAddress: "Oudegracht 118, 3511 AW Utrecht", PrivacyContact: "privacy@zonvaart.example", BaseURL: "http://127.0.0.1:8080",
		},
	}}
	f.sealer, err = ring.Sealer(rand.Reader)
	f.check(err)
	f.names, err = mailertest.NewNameServer()
	f.check(err)
	t.Cleanup(func() { f.names.Close() })
	signer, err := mailer.NewSigner("zonvaart.example", nil)
	f.check(err)
	f.desk = domain.NewDesk(domain.DeskConfig{
		Keys: f.store, Resolver: f.names.Resolver(), Setup: domain.Setup{From: "zonvaart.example", Return: "zonvaart.example"}, Signer: signer,
		Now: f.clock, Random: rand.Reader, Log: slog.New(slog.DiscardHandler),
	})
	f.site = f.newSite("http://127.0.0.1:8080")
	f.server = httptest.NewServer(f.site)
	t.Cleanup(f.server.Close)
	return f
}

func (f *fixture) newSite(base string, change ...func(*admin.Config)) *admin.Site {
	f.t.Helper()
	pages, err := templates.New()
	f.check(err)
	cfg := admin.Config{
		Store: f.store, Sessions: f.store.Sessions(), Mail: f.mail, Inbox: &f.caught, Sender: func() akkoord.Sender { return f.sender }, Pages: pages, Delivering: f.desk, Figures: figures.NewReader(f.store, f.clock),
		Seal: f.sealer, NewKey: func() (string, [32]byte, error) { return api.NewKey(rand.Reader) }, GuessKey: []byte("guess"), Network: f.network, BaseURL: base, Now: f.clock, Log: slog.New(slog.NewTextHandler(f.t.Output(), nil)),
	}
	for _, f := range change {
		f(&cfg)
	}
	s, err := admin.New(cfg)
	f.check(err)
	return s
}

// network is that of a request: an IPv4 /24 by the header "Test-From", else of this
// machine.
func (f *fixture) network(r *http.Request) netip.Prefix {
	at := netip.MustParseAddrPort(r.RemoteAddr).Addr()
	if from := r.Header.Get("Test-From"); from != "" {
		at = netip.MustParseAddr(from)
	}
	p, err := at.Prefix(24)
	f.check(err)
	return p
}

func (f *fixture) clock() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = f.now.Add(time.Microsecond)
	return f.now
}

// wall writes a time as somebody reads it off the clock of the site.
func (f *fixture) wall(t time.Time) string {
	f.t.Helper()
	home, err := akkoord.LoadZone("")
	f.check(err)
	return t.In(home).Format("2006-01-02T15:04")
}

func (f *fixture) advance(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = f.now.Add(d)
}

func (f *fixture) check(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// browser is somebody's browser: it keeps cookies and follows no redirect.
type browser struct {
	f      *fixture
	client *http.Client
}

func (f *fixture) browser() *browser {
	f.t.Helper()
	jar, err := cookiejar.New(nil)
	f.check(err)
	return &browser{f, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// link makes a user and a login link for them, and gives its path.
func (f *fixture) link(role akkoord.Role) string {
	f.t.Helper()
	u, err := f.store.AddUser(f.t.Context(), akkoord.ActorSystem, akkoord.User{Email: string(role) + "@zonvaart.example", Role: role, Reason: "test"})
	f.check(err)
	return f.linkOf(u)
}

// linkOf makes a login link for a user, and gives its path.
func (f *fixture) linkOf(u akkoord.User) string {
	f.t.Helper()
	token, hash, err := admin.NewLoginToken(rand.Reader)
	f.check(err)
	f.check(f.store.AddLoginToken(f.t.Context(), akkoord.ActorSystem, u.ID, hash, f.clock().Add(time.Hour)))
	return admin.LoginPath(token)
}

// as gives the browser of a new user with a role, logged in.
func (f *fixture) as(role akkoord.Role) *browser {
	f.t.Helper()
	b := f.browser()
	if r := b.send("POST", f.link(role), ""); r.status != http.StatusSeeOther {
		f.t.Fatalf("login: %d %s", r.status, r.body)
	}
	return b
}

// reply is what a browser got.
type reply struct {
	status int
	header http.Header
	body   string
}

// send makes a request. A header is "Name: value".
func (b *browser) send(method, path, form string, headers ...string) reply {
	b.f.t.Helper()
	r, err := http.NewRequestWithContext(b.f.t.Context(), method, b.f.server.URL+path, strings.NewReader(form))
	b.f.check(err)
	r.Header.Set("Accept-Language", "en")
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	resp, err := b.client.Do(r)
	b.f.check(err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	b.f.check(err)
	return reply{resp.StatusCode, resp.Header, string(body)}
}

// get reads a page, which has to be there and say all of the words.
func (b *browser) get(path string, words ...string) reply {
	b.f.t.Helper()
	r := b.send("GET", path, "")
	if r.status != http.StatusOK {
		b.f.t.Fatalf("GET %s: %d %s", path, r.status, r.body)
	}
	for _, w := range words {
		if !strings.Contains(r.body, w) {
			b.f.t.Errorf("GET %s lacks %q:\n%s", path, w, r.body)
		}
	}
	return r
}

// press posts a button of a mailing's page and gives the page after it.
func (b *browser) press(path string, in url.Values) reply {
	b.f.t.Helper()
	return b.post(path, path, in)
}

// refused reports whether an answer is the page of a form again, with what is wrong
// in focus.
func (r reply) refused() bool {
	return (r.status/100 == 4 || r.status == http.StatusServiceUnavailable) && strings.Contains(r.body, `role="alert"`) && strings.Contains(r.body, ` autofocus=""`)
}

// mailing makes a purpose, a form, a campaign and a draft, and gives the path
// of its page.
func (f *fixture) mailing() string {
	f.t.Helper()
	ctx := f.t.Context()
	p, err := f.store.PutPurpose(ctx, akkoord.ActorSystem, akkoord.Purpose{Slug: "travel-news", Basis: akkoord.BasisConsent, InactiveAfter: 365,
		Texts: map[string]akkoord.PurposeText{
			"nl": {Name: "Reisnieuws", Explanation: "Reisideeën.", Wording: "Ja, mail mij."},
			"en": {Name: "Travel news", Explanation: "Travel ideas.", Wording: "Yes, mail me."},
		}})
	f.check(err)
	_, err = f.store.PutForm(ctx, akkoord.ActorSystem, akkoord.Form{Slug: "home", Version: akkoord.FormVersion{Purposes: []string{"travel-news"}, Challenge: "none"}})
	f.check(err)
	c, err := f.store.PutCampaign(ctx, akkoord.ActorSystem, akkoord.Campaign{Slug: "winter-2027", Name: "Winter 2027", PurposeID: p.ID})
	f.check(err)
	m, err := f.store.PutMailing(ctx, akkoord.ActorSystem, akkoord.Mailing{CampaignID: c.ID, Content: akkoord.Content{Subject: "Sneeuw <b>", Markdown: "De sneeuw ligt er."}})
	f.check(err)
	return admin.Prefix + "/mailings/" + m.PublicID.String()
}

// paths makes one of everything that a route names, and gives of a route's
// pattern the method and a path to it. The person is kanarie@voorbeeld.example.
func (f *fixture) paths() func(pattern string) (method, path string) {
	f.t.Helper()
	ctx := f.t.Context()
	mailing := strings.TrimPrefix(f.mailing(), "/admin/mailings/")
	person := f.person("kanarie@voorbeeld.example").PublicID.String()
	f.rule()
	_, err := f.store.AddProcessor(ctx, akkoord.ActorSystem, akkoord.Processor{Slug: "travel-news", Name: "Post", Role: "relay"})
	f.check(err)
	f.check(f.store.Restrict(ctx, f.person("bo@voorbeeld.example").PublicID, "asked for", akkoord.Origin{Source: "api", Actor: akkoord.ActorSystem}))
	notices, _, err := f.store.Notices(ctx, true, akkoord.Page{})
	f.check(err)
	request, err := f.store.AddRequest(ctx, akkoord.ActorSystem, akkoord.PersonRequest{Kind: "access", Channel: "phone", RequestDetail: akkoord.RequestDetail{Note: "calls back"}})
	f.check(err)
	news, err := f.store.Purpose(ctx, "travel-news")
	f.check(err)
	_, err = f.store.PutSegment(ctx, akkoord.ActorSystem, akkoord.Segment{Slug: "dutch", PurposeID: news.ID, Filter: akkoord.Filter{Kind: akkoord.FilterAll}})
	f.check(err)
	breach, err := f.store.AddBreach(ctx, akkoord.ActorSystem, akkoord.Breach{What: "x", Scope: "all", Since: f.clock().Add(-time.Hour)})
	f.check(err)
	stops, _, err := f.store.Suppressions(ctx, akkoord.SuppressedRestricted, akkoord.Suppression{}, 1)
	f.check(err)
	current, err := f.store.CurrentGrants(ctx)
	f.check(err)
	grant := person // nobody has any yet
	if len(current) > 0 {
		grant = current[0].PublicID.String()
	}
	asked, err := f.store.AskApproval(ctx, akkoord.ActorSystem, akkoord.MassExport, "test")
	f.check(err)
	staff, err := f.store.AddUser(ctx, akkoord.ActorSystem, akkoord.User{Email: "named@zonvaart.example", Role: akkoord.RoleEditor, Reason: "test"})
	f.check(err)
	key, err := f.store.AddKey(ctx, akkoord.ActorSystem, akkoord.APIKey{Name: "named", Role: akkoord.RoleMail, Reason: "test"}, [32]byte{1})
	f.check(err)
	hook, _, err := f.store.AddWebhook(ctx, akkoord.ActorSystem, akkoord.Webhook{URL: "https://crm.example/hook", Processor: "travel-news", Events: akkoord.WebhookEvents})
	f.check(err)
	dkim, err := f.desk.MakeDomainKey(ctx, akkoord.ActorSystem, akkoord.DomainKeyEd25519)
	f.check(err)
	upload, err := f.store.SpoolImport(strings.NewReader("email\nkanarie@voorbeeld.example\nno kanarie@voorbeeld.example\n"))
	f.check(err)
	preview, err := f.store.BeginImport(ctx, akkoord.ImportSpec{Actor: akkoord.ActorSystem, Purpose: "travel-news", Basis: akkoord.BasisConsent, Preview: true}, upload)
	f.check(err)
	f.runImports()
	chooser, err := f.store.AddUser(ctx, akkoord.ActorSystem, akkoord.User{Email: "chooser@zonvaart.example", Role: akkoord.RoleDPO, Reason: "test"})
	f.check(err)
	bulk, err := f.store.PrepareBulkAct(ctx, chooser.Actor(), akkoord.BulkSpec{Kind: akkoord.BulkErase, Filter: akkoord.PeopleFilter{Purpose: "travel-news"}, Reason: "test"})
	f.check(err)
	f.check(f.store.SetCatching(ctx, akkoord.ActorSystem, true))
	f.caught = caughtMails{{ID: "7", To: []string{"owner@zonvaart.example", "manager@zonvaart.example"}, At: f.clock(), HTML: "<p>Yes?"}}
	named := map[string]string{"/imports/": preview.PublicID.String(), "/bulk-acts/": bulk.PublicID.String(), "/deliverability/keys/": dkim.PublicID.String(), "/webhooks/": hook.PublicID.String(), "/users/": staff.PublicID.String(), "/keys/": key.PublicID.String(), "/access/": grant, "/approvals/": asked.PublicID.String(), "/people/": person, "/requests/": request.PublicID.String(), "/notices/": notices[0].PublicID.String(), "/breaches/": breach.PublicID.String()}
	spares := 0
	return func(pattern string) (method, path string) {
		method, path, _ = strings.Cut(pattern, " ")
		switch { // there is a relay, or mails are caught
		case strings.HasPrefix(path, "/admin/settings/relays/{slug}"):
			f.check(f.store.SetCatching(ctx, akkoord.ActorSystem, false))
			spares++
			spare := fmt.Sprintf("spare-%d", spares)
			_, err := f.store.AddRelay(ctx, akkoord.ActorSystem, akkoord.RelaySettings{Relay: akkoord.Relay{Slug: spare, Addr: "127.0.0.1:1", Security: "none", Connections: 1, Processor: akkoord.OwnProcessor}, URL: "smtp://127.0.0.1:1?tls=none"})
			f.check(err)
			path = strings.Replace(path, "{slug}", spare, 1)
		case strings.HasPrefix(path, "/admin/inbox"):
			all, err := f.store.RelaySettings(ctx)
			f.check(err)
			for _, r := range all {
				_, err := f.store.RetireRelay(ctx, akkoord.ActorSystem, r.Slug)
				f.check(err)
			}
			f.check(f.store.SetCatching(ctx, akkoord.ActorSystem, true))
		}
		id := mailing
		for part, of := range named {
			if strings.Contains(path, part) {
				id = of
			}
		}
		return method, strings.NewReplacer("{id}", id, "{token}", "guess", "{person}", person, "{slug}", "travel-news", "{rule}", "sale", "{segment}", "dutch", "{campaign}", "winter-2027", "{form}", "home", "{entry}", stops[0].Name(), "{part}", "form", "{mail}", "7").Replace(path)
	}
}

// person signs somebody up and confirms.
func (f *fixture) person(address string) akkoord.Subscriber {
	f.t.Helper()
	ctx := f.t.Context()
	email, err := akkoord.ParseEmail(address)
	f.check(err)
	p, err := f.store.Purpose(ctx, "travel-news")
	f.check(err)
	o := akkoord.Origin{Source: "form:home", Actor: akkoord.ActorPerson, Locale: "nl"}
	f.check(f.store.SignUp(ctx, akkoord.SignUp{Email: email, Name: "Zoë", Locale: "nl", Purposes: []akkoord.Purpose{p}, Origin: o}))
	st, err := f.store.StandingByEmail(ctx, email)
	f.check(err)
	_, err = f.store.Confirm(ctx, akkoord.Link{Subscriber: st.Subscriber.PublicID, Request: st.Subscription(p.ID).Request}, akkoord.Origin{Source: "link", Actor: akkoord.ActorPerson})
	f.check(err)
	return st.Subscriber
}

// trail gives the last line of the audit trail and how many there are.
func (f *fixture) trail() (last string, n int) {
	f.t.Helper()
	for after := int64(0); ; {
		entries, next, err := f.store.AuditTrail(f.t.Context(), akkoord.Page{After: after})
		f.check(err)
		for _, e := range entries {
			last, n = string(e.Actor)+" "+e.Action+" "+e.Object, n+1
		}
		if next == 0 {
			return last, n
		}
		after = next
	}
}
