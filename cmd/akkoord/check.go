package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"html"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"

	"akkoord/mailer/mailertest"
	"akkoord/store"
)

// step is one thing that the check does as a person would, and says.
type step struct {
	name string
	do   func(*player) error
}

// checkSteps is the whole job, from the empty form to the verified ledger.
var checkSteps = []step{
	{"the form opens in Dutch and in English, with no box ticked", (*player).readForm},
	{"a sign-up without a box, or without an address, is refused and names the field", (*player).signUpBadly},
	{"a sign-up answers \"check your mail\"", (*player).signUp},
	{"the confirmation mail arrives, holds one link and nothing else", (*player).receiveConfirmation},
	{"a scanner's 20 GETs and HEADs of every link in it change nothing", (*player).scan},
	{"pressing the button confirms, and pressing it again changes nothing", (*player).confirm},
	{"on the preferences page interests are kept, and a second purpose is asked for", (*player).prefer},
	{"a campaign mailing goes out to everybody who agreed, and adds up", (*player).sendMailing},
	{"the mail is whole: footer, unsubscribe pair, list id, text and HTML", (*player).receiveMailing},
	{"one-click unsubscribe leaves the purpose at once", (*player).oneClick},
	{"leaving one campaign by the page keeps the purpose", (*player).leaveCampaign},
	{"leaving a purpose by the page can be undone", (*player).leavePurpose},
	{"leaving everything by the page leaves everything", (*player).leaveAll},
	{"the next mailing reaches none of those who left", (*player).sendAgain},
	{"the login link works once, and the admin page shows the campaign", (*player).admin},
	{"the ledger verifies from the first line to the last", (*player).verify},
}

// checkDemo plays all steps and tells each. It stops at the first that fails.
func checkDemo(ctx context.Context, d *demo, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, 80*time.Second)
	defer cancel()
	p := newPlayer(ctx, d)
	start := time.Now()
	for i, s := range checkSteps {
		if err := s.do(p); err != nil {
			fmt.Fprintf(out, "%2d FAIL %s\n        %v\n", i+1, s.name, err)
			return errSilent
		}
		fmt.Fprintf(out, "%2d ok   %s\n", i+1, s.name)
	}
	fmt.Fprintf(out, "All %d steps passed in %v.\n", len(checkSteps), time.Since(start).Round(100*time.Millisecond))
	return nil
}

const visitor = "anouk@voorbeeld.example"

func (p *player) readForm() error {
	for locale, words := range map[string]string{"nl": "Wat mogen wij u sturen", "en": "What may we send you"} {
		page, err := p.get("/f/home?locale=" + locale)
		if err != nil {
			return err
		}
		if err := page.want(200, words, "/privacy"); err != nil {
			return fmt.Errorf("%s: %w", locale, err)
		}
		if strings.Contains(page.body, " checked") {
			return fmt.Errorf("%s: a box is ticked before the visitor has touched it (M2)", locale)
		}
	}
	return nil
}

func (p *player) signUpBadly() error {
	page, err := p.post("/f/home", form("email", visitor, "locale", "nl"))
	if err != nil {
		return err
	}
	if err := page.want(422, `name="purpose"`); err != nil {
		return err
	}
	page, err = p.post("/f/home", form("email", "anouk@", "purpose", "travel-news", "locale", "nl"))
	if err != nil {
		return err
	}
	return page.want(422, `aria-invalid="true"`)
}

func (p *player) signUp() error {
	page, err := p.post("/f/home", form("email", visitor, "name", "Anouk", "purpose", "travel-news", "interest", "stedentrip", "locale", "nl"))
	if err != nil {
		return err
	}
	if page.status != http.StatusSeeOther {
		return fmt.Errorf("the form answers %d, not 303", page.status)
	}
	if page, err = p.get(page.location); err != nil {
		return err
	}
	if err := page.want(200, "mailbox"); err != nil {
		return err
	}
	return p.wantState(visitor, "travel-news", "pending")
}

func (p *player) receiveConfirmation() error {
	mail, err := p.nextMail(visitor)
	if err != nil {
		return err
	}
	if found := mailertest.Lint(mail.raw); len(found) > 0 {
		return fmt.Errorf("the mail is not well made: %v", found)
	}
	links := confirmLink.FindAllString(mail.Text, -1)
	if len(links) == 0 {
		return fmt.Errorf("the mail has no confirmation link")
	}
	p.confirmURL = links[0]
	for _, l := range links {
		if strings.TrimSuffix(l, "/not-me") != p.confirmURL {
			return fmt.Errorf("the mail has several confirmation links")
		}
	}
	for _, name := range []string{"List-Unsubscribe", "List-Id"} {
		if mail.header(name) != "" {
			return fmt.Errorf("the mail has %s, and is no list mail", name)
		}
	}
	if !strings.Contains(mail.Text, "reisideeën en vakantieaanbiedingen") {
		return fmt.Errorf("the mail does not quote what is agreed to")
	}
	p.confirmMail = mail
	return nil
}

var (
	confirmLink = regexp.MustCompile(`http://[^\s"<>#]+/confirm/[A-Za-z0-9._-]+`)
	anyLink     = regexp.MustCompile(`http://127\.0\.0\.1:[0-9]+/[^\s"<>#]*`)
)

func (p *player) scan() error {
	for _, link := range anyLink.FindAllString(p.confirmMail.Text+"\n"+html.UnescapeString(p.confirmMail.HTML), -1) {
		for range 10 {
			for _, method := range []string{http.MethodGet, http.MethodHead} {
				page, err := p.do(method, link, nil)
				if err != nil {
					return err
				}
				if page.status >= 400 && page.status != http.StatusMethodNotAllowed {
					return fmt.Errorf("%s of a link in the mail answers %d", method, page.status)
				}
			}
		}
	}
	return p.wantState(visitor, "travel-news", "pending")
}

func (p *player) confirm() error {
	page, err := p.get(p.confirmURL)
	if err != nil {
		return err
	}
	if err := page.want(200, "Reisnieuws", `method="post"`); err != nil {
		return err
	}
	for range 2 {
		if page, err = p.post(p.confirmURL, nil); err != nil {
			return err
		}
		if err := page.want(200); err != nil {
			return err
		}
	}
	if m := preferencesLink.FindString(page.body); m != "" {
		p.preferencesURL = m
	}
	if err := p.wantEvents(visitor, "requested", "confirmed"); err != nil {
		return err
	}
	return p.wantState(visitor, "travel-news", "active")
}

var preferencesLink = regexp.MustCompile(`/preferences/[A-Za-z0-9._-]+`)

func (p *player) prefer() error {
	if p.preferencesURL == "" {
		return fmt.Errorf("the confirmed page has no link to the preferences")
	}
	page, err := p.get(p.preferencesURL)
	if err != nil {
		return err
	}
	if err := page.want(200, "Reisnieuws", "Aanbiedingen ski-uitrusting"); err != nil {
		return err
	}
	if page, err = p.submit(page, p.preferencesURL, "interest", "interest", "wintersport", "interest", "motorvakantie"); err != nil {
		return err
	}
	if err := page.want(200); err != nil {
		return err
	}
	person, err := p.person(visitor)
	if err != nil {
		return err
	}
	if got := strings.Join(person.Interests, " "); got != "motorvakantie wintersport" {
		return fmt.Errorf("the interests are %q", got)
	}
	if page, err = p.post(p.preferencesURL, form("start", "ski-offers")); err != nil {
		return err
	}
	if err := page.want(200); err != nil {
		return err
	}
	mail, err := p.nextMail(visitor)
	if err != nil {
		return err
	}
	if page, err = p.post(confirmLink.FindString(mail.Text), nil); err != nil {
		return err
	}
	if err := page.want(200); err != nil {
		return err
	}
	return p.wantState(visitor, "ski-offers", "active")
}

func (p *player) sendMailing() error {
	m, err := p.sendAndWait(p.demo.seed.mailings[1].PublicID.String())
	if err != nil {
		return err
	}
	if m.Sent != demoPeople+1 {
		return fmt.Errorf("%d of %d were sent, %+v", m.Sent, demoPeople+1, m)
	}
	return nil
}

func (p *player) receiveMailing() error {
	mail, err := p.nextMail(visitor)
	if err != nil {
		return err
	}
	if found := mailertest.Lint(mail.raw); len(found) > 0 {
		return fmt.Errorf("the mail is not well made: %v", found)
	}
	if mail.header("X-Campaign") != "winter-2027" || !strings.Contains(mail.header("List-Id"), "travel-news") {
		return fmt.Errorf("the mail does not say its campaign and list")
	}
	if !strings.HasPrefix(mail.Subject, "Anouk, drie dorpen") {
		return fmt.Errorf("the subject is %q", mail.Subject)
	}
	for part, text := range map[string]string{"text": mail.Text, "HTML": html.UnescapeString(mail.HTML)} {
		for _, want := range []string{"/privacy", "/unsubscribe/", "/preferences/", demoAddress} {
			if !strings.Contains(text, want) {
				return fmt.Errorf("the %s part has no %s", part, want)
			}
		}
	}
	p.unsubscribeURL = strings.Trim(oneClickLink.FindString(mail.header("List-Unsubscribe")), "<>")
	if p.unsubscribeURL == "" || mail.header("List-Unsubscribe-Post") != "List-Unsubscribe=One-Click" {
		return fmt.Errorf("the one-click pair is not complete")
	}
	return nil
}

var oneClickLink = regexp.MustCompile(`<http[^>]+>`)

func (p *player) oneClick() error {
	page, err := p.get(p.unsubscribeURL)
	if err != nil {
		return err
	}
	if err := page.want(200, `value="campaign"`, `value="purpose"`, `value="all"`); err != nil {
		return err
	}
	if err := p.wantState(visitor, "travel-news", "active"); err != nil {
		return fmt.Errorf("looking at the page: %w", err)
	}
	if page, err = p.post(p.unsubscribeURL, form("List-Unsubscribe", "One-Click")); err != nil {
		return err
	}
	if err := page.want(200); err != nil {
		return err
	}
	if err := p.wantState(visitor, "travel-news", "withdrawn"); err != nil {
		return err
	}
	if err := p.wantState(visitor, "ski-offers", "active"); err != nil {
		return fmt.Errorf("the other purpose: %w", err)
	}
	return p.wantGate(visitor, "travel-news", "withdrawn")
}

// leave plays a recipient of the seeded people who leaves by the page.
func (p *player) leave(who, scope string) (page, error) {
	mail, err := p.lastMail(who)
	if err != nil {
		return page{}, err
	}
	link := strings.Trim(oneClickLink.FindString(mail.header("List-Unsubscribe")), "<>")
	got, err := p.post(link, form("scope", scope))
	if err != nil {
		return got, err
	}
	return got, got.want(200)
}

func (p *player) leaveCampaign() error {
	const who = "reiziger001@voorbeeld.example"
	if _, err := p.leave(who, "campaign"); err != nil {
		return err
	}
	if err := p.wantState(who, "travel-news", "active"); err != nil {
		return err
	}
	return p.wantEvents(who, "requested", "requested", "confirmed", "confirmed", "campaign_left")
}

func (p *player) leavePurpose() error {
	const who = "reiziger002@voorbeeld.example"
	got, err := p.leave(who, "purpose")
	if err != nil {
		return err
	}
	if err := p.wantState(who, "travel-news", "withdrawn"); err != nil {
		return err
	}
	mail, err := p.lastMail(who)
	if err != nil {
		return err
	}
	link := strings.Trim(oneClickLink.FindString(mail.header("List-Unsubscribe")), "<>")
	if got, err = p.submit(got, link, "undo"); err != nil {
		return err
	}
	if err := got.want(200); err != nil {
		return err
	}
	if err := p.wantState(who, "travel-news", "active"); err != nil {
		return fmt.Errorf("undone: %w", err)
	}
	_, err = p.leave(who, "purpose")
	return err
}

func (p *player) leaveAll() error {
	const who = "reiziger004@voorbeeld.example"
	if _, err := p.leave(who, "all"); err != nil {
		return err
	}
	for _, purpose := range []string{"travel-news", "ski-offers"} {
		if err := p.wantState(who, purpose, "withdrawn"); err != nil {
			return err
		}
	}
	return p.wantGate(who, "ski-offers", "unsubscribed")
}

func (p *player) sendAgain() error {
	before := map[string]int{}
	gone := []string{visitor, "reiziger001@voorbeeld.example", "reiziger002@voorbeeld.example", "reiziger004@voorbeeld.example"}
	for _, who := range gone {
		before[who] = len(p.demo.smtp.Messages(who))
	}
	var created struct {
		ID string `json:"id"`
	}
	if err := p.api(http.MethodPost, "/campaigns/winter-2027/mailings", map[string]string{"subject": "Nog één week", "markdown": "Beste {{name}}, nog één week."}, http.StatusCreated, &created); err != nil {
		return err
	}
	m, err := p.sendAndWait(created.ID)
	if err != nil {
		return err
	}
	if want := int64(demoPeople + 1 - len(gone)); m.Sent != want {
		return fmt.Errorf("%d were sent, not %d", m.Sent, want)
	}
	for _, who := range gone {
		if len(p.demo.smtp.Messages(who)) != before[who] {
			return fmt.Errorf("somebody who left got another mail")
		}
	}
	return nil
}

func (p *player) admin() error {
	page, err := p.get(p.demo.seed.login)
	if err != nil {
		return err
	}
	if err := page.want(200, `method="post"`); err != nil {
		return err
	}
	if page, err = p.submit(page, p.demo.seed.login, ""); err != nil {
		return err
	}
	if page.status != http.StatusSeeOther {
		return fmt.Errorf("the login answers %d", page.status)
	}
	if page, err = p.get(page.location); err != nil {
		return err
	}
	if err := page.want(200, "Winter 2027"); err != nil {
		return err
	}
	again := newPlayer(p.ctx, p.demo)
	if page, err = again.post(p.demo.seed.login, nil); err != nil {
		return err
	}
	if page.status < 400 {
		return fmt.Errorf("the login link works twice (%d)", page.status)
	}
	return nil
}

func (p *player) verify() error {
	s := p.demo.app.site
	database, err := s.database()
	if err != nil {
		return err
	}
	keys, err := s.keyring(false)
	if err != nil {
		return err
	}
	// Beside the running server, as `akkoord ledger verify` does.
	st, err := store.OpenReadOnly(p.ctx, store.Config{Database: database, Keyring: keys, Now: time.Now, Random: rand.Reader})
	if err != nil {
		return err
	}
	defer st.Close()
	head, err := st.VerifyLedger(p.ctx, func(int64, int64) {})
	if err != nil {
		return err
	}
	if head.Seq < 2*demoPeople {
		return fmt.Errorf("the ledger has %d lines, fewer than the acts played", head.Seq)
	}
	var signed struct {
		Seq int64 `json:"seq"`
	}
	return p.api(http.MethodGet, "/ledger/head", nil, http.StatusOK, &signed)
}
