package admin

import (
	"context"
	"net/http"
	"strconv"

	"akkoord"
	"akkoord/templates"
)

// changeLearning sets after how many clicked links of a topic the purpose takes it
// for liked.
func (s *Site) changeLearning(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	after, err := strconv.Atoi(r.PostForm.Get("learn_after_links"))
	if err != nil {
		after = -1 // which no purpose can ask for
	}
	p, err := s.cfg.Store.EditPurpose(r.Context(), v.user.Actor(), r.PathValue("slug"), func(p *akkoord.Purpose) error {
		p.LearnAfter = after
		return nil
	})
	if akkoord.KindOf(err) == akkoord.Invalid {
		if p, err := s.cfg.Store.Purpose(r.Context(), r.PathValue("slug")); err == nil {
			page := templates.EditPurposePage{Form: purposeForm(p, v.locale)}
			page.Errors = templates.FieldErrors{{Field: "learn_after_links", Code: "learn_after_range", At: "learn-after"}}
			return s.editPurpose(w, r, v, http.StatusUnprocessableEntity, p, page)
		}
	}
	return s.done(w, r, err, "learning", purposePath(p)+"#learning")
}

// addLearned adds to a person's consents what is learned under them.
func (s *Site) addLearned(ctx context.Context, st akkoord.Standing, consents []templates.PersonConsent) error {
	learned, err := s.cfg.Store.Learned(ctx, st)
	if err != nil {
		return err
	}
	for i, sub := range st.Subscriptions {
		consents[i].Learning = sub.Learnable()
		for _, l := range learned {
			if l.PurposeID == sub.PurposeID {
				consents[i].Learned = append(consents[i].Learned, templates.LearnedTopic{Topic: l.Topic, Name: l.Topic, Links: l.Links, LastAt: l.LastAt})
			}
		}
	}
	return nil
}
