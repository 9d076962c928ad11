package admin

import (
	"context"
	"net/http"
	"strings"
	"time"

	"akkoord"
	"akkoord/templates"
)

// Logins keeps the sessions of users (P27).
type Logins interface {
	BeginSession(ctx context.Context, s akkoord.UserSession) (akkoord.UserSession, error)
	// UserSession gives a session that is not over, and whose it is, or NotFound.
	UserSession(ctx context.Context, id akkoord.ID) (akkoord.UserSession, akkoord.User, error)
	SawSession(ctx context.Context, id akkoord.ID) error
	// UserSessions gives those that are not over, newest first.
	UserSessions(ctx context.Context, userID int64) ([]akkoord.UserSession, error)
	EndSession(ctx context.Context, actor akkoord.Actor, userID int64, id akkoord.ID) error
}

const (
	sessionsPath = accountPath + "/sessions"
	seenEvery    = time.Minute // how exactly it is known when a session was last used
)

// begin makes a session that of a user, with the credentials that they had when
// these were checked: of a change in between it dies at its next request.
func (s *Site) begin(r *http.Request, u akkoord.User) error {
	ctx := r.Context()
	made, err := s.cfg.Store.BeginSession(ctx, akkoord.UserSession{UserID: u.ID, ExpiresAt: s.cfg.Now().Add(sessionLife), Client: clientName(r.UserAgent())})
	if err != nil {
		return err
	}
	s.sessions.Remove(ctx, keyPending)
	s.sessions.Put(ctx, keySession, made.ID.String())
	s.sessions.Put(ctx, keyRenewed, renewed(u))
	return nil
}

// session finds whose the request's session is; nobody's where it is over.
func (s *Site) session(ctx context.Context) (akkoord.UserSession, akkoord.User, error) {
	id, err := akkoord.ParseID(s.sessions.GetString(ctx, keySession))
	if err != nil {
		return akkoord.UserSession{}, akkoord.User{}, nil
	}
	found, u, err := s.cfg.Store.UserSession(ctx, id)
	if akkoord.KindOf(err) == akkoord.NotFound || err == nil && s.over(ctx, u) {
		return akkoord.UserSession{}, akkoord.User{}, nil
	}
	if err == nil && s.cfg.Now().Sub(found.SeenAt) >= seenEvery {
		_ = s.cfg.Store.SawSession(ctx, id) // where nothing can be written, pages can still be read (P04)
	}
	return found, u, err
}

// showSessions lists where its user is logged in.
func (s *Site) showSessions(w http.ResponseWriter, r *http.Request, v visit) error {
	sessions, err := s.cfg.Store.UserSessions(r.Context(), v.user.ID)
	if err != nil {
		return err
	}
	page := templates.SessionsPage{Admin: s.frame(r, v, "account")}
	for _, one := range sessions {
		page.Rows = append(page.Rows, templates.SessionRow{ID: one.ID.String(), Client: one.Client, BegunAt: one.BegunAt, SeenAt: one.SeenAt, This: one.ID == v.session.ID})
	}
	return s.page(w, v, http.StatusOK, page)
}

// endSessions ends one of them, or all but this one.
func (s *Site) endSessions(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	ctx := r.Context()
	switch in := r.PostForm; in.Get("act") {
	case "end":
		id, err := akkoord.ParseID(in.Get("id"))
		if err == nil {
			err = s.cfg.Store.EndSession(ctx, v.user.Actor(), v.user.ID, id)
		}
		if akkoord.KindOf(err) == akkoord.NotFound {
			err = nil // it is over already
		}
		return s.done(w, r, err, "session_ended", sessionsPath)
	case "others":
		err := s.cfg.Store.EndSessions(ctx, v.user.Actor(), v.user)
		if err == nil {
			err = s.goOn(r, v.user)
		}
		return s.done(w, r, err, "sessions", sessionsPath)
	}
	return errNoAct
}

// clientName tells browser and system from the User-Agent of a request, as people
// call them; nothing where neither is known. Browsers name those they resemble,
// so the order counts.
func clientName(agent string) string {
	var parts []string
	for _, names := range [][][2]string{
		{{"Edg", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser/", "Samsung Internet"}, {"Firefox/", "Firefox"}, {"FxiOS/", "Firefox"}, {"CriOS/", "Chrome"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"}, {"curl/", "curl"}},
		{{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"Windows", "Windows"}, {"CrOS", "ChromeOS"}, {"Mac OS X", "macOS"}, {"Linux", "Linux"}},
	} {
		for _, n := range names {
			if strings.Contains(agent, n[0]) {
				parts = append(parts, n[1])
				break
			}
		}
	}
	return strings.Join(parts, ", ")
}
