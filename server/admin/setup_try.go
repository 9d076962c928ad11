package admin

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"akkoord"
	"akkoord/server/trail"
	"akkoord/templates"
)

// Watcher learns when somebody whose sign-up is followed opens the page behind
// the link in the mail. Of nobody else is that noted, and of these in memory
// alone.
type Watcher interface {
	Watch(person akkoord.ID)
	OpenedAt(person akkoord.ID) time.Time // zero: not, or not on this node
}

const (
	tryPath    = setupPath + "/try"
	tryRefresh = 2     // seconds
	keyTry     = "try" // session: the ledger's last line when the step was opened, and the form
)

// try follows the newest sign-up at a form since the step was opened.
func (s *Site) try(w http.ResponseWriter, r *http.Request, v visit) error {
	ctx := r.Context()
	page := templates.SetupTryPage{}
	var err error
	if page.Setup, err = s.setupFrame(r, v, "try"); err != nil {
		return err
	}
	page.Path = tryPath
	page.Own = v.user.Email
	forms, err := s.cfg.Store.Forms(ctx)
	if err != nil {
		return err
	}
	if len(forms) == 0 {
		return s.page(w, v, http.StatusOK, page)
	}
	f := forms[0]
	page.Public, page.Address = publicPath(f), strings.TrimSuffix(s.cfg.BaseURL, "/")+publicPath(f)
	var of, after int64
	if n, _ := fmt.Sscanf(s.sessions.GetString(ctx, keyTry), "%d %d", &of, &after); n != 2 || of != f.ID || r.URL.Query().Get("again") != "" {
		if after, err = s.cfg.Store.LedgerEnd(ctx); err != nil {
			return err
		}
		s.sessions.Put(ctx, keyTry, fmt.Sprintf("%d %d", f.ID, after))
	}
	at, err := s.cfg.Store.NewestSignUp(ctx, f.ID, after)
	if err != nil {
		return err
	}
	var opened time.Time
	if !at.AskedAt.IsZero() {
		if s.cfg.Watcher != nil {
			s.cfg.Watcher.Watch(at.Person)
			opened = s.cfg.Watcher.OpenedAt(at.Person)
		}
		page.Person, page.Code = Prefix+"/people/"+at.Person.String(), at.Code
		if !s.looked(ctx, "try "+at.Person.String()) {
			if err := s.cfg.Store.Audit(ctx, v.user.Actor(), "subscriber.follow", trail.Subscriber(akkoord.Subscriber{PublicID: at.Person}), ""); err != nil {
				return err
			}
		}
	}
	if opened.IsZero() {
		opened = at.ConfirmedAt // nobody presses a button without its page
	}
	page.States = []templates.TryState{{Key: "asked", At: at.AskedAt}, {Key: "sent", At: latest(at.TriedAt, at.AcceptedAt)}, {Key: "accepted", At: at.AcceptedAt}, {Key: "opened", At: opened}, {Key: "confirmed", At: at.ConfirmedAt}}
	page.Confirmed = !at.ConfirmedAt.IsZero()
	if !page.Confirmed {
		page.Follow = follow(r, tryRefresh)
	}
	return s.page(w, v, http.StatusOK, page)
}
