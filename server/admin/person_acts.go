package admin

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"akkoord"
	"akkoord/templates"
)

// personAct is what staff do to one person: a page says what will happen, and its
// button does it.
type personAct struct {
	name, notice string // of its path, and of what is said after it
	right        akkoord.Right
	proven       bool // it takes a proof of who does it
	whole        bool // it takes sight of all that is stored of the person
	fits         func(akkoord.Standing) bool
	// ask adds what the page asks for, and what will happen; nil: a reason alone
	ask func(ctx context.Context, v visit, st akkoord.Standing, page *templates.PersonActPage) error
	// do does it, and may give a page to show in place of the person's
	do func(r *http.Request, v visit, st akkoord.Standing) (shown any, err error)
}

// personActs are all acts, in the order in which a person's page offers them.
func (s *Site) personActs() []personAct {
	restricted := func(st akkoord.Standing) bool { return st.Suppressed(akkoord.SuppressedRestricted) }
	return []personAct{
		{name: "resend", notice: "resent", right: akkoord.ChangePeople, fits: pending, ask: s.askResend, do: s.resend},
		{name: "address", notice: "address_asked", right: akkoord.ChangePeople, fits: func(st akkoord.Standing) bool { return !st.Subscriber.Email.IsZero() }, do: s.askAddress},
		{name: "withdraw", notice: "withdrawn", right: akkoord.ChangePeople, fits: anybody, ask: s.askWithdraw, do: s.withdraw},
		{name: "restrict", notice: "restricted", right: akkoord.ChangePeople, fits: func(st akkoord.Standing) bool { return !restricted(st) }, do: s.restrict},
		{name: "unrestrict", notice: "unrestricted", right: akkoord.ChangePeople, fits: restricted, do: s.unrestrict},
		{name: "erase", right: akkoord.ErasePeople, proven: true, whole: true, fits: anybody, do: s.erase},
	}
}

func anybody(akkoord.Standing) bool { return true }

func pending(st akkoord.Standing) bool {
	return slices.ContainsFunc(st.Subscriptions, func(sub akkoord.Subscription) bool { return sub.State == akkoord.Pending })
}

// askAct shows what an act will do, and its button.
func (s *Site) askAct(a personAct) handler {
	return func(w http.ResponseWriter, r *http.Request, v visit) error {
		st, _, err := s.opened(r, v)
		if err != nil {
			return err
		}
		return s.showAct(w, r, v, a, st, http.StatusOK, templates.PersonActPage{})
	}
}

func (s *Site) showAct(w http.ResponseWriter, r *http.Request, v visit, a personAct, st akkoord.Standing, code int, page templates.PersonActPage) error {
	ctx, p := r.Context(), st.Subscriber
	page.Admin, page.Act, page.Action, page.Fits = s.frame(r, v, "people"), a.name, r.URL.Path, a.fits(st)
	page.Person = templates.Link{Title: cmp.Or(p.Email.Display(), hidden), URL: personPath(p.PublicID)}
	if p.Name != "" {
		page.Person.Title = p.Name + " (" + page.Person.Title + ")"
	}
	page.Consents = len(st.Subscriptions)
	if err := s.sight.Whole(ctx, p.PublicID); err == nil {
		held, err := s.cfg.Store.Holdings(ctx, p.ID)
		if err != nil {
			return err
		}
		page.Whole, page.Consents, page.Lines, page.Mails, page.Waiting = true, int(held.Consents), int(held.Lines), int(held.Mails), int(held.Waiting)
	} else if a.whole || !beyondGrant(err) {
		return err
	}
	page.Today = s.cfg.Now().In(s.home).Format(time.DateOnly)
	if a.ask != nil {
		if err := a.ask(ctx, v, st, &page); err != nil {
			return err
		}
	}
	return s.page(w, v, code, page)
}

// doAct does what the page before said. What is wrong with it is said there, with
// what was typed.
func (s *Site) doAct(a personAct) handler {
	return func(w http.ResponseWriter, r *http.Request, v visit) error {
		if err := form(r); err != nil {
			return err
		}
		st, _, err := s.opened(r, v)
		if err != nil {
			return err
		}
		shown, err := a.do(r, v, st)
		if err != nil {
			return s.actFault(w, r, v, a, st, err)
		}
		if shown != nil {
			return s.page(w, v, http.StatusOK, shown)
		}
		return s.done(w, r, nil, a.notice, personPath(st.Subscriber.PublicID))
	}
}

func (s *Site) actFault(w http.ResponseWriter, r *http.Request, v visit, a personAct, st akkoord.Standing, err error) error {
	errs, code, ok := faults(err, map[string]string{"": "act"})
	if !ok || beyondGrant(err) || akkoord.KindOf(err) == akkoord.NotFound {
		return err
	}
	in := r.PostForm
	return s.showAct(w, r, v, a, st, code, templates.PersonActPage{Errors: errs, What: in.Get("what"), Reason: in.Get("reason"), Email: in.Get("email"), ToldOn: in.Get("told_on")})
}

func (s *Site) erase(r *http.Request, v visit, st akkoord.Standing) (any, error) {
	e, err := s.cfg.Store.Erase(r.Context(), st.Subscriber.PublicID, r.PostForm.Get("reason"), v.origin())
	if err != nil {
		return nil, err
	}
	return templates.ErasedPage{Admin: s.frame(r, v, "people"), At: e.At, Receipt: e.Receipt}, nil
}

func (s *Site) restrict(r *http.Request, v visit, st akkoord.Standing) (any, error) {
	return nil, s.cfg.Store.Restrict(r.Context(), st.Subscriber.PublicID, r.PostForm.Get("reason"), v.origin())
}

// askWithdraw offers what the person can leave: their purposes, and the campaigns
// of those.
func (s *Site) askWithdraw(ctx context.Context, v visit, st akkoord.Standing, page *templates.PersonActPage) error {
	all, err := s.cfg.Store.Purposes(ctx)
	if err != nil {
		return err
	}
	in := map[int64]string{}
	for _, p := range all {
		switch st.Subscription(p.ID).State {
		case akkoord.Active, akkoord.Pending, akkoord.Held:
			in[p.ID] = p.Text(v.locale).Name
			page.Purposes = append(page.Purposes, templates.Option{Value: "purpose:" + p.Slug, Name: in[p.ID]})
		}
	}
	campaigns, err := s.allCampaigns(ctx)
	for _, c := range campaigns {
		if name := in[c.PurposeID]; name != "" && !st.HasLeft(c.ID) {
			page.Campaigns = append(page.Campaigns, templates.Option{Value: "campaign:" + c.Slug, Name: c.Name + " (" + name + ")"})
		}
	}
	return err
}

// withdraw records that a person told staff that they leave (M13).
func (s *Site) withdraw(r *http.Request, v visit, st akkoord.Standing) (any, error) {
	ctx, in := r.Context(), r.PostForm
	person, reason := st.Subscriber.PublicID, in.Get("reason")
	kind, slug, _ := strings.Cut(in.Get("what"), ":")
	switch kind {
	case "all":
		return nil, s.cfg.Store.Withdraw(ctx, person, 0, reason, v.origin())
	case "purpose":
		number, err := s.purposeNumber(ctx, slug)
		if err == nil && number != 0 {
			return nil, s.cfg.Store.Withdraw(ctx, person, number, reason, v.origin())
		}
		if err != nil && akkoord.KindOf(err) != akkoord.Invalid {
			return nil, err
		}
	case "campaign":
		c, err := s.cfg.Store.Campaign(ctx, slug)
		if err == nil {
			return nil, s.cfg.Store.LeaveCampaign(ctx, person, c, reason, v.origin())
		}
		if akkoord.KindOf(err) != akkoord.NotFound {
			return nil, err
		}
	}
	return nil, akkoord.Fieldf("what", "what_missing", "Choose one from the list.")
}

// askResend offers the purposes that wait for a confirmation.
func (s *Site) askResend(ctx context.Context, v visit, st akkoord.Standing, page *templates.PersonActPage) error {
	for _, sub := range st.Subscriptions {
		if sub.State != akkoord.Pending {
			continue
		}
		p, err := s.cfg.Store.PurposeByID(ctx, sub.PurposeID)
		if err != nil {
			return err
		}
		page.Purposes = append(page.Purposes, templates.Option{Value: p.Slug, Name: p.Text(v.locale).Name})
	}
	return nil
}

func (s *Site) resend(r *http.Request, v visit, st akkoord.Standing) (any, error) {
	ctx, in := r.Context(), r.PostForm
	number, err := s.purposeNumber(ctx, in.Get("what"))
	if err == nil && number == 0 || akkoord.KindOf(err) == akkoord.Invalid {
		err = akkoord.Fieldf("what", "what_missing", "Choose one from the list.")
	}
	if err != nil {
		return nil, err
	}
	return nil, s.cfg.Store.RepeatConfirmation(ctx, st.Subscriber.PublicID, number, v.origin())
}

func (s *Site) askAddress(r *http.Request, v visit, st akkoord.Standing) (any, error) {
	ctx, in := r.Context(), r.PostForm
	to, err := akkoord.ParseEmail(in.Get("email"))
	if err != nil {
		return nil, err
	}
	return nil, s.cfg.Store.AskAddress(ctx, st.Subscriber.PublicID, to, in.Get("reason"), v.origin())
}

func (s *Site) unrestrict(r *http.Request, v visit, st akkoord.Standing) (any, error) {
	ctx, in := r.Context(), r.PostForm
	told, err := time.Parse(time.DateOnly, in.Get("told_on"))
	if err != nil {
		told = time.Time{} // refused as a day that is missing
	}
	return nil, s.cfg.Store.Unrestrict(ctx, st.Subscriber.PublicID, told, in.Get("reason"), v.origin())
}
