package admin

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"akkoord"
	"akkoord/templates"
)

// Bases changes on which basis people are mailed, and asks for consent anew.
type Bases interface {
	SetBasis(ctx context.Context, person akkoord.ID, slug string, b akkoord.BasisChange) error
	BeginRound(ctx context.Context, actor akkoord.Actor, slug string, remindAfter int) (akkoord.Round, error)
	StopRound(ctx context.Context, actor akkoord.Actor, slug string) (akkoord.Round, error)
	Rounds(ctx context.Context, purposeID int64) ([]akkoord.Round, error)
	RoundAudience(ctx context.Context, purposeID int64) (akkoord.Audience, error)
}

// basis gives a person a basis by hand, with its facts and a reason (M7, M8).
func (s *Site) basis(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	id, err := akkoord.ParseID(r.PathValue("id"))
	if err != nil {
		return err
	}
	f := r.PostForm
	if number, wrong := s.purposeNumber(r.Context(), f.Get("purpose")); wrong != nil || number == 0 {
		err = akkoord.Fieldf("purpose", "purpose_unknown", "There is no such purpose.")
		return s.done(w, r, err, "", Prefix+"/people/"+id.String())
	}
	err = s.cfg.Store.SetBasis(r.Context(), id, f.Get("purpose"), akkoord.BasisChange{
		Basis: akkoord.Basis(f.Get("basis")), Reason: f.Get("reason"), Origin: v.origin(),
		Ground: akkoord.Ground{SoldOn: f.Get("sold_on"), Sale: f.Get("sale"), Similar: f.Get("similar") != "", RefusalOffered: f.Get("refusal_offered") != "", Text: f.Get("text")},
	})
	return s.done(w, r, err, "basis", Prefix+"/people/"+id.String())
}

// askRound begins or stops a re-permission round (M4).
func (s *Site) askRound(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	slug, notice := r.PathValue("slug"), "asking"
	var err error
	if r.PostForm.Get("act") == "stop" {
		notice = "asked_enough"
		_, err = s.cfg.Store.StopRound(r.Context(), v.user.Actor(), slug)
	} else {
		days := 0 // nothing is no reminder
		if wish := strings.TrimSpace(r.PostForm.Get("days")); wish != "" {
			if days, err = strconv.Atoi(wish); err != nil {
				days = -1 // refused as what is out of range
			}
		}
		_, err = s.cfg.Store.BeginRound(r.Context(), v.user.Actor(), slug, days)
	}
	return s.done(w, r, err, notice, Prefix+"/purposes")
}

// round adds to a purpose's card whom a round would ask, and how earlier ones
// went.
func (s *Site) round(ctx context.Context, v visit, card *templates.PurposeCard, p akkoord.Purpose) error {
	if p.Wider == 0 || p.Basis != akkoord.BasisConsent {
		return nil
	}
	audience, err := s.cfg.Store.RoundAudience(ctx, p.ID)
	if err != nil {
		return err
	}
	rounds, err := s.cfg.Store.Rounds(ctx, p.ID)
	if err != nil {
		return err
	}
	card.Askable = int(audience.Allowed)
	if v.user.Role.May(akkoord.SendMailings) {
		card.Ask = Prefix + "/purposes/" + p.Slug + "/ask"
	}
	for _, r := range rounds {
		f := r.Figures
		card.Rounds = append(card.Rounds, templates.RoundRow{
			State: string(r.State), Version: r.Version, At: r.CreatedAt, EndedAt: r.EndedAt, RemindAfter: r.RemindAfter,
			Asked: int(f.Asked), Confirmed: int(f.Confirmed), Left: int(f.Left), NoAnswer: int(f.NoAnswer), Reminded: int(f.Reminded),
		})
		card.Asking = card.Asking || r.State.Open()
	}
	return nil
}
