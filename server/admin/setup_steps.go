package admin

import (
	"context"
	"net/http"

	"akkoord"
	"akkoord/templates"
)

// steps gives the first steps with which of them are done, by what there is:
// nothing of it is stored. here is the step whose page is drawn.
func (s *Site) steps(ctx context.Context, v visit, here string) ([]templates.SetupStep, error) {
	f := s.cfg.Sender()
	mail := f.Relay && f.From != "" && f.Processor != ""
	if mail {
		why, err := s.cfg.Store.ProcessorObstacles(ctx, f.Processor)
		if err != nil {
			return nil, err
		}
		mail = len(why) == 0
	}
	forms, err := s.cfg.Store.Forms(ctx)
	if err != nil {
		return nil, err
	}
	people, err := s.people7(ctx)
	if err != nil {
		return nil, err
	}
	sent, err := s.cfg.Store.EverSent(ctx)
	if err != nil {
		return nil, err
	}
	mailings, _, err := s.cfg.Store.Mailings(ctx, 0, akkoord.Page{Limit: 1}) // the first there was
	if err != nil {
		return nil, err
	}
	campaign, err := s.firstCampaign(ctx, v, mailings)
	if err != nil {
		return nil, err
	}
	steps := []templates.SetupStep{
		{Key: "who", URL: whoPath, Done: f.Controller != "" && f.PostalAddress != "" && f.Contact != ""},
		{Key: "mail", URL: mailPath, Done: mail},
		{Key: "purpose", URL: firstPurposePath, Done: len(forms) > 0},
		{Key: "try", URL: tryPath, Done: people.active > 0},
		{Key: "campaign", URL: campaign, Done: sent},
	}
	for i := range steps {
		steps[i].Here = steps[i].Key == here
	}
	return steps, nil
}

// nextStep gives where the first step that is not done is; the start page when
// all are.
func nextStep(steps []templates.SetupStep) string {
	for _, step := range steps {
		if !step.Done {
			return step.URL
		}
	}
	return Prefix
}

// setupFrame gives what each step's page has around its content.
func (s *Site) setupFrame(r *http.Request, v visit, here string) (templates.Setup, error) {
	steps, err := s.steps(r.Context(), v, here)
	out := templates.Setup{Admin: s.frame(r, v, "campaigns"), Steps: steps}
	for i := range steps {
		if steps[i].Here && i+1 < len(steps) {
			out.Next = steps[i+1].URL
		}
	}
	return out, err
}

// setupCard adds the first steps to the start page of an owner, until all are
// done or they were put away.
func (s *Site) setupCard(ctx context.Context, v visit, page *templates.DashboardPage) error {
	if !v.user.Role.May(akkoord.SetUp) {
		return nil
	}
	away, err := s.cfg.Store.SetupAway(ctx)
	if away || err != nil {
		return err
	}
	steps, err := s.steps(ctx, v, "")
	if err == nil && nextStep(steps) != Prefix {
		page.Setup = steps
	}
	return err
}

func (s *Site) putSetupAway(w http.ResponseWriter, r *http.Request, v visit) error {
	return s.done(w, r, s.cfg.Store.PutSetupAway(r.Context(), v.user.Actor(), true), "setup_away", Prefix)
}
