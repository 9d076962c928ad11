package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	rand2 "math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/acme/autocert"
	"golang.org/x/sync/errgroup"

	"akkoord"
	"akkoord/dossier"
	"akkoord/mailer"
	"akkoord/mailer/domain"
	"akkoord/mailer/outbound"
	"akkoord/mailer/webhook"
	"akkoord/server"
	"akkoord/server/admin"
	"akkoord/server/api"
	mailfigures "akkoord/server/figures" // figures are those of the process here
	"akkoord/server/sight"
	"akkoord/store"
	"akkoord/templates"
)

// shutdownWait is how long requests and the mails on the wire may take to end
// (P24).
const shutdownWait = 20 * time.Second

// showingsEvery is how often it is stored what was shown; a killed process loses
// as much of it.
const showingsEvery = 10 * time.Second

// app is the server put together: the store, the sites and the mailer.
type app struct {
	site   *site
	log    *slog.Logger
	store  *store.Store
	public *server.Server
	sender *mailer.Worker
	inbox  *inbox // takes mails in the place of a mail server; nil where there is one

	outbound *outbound.Sender
	desk     *domain.Desk // of the sending domain and its DKIM keys

	watch       watch
	showings    *server.Showings
	known       atomic.Pointer[akkoord.Organisation] // as last read
	worn        atomic.Pointer[akkoord.Brand]        // the same
	caughtSince atomic.Pointer[time.Time]            // the same
	incoming    incoming
	fingerprint string // of the key that signs the ledger
	keys        *keyFile
}

// newApp opens the database and builds everything on it. It starts nothing.
func newApp(ctx context.Context, s *site, log *slog.Logger) (*app, error) {
	database, err := s.database()
	if err != nil {
		return nil, err
	}
	keys, err := s.keyring(true)
	if err != nil {
		return nil, err
	}
	st, err := store.Open(ctx, store.Config{Database: database, Journal: s.Journal, Keyring: keys, Relay: s.recipient(), Catches: s.relay == nil, Officer: s.officerAddress(), TwoPersons: s.TwoPersons == "on", Now: time.Now, Random: rand.Reader, Log: log, ContractKept: s.kept, Pace: s.pace, MailCopies: akkoord.MailCopies(s.EvidenceMail)})
	if errors.Is(err, store.ErrInUse) {
		err = fmt.Errorf("%w; stop that process first", err)
	}
	if err != nil {
		return nil, err
	}
	a := &app{site: s, log: log, store: st, keys: &keyFile{settings: s.databaseSettings, links: keys.Links(), now: time.Now, log: log, keys: keys}}
	if err := errors.Join(st.RecordIPPolicy(ctx, akkoord.IPPolicy(s.IPPolicy)), a.build(keys)); err != nil {
		return nil, errors.Join(err, a.close())
	}
	if s.relay != nil { // a trial is over for good
		if err := st.SetCatching(ctx, akkoord.ActorSystem, false); err != nil {
			return nil, errors.Join(err, a.close())
		}
	}
	return a, nil
}

func (a *app) build(keys *akkoord.Keyring) error {
	s := a.site
	pages, err := templates.New()
	if err != nil {
		return err
	}
	composer, err := mailer.NewComposer(templates.LocalesFS, rand.Reader)
	if err != nil {
		return err
	}
	home, err := time.LoadLocation(akkoord.HomeZone)
	if err != nil {
		return err
	}
	press := a.press(keys, composer, home)
	signer, err := s.signer()
	if err != nil {
		return err
	}
	tester, err := a.buildMailer(keys, press, signer)
	if err != nil {
		return err
	}
	a.desk = domain.NewDesk(s.deskConfig(a.store, signer, a.log))
	a.fingerprint = fingerprintOf(keys)
	a.outbound = outbound.New(outbound.Config{Messages: a.store, Loopback: akkoord.LoopbackHost(s.base.Hostname()), Now: time.Now, Jitter: rand2.Float64, Log: a.log})
	if m, ok := s.heads.(*headMail); ok {
		m.mail = tester
	}
	counted := mailfigures.NewReader(a.store, time.Now)
	apiConfig := api.Config{
		Store: a.store, Mail: tester, Sender: a.facts, Settings: s.organisation(), BaseURL: s.base.String(), Now: time.Now, Log: a.log, KeyFingerprint: a.fingerprint,
		Setup: s.setup(), Pages: pages, SigningKeys: a.keys, Delivering: a.desk, RelayStates: a.sender.RelayStates, ReplayKey: keys.Derive("idempotency"), Figures: counted, Login: api.Login{New: newLogin, Life: admin.LoginLife},
		Dossier: dossier.Writer{Set: pages, Zone: home}.In,
	}
	if leaving := press.Leave; leaving != nil {
		apiConfig.ReadLeave = func(message []byte, rcpt string) akkoord.IncomingMail {
			return mailer.ReadLeave(leaving, message, rcpt)
		}
	}
	if returns := s.returns(keys); returns != nil {
		apiConfig.ReadReport = func(message []byte, rcpt string) akkoord.Report {
			return mailer.ReadReport(returns, message, rcpt)
		}
	}
	jsonAPI, err := api.New(apiConfig)
	if err != nil {
		return err
	}
	a.incoming = incoming{s.returns(keys), press.Leave, jsonAPI.TakeReport, a.store.LeaveByMail}
	hooks, err := a.hooks(keys, jsonAPI)
	if err != nil {
		return err
	}
	sealer, err := keys.Sealer(rand.Reader)
	if err != nil {
		return err
	}
	adminSite, err := admin.New(admin.Config{
		Store: a.store, Sessions: a.store.Sessions(), Mail: tester, Sender: a.facts, Pages: pages, Setup: s.setup(), KeyFingerprint: a.fingerprint,
		Dossier: apiConfig.Dossier, Seal: sealer, NewKey: newAPIKey, SignOn: s.signOn, GuessKey: keys.Derive("login-guess"), Network: func(r *http.Request) netip.Prefix { return server.Neighbourhood(r, s.proxies) }, BaseURL: s.base.String(), Now: time.Now, Log: a.log,
		Settings: s.organisation(), Brand: a.brand, BrandColour: s.Brand, Set: s.shown(), Relay: s.relayFacts(), Inbox: a.shownInbox(), RelayStates: a.sender.RelayStates, Delivering: a.desk, Figures: counted, Watcher: &a.watch,
	})
	if err != nil {
		return err
	}
	a.showings = server.NewShowings()
	cfg := server.Config{
		Consents: a.store, Catalog: a.store, Links: a.keys.links, Pages: pages, View: press, API: jsonAPI, Admin: adminSite, Hooks: hooks,
		BaseURL: s.base.String(), TrustedProxies: s.proxies, Country: s.country, IPPolicy: akkoord.IPPolicy(s.IPPolicy), SignUps: s.signUps, Nodes: a.store.Nodes,
		StampKey: keys.Derive("form-stamp"), ChallengeKey: keys.Derive("form-challenge"),
		Brand: a.look, From: s.From, Opened: a.watch.opened, Showings: a.showings,
		Organisation: a.organisation, Relay: s.statedRelay(), LedgerKey: a.fingerprint,
		Now: time.Now, Random: rand.Reader, Log: a.log,
	}
	if s.CheckMX == "on" {
		cfg.Domains = domain.Receivers{Resolver: net.DefaultResolver}
	}
	if s.tracer != nil {
		cfg.Tracer = s.tracer
	}
	if a.public, err = server.New(cfg); err != nil {
		return err
	}
	return a.public.Measure(&figures{a.store, a.sender, jsonAPI, a.outbound})
}

// press makes the mails, and shows them as web pages.
func (a *app) press(keys *akkoord.Keyring, composer *mailer.Composer, home *time.Location) *mailer.Press {
	s := a.site
	sender := mailer.Sender{BaseURL: s.base.String()}
	switch {
	case s.from != nil:
		sender.From = *s.from
	case s.relay == nil:
		sender.From = trialFrom
	}
	return &mailer.Press{
		Composer: composer, Sender: sender, Organisation: a.organisation, Brand: a.brand, Catalog: a.store, Links: a.keys.links,
		Key: keys.Derive("message-id"), Zone: home, Now: time.Now, Leave: s.leaving(keys),
	}
}

// buildMailer makes the worker and what sends test mails. Where the settings name no
// mail server both know the built-in inbox, for while mails are caught.
func (a *app) buildMailer(keys *akkoord.Keyring, press *mailer.Press, signer *mailer.Signer) (*mailer.Tester, error) {
	s := a.site
	dialer := &mailer.Dialer{HELO: s.base.Hostname()}
	tester := &mailer.Tester{
		Press: press, Dialer: dialer, Relay: a.store.RelayObstacles, Relays: a.relaySettings, Route: a.store.RouteObstacles, Usable: a.store.RelaysOf,
		Local: akkoord.LoopbackHost(s.base.Hostname()), Signer: signer,
		Readers: sight.New(a.store).Readers, Asker: &mailer.Asker{},
	}
	if s.relay != nil {
		dialer.Relay = *s.relay
	} else {
		in, caught, err := startInbox()
		if err != nil {
			return nil, err
		}
		a.inbox, dialer.Relay, tester.Off = in, caught, func() bool { return !a.catching() }
		in.Take(a.catching())
	}
	a.sender = mailer.New(mailer.Config{
		Deliveries: a.store, Outbox: a.store, Press: press, Dialer: dialer, Relays: a.relaySettings, Signer: signer, ReturnPath: s.returns(keys), ReportField: s.reportField,
		Now: time.Now, Jitter: rand2.Float64, Log: a.log,
	})
	return tester, nil
}

// hooks makes what takes the webhooks of the sending service; nil where none is
// set.
func (a *app) hooks(keys *akkoord.Keyring, jsonAPI *api.API) (server.Hooks, error) {
	cfg := a.site.hooks
	if cfg.Service == "" {
		return nil, nil
	}
	cfg.Read, cfg.Report, cfg.Leave, cfg.Now = a.site.returns(keys).Read, jsonAPI.TakeReport, a.store.LeaveByMail, time.Now
	return webhook.New(cfg)
}

// returns makes the return paths; nil where none is set.
func (s *site) returns(keys *akkoord.Keyring) *mailer.ReturnPath {
	if s.ret.IsZero() {
		return nil
	}
	return mailer.NewReturnPath(s.ret.Address(), keys.Derive("return-path"))
}

// leaving makes the addresses that mail to leaves; nil where no mailbox is set.
// Their key never rotates, since leaving works for ever (C.9).
func (s *site) leaving(keys *akkoord.Keyring) *mailer.ReturnPath {
	if s.leave.IsZero() {
		return nil
	}
	return mailer.NewReturnPath(s.leave.Address(), keys.Derive("unsubscribe-mail"))
}

// statedRelay is the party that delivers the mail, as the privacy statement
// names it; empty when the controller does so itself.
func (s *site) statedRelay() string {
	if s.SMTPProcessor == akkoord.OwnProcessor {
		return ""
	}
	return s.relayParty()
}

// recipient is the party that gets the mails: none where there is no mail server.
func (s *site) recipient() string {
	if s.relay == nil {
		return ""
	}
	return s.relayParty()
}

// close ends what was opened.
func (a *app) close() error {
	var err error
	if a.inbox != nil {
		err = a.inbox.server.Close()
	}
	return errors.Join(err, a.store.Close())
}

// relayParty is the party whose agreement sending waits for (M28). Where none is
// named it is one that no register has.
func (s *site) relayParty() string {
	if s.relay != nil && s.SMTPProcessor == "" {
		return akkoord.UnknownRelay
	}
	return s.SMTPProcessor
}

// run serves until ctx ends or something fails, then stops in order: no new
// requests, the mails on the wire finished, the store closed.
func (a *app) run(ctx context.Context, public, ops net.Listener) error {
	tlsConfig, err := a.tls()
	if err != nil {
		return err
	}
	if tlsConfig != nil {
		public = tls.NewListener(public, tlsConfig)
	}
	if err := errors.Join(a.store.ReclaimJobs(ctx), a.desk.Renew(ctx)); err != nil {
		return errors.Join(err, a.close())
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return serveHTTP(ctx, a.public.HTTP(), public) })
	group.Go(func() error { return serveHTTP(ctx, a.public.OpsHTTP(a.checks()...), ops) })
	group.Go(func() error { return a.sender.Run(ctx) })
	group.Go(func() error { return newBackground(a).run(ctx) })
	group.Go(func() error { return a.handOnShowings(ctx) })
	group.Go(func() error { return a.keys.run(ctx) })
	group.Go(func() error { return a.desk.Run(ctx) })
	group.Go(func() error {
		select {
		case <-a.store.Failed():
			return errors.New("a write could not be made durable; nothing more is stored. Check the disk, then start again")
		case <-ctx.Done():
			return nil
		}
	})
	err = group.Wait()
	return errors.Join(err, a.close())
}

// handOnShowings stores, until ctx ends, what was shown, and what is left then.
func (a *app) handOnShowings(ctx context.Context) error {
	tick := time.NewTicker(showingsEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
		if err := a.showings.HandOn(context.WithoutCancel(ctx), a.store.AddShowings); err != nil {
			a.log.Warn("showings of forms are not stored yet", "error", err)
		}
	}
	return nil
}

// tls gives the configuration for the setting AKKOORD_TLS, or nil when TLS
// ends elsewhere.
func (a *app) tls() (*tls.Config, error) {
	switch setting := a.site.TLS; setting {
	case "off", "proxy":
		return nil, nil
	case "auto":
		path, err := a.site.databasePath()
		if err != nil {
			return nil, err
		}
		m := &autocert.Manager{
			Prompt: autocert.AcceptTOS, HostPolicy: autocert.HostWhitelist(a.site.base.Hostname()),
			Cache: autocert.DirCache(filepath.Join(filepath.Dir(path), "certificates")),
		}
		c := m.TLSConfig()
		c.MinVersion = tls.VersionTLS12
		return c, nil
	default:
		cert, key, _ := strings.Cut(setting, ",")
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return nil, fmt.Errorf("AKKOORD_TLS: the certificate can't be used: %w", err)
		}
		return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"}}, nil
	}
}

// gcPercent lets the heap, of a few MiB of living data, grow to four times
// that between two collections: a tenth less work for some 20 MiB.
const gcPercent = 300

// memoryLimit is where Go's own memory is collected more often, so that with
// SQLite's caches and the program itself the process stays below 96 MiB
// (docs/performance.md). It is a soft limit: what is needed is given.
const memoryLimit = 44 << 20

type serveCommand struct{ settings }

func (c *serveCommand) Run(ctx context.Context, io streams) error {
	s, err := c.check()
	if err != nil {
		return err
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
	log := s.logger(io.err)
	for _, name := range unknownSettings(os.Environ()) {
		log.Warn("a setting is not read by this version", "setting", name)
	}
	if at := elsewhere(s.base, s.Listen, s.TLS); at != "" {
		log.Warn("AKKOORD_URL is of another port than AKKOORD_LISTEN: links work only if something passes them on", "links", at, "listen", s.Listen)
	}
	if s.tracer, err = newTracer(ctx, os.Getenv, &http.Client{}, log); err != nil {
		return err
	}
	if s.tracer != nil {
		defer s.tracer.close()
	}
	a, err := newApp(ctx, s, log) // first, so that a second server is told who holds the database (P18)
	if err != nil {
		return err
	}
	public, err := listen(ctx, "AKKOORD_LISTEN", s.Listen)
	if err != nil {
		return errors.Join(err, a.close())
	}
	ops, err := listen(ctx, "AKKOORD_OPS_LISTEN", s.OpsListen)
	if err != nil {
		return errors.Join(err, public.Close(), a.close())
	}
	debug.FreeOSMemory() // what starting took and nothing needs any more
	if err := a.offerSetup(ctx, io.err); err != nil {
		return errors.Join(err, public.Close(), ops.Close(), a.close())
	}
	log.Info("serving", "site", s.URL, "listen", public.Addr().String(), "ops", ops.Addr().String())
	switch {
	case a.catching():
		log.Warn("AKKOORD_SMTP is not set: mails are caught here, for a trial, and reach nobody")
	case !a.carriesNotices():
		log.Warn("AKKOORD_SMTP is not set, and no relay carries confirmations: sign-ups are kept, and their confirmation mails wait")
	}
	err = a.run(ctx, public, ops)
	log.Info("ended")
	return err
}

func listen(ctx context.Context, setting, address string) (net.Listener, error) {
	var lc net.ListenConfig
	ln, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("%s: %s is taken or not of this machine; choose another address (%w)", setting, address, err)
	}
	return ln, nil
}
