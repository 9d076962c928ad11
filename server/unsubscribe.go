package server

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"akkoord"
	"akkoord/templates"
)

var (
	unsubscribed = []byte("You are unsubscribed.\n")
	plainText    = "text/plain; charset=utf-8"
	errLeave     = akkoord.Fieldf("scope", "scope_invalid", "Send List-Unsubscribe=One-Click, or choose what to leave: scope=campaign, purpose or all.")
	errUndo      = akkoord.Errorf(akkoord.Expired, "undo_expired", "This can no longer be taken back. Sign up again if you would like these mails.")
)

// unsubscribePage answers GET /unsubscribe/{token}: what can be left, or what
// was left already and when. It changes nothing and needs nothing but the link,
// not even that the person is still on record.
func (s *Server) unsubscribePage(c echo.Context) error {
	link, err := s.link(c, akkoord.LinkUnsubscribe)
	if err != nil {
		return err
	}
	st, err := s.Consents.Standing(c.Request().Context(), link.Subscriber)
	if err != nil {
		return err
	}
	scope, leftOn, err := s.hasLeft(c.Request().Context(), link, st)
	if err != nil {
		return err
	}
	if scope == akkoord.ScopeAll || scope == akkoord.ScopePurpose {
		return s.showLeft(c, link, scope, akkoord.Left{At: leftOn, State: st})
	}
	locale := s.locale(c, st.Subscriber.Locale, "")
	at := linkPath(akkoord.LinkUnsubscribe, c)
	page := templates.UnsubscribePage{Action: at, Address: st.Subscriber.Email.Masked(), CampaignLeft: leftOn}
	if page.Site, err = s.personalBy(c.Request().Context(), link, at, st.Subscriber); err != nil {
		return err
	}
	if page.Campaign, page.Purpose, err = s.leaving(c.Request().Context(), link, locale); err != nil {
		return err
	}
	others, err := s.asked(c, stillOn(st, link.Purpose), locale)
	if err != nil {
		return err
	}
	for _, o := range others {
		page.Others = append(page.Others, o.Name)
	}
	return s.page(c, http.StatusOK, locale, page)
}

// hasLeft gives the most that the person left of what a link is about, and
// when; an empty scope when nothing.
func (s *Server) hasLeft(ctx context.Context, link akkoord.Link, st akkoord.Standing) (akkoord.Scope, time.Time, error) {
	sub := st.Subscription(link.Purpose)
	switch {
	case st.Subscriber.ID == 0:
		return "", time.Time{}, nil
	case st.Suppressed(akkoord.SuppressedUnsubscribed):
		at, err := s.lastAct(ctx, link.Subscriber, akkoord.Withdrew, 0)
		return akkoord.ScopeAll, at, err
	case sub.State == akkoord.Withdrawn:
		return akkoord.ScopePurpose, sub.Since, nil
	case st.HasLeft(link.Campaign):
		at, err := s.lastAct(ctx, link.Subscriber, akkoord.CampaignLeft, link.Campaign)
		return akkoord.ScopeCampaign, at, err
	}
	return "", time.Time{}, nil
}

// lastAct gives when a person last did something, to a campaign if one is
// given; zero for never, as for who is gone since.
func (s *Server) lastAct(ctx context.Context, person akkoord.ID, kind akkoord.EventKind, campaign int64) (time.Time, error) {
	events, err := s.Consents.EventsOf(ctx, person)
	if err != nil && akkoord.KindOf(err) != akkoord.NotFound {
		return time.Time{}, err
	}
	for _, e := range slices.Backward(events) {
		if e.Kind == kind && (campaign == 0 || e.CampaignID == campaign) {
			return e.At, nil
		}
	}
	return time.Time{}, nil
}

// leaving names the campaign and the purpose of a link; empty for what the
// link does not know or what is gone.
func (s *Server) leaving(ctx context.Context, link akkoord.Link, locale string) (campaign, purpose string, err error) {
	if link.Campaign != 0 {
		c, err := s.Catalog.CampaignByID(ctx, link.Campaign)
		if err != nil && akkoord.KindOf(err) != akkoord.NotFound {
			return "", "", err
		}
		campaign = c.Name
	}
	if link.Purpose != 0 {
		p, err := s.Catalog.PurposeByID(ctx, link.Purpose)
		if err != nil && akkoord.KindOf(err) != akkoord.NotFound {
			return "", "", err
		}
		purpose = p.Text(locale).Name
	}
	return campaign, purpose, nil
}

// stillOn gives the active subscriptions but the one of a purpose.
func stillOn(st akkoord.Standing, but int64) []akkoord.Subscription {
	var on []akkoord.Subscription
	for _, sub := range st.Subscriptions {
		if sub.State == akkoord.Active && sub.PurposeID != but {
			on = append(on, sub)
		}
	}
	return on
}

// unsubscribe answers POST /unsubscribe/{token}: a mailbox provider's one
// click (RFC 8058), a choice of the page, or taking it back. It has no limit
// per client, since providers post for many people (requirements-mail C.11).
func (s *Server) unsubscribe(c echo.Context) error {
	link, err := s.link(c, akkoord.LinkUnsubscribe)
	if err != nil {
		return err
	}
	f, err := readFields(c.Request())
	if err != nil {
		return err
	}
	switch {
	case oneClick(f):
		return s.leaveByOneClick(c, link)
	case f.first("undo") != "":
		return s.undo(c, link, f)
	case f.first("scope") != "":
		return s.leave(c, link, f)
	case f.first("reason") != "" || f.first("note") != "":
		return s.explain(c, link, f)
	}
	return errLeave
}

// oneClick reports whether the body holds the pair of RFC 8058 §3.2.
func oneClick(f fields) bool {
	for _, x := range f {
		if strings.EqualFold(x.name, "List-Unsubscribe") && strings.EqualFold(strings.TrimSpace(x.value), "One-Click") {
			return true
		}
	}
	return false
}

func (s *Server) leaveByOneClick(c echo.Context, link akkoord.Link) error {
	origin, err := s.act(c, "one-click", "")
	if err != nil {
		return err
	}
	scope := akkoord.ScopePurpose
	if link.Purpose == 0 {
		scope = akkoord.ScopeAll
	}
	if _, err := s.Consents.Leave(c.Request().Context(), link, scope, origin); err != nil {
		return err
	}
	return c.Blob(http.StatusOK, plainText, unsubscribed)
}

// leave ends what the choice of the page says. A reason may come along; one that
// can't be read is left out, since it must not stand in the way.
func (s *Server) leave(c echo.Context, link akkoord.Link, f fields) error {
	scope, err := akkoord.ParseScope(f.first("scope"))
	if err != nil {
		return err
	}
	if scope == akkoord.ScopeCampaign && link.Campaign == 0 || scope == akkoord.ScopePurpose && link.Purpose == 0 {
		return errLeave
	}
	origin, err := s.act(c, "unsubscribe", "")
	if err != nil {
		return err
	}
	left, err := s.Consents.Leave(c.Request().Context(), link, scope, origin)
	if err != nil {
		return err
	}
	if reason, note, bad := akkoord.ParseLeaveReason(f.first("reason"), f.first("note")); bad == nil && (reason != "" || note != "") {
		if err := s.Consents.Explain(c.Request().Context(), link, reason, note, origin); err != nil {
			return err
		}
	}
	if wantsJSON(c.Request()) {
		return c.JSON(http.StatusOK, map[string]string{"status": "withdrawn"})
	}
	return s.showLeft(c, link, scope, left)
}

// explain records why somebody left, which they may say or not (M12).
func (s *Server) explain(c echo.Context, link akkoord.Link, f fields) error {
	reason, note, err := akkoord.ParseLeaveReason(f.first("reason"), f.first("note"))
	if err != nil {
		return err
	}
	origin, err := s.act(c, "unsubscribe", "")
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	if err := s.Consents.Explain(ctx, link, reason, note, origin); err != nil {
		return err
	}
	if wantsJSON(c.Request()) {
		return c.JSON(http.StatusOK, map[string]string{"status": "noted"})
	}
	st, err := s.Consents.Standing(ctx, link.Subscriber)
	if err != nil {
		return err
	}
	scope, at, err := s.hasLeft(ctx, link, st)
	if err != nil {
		return err
	}
	if scope == "" && st.Subscriber.ID != 0 { // nothing was left yet: here are the choices
		return s.unsubscribePage(c)
	}
	if scope == "" {
		scope = akkoord.ScopeAll // they are gone, as after any leaving
	}
	return s.showThanks(c, link, scope, akkoord.Left{At: at, State: st})
}

func (s *Server) showThanks(c echo.Context, link akkoord.Link, scope akkoord.Scope, left akkoord.Left) error {
	page, locale, err := s.leftPage(c, link, scope, left)
	if err != nil {
		return err
	}
	page.Thanks = true
	return s.page(c, http.StatusOK, locale, page)
}

// showLeft says what was left and when, what is still on, and for an hour how
// to take it back. It is the same page however often it is asked for.
func (s *Server) showLeft(c echo.Context, link akkoord.Link, scope akkoord.Scope, left akkoord.Left) error {
	page, locale, err := s.leftPage(c, link, scope, left)
	if err != nil {
		return err
	}
	page.Ask = left.State.Subscriber.ID != 0
	return s.page(c, http.StatusOK, locale, page)
}

func (s *Server) leftPage(c echo.Context, link akkoord.Link, scope akkoord.Scope, left akkoord.Left) (templates.UnsubscribedPage, string, error) {
	person := left.State.Subscriber
	locale := s.locale(c, person.Locale, "")
	at := linkPath(akkoord.LinkUnsubscribe, c)
	page := templates.UnsubscribedPage{Action: at, Scope: string(scope), At: left.At}
	var err error
	if page.Site, err = s.personalBy(c.Request().Context(), link, at, person); err != nil {
		return page, locale, err
	}
	if page.Campaign, page.Purpose, err = s.leaving(c.Request().Context(), link, locale); err != nil {
		return page, locale, err
	}
	if s.canUndo(scope, link.Purpose, left) {
		undo := link
		undo.Kind, undo.At, undo.Expires = akkoord.LinkUndo, left.At, left.At.Add(akkoord.Limits.UndoWindow)
		page.Undo, page.Action = true, at+"?undo="+s.Links.Sign(undo, s.Now())
	}
	page.Leave = at
	page.Still, err = s.asked(c, stillOn(left.State, 0), locale)
	return page, locale, err
}

// canUndo reports whether a leaving can be taken back now: a purpose only when
// it was on before (P15).
func (s *Server) canUndo(scope akkoord.Scope, purpose int64, left akkoord.Left) bool {
	if left.At.IsZero() || s.Now().Sub(left.At) >= akkoord.Limits.UndoWindow {
		return false
	}
	return scope != akkoord.ScopePurpose || !left.State.Subscription(purpose).WasActive.IsZero()
}

// undo takes back a leaving. The signed permission, good for an hour, stands
// in the address that the page posted to, or in the field itself.
func (s *Server) undo(c echo.Context, link akkoord.Link, f fields) error {
	token := f.first("undo")
	if token == "1" {
		token = query(c, "undo")
	}
	undo, err := s.Links.Read(akkoord.LinkUndo, token, s.Now())
	if akkoord.KindOf(err) == akkoord.Expired {
		return errUndo
	}
	if err != nil || undo.Subscriber != link.Subscriber {
		return akkoord.Fieldf("undo", "link_invalid", "What was sent does not say which leaving to take back.")
	}
	origin, err := s.act(c, "unsubscribe", "")
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	done, err := s.Consents.Undo(ctx, undo, origin)
	if err != nil {
		return err
	}
	st, err := s.Consents.Standing(ctx, link.Subscriber)
	if err != nil {
		return err
	}
	sub := st.Subscription(undo.Purpose)
	back := done || len(stillOn(st, 0)) > 0 && (undo.Purpose == 0 || sub.State == akkoord.Active)
	if !back {
		return errUndo
	}
	if wantsJSON(c.Request()) {
		return c.JSON(http.StatusOK, map[string]string{"status": "active"})
	}
	return s.showBack(c, link, undo, f.first("scope"), st)
}

func (s *Server) showBack(c echo.Context, link, undo akkoord.Link, scope string, st akkoord.Standing) error {
	locale := s.locale(c, st.Subscriber.Locale, "")
	at := linkPath(akkoord.LinkUnsubscribe, c)
	campaign, purpose, err := s.leaving(c.Request().Context(), undo, locale)
	if err != nil {
		return err
	}
	name := ""
	switch akkoord.Scope(scope) {
	case akkoord.ScopeCampaign:
		name = campaign
	case akkoord.ScopePurpose:
		name = purpose
	}
	site, err := s.personalBy(c.Request().Context(), link, at, st.Subscriber)
	if err != nil {
		return err
	}
	return s.page(c, http.StatusOK, locale, templates.ResubscribedPage{Site: site, Leave: at, Name: name, At: s.Now()})
}
