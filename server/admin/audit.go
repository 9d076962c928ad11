package admin

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"akkoord"
	"akkoord/server/breachpack"
	"akkoord/server/trail"
	"akkoord/templates"
)

// Breaches reads the audit trail, and keeps breaches of personal data (Art. 33
// GDPR).
type Breaches interface {
	breachpack.Store
	AddBreach(ctx context.Context, actor akkoord.Actor, b akkoord.Breach) (akkoord.Breach, error)
	Breach(ctx context.Context, id akkoord.ID) (akkoord.Breach, error)
	Breaches(ctx context.Context, p akkoord.Page) (breaches []akkoord.Breach, next int64, err error)
	ReportBreach(ctx context.Context, actor akkoord.Actor, id akkoord.ID, at time.Time) (akkoord.Breach, error)
}

// auditFilter reads what is searched for; without a time, the lines of today. Who acted may
// be named by an address or by the name of a key.
func (s *Site) auditFilter(q url.Values, who access) (f akkoord.AuditFilter, err error) {
	f = akkoord.AuditFilter{Actor: who.public(q.Get("actor")), Object: q.Get("subject"), Action: q.Get("kind")}
	if strings.Contains(f.Actor, "@") { // the line that this look leaves holds no address
		return f, errNobodyActed
	}
	if f.From, err = s.when("from", q.Get("from")); err != nil {
		return f, err
	}
	if f.To, err = s.when("to", q.Get("to")); err != nil {
		return f, err
	}
	if f == (akkoord.AuditFilter{}) {
		y, m, d := s.cfg.Now().In(s.home).Date()
		f.From = time.Date(y, m, d, 0, 0, 0, 0, s.home)
	}
	return f, f.Check()
}

var errNobodyActed = akkoord.Fieldf("actor", "actor_unknown", "There is no user with this address, and no key of this name.")

// auditTrail searches the trail, and each look leaves a line in it (M27).
func (s *Site) auditTrail(w http.ResponseWriter, r *http.Request, v visit) error {
	ctx, q := r.Context(), r.URL.Query()
	page := templates.AuditPage{Admin: s.frame(r, v, "privacy"), Actor: q.Get("actor"), Subject: q.Get("subject"), Kind: q.Get("kind"), From: q.Get("from"), To: q.Get("to")}
	who, err := s.access(ctx, v)
	if err != nil {
		return err
	}
	f, err := s.auditFilter(q, who)
	if e, ok := errors.AsType[*akkoord.Error](err); ok {
		page.Problem, page.Text = e.Code, e.Message
		return s.page(w, v, http.StatusOK, page)
	}
	if !f.From.IsZero() {
		page.From = f.From.Format(gateTime)
	}
	if err := s.cfg.Store.Audit(ctx, v.user.Actor(), "audit.read", "audit", f.String()); err != nil {
		return err
	}
	lines, next, err := trail.Page(ctx, s.cfg.Store, f, after(r))
	if err != nil {
		return err
	}
	names := who.names()
	for _, e := range lines {
		page.Rows = append(page.Rows, templates.AuditRow{Seq: e.Seq, At: e.At, Who: names[string(e.Actor)], Actor: string(e.Actor), Action: e.Action, Object: e.Object, Note: e.Note, Urgent: e.Action == akkoord.BreakGlassAct})
	}
	again := url.Values{"actor": {page.Actor}, "subject": {page.Subject}, "kind": {page.Kind}, "from": {page.From}, "to": {page.To}}
	page.CSV = privacyPrefix + "/audit.csv?" + again.Encode()
	if next != 0 {
		again.Set("after", strconv.FormatInt(next, 10))
		page.Next = "?" + again.Encode()
	}
	return s.page(w, v, http.StatusOK, page)
}

// auditCSV hands out all lines that are searched for.
func (s *Site) auditCSV(w http.ResponseWriter, r *http.Request, v visit) error {
	who, err := s.access(r.Context(), v)
	if err != nil {
		return err
	}
	f, err := s.auditFilter(r.URL.Query(), who)
	if err != nil {
		return err
	}
	if f.To.IsZero() { // the lines written meanwhile are not chased
		f.To = s.cfg.Now()
	}
	if err := s.cfg.Store.Audit(r.Context(), v.user.Actor(), "audit.export", "audit", f.String()); err != nil {
		return err
	}
	attach(w, "text/csv; charset=utf-8", "audit.csv")
	_, err = trail.WriteCSV(r.Context(), w, s.cfg.Store, f)
	return s.cutOff(r, err)
}

// cutOff ends an answer that has begun and can't be finished, so that nobody
// takes a part of it for the whole.
func (s *Site) cutOff(r *http.Request, err error) error {
	if err == nil {
		return nil
	}
	if r.Context().Err() == nil {
		s.cfg.Log.ErrorContext(r.Context(), "admin request failed", "method", r.Method, "route", r.Pattern, "error", err)
	}
	panic(http.ErrAbortHandler)
}

func (s *Site) breaches(w http.ResponseWriter, r *http.Request, v visit) error {
	ctx, now := r.Context(), s.cfg.Now()
	page := templates.BreachesPage{Admin: s.frame(r, v, "privacy"), Now: now.In(s.home).Format(gateTime)}
	purposes, err := s.cfg.Store.Purposes(ctx)
	if err != nil {
		return err
	}
	for _, p := range purposes {
		page.Purposes = append(page.Purposes, templates.Option{Value: "purpose:" + p.Slug, Name: p.Text(v.locale).Name})
	}
	rows, next, err := s.cfg.Store.Breaches(ctx, after(r))
	if err != nil {
		return err
	}
	for _, b := range rows {
		scope := b.Scope
		if i := slices.IndexFunc(page.Purposes, func(p templates.Option) bool { return p.Value == scope }); i >= 0 {
			scope = page.Purposes[i].Name
		} else if scope == "all" {
			scope = s.cfg.Pages.T(v.locale, "desk.everybody")
		}
		at := privacyPrefix + "/breaches/" + b.PublicID.String()
		page.Rows = append(page.Rows, templates.BreachRow{
			What: b.What, Scope: scope, Pack: at + "/pack", Action: at, Count: int(b.People), Since: b.Since, Until: b.Until, AwareAt: b.AwareAt,
			ReportBy: b.ReportBy(), ReportedAt: b.ReportedAt, Overdue: b.ReportedAt.IsZero() && now.After(b.ReportBy()),
		})
	}
	if next != 0 {
		page.Next = "?after=" + strconv.FormatInt(next, 10)
	}
	return s.page(w, v, http.StatusOK, page)
}

func (s *Site) addBreach(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	b := akkoord.Breach{What: r.PostForm.Get("what"), Scope: r.PostForm.Get("people")}
	var err error
	if b.Since, err = s.when("since", r.PostForm.Get("since")); err == nil {
		b.Until, err = s.when("until", r.PostForm.Get("until"))
	}
	if err == nil {
		b.AwareAt, err = s.when("aware_at", r.PostForm.Get("aware_at"))
	}
	if err == nil {
		_, err = s.cfg.Store.AddBreach(r.Context(), v.user.Actor(), b)
	}
	return s.done(w, r, err, "saved", privacyPrefix+"/breaches")
}

func (s *Site) reportBreach(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	id, err := akkoord.ParseID(r.PathValue("id"))
	if err != nil {
		return err
	}
	at, err := s.when("at", r.PostForm.Get("at"))
	if err == nil {
		_, err = s.cfg.Store.ReportBreach(r.Context(), v.user.Actor(), id, at)
	}
	return s.done(w, r, err, "saved", privacyPrefix+"/breaches")
}

// breachPack hands out whose data a breach is about, and leaves a line first.
func (s *Site) breachPack(w http.ResponseWriter, r *http.Request, v visit) error {
	ctx := r.Context()
	id, err := akkoord.ParseID(r.PathValue("id"))
	if err != nil {
		return err
	}
	b, err := s.cfg.Store.Breach(ctx, id)
	if err != nil {
		return err
	}
	pack := breachpack.Pack{Store: s.cfg.Store, Breach: b, Sender: s.cfg.Sender(), Addresses: r.URL.Query().Get("addresses") != "" && v.user.Role.May(akkoord.ReadPeople)}
	if err := s.sight.Export(ctx, pack.Fields()...); err != nil {
		return err
	}
	if err := s.cfg.Store.Audit(ctx, v.user.Actor(), "breach.pack", "breach:"+id.String(), pack.Note()); err != nil {
		return err
	}
	attach(w, "application/zip", pack.Name())
	return s.cutOff(r, pack.Write(ctx, w))
}
