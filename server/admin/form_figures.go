package admin

import (
	"net/http"
	"slices"

	"akkoord"
	"akkoord/templates"
)

func figuresPath(f akkoord.Form) string { return formPath(f) + "/figures" }

// formFigures shows what became of one form: where people fall off, by language and by
// day.
func (s *Site) formFigures(w http.ResponseWriter, r *http.Request, v visit) error {
	ctx := r.Context()
	f, err := s.cfg.Store.Form(ctx, r.PathValue("form"))
	if err != nil {
		return err
	}
	days, err := growthDays(r)
	if err != nil {
		return err
	}
	today := akkoord.DayOf(s.cfg.Now())
	since := today - akkoord.Day(days-1)
	g, err := s.cfg.Store.FormGrowth(ctx, f.ID, since)
	if err != nil {
		return err
	}
	access, err := s.cfg.Store.Access(ctx, v.user.Actor())
	if err != nil {
		return err
	}
	page := templates.FormFiguresPage{
		Admin: s.frame(r, v, "purposes"), FormGrowth: templates.FormGrowth{Slug: f.Slug, Title: formTitle(f, v.locale), URL: figuresPath(f)},
		Form: formPath(f), Public: publicPath(f), Days: days, Periods: growthPeriods, Behind: g.Behind,
	}
	if v.user.Role.May(akkoord.ReadPeople) {
		page.Unconfirmed = Prefix + "/unconfirmed"
	}
	for _, l := range g.Languages() {
		page.Languages = append(page.Languages, leading(v, access, f, growthOf(l), since, 0))
	}
	if in := r.URL.Query().Get("in"); slices.ContainsFunc(page.Languages, func(l templates.LanguageGrowth) bool { return l.Locale == in }) {
		page.In = in
	}
	page.PerDay = make([]templates.FormDay, days)
	for i := range page.PerDay {
		page.PerDay[i].Day = noon((since + akkoord.Day(i)).Time())
	}
	for _, d := range g.Days {
		if d.Day > today || page.In != "" && d.Locale != page.In {
			continue
		}
		day := &page.PerDay[d.Day-since]
		day.LanguageGrowth = day.Plus(growthOf(d.FormFigures))
		day.Locale = page.In
		day.LanguageGrowth = leading(v, access, f, day.LanguageGrowth, d.Day, d.Day)
	}
	return s.page(w, v, http.StatusOK, page)
}
