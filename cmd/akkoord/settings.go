package main

import (
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"akkoord"
	"akkoord/mailer"
	"akkoord/mailer/mailbox"
	"akkoord/mailer/webhook"
	"akkoord/server"
	"akkoord/server/admin"
	"akkoord/store"
)

// databaseSettings are those that every command on a database needs.
type databaseSettings struct {
	Database   string `env:"AKKOORD_DATABASE" default:"sqlite:akkoord.db" help:"Where the data is: sqlite:FILE or postgres://USER@HOST/DATABASE." group:"Settings"`
	SecretFile string `env:"AKKOORD_SECRET_FILE" default:"akkoord.key" type:"path" help:"Master key; made on first start with mode 0600. Back it up apart from the database." group:"Settings"`
	Journal    string `env:"AKKOORD_JOURNAL" help:"File with the journal of departures; beside the database file when not set." type:"path" group:"Settings"`
}

// settings are all settings of the server. The help texts are the manual.
type settings struct {
	databaseSettings
	Listen         string   `env:"AKKOORD_LISTEN" default:"127.0.0.1:8080" help:"Address of the public and the admin site." group:"Settings"`
	URL            string   `env:"AKKOORD_URL" default:"http://127.0.0.1:8080" help:"Base of every link in mails; plain http only for loopback." group:"Settings"`
	TLS            string   `env:"AKKOORD_TLS" default:"off" help:"off, proxy (a trusted proxy ends TLS), auto (certificates by ACME), or CERT.pem,KEY.pem." group:"Settings"`
	OpsListen      string   `env:"AKKOORD_OPS_LISTEN" default:"127.0.0.1:8081" help:"Address of /healthz, /readyz and /metrics." group:"Settings"`
	SMTP           string   `env:"AKKOORD_SMTP" help:"smtp://user:pass@host:port?tls=required|opportunistic|none&connections=4, or smtps://…; without it campaigns can't start." group:"Settings"`
	SMTPProcessor  string   `env:"AKKOORD_SMTP_PROCESSOR" help:"Registered party that runs the mail server, or own; a server on loopback counts as own." group:"Settings"`
	SignUpsPerIP   string   `name:"signups-per-ip" env:"AKKOORD_SIGNUPS_PER_IP" default:"30/h" help:"Sign-ups per IPv4 address or IPv6 /64, like 30/h; 0 turns the limits per network off, never that per mailbox." group:"Settings"`
	CheckMX        string   `name:"check-mx" env:"AKKOORD_CHECK_MX" default:"off" enum:"on,off" help:"on: an address that a visitor types is refused where name servers say that its domain takes no mail; asks them at each sign-up."  group:"Settings"`
	IPPolicy       string   `name:"ip-policy" env:"AKKOORD_IP_POLICY" default:"shortened" enum:"off,shortened,full" help:"What evidence keeps of the address of a request: off (nothing), shortened (its network) or full (whole for 90 days at most)." group:"Settings"`
	MailCap        string   `name:"mail-cap" env:"AKKOORD_MAIL_CAP" help:"Mails of campaigns that are begun at most, of all mailings together, like 2000/h,20000/d." group:"Settings"`
	Warmup         string   `env:"AKKOORD_WARMUP" help:"A sending domain that is new: mails of the first day, growth a day, mails a day from which on it is known; like 200,1.5,20000." group:"Settings"`
	From           string   `env:"AKKOORD_FROM" help:"Default sender, like \"Name\" <a@b>." group:"Settings"`
	Controller     string   `env:"AKKOORD_CONTROLLER" help:"Legal name of the controller, on pages and mails; this and the next two can be told in the admin site instead." group:"Settings"`
	PostalAddress  string   `env:"AKKOORD_POSTAL_ADDRESS" help:"Its postal address." group:"Settings"`
	PrivacyContact string   `env:"AKKOORD_PRIVACY_CONTACT" help:"Its contact for privacy: an address or a URL." group:"Settings"`
	Officer        string   `name:"dpo" env:"AKKOORD_DPO" help:"Name and contact of the data protection officer, in the records of processing; mail about break-glass goes to an address in it; none where there need be none." group:"Settings"`
	ReturnPath     string   `env:"AKKOORD_RETURN_PATH" help:"bounces@d gives each delivery its own signed return path." group:"Settings"`
	LeaveMailbox   string   `name:"unsubscribe-mailbox" env:"AKKOORD_UNSUBSCRIBE_MAILBOX" help:"leave@d: mail to it, under a signed address for each copy, leaves; what comes in is handed to the API (/api/v1/inbound)." group:"Settings"`
	Mailbox        string   `env:"AKKOORD_MAILBOX" help:"imaps://user:password@host/Folder where what comes back, and mail that leaves, comes in; looked into each minute." group:"Settings"`
	Hooks          string   `env:"AKKOORD_HOOKS" help:"SERVICE:SECRET of the sending service whose webhooks come in at /hooks/SERVICE: brevo, mailgun, mailjet, postmark, sendgrid or ses; needs AKKOORD_RETURN_PATH." group:"Settings"`
	DKIM           string   `env:"AKKOORD_DKIM" help:"selector:key.pem[,selector2:key2.pem], RSA and Ed25519; without it keys that are made on the admin site sign, or none." group:"Settings"`
	TrustedProxies []string `env:"AKKOORD_TRUSTED_PROXIES" help:"Networks (CIDR) whose X-Forwarded headers are believed." group:"Settings"`
	Countries      string   `env:"AKKOORD_COUNTRIES" help:"MMDB file with the country of networks: the language of whoever, and whose browser, names none." type:"path" group:"Settings"`
	Brand          string   `env:"AKKOORD_BRAND_COLOUR" help:"Accent colour of public pages and mails, like #b8400e." group:"Settings"`
	BackupAge      string   `env:"AKKOORD_BACKUP_AGE" default:"7d" help:"How old the last proven backup may be, like 7d or 36h, before /readyz and doctor say so; 0 turns that off." group:"Settings"`
	Heads          string   `env:"AKKOORD_HEADS" help:"Where each signed head of the ledger goes, for somebody else to keep: file:PATH, mailto:ADDRESS or https://…" group:"Settings"`
	EvidenceMail   string   `name:"evidence-mail" env:"AKKOORD_EVIDENCE_MAIL" default:"copy" enum:"copy,digest,off" help:"What is kept of mails that ask for a yes, as proof: copy (the bytes), digest (their SHA-256) or off." group:"Settings"`
	TwoPersons     string   `name:"two-persons" env:"AKKOORD_TWO_PERSONS" default:"off" enum:"on,off" help:"on: a file about many people, more than 10 erasures in a day by one user or key, and a change of relays and routes, take a second person who agrees; commands on the machine ask nobody." group:"Settings"`
	ContractKept   string   `name:"transactional-kept" env:"AKKOORD_TRANSACTIONAL_KEPT" default:"90d" help:"How long the log of transactional mail keeps a mail, like 90d or 36h." group:"Settings"`
	OIDCIssuer     string   `name:"oidc-issuer" env:"AKKOORD_OIDC_ISSUER" help:"Provider of single sign-on for users of the admin site (OpenID Connect), like https://login.example.org; needs the next two." group:"Settings"`
	OIDCClientID   string   `name:"oidc-client-id" env:"AKKOORD_OIDC_CLIENT_ID" help:"As this site is known there." group:"Settings"`
	OIDCSecretFile string   `name:"oidc-client-secret-file" env:"AKKOORD_OIDC_CLIENT_SECRET_FILE" help:"File with the secret for it, mode 0600." group:"Settings"`
	OIDCName       string   `name:"oidc-name" env:"AKKOORD_OIDC_NAME" help:"What users call it, on the button; its host when not set." group:"Settings"`
	LogFormat      string   `env:"AKKOORD_LOG_FORMAT" default:"text" help:"text or json, a line each on standard error." group:"Settings"`
	LogLevel       string   `env:"AKKOORD_LOG_LEVEL" default:"info" help:"debug, info, warn or error; debug has a line for each request." group:"Settings"`
}

// site is what the settings mean, checked.
type site struct {
	settings
	base        *url.URL
	from        *mail.Address
	relay       *mailer.Relay // nil: none is set
	proxies     []netip.Prefix
	country     func(netip.Addr) string // nil: no file of countries is set
	signUps     server.Rate             // per client; zero: no limit
	dkim        []mailer.DKIMKey
	ret         akkoord.Email      // base of the return paths; zero: the From address
	leave       akkoord.Email      // base of the addresses that mail to leaves; zero: none
	hooks       webhook.Config     // of the sending service that tells what became of mails; without a Service: none
	reportField mailer.ReportField // of its mails
	mailbox     *mailbox.Box       // where reports and mails that leave come in; nil: nowhere
	logo        string             // path of the brand's picture on this site; empty: its first letter
	heads       headPlace          // where signed heads go; nil: nowhere
	tracer      *tracer            // nil: no traces are wanted
	backups     time.Duration      // how old the last proven one may be; 0: any age
	pace        store.Pace         // how fast campaigns go
	signOn      admin.Provider     // of single sign-on; without an Issuer: none
	kept        time.Duration      // how long the log has a transactional mail
}

// database gives the database, or says what is wrong with the setting.
func (d databaseSettings) database() (string, error) {
	if err := store.CheckDatabase(d.Database); err != nil {
		return "", usageError{fmt.Errorf("AKKOORD_DATABASE: %w", err)}
	}
	return d.Database, nil
}

// databasePath gives the SQLite file. Beside it this machine keeps other files;
// with another database they lie beside the master key.
func (d databaseSettings) databasePath() (string, error) {
	database, err := d.database()
	if err != nil {
		return "", err
	}
	if path, ok := store.File(database); ok {
		return path, nil
	}
	return d.SecretFile, nil
}

// check reads the settings, and says in one sentence what is wrong and how to
// mend it.
func (s settings) check() (*site, error) {
	out := &site{settings: s}
	for _, f := range []func(*site) error{checkURL, checkTLS, checkFrom, checkRelay, checkProxies, checkCountries, checkSignUps, checkPace, checkDKIM, checkReturnPath, checkHooks, checkLeaveMailbox, checkMailbox, checkText, checkLog, checkBackupAge, checkContractKept, checkHeads, checkSignOn} {
		if err := f(out); err != nil {
			return nil, usageError{err}
		}
	}
	return out, nil
}

func checkURL(s *site) error {
	u, err := url.Parse(s.URL)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || (u.Scheme != "http" && u.Scheme != "https") {
		return fmt.Errorf("AKKOORD_URL must be the address of the site, like https://news.example.org")
	}
	if u.Scheme == "http" && !akkoord.LoopbackHost(u.Hostname()) {
		return fmt.Errorf("AKKOORD_URL must begin with https: personal data is collected there (plain http works for 127.0.0.1 only)")
	}
	u.Path = strings.TrimSuffix(u.Path, "/")
	s.base = u
	return nil
}

func checkTLS(s *site) error {
	switch {
	case s.TLS == "off", s.TLS == "proxy", s.TLS == "auto":
	default:
		cert, key, pair := strings.Cut(s.TLS, ",")
		if !pair {
			return fmt.Errorf("AKKOORD_TLS must be off, proxy, auto or CERT.pem,KEY.pem")
		}
		for _, file := range []string{cert, key} {
			if _, err := os.Stat(file); err != nil {
				return fmt.Errorf("AKKOORD_TLS: %s can't be read", file)
			}
		}
	}
	host, _, err := net.SplitHostPort(s.Listen)
	if err != nil {
		return fmt.Errorf("AKKOORD_LISTEN must be HOST:PORT, like 127.0.0.1:8080")
	}
	if s.TLS == "off" && !akkoord.LoopbackHost(host) {
		return fmt.Errorf("AKKOORD_LISTEN is not loopback and AKKOORD_TLS is off: set AKKOORD_TLS to proxy, auto or CERT.pem,KEY.pem, since personal data may not travel in the clear")
	}
	if _, _, err := net.SplitHostPort(s.OpsListen); err != nil {
		return fmt.Errorf("AKKOORD_OPS_LISTEN must be HOST:PORT, like 127.0.0.1:8081")
	}
	return nil
}

func checkFrom(s *site) error {
	if s.From == "" {
		return nil
	}
	from, err := mail.ParseAddress(s.From)
	if err == nil {
		var e akkoord.Email
		if e, err = akkoord.ParseEmail(from.Address); err == nil {
			if err := akkoord.CheckSender(from.Name, e); err != nil {
				if akkoord.CodeOf(err) == "sender_freemail" {
					return fmt.Errorf("AKKOORD_FROM: use an address of your own domain; mail from %s would be refused", e.Domain())
				}
				return fmt.Errorf("AKKOORD_FROM: the name holds characters that a header can't have")
			}
			s.from = &mail.Address{Name: from.Name, Address: e.Address()}
			return nil
		}
	}
	return fmt.Errorf(`AKKOORD_FROM must be a sender, like "Zonvaart Reizen" <reisnieuws@zonvaart.example>`)
}

func checkRelay(s *site) error {
	if s.SMTP == "" {
		return nil
	}
	relay, err := mailer.ParseRelay(s.SMTP)
	if err != nil {
		return err
	}
	s.relay = &relay
	if s.SMTPProcessor == "" && relay.Loopback() {
		s.SMTPProcessor = "own"
	}
	return nil
}

func checkProxies(s *site) error {
	for _, p := range s.TrustedProxies {
		prefix, err := netip.ParsePrefix(strings.TrimSpace(p))
		if err != nil {
			return fmt.Errorf("AKKOORD_TRUSTED_PROXIES must be networks, like 10.0.0.0/8,fd00::/8")
		}
		s.proxies = append(s.proxies, prefix)
	}
	if s.TLS == "proxy" && len(s.proxies) == 0 {
		return fmt.Errorf("AKKOORD_TLS is proxy: say in AKKOORD_TRUSTED_PROXIES which networks the proxy is in, like 127.0.0.1/32")
	}
	return nil
}

func checkSignUps(s *site) error {
	rate, err := server.ParseRate(s.SignUpsPerIP)
	if err != nil {
		return fmt.Errorf("AKKOORD_SIGNUPS_PER_IP must be a number per s, m, h or d, like 30/h, or 0")
	}
	s.signUps = rate
	return nil
}

// checkPace comes after checkFrom, whose domain a warm-up is of.
func checkPace(s *site) error {
	for part := range strings.SplitSeq(s.MailCap, ",") {
		number, per, _ := strings.Cut(strings.TrimSpace(part), "/")
		n, err := strconv.Atoi(number)
		switch {
		case s.MailCap == "":
		case err != nil || n < 1:
			return errMailCap
		case per == "h" && s.pace.Cap.Hour == 0:
			s.pace.Cap.Hour = n
		case per == "d" && s.pace.Cap.Day == 0:
			s.pace.Cap.Day = n
		default:
			return errMailCap
		}
	}
	if s.Warmup == "" {
		return nil
	}
	w := &s.pace.Warmup
	var rest string
	if n, _ := fmt.Sscanf(strings.ReplaceAll(s.Warmup, ",", " ")+" .", "%d %g %d %s", &w.First, &w.Growth, &w.Full, &rest); n != 4 || rest != "." || w.Check() != nil {
		return fmt.Errorf("AKKOORD_WARMUP must be mails of the first day, growth a day over 1 up to 2, and mails a day from which on the domain is known, like 200,1.5,20000")
	}
	if s.from == nil {
		return fmt.Errorf("AKKOORD_WARMUP is of the domain of AKKOORD_FROM, which is not set")
	}
	_, s.pace.Domain, _ = strings.Cut(s.from.Address, "@")
	return nil
}

var errMailCap = errors.New("AKKOORD_MAIL_CAP must be numbers per h and d, like 2000/h,20000/d")

func checkBackupAge(s *site) (err error) {
	if s.BackupAge == "" {
		return nil
	}
	if s.backups, err = daysOrHours(s.BackupAge); err != nil {
		return fmt.Errorf("AKKOORD_BACKUP_AGE must be a number of days or hours, like 7d or 36h, or 0")
	}
	return nil
}

func checkContractKept(s *site) (err error) {
	if s.ContractKept == "" {
		return nil
	}
	if s.kept, err = daysOrHours(s.ContractKept); err != nil || s.kept == 0 {
		return fmt.Errorf("AKKOORD_TRANSACTIONAL_KEPT must be a number of days or hours, like 90d or 36h")
	}
	return nil
}

// daysOrHours reads a time like 7d, 36h or 0.
func daysOrHours(s string) (time.Duration, error) {
	text, unit := s, time.Hour
	if days, found := strings.CutSuffix(text, "d"); found {
		text, unit = days, 24*time.Hour
	} else {
		text = strings.TrimSuffix(text, "h")
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > 10_000 || n > 0 && text == s {
		return 0, fmt.Errorf("%q is no number of days or hours", s)
	}
	return time.Duration(n) * unit, nil
}

func checkDKIM(s *site) error {
	if s.DKIM == "" {
		return nil
	}
	keys, err := mailer.ParseDKIM(s.DKIM, os.ReadFile)
	if err != nil {
		return err
	}
	if s.from == nil {
		return fmt.Errorf("AKKOORD_DKIM signs for the domain of AKKOORD_FROM, which is not set")
	}
	s.dkim = keys
	return nil
}

func checkReturnPath(s *site) error {
	if s.ReturnPath == "" {
		return nil
	}
	e, ok := plainAddress(s.ReturnPath)
	if !ok {
		return fmt.Errorf("AKKOORD_RETURN_PATH must be a plain address, like bounces@news.example.org")
	}
	s.ret = e
	return nil
}

func checkHooks(s *site) error {
	if s.Hooks == "" {
		return nil
	}
	if s.ret.IsZero() {
		return fmt.Errorf("AKKOORD_HOOKS needs AKKOORD_RETURN_PATH: what a service tells counts by the signed return path of a mail alone")
	}
	var err error
	if s.hooks.Service, s.hooks.Secret, s.reportField, err = webhook.Setting(s.Hooks); err != nil {
		return fmt.Errorf("AKKOORD_HOOKS: %w", err)
	}
	return nil
}

func checkLeaveMailbox(s *site) error {
	if s.LeaveMailbox == "" {
		return nil
	}
	e, ok := plainAddress(s.LeaveMailbox)
	if !ok || e == s.ret {
		return fmt.Errorf("AKKOORD_UNSUBSCRIBE_MAILBOX must be a plain address of its own, like leave@news.example.org")
	}
	s.leave = e
	return nil
}

// plainAddress reads an address that something may be put behind, after a plus:
// its local part leaves room for that (RFC 5321 §4.5.3.1.1).
func plainAddress(s string) (akkoord.Email, bool) {
	e, err := akkoord.ParseEmail(s)
	local, _, _ := strings.Cut(s, "@")
	return e, err == nil && !strings.Contains(s, "+") && len(local) <= maxPlainLocal
}

// maxPlainLocal leaves 45 of 64 characters for a plus and what names a delivery.
const maxPlainLocal = 19

func checkText(s *site) error {
	for _, f := range []struct{ name, value string }{
		{"AKKOORD_CONTROLLER", s.Controller}, {"AKKOORD_POSTAL_ADDRESS", s.PostalAddress}, {"AKKOORD_PRIVACY_CONTACT", s.PrivacyContact}, {"AKKOORD_DPO", s.Officer},
	} {
		if err := akkoord.CheckLine(f.name, f.value, akkoord.Limits.Text); err != nil {
			return err
		}
	}
	if s.Brand != "" && !colour.MatchString(s.Brand) {
		return fmt.Errorf("AKKOORD_BRAND_COLOUR must be a colour like #b8400e")
	}
	return nil
}

var colour = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)

// setup gives what the settings say about guarding and keeping data.
func (s *site) setup() akkoord.Setup {
	out := akkoord.Setup{
		Officer: s.Officer, TLS: s.TLS, IPPolicy: akkoord.IPPolicy(s.IPPolicy), MailCopies: akkoord.MailCopies(s.EvidenceMail), TwoPersons: s.TwoPersons == "on",
		ContractKept: s.kept, Heads: s.heads != nil, BackupAge: s.backups,
	}
	if strings.Contains(s.TLS, ",") {
		out.TLS = "file"
	}
	return out
}

// officerAddress finds the address in the name and contact of the data
// protection officer; zero where there is none.
func (s *site) officerAddress() akkoord.Email {
	for part := range strings.FieldsFuncSeq(s.Officer, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("<>(),;:", r) }) {
		if e, err := akkoord.ParseEmail(part); err == nil {
			return e
		}
	}
	return akkoord.Email{}
}
