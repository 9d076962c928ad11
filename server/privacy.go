package server

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"akkoord"
	"akkoord/templates"
)

// statement is the privacy statement in force and the purposes it was written
// from, by which a newer one is noticed.
type statement struct {
	purposes []akkoord.Purpose
	by       akkoord.Organisation
	facts    akkoord.PrivacyFacts
	version  int
	since    time.Time
}

// inForce gives the current statement. It is written anew when a purpose
// changed: texts are versioned, so comparing versions is enough. So it is when
// a party came, changed or went, or its agreement began or ended, when another party
// runs relays, and when the organisation changed.
func (s *Server) inForce(ctx context.Context) (*statement, error) {
	purposes, err := s.Catalog.Purposes(ctx)
	if err != nil {
		return nil, err
	}
	register, err := s.Catalog.Register(ctx)
	if err != nil {
		return nil, err
	}
	all, err := s.Catalog.Relays(ctx)
	if err != nil {
		return nil, err
	}
	relays := akkoord.RelayParties(all, s.Relay)
	parties := akkoord.PrivacyParties(register, append([]string{s.Relay}, relays...), s.Now())
	who := s.Organisation()
	if now := s.privacy.Load(); now != nil && now.by == who && slices.EqualFunc(now.purposes, purposes, samePurpose) && slices.Equal(now.facts.Parties, parties) && slices.Equal(now.facts.Relays, relays) {
		return now, nil
	}
	st := &statement{purposes: purposes, by: who, facts: s.facts(who, purposes, relays, parties)}
	if st.version, st.since, err = s.Catalog.PrivacyStatement(ctx, st.facts); err != nil {
		return nil, err
	}
	s.privacy.Store(st)
	return st, nil
}

func (s *Server) privacyInForce(ctx context.Context) (int, error) {
	st, err := s.inForce(ctx)
	if err != nil {
		return 0, err
	}
	return st.version, nil
}

func samePurpose(a, b akkoord.Purpose) bool {
	return a.ID == b.ID && a.Version == b.Version && a.Basis == b.Basis && a.InactiveAfter == b.InactiveAfter && a.Learns() == b.Learns() &&
		a.Retention.Same(b.Retention) && a.Retention.Stopped.Equal(b.Retention.Stopped)
}

func (s *Server) facts(by akkoord.Organisation, purposes []akkoord.Purpose, relays []string, parties []akkoord.PrivacyParty) akkoord.PrivacyFacts {
	f := akkoord.PrivacyFacts{Controller: by.Controller, PostalAddress: by.PostalAddress, Contact: by.Contact, Relay: s.Relay, Relays: relays, Parties: parties}
	if policy := s.IPPolicy.Or(); policy != akkoord.IPShortened {
		f.IPPolicy = policy
	}
	if f.IPPolicy == akkoord.IPFull {
		f.WholeIPDays = int(akkoord.Limits.WholeIP / (24 * time.Hour))
	}
	for _, p := range purposes {
		f.Purposes = append(f.Purposes, akkoord.PrivacyItem{Slug: p.Slug, Basis: p.Basis, InactiveAfter: p.InactiveAfter, Silence: p.Silence(), Learns: p.Learns(), Version: p.Version, Texts: p.Texts})
	}
	return f
}

// privacyPage answers GET /privacy.
func (s *Server) privacyPage(c echo.Context) error {
	st, err := s.inForce(c.Request().Context())
	if err != nil {
		return err
	}
	return s.showPrivacy(c, "/privacy", st, st.version)
}

// privacyVersion answers GET /privacy/{version}.
func (s *Server) privacyVersion(c echo.Context) error {
	n, err := strconv.Atoi(c.Param("version"))
	if err != nil || n < 1 {
		return echo.ErrNotFound
	}
	st := &statement{version: n}
	var latest int
	if st.facts, st.since, latest, err = s.Catalog.PrivacyVersion(c.Request().Context(), n); err != nil {
		return err
	}
	return s.showPrivacy(c, "/privacy/"+strconv.Itoa(n), st, latest)
}

func (s *Server) showPrivacy(c echo.Context, path string, st *statement, latest int) error {
	locale := s.locale(c, "", "")
	page := templates.PrivacyPage{
		Site: s.site(path), Version: st.version, Since: st.since, Controller: st.facts.Controller,
		PendingDays: int(akkoord.Limits.PendingWindow / (24 * time.Hour)), ProofYears: akkoord.ProofYears, OwnRelay: st.facts.Relay == "" && len(st.facts.Relays) == 0, Relayed: st.facts.Relay != akkoord.UnknownRelay, LedgerKey: s.LedgerKey,
		IPPolicy: string(st.facts.IPPolicy), WholeIPDays: st.facts.WholeIPDays,
	}
	page.Contact, page.PostalAddress = st.facts.Contact, st.facts.PostalAddress
	for n := latest; n > 0; n-- {
		if n != st.version {
			page.Older = append(page.Older, n)
		}
	}
	for _, item := range st.facts.Purposes {
		text := akkoord.Purpose{Texts: item.Texts}.Text(locale)
		page.Purposes = append(page.Purposes, templates.PrivacyPurpose{
			Name: text.Name, Explanation: text.Explanation, Basis: string(item.Basis), Silence: silence(item), Learns: item.Learns,
		})
	}
	page.Processors = parties(st.facts)
	return s.page(c, http.StatusOK, locale, page)
}

// parties gives who a statement names, those that deliver the mail among them:
// statements of before there were parties know these by their slugs alone.
func parties(f akkoord.PrivacyFacts) []templates.PrivacyProcessor {
	var out []templates.PrivacyProcessor
	for _, p := range f.Parties {
		named := templates.PrivacyProcessor{Name: p.Name, Country: p.Country, Role: string(p.Role), Transfer: p.Transfer, Outside: akkoord.Processor{Country: p.Country}.OutsideEEA()}
		named.SignedOn, _ = time.Parse(time.DateOnly, p.SignedOn)
		out = append(out, named)
	}
	for _, slug := range append([]string{f.Relay}, f.Relays...) {
		if slug != "" && slug != akkoord.UnknownRelay && !slices.ContainsFunc(f.Parties, func(p akkoord.PrivacyParty) bool { return p.Slug == slug }) {
			out = append(out, templates.PrivacyProcessor{Name: slug, Role: "relay"})
		}
	}
	return out
}

// silence gives what a statement tells of a purpose's policy.
func silence(item akkoord.PrivacyItem) *templates.Silence {
	if item.Silence == nil {
		return nil
	}
	return templates.NewSilence(item.InactiveAfter, akkoord.Retention{AskAgainAfter: item.Silence.AskAgainAfter, ExpireAfter: item.Silence.ExpireAfter, Signals: item.Silence.Signals})
}
