package admin

import (
	"context"
	"net/http"
	"strconv"

	"akkoord"
	"akkoord/templates"
)

// Growing counts what becomes of purposes and forms, by day.
type Growing interface {
	Growth(ctx context.Context, since akkoord.Day) (akkoord.Growth, error)
	FormGrowth(ctx context.Context, form int64, since akkoord.Day) (akkoord.FormGrowth, error)
}

// growthPeriods are the numbers of days that the page offers.
var growthPeriods = []int{7, 30, 90, 365}

// growth shows how many people each purpose has over time, and what becomes of
// those who see a form.
func (s *Site) growth(w http.ResponseWriter, r *http.Request, v visit) error {
	days, err := growthDays(r)
	if err != nil {
		return err
	}
	access, err := s.cfg.Store.Access(r.Context(), v.user.Actor())
	if err != nil {
		return err
	}
	page := templates.GrowthPage{Admin: s.frame(r, v, "purposes"), Periods: growthPeriods}
	if v.user.Role.May(akkoord.ReadPeople) {
		page.Unconfirmed = Prefix + "/unconfirmed"
	}
	if page.Growth, err = s.grown(r.Context(), v, access, days); err != nil {
		return err
	}
	return s.page(w, v, http.StatusOK, page)
}

// growthDays reads how many days a page is asked for.
func growthDays(r *http.Request) (int, error) {
	asked, err := strconv.Atoi(r.URL.Query().Get("days"))
	if err != nil {
		asked = 0
	}
	return akkoord.ParseGrowthDays(asked)
}

// grown gives what became of purposes and forms in so many days, today among them.
func (s *Site) grown(ctx context.Context, v visit, access akkoord.Access, days int) (out templates.Growth, err error) {
	since := akkoord.DayOf(s.cfg.Now()) - akkoord.Day(days-1)
	g, err := s.cfg.Store.Growth(ctx, since)
	if err != nil {
		return out, err
	}
	out.Days, out.Behind = days, g.Behind
	if out.Purposes, err = s.purposeGrowth(ctx, v, access, g.Purposes); err != nil {
		return out, err
	}
	out.Forms, err = s.formGrowth(ctx, v, access, since, g.Forms)
	return out, err
}

func (s *Site) purposeGrowth(ctx context.Context, v visit, access akkoord.Access, days map[int64][]akkoord.PurposeDay) ([]templates.PurposeGrowth, error) {
	purposes, err := s.cfg.Store.Purposes(ctx)
	if err != nil {
		return nil, err
	}
	counts, err := s.perPurpose(ctx)
	if err != nil {
		return nil, err
	}
	var out []templates.PurposeGrowth
	for _, p := range purposes {
		active := counts[p.ID][akkoord.Active]
		g := templates.PurposeGrowth{Slug: p.Slug, Name: p.Text(v.locale).Name, URL: purposePath(p), Active: int(active)}
		people := akkoord.PeopleByDay(active, days[p.ID])
		for i, d := range days[p.ID] {
			g.Joined, g.Gone = g.Joined+int(d.Joined), g.Gone+int(d.Gone)
			g.Days = append(g.Days, templates.GrowthDay{Day: noon(d.Day.Time()), Joined: int(d.Joined), Gone: int(d.Gone), Active: int(people[i]),
				JoinedURL: behind(v, access, p.ID, akkoord.PeopleFilter{Purpose: p.Slug, Act: akkoord.ActJoined, From: d.Day, To: d.Day}),
				GoneURL:   behind(v, access, p.ID, akkoord.PeopleFilter{Purpose: p.Slug, Act: akkoord.ActLeft, From: d.Day, To: d.Day}),
			})
		}
		out = append(out, g)
	}
	return out, nil
}

func (s *Site) formGrowth(ctx context.Context, v visit, access akkoord.Access, since akkoord.Day, figures []akkoord.FormFigures) ([]templates.FormGrowth, error) {
	forms, err := s.cfg.Store.Forms(ctx)
	if err != nil {
		return nil, err
	}
	var out []templates.FormGrowth
	for _, f := range forms {
		g := templates.FormGrowth{Slug: f.Slug, Title: formTitle(f, v.locale), URL: figuresPath(f)}
		for _, l := range figures {
			if l.FormID == f.ID {
				g.Languages = append(g.Languages, leading(v, access, f, growthOf(l), since, 0))
			}
		}
		out = append(out, g)
	}
	return out, nil
}

// growthOf are figures of a form in one language.
func growthOf(l akkoord.FormFigures) templates.LanguageGrowth {
	return templates.LanguageGrowth{Locale: l.Locale, Shown: int(l.Shown), Asked: int(l.Asked), Accepted: int(l.Accepted), Opened: int(l.Opened), Confirmed: int(l.Confirmed)}
}

// leading gives figures of a form with where the people behind them are listed, by the
// language that they are of: those of the days from one to another, 0 for up to now.
func leading(v visit, access akkoord.Access, f akkoord.Form, g templates.LanguageGrowth, from, to akkoord.Day) templates.LanguageGrowth {
	list := func(act akkoord.PeopleAct) string {
		return behind(v, access, 0, akkoord.PeopleFilter{Act: act, Source: "form:" + f.Slug, Locale: g.Locale, From: from, To: to})
	}
	g.AskedURL, g.ConfirmedURL = list(akkoord.ActAsked), list(akkoord.ActAnswered)
	return g
}
