package api_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	netmail "net/mail"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
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

// fixture is the API on a real store, with a key of each role.
type fixture struct {
	path  string // of the database
	t     *testing.T
	store *store.Store
	api   *api.API
	keys  map[akkoord.Role]string
	ids   map[akkoord.Role]akkoord.APIKey
	mail  *postbox
	names *mailertest.NameServer
	desk  *domain.Desk
	leave *mailer.ReturnPath
	paths *mailer.ReturnPath

	mu     sync.Mutex
	now    time.Time
	sender akkoord.Sender
}

// postbox takes test mails and draws previews as plainly as can be. What
// forbids a mailing it asks the real composer.
type postbox struct {
	tester *mailer.Tester
	sent   []string
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

func (p *postbox) CheckContract(spec akkoord.ContractSpec) error { return p.tester.CheckContract(spec) }

func (p *postbox) PreviewContract(spec akkoord.ContractSpec, locale string) (html, text []byte, subject string, err error) {
	return p.tester.PreviewContract(spec, locale)
}

func (p *postbox) Checks(ctx context.Context, m akkoord.Mailing, s akkoord.Sender) ([]akkoord.Finding, error) {
	return p.tester.Checks(ctx, m, s)
}

func (p *postbox) Answers(ctx context.Context, m akkoord.Mailing) ([]akkoord.LinkAnswer, error) {
	return p.tester.Answers(ctx, m)
}

func (p *postbox) SendTest(_ context.Context, m akkoord.Mailing, variant int, locale string, to akkoord.Email) error {
	p.sent = append(p.sent, m.Variant(variant).Subject+"|"+locale+"|"+to.Address())
	return nil
}

func (p *postbox) Preview(_ context.Context, m akkoord.Mailing, variant int, locale string) (html, text []byte, subject string, err error) {
	c := m.Variant(variant)
	return []byte("<p>" + c.Markdown + "</p>"), []byte(c.Markdown + " " + locale), c.Subject, nil
}

func newFixture(t *testing.T, change ...func(*store.Config)) *fixture {
	t.Helper()
	f := &fixture{
		t: t, mail: &postbox{}, keys: map[akkoord.Role]string{}, ids: map[akkoord.Role]akkoord.APIKey{},
		now: time.Date(2026, time.November, 24, 9, 30, 0, 123456000, time.UTC),
		sender: akkoord.Sender{
			From: `"Zonvaart Reizen" <reis@zonvaart.example>`, Controller: "Zonvaart Reizen B.V.", PostalAddress: "Oudegracht 118, 3511 AW Utrecht",
			Contact: "privacy@zonvaart.example", Relay: true, Processor: "own",
		},
	}
	ring, err := akkoord.NewKeyring(f.now, rand.Reader)
	f.check(err)
	f.path = filepath.Join(t.TempDir(), "akkoord.db")
	cfg := store.Config{
		Database: sqlitetest.At(t, f.path, store.Migrate), Keyring: ring, Now: f.clock, Random: rand.Reader, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
	}
	for _, f := range change {
		f(&cfg)
	}
	f.store, err = store.Open(t.Context(), cfg)
	f.check(err)
	t.Cleanup(func() { f.check(f.store.Close()) })
	composer, err := mailer.NewComposer(os.DirFS("../../templates"), rand.Reader)
	f.check(err)
	f.mail.tester = &mailer.Tester{Local: true, Readers: f.store.Readers, Relays: f.store.RelaySettings, Asker: &mailer.Asker{Reachable: func(netip.AddrPort) bool { return true }}, Press: &mailer.Press{
		Composer: composer, Catalog: f.store, Links: ring.Links(), Key: ring.Derive("message-id"), Now: f.clock,
		Sender: mailer.Sender{
			From: netmail.Address{Name: "Zonvaart Reizen", Address: "reis@zonvaart.example"}, Controller: "Zonvaart Reizen B.V.",
			PostalAddress: "Oudegracht 118, 3511 AW Utrecht", PrivacyContact: "privacy@zonvaart.example", BaseURL: "https://mail.zonvaart.example",
		},
	}}
	f.leave = mailer.NewReturnPath("leave@zonvaart.example", ring.Derive("unsubscribe-mail"))
	pages, err := templates.New()
	f.check(err)
	f.paths = mailer.NewReturnPath("bounces@zonvaart.example", ring.Derive("return-path"))
	f.names, err = mailertest.NewNameServer()
	f.check(err)
	t.Cleanup(func() { f.names.Close() })
	signer, err := mailer.NewSigner("zonvaart.example", nil)
	f.check(err)
	f.desk = domain.NewDesk(domain.DeskConfig{
		Keys: f.store, Resolver: f.names.Resolver(), Setup: domain.Setup{From: "zonvaart.example", Return: "zonvaart.example"}, Signer: signer,
		Now: f.clock, Random: rand.Reader, Log: slog.New(slog.DiscardHandler),
	})
	f.api, err = api.New(api.Config{
		Delivering: f.desk,
		Figures:    figures.NewReader(f.store, f.clock),
		Pages:      pages,
		ReadReport: func(message []byte, rcpt string) akkoord.Report {
			return mailer.ReadReport(f.paths, message, rcpt)
		},
		ReadLeave: func(message []byte, rcpt string) akkoord.IncomingMail {
			return mailer.ReadLeave(f.leave, message, rcpt)
		},
		Store: f.store, Mail: f.mail, Sender: func() akkoord.Sender { return f.sender }, BaseURL: "https://mail.zonvaart.example",
		Now: f.clock, Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
		Login: api.Login{Life: 24 * time.Hour, New: func() (string, [32]byte, error) {
			token, hash, err := admin.NewLoginToken(rand.Reader)
			return admin.LoginPath(token), hash, err
		}},
		SigningKeys: ringKeys{ring}, KeyFingerprint: akkoord.KeyFingerprint(ring.LedgerKey().Public().(ed25519.PublicKey)),
	})
	f.check(err)
	for _, role := range akkoord.Roles {
		key, hash, err := api.NewKey(rand.Reader)
		f.check(err)
		f.keys[role] = key
		f.ids[role], err = f.store.AddKey(t.Context(), akkoord.ActorSystem, akkoord.APIKey{Name: string(role), Role: role, Reason: "test"}, hash)
		f.check(err)
	}
	return f
}

func (f *fixture) clock() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = f.now.Add(time.Microsecond) // so that events have an order
	return f.now
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

// answer is what came back, decoded.
type answer struct {
	status int
	header http.Header
	raw    string
	body   any
}

// object gives the answer as a JSON object.
func (a answer) object() map[string]any {
	o, _ := a.body.(map[string]any)
	return o
}

// str gives a string of the answer.
func (a answer) str(field string) string {
	s, _ := a.object()[field].(string)
	return s
}

// call sends a request with the key of a role. A header is "Name: value".
func (f *fixture) call(role akkoord.Role, method, path, body string, headers ...string) answer {
	f.t.Helper()
	return f.send(method, path, strings.NewReader(body), append([]string{"Authorization: Bearer " + f.keys[role]}, headers...)...)
}

func (f *fixture) send(method, path string, body io.Reader, headers ...string) answer {
	f.t.Helper()
	r := httptest.NewRequestWithContext(f.t.Context(), method, api.Prefix+path, body)
	r.Header.Set("Content-Type", "application/json")
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	f.api.ServeHTTP(w, r)
	a := answer{status: w.Code, header: w.Header(), raw: w.Body.String()}
	if strings.Contains(a.header.Get("Content-Type"), "json") && method != http.MethodHead {
		if err := json.Unmarshal(w.Body.Bytes(), &a.body); err != nil {
			f.t.Fatalf("%s %s: %v in %s", method, path, err, a.raw)
		}
	}
	return a
}

// must is call as the owner, which has to succeed.
func (f *fixture) must(method, path, body string) answer {
	f.t.Helper()
	a := f.call(akkoord.RoleOwner, method, path, body)
	if a.status >= 300 {
		f.t.Fatalf("%s %s: %d %s", method, path, a.status, a.raw)
	}
	return a
}

var (
	uuid  = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	stamp = regexp.MustCompile(`^2026-11-24T\d\d:\d\d:\d\d\.\d{6}Z$`)
)

// shape puts <id> and <time> for values that differ from run to run, where
// they have the form that the contract promises.
func shape(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k := range v {
			v[k] = shape(v[k])
		}
	case []any:
		for i := range v {
			v[i] = shape(v[i])
		}
	case string:
		switch {
		case uuid.MatchString(v):
			return "<id>"
		case stamp.MatchString(v):
			return "<time>"
		}
	}
	return v
}

// parse reads the JSON that a test expects.
func parse(t *testing.T, s string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(s), &v); err != nil {
		t.Fatalf("%v in %s", err, s)
	}
	return v
}

const (
	newsBody     = `{"slug":"travel-news","name":{"nl":"Reisnieuws","en":"Travel news"},"explanation":{"nl":"Reisideeën.","en":"Travel ideas."},"wording":{"nl":"Ja, mail mij.","en":"Yes, mail me."},"basis":"consent","inactive_after_days":365}`
	formBody     = `{"slug":"home","purposes":["travel-news"],"interests":["wintersport"],"challenge":"none","origins":["https://www.zonvaart.example"]}`
	campaignBody = `{"slug":"winter-2027","name":"Winter 2027","purpose":"travel-news"}`
	mailingBody  = `{"subject":"Hallo {{name | default: \"reiziger\"}}","markdown":"De sneeuw ligt er."}`
)

// catalogue makes a purpose, a form, a campaign and a draft, and gives the
// draft's id.
func (f *fixture) catalogue() (mailing string) {
	f.t.Helper()
	f.must("POST", "/purposes", newsBody)
	f.must("POST", "/forms", formBody)
	f.must("POST", "/campaigns", campaignBody)
	return f.must("POST", "/campaigns/winter-2027/mailings", mailingBody).str("id")
}

// person signs somebody up, and confirms when told to. It gives their id.
func (f *fixture) person(address string, confirm bool) akkoord.Subscriber {
	f.t.Helper()
	ctx := f.t.Context()
	email, err := akkoord.ParseEmail(address)
	f.check(err)
	p, err := f.store.Purpose(ctx, "travel-news")
	f.check(err)
	o := akkoord.Origin{Source: "form:home", Actor: akkoord.ActorPerson, Locale: "nl"}
	f.check(f.store.SignUp(ctx, akkoord.SignUp{Email: email, Name: "Zoë", Locale: "nl", Purposes: []akkoord.Purpose{p}, Interests: []string{"wintersport"}, Origin: o}))
	st, err := f.store.StandingByEmail(ctx, email)
	f.check(err)
	if confirm {
		link := akkoord.Link{Subscriber: st.Subscriber.PublicID, Request: st.Subscription(p.ID).Request}
		_, err := f.store.Confirm(ctx, link, akkoord.Origin{Source: "link", Actor: akkoord.ActorPerson})
		f.check(err)
	}
	return st.Subscriber
}
