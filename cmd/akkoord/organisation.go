package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"akkoord"
	"akkoord/server/admin"
	"akkoord/store"
	"akkoord/templates"
)

// organisation gives who is behind the mails, as the settings say it.
func (s *site) organisation() akkoord.Organisation {
	return akkoord.Organisation{Controller: s.Controller, PostalAddress: s.PostalAddress, Contact: s.PrivacyContact}
}

// organisationWait is for a database that does not answer: pages are drawn with
// what was last read of it.
const organisationWait = 2 * time.Second

// remembered reads a fact, or gives what it last was where that fails.
func remembered[T comparable](last *atomic.Pointer[T], read func(context.Context) (T, error)) (fact T) {
	ctx, cancel := context.WithTimeout(context.Background(), organisationWait)
	defer cancel()
	now, err := read(ctx)
	seen := last.Load()
	switch {
	case err == nil && (seen == nil || *seen != now):
		last.Store(&now)
	case err != nil && seen != nil:
		return *seen
	}
	return now
}

// organisation gives who is behind the mails at this moment: what the settings
// say, and what the admin site stored where they say nothing.
func (a *app) organisation() akkoord.Organisation {
	set := a.site.organisation()
	if set.Complete() {
		return set
	}
	return set.Or(remembered(&a.known, a.store.Organisation))
}

// brand gives how the organisation shows itself at this moment: the colour of the
// settings, and what the admin site stored.
func (a *app) brand() akkoord.Brand {
	b := remembered(&a.worn, a.store.Brand)
	if a.site.Brand != "" {
		b.Accent = a.site.Brand
	}
	return b
}

// look is the brand on pages.
func (a *app) look() templates.Brand {
	out := templates.BrandOf(a.brand())
	if out.Logo == "" {
		out.Logo = a.site.logo
	}
	return out
}

// facts gives what every campaign mail must name, as it is at this moment.
func (a *app) facts() akkoord.Sender {
	f := a.site.sender(a.organisation())
	switch {
	case f.Relay:
	case a.catching():
		f.Relay, f.Processor, f.From = true, akkoord.OwnProcessor, cmp.Or(f.From, trialFrom.String())
	default:
		relays := a.relays()
		if i := slices.IndexFunc(relays, func(r akkoord.Relay) bool { return r.Notices }); i >= 0 {
			f.Relay, f.Processor = true, relays[i].Processor
		}
	}
	return f
}

// sender gives those facts of an organisation.
func (s *site) sender(by akkoord.Organisation) akkoord.Sender {
	out := akkoord.Sender{
		Controller: by.Controller, PostalAddress: by.PostalAddress, Contact: by.Contact,
		Relay: s.relay != nil, Processor: s.SMTPProcessor,
	}
	if s.from != nil {
		out.From = s.from.String()
	}
	return out
}

// offerSetup prints a link by which somebody makes the first owner in a browser,
// while there is no user. It is no line of the log: it is a secret.
func (a *app) offerSetup(ctx context.Context, out io.Writer) error {
	text, code, err := admin.NewSetupCode(rand.Reader)
	if err != nil {
		return err
	}
	wanted, err := a.store.AddSetupCode(ctx, code, time.Now().Add(admin.LoginLife))
	if err != nil || !wanted {
		return err
	}
	_, err = fmt.Fprintf(out, "Nobody can log in yet. Set this installation up in your browser, once, within 24 hours, at:\n%s\n", strings.TrimSuffix(a.site.URL, "/")+admin.SetupPath(text))
	return err
}

// checkSenderFacts tells what campaigns wait for (C.22). st is nil where there is
// no database yet.
func checkSenderFacts(ctx context.Context, s *site, st *store.Store) finding {
	by := s.organisation()
	if st != nil {
		stored, err := st.Organisation(ctx)
		if err != nil {
			return warn("sender", "what the admin site was told of the organisation can't be read (%v); akkoord migrate brings the database up to date", err)
		}
		by = by.Or(stored)
	}
	var missing []string
	for _, f := range []struct{ name, value string }{
		{"AKKOORD_FROM", s.From}, {"AKKOORD_CONTROLLER", by.Controller}, {"AKKOORD_POSTAL_ADDRESS", by.PostalAddress}, {"AKKOORD_PRIVACY_CONTACT", by.Contact},
	} {
		if f.value == "" {
			missing = append(missing, f.name)
		}
	}
	switch {
	case len(missing) > 0:
		return warn("sender", "no campaign can start until these are set: %s", strings.Join(missing, ", "))
	case s.SMTP != "" && s.SMTPProcessor == "":
		return warn("sender", "set AKKOORD_SMTP_PROCESSOR to the party that runs the mail server, or own; no campaign can start without")
	}
	return ok("sender", "name, address and contact are set")
}
