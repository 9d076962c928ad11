package admin

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"akkoord"
	"akkoord/server/trail"
	"akkoord/templates"
)

// BulkActs does one act to many people.
type BulkActs interface {
	CountPeople(ctx context.Context, f akkoord.PeopleFilter, most int) (int, error)
	// PrepareBulkAct puts down whom an act is about, and ConfirmBulkAct begins it for who saw their number.
	PrepareBulkAct(ctx context.Context, by akkoord.Actor, spec akkoord.BulkSpec) (akkoord.BulkAct, error)
	ConfirmBulkAct(ctx context.Context, by akkoord.Actor, id akkoord.ID, seen int64) (akkoord.BulkAct, error)
	StopBulkAct(ctx context.Context, by akkoord.Actor, id akkoord.ID) (akkoord.BulkAct, error)
	BulkAct(ctx context.Context, id akkoord.ID) (akkoord.BulkAct, error)
	BulkActs(ctx context.Context, of akkoord.Actor, p akkoord.Page) (acts []akkoord.BulkAct, next int64, err error)
	BulkPeople(ctx context.Context, b akkoord.BulkAct, limit int) ([]akkoord.Standing, error)
}

const (
	bulkPath    = Prefix + "/bulk-acts"
	bulkSample  = 10    // people who are shown
	bulkCounted = 10000 // people who are counted before they are put down
	bulkRefresh = 3     // seconds between two looks at what is going on
)

func bulkActPath(b akkoord.BulkAct) string { return bulkPath + "/" + b.PublicID.String() }

// bulkFor gives where something is done to the people of a list; empty for those who may not.
func bulkFor(v visit, f akkoord.PeopleFilter) string {
	if f.Everybody() || !v.user.Role.May(akkoord.ChangePeople) {
		return ""
	}
	return bulkPath + "/new?" + f.Query().Encode()
}

// bulkKinds are what a user's role may do to many people, where there are interests also
// what is about these.
func bulkKinds(v visit, interests bool) []string {
	var out []string
	for _, k := range akkoord.BulkKinds {
		if v.user.Role.May(k.Right()) && (interests || !k.Labels()) {
			out = append(out, string(k))
		}
	}
	return out
}

// askBulkAct asks what is to be done to the people of a list.
func (s *Site) askBulkAct(w http.ResponseWriter, r *http.Request, v visit) error {
	return s.showBulkForm(w, r, v, http.StatusOK, r.URL.Query(), templates.NewBulkActPage{})
}

// showBulkForm draws the form for the people of a filter, as its query says.
func (s *Site) showBulkForm(w http.ResponseWriter, r *http.Request, v visit, code int, query url.Values, page templates.NewBulkActPage) error {
	ctx := r.Context()
	f, err := akkoord.ParsePeopleFilter(query)
	if err != nil || f.Everybody() { // the list says what is wrong
		http.Redirect(w, r, peoplePath+"?"+query.Encode(), http.StatusSeeOther)
		return nil
	}
	page.Admin, page.Action, page.Filter, page.Back = s.frame(r, v, "people"), bulkPath, f.Query().Encode(), peoplePath+"?"+f.Query().Encode()
	page.Path = bulkPath + "/new?" + page.Filter
	if page.Facts, err = s.bulkFacts(ctx, v, f); err != nil {
		return err
	}
	n, err := s.cfg.Store.CountPeople(ctx, f, bulkCounted+1)
	if err != nil {
		return err
	}
	page.Number, page.More = min(n, bulkCounted), n > bulkCounted
	people, _, err := s.cfg.Store.People(ctx, f, akkoord.Page{Limit: bulkSample})
	if err != nil {
		return err
	}
	var ids []akkoord.ID
	if page.People, ids, err = s.personRows(ctx, v, people); err != nil {
		return err
	}
	purposes, err := s.cfg.Store.Purposes(ctx)
	if err != nil {
		return err
	}
	access, err := s.cfg.Store.Access(ctx, v.user.Actor())
	if err != nil {
		return err
	}
	page.Purposes = options(slices.DeleteFunc(slices.Clone(purposes), func(p akkoord.Purpose) bool { return !access.Covers(p.ID) }), v.locale)
	if page.Purpose == "" {
		page.Purpose = f.Purpose
	}
	forms, err := s.cfg.Store.Forms(ctx)
	if err != nil {
		return err
	}
	if page.Interests, err = s.cfg.Store.Interests(ctx); err != nil {
		return err
	}
	page.Interests = akkoord.OfferedInterests(forms, page.Interests)
	page.Kinds = bulkKinds(v, len(page.Interests) > 0)
	if err := s.cfg.Store.Audit(ctx, v.user.Actor(), "subscriber.list", "subscriber", trail.Found(f, ids)); err != nil {
		return err
	}
	return s.page(w, v, code, page)
}

// bulkFacts tells a filter by what was chosen for it.
func (s *Site) bulkFacts(ctx context.Context, v visit, f akkoord.PeopleFilter) (templates.PeopleFilter, error) {
	q := f.Query()
	facts := templates.PeopleFilter{
		State: q.Get("state"), Interest: f.Interest, Locale: f.Locale, Source: f.Source, Act: string(f.Act), From: q.Get("from"), To: q.Get("to"),
	}
	if f.Purpose == "" {
		return facts, nil
	}
	purposes, err := s.cfg.Store.Purposes(ctx)
	if i := slices.IndexFunc(purposes, func(p akkoord.Purpose) bool { return p.Slug == f.Purpose }); i >= 0 {
		facts.Purpose = purposes[i].Text(v.locale).Name
	}
	return facts, err
}

// prepareBulkAct puts down whom the act is about.
func (s *Site) prepareBulkAct(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	in := r.PostForm
	query, err := url.ParseQuery(in.Get("filter"))
	if err != nil {
		return errNoAct
	}
	f, err := akkoord.ParsePeopleFilter(query)
	if err != nil {
		return s.done(w, r, err, "", peoplePath)
	}
	spec := akkoord.BulkSpec{Kind: akkoord.BulkKind(in.Get("kind")), Filter: f, Reason: in.Get("reason"), Source: v.origin().Source, Zone: v.origin().Evidence.ToldIn}
	switch spec.Kind {
	case akkoord.BulkWithdraw:
		spec.Purpose = in.Get("purpose")
	case akkoord.BulkAddInterest, akkoord.BulkRemoveInterest:
		spec.Interest = in.Get("interest")
	}
	b, err := s.cfg.Store.PrepareBulkAct(r.Context(), v.user.Actor(), spec)
	if err != nil {
		errs, code, ok := faults(err, map[string]string{"": "kind", "filter": "kind"})
		if !ok || beyondGrant(err) || f.Everybody() {
			return s.done(w, r, err, "", peoplePath)
		}
		return s.showBulkForm(w, r, v, code, query, templates.NewBulkActPage{Kind: in.Get("kind"), Purpose: in.Get("purpose"), Interest: in.Get("interest"), Reason: in.Get("reason"), Errors: errs})
	}
	http.Redirect(w, r, bulkActPath(b), http.StatusSeeOther)
	return nil
}

// bulkActs lists the bulk acts that the user may see.
func (s *Site) bulkActs(w http.ResponseWriter, r *http.Request, v visit) error {
	ctx := r.Context()
	acts, next, err := s.cfg.Store.BulkActs(ctx, "", after(r))
	if err != nil {
		return err
	}
	names, err := s.purposeNames(ctx, v)
	if err != nil {
		return err
	}
	page := templates.BulkActsPage{Admin: s.frame(r, v, "people")}
	for _, b := range acts {
		row := bulkRow(b, names)
		if row.Busy() {
			page.Follow = follow(r, bulkRefresh)
		}
		page.Rows = append(page.Rows, row)
	}
	if next != 0 {
		page.Next = "?after=" + strconv.FormatInt(next, 10)
	}
	return s.page(w, v, http.StatusOK, page)
}

// bulkRow gives a bulk act as a line.
func bulkRow(b akkoord.BulkAct, purposes map[int64]string) templates.BulkRow {
	row := templates.BulkRow{URL: bulkActPath(b), Kind: string(b.Kind), Name: b.Interest, State: string(b.State), At: b.CreatedAt, Dealt: int(b.Done()), Total: int(b.Total)}
	if b.PurposeID != 0 {
		row.Name = purposes[b.PurposeID]
	}
	if left, known := b.Remaining(); known {
		row.Left = left
	}
	return row
}

// bulkAct shows a bulk act: whom it is about, how far it is, and what came of it.
func (s *Site) bulkAct(w http.ResponseWriter, r *http.Request, v visit) error {
	ctx := r.Context()
	id, err := akkoord.ParseID(r.PathValue("id"))
	if err != nil {
		return err
	}
	b, err := s.cfg.Store.BulkAct(ctx, id)
	if err != nil {
		return err
	}
	who, err := s.access(ctx, v)
	if err != nil {
		return err
	}
	page := templates.BulkActPage{
		Admin: s.frame(r, v, "people"), BulkRow: bulkRow(b, who.purposes), Reason: b.Reason, By: who.name(b.Actor), Why: b.Why, Last: b.KeptUntil(), Ended: b.EndedAt,
	}
	if page.Facts, err = s.bulkFacts(ctx, v, b.Filter); err != nil {
		return err
	}
	for _, o := range akkoord.BulkOutcomes {
		if n := b.Tally[o]; n > 0 {
			page.Outcomes = append(page.Outcomes, templates.BulkCount{Key: string(o), N: int(n)})
		}
	}
	if b.State.Open() && v.user.Role.May(akkoord.ChangePeople) {
		page.Action = r.URL.Path
	}
	page.Own = b.Actor == v.user.Actor()
	if page.Busy() {
		page.Follow = follow(r, bulkRefresh)
	}
	if b.State == akkoord.BulkPrepared && b.Total > 0 {
		people, err := s.cfg.Store.BulkPeople(ctx, b, bulkSample)
		if err != nil && !beyondGrant(err) {
			return err
		}
		var ids []akkoord.ID
		if page.People, ids, err = s.personRows(ctx, v, people); err != nil {
			return err
		}
		if err := s.cfg.Store.Audit(ctx, v.user.Actor(), "subscriber.list", b.Name(), trail.People(ids)); err != nil {
			return err
		}
	}
	return s.page(w, v, http.StatusOK, page)
}

// actOnBulkAct confirms a bulk act, or ends it.
func (s *Site) actOnBulkAct(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	id, err := akkoord.ParseID(r.PathValue("id"))
	if err != nil {
		return err
	}
	ctx, in, notice := r.Context(), r.PostForm, ""
	switch in.Get("act") {
	case "confirm":
		seen, wrong := strconv.ParseInt(in.Get("people"), 10, 64)
		if wrong != nil {
			return errNoAct
		}
		_, err = s.cfg.Store.ConfirmBulkAct(ctx, v.user.Actor(), id, seen)
		notice = "bulk_begun"
	case "stop":
		_, err = s.cfg.Store.StopBulkAct(ctx, v.user.Actor(), id)
		notice = "bulk_stopped"
	default:
		err = errNoAct
	}
	return s.done(w, r, err, notice, r.URL.Path)
}
