package admin

import (
	"net/http"
	"strconv"
	"time"

	"akkoord"
	"akkoord/templates"
)

func againPath(m akkoord.Mailing) string { return mailingPath(m) + "/send-again" }

// askAgain asks once more before the uncertain copies of a mailing are sent again.
func (s *Site) askAgain(w http.ResponseWriter, r *http.Request, v visit) error {
	m, err := s.load(r)
	if err != nil {
		return err
	}
	if _, err := m.State.Next("send_again"); err != nil {
		return s.done(w, r, err, "", mailingPath(m))
	}
	lost, err := s.cfg.Store.Uncertain(r.Context(), m.ID)
	if err != nil {
		return err
	}
	page := templates.AgainPage{
		Admin: s.frame(r, v, "campaigns"), Subject: m.Title(), Back: mailingPath(m), Action: againPath(m),
		State: string(m.State), Count: int(lost.Count), Last: lost.Last.UnixMicro(),
	}
	if v.user.Role.May(akkoord.ReadPeople) {
		page.People = mailingPath(m) + "?state=uncertain#deliveries"
	}
	return s.page(w, v, http.StatusOK, page)
}

// sendAgain sends the copies again that the page before showed.
func (s *Site) sendAgain(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	m, err := s.load(r)
	if err != nil {
		return err
	}
	count, err := strconv.ParseInt(r.PostForm.Get("count"), 10, 64)
	if err != nil {
		return errNoAct
	}
	last, err := strconv.ParseInt(r.PostForm.Get("last"), 10, 64)
	if err != nil {
		return errNoAct
	}
	by, err := s.cfg.Mail.SenderOf(r.Context(), m, s.cfg.Sender())
	if err != nil {
		return err
	}
	if err = refusal(m.SendableAgain(by)); err == nil {
		_, err = s.cfg.Store.SendAgain(r.Context(), v.user.Actor(), m.PublicID, akkoord.LostCopies{Count: count, Last: time.UnixMicro(last).UTC()})
	}
	return s.done(w, r, err, "sent_again", mailingPath(m))
}
