package admin

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"akkoord"
	"akkoord/server/relays"
	"akkoord/templates"
)

const (
	relaysPath  = settingsPath + "/relays"
	sendersPath = settingsPath + "/senders"
	routesPath  = settingsPath + "/routes"
	relayURL    = "relay_url" // a field that no page hands back: it has a password
)

// relays lists senders and mail servers, how these are doing, and which purposes use
// them.
func (s *Site) relays(w http.ResponseWriter, r *http.Request, v visit) error {
	return s.showRelays(w, r, v, templates.RelaysPage{})
}

// showRelays draws the page; page has how a test went.
func (s *Site) showRelays(w http.ResponseWriter, r *http.Request, v visit, page templates.RelaysPage) error {
	ctx := r.Context()
	page.Admin, page.Action, page.TestTo = s.frame(r, v, "settings"), relaysPath, v.user.Email
	page.Path = relaysPath
	register, err := s.cfg.Store.Register(ctx)
	if err != nil {
		return err
	}
	for _, p := range register {
		if p.EndedAt.IsZero() {
			page.Parties = append(page.Parties, templates.Option{Value: p.Slug, Name: p.Name})
		}
	}
	all, err := s.cfg.Store.Relays(ctx)
	if err != nil {
		return err
	}
	var rows []templates.RelayRow
	facts := s.cfg.Sender()
	if s.cfg.Relay.Addr != "" {
		rows = append(rows, s.relayRow(akkoord.Relay{Slug: akkoord.DefaultRelay, Addr: s.cfg.Relay.Addr, Security: s.cfg.Relay.TLS, Processor: facts.Processor, Notices: true}, register))
	}
	for _, relay := range all {
		if relay.RetiredAt.IsZero() {
			row := s.relayRow(relay, register)
			row.Action = relaysPath + "/" + relay.Slug
			rows = append(rows, row)
		}
	}
	page.Rows = rows
	senders, err := s.cfg.Store.Senders(ctx)
	if err != nil {
		return err
	}
	_, home, _ := strings.Cut(strings.TrimSuffix(facts.From, ">"), "@")
	page.From = facts.From
	for _, a := range senders {
		if a.RetiredAt.IsZero() {
			page.Senders = append(page.Senders, templates.SenderRow{
				Slug: a.Slug, Name: a.Name, Address: a.Address.Display(), Action: sendersPath + "/" + a.Slug, Foreign: !strings.EqualFold(a.Address.Domain(), home),
			})
		}
	}
	purposes, err := s.cfg.Store.Purposes(ctx)
	if err != nil {
		return err
	}
	for _, p := range purposes {
		page.Purposes = append(page.Purposes, templates.RouteRow{Slug: p.Slug, Name: p.Text(v.locale).Name, Action: routesPath + "/" + p.Slug, Sender: p.Sender, Relays: p.RelayOrder()})
	}
	return s.page(w, v, http.StatusOK, page)
}

func (s *Site) relayRow(r akkoord.Relay, register []akkoord.Processor) templates.RelayRow {
	row := templates.RelayRow{Slug: r.Slug, Addr: r.Addr, TLS: r.Security, Login: r.Login, Connections: r.Connections, Processor: r.Processor, Own: r.Processor == akkoord.OwnProcessor, Notices: r.Notices}
	for _, why := range r.Obstacles(register, s.cfg.Now()) {
		row.Obstacles = append(row.Obstacles, templates.Blocker{Code: why.Code, Text: why.Message})
	}
	if s.cfg.RelayStates == nil {
		return row
	}
	for _, state := range s.cfg.RelayStates() {
		if state.Slug == r.Slug {
			row.Known, row.OpenSince, row.LastAccepted, row.Fault, row.FaultAt = true, state.OpenSince, state.LastAccepted, state.LastFault, state.FaultAt
		}
	}
	return row
}

// typedRelay reads the form of a relay. A number that is none is out of range.
func typedRelay(slug string, in url.Values) relays.Typed {
	notices := in.Get("notices") != ""
	typed := relays.Typed{Slug: slug, Notices: &notices, URL: akkoord.Secret(strings.TrimSpace(in.Get(relayURL))), Processor: in.Get("processor")}
	if text := strings.TrimSpace(in.Get("connections")); text != "" {
		var err error
		if typed.Connections, err = strconv.Atoi(text); err != nil || typed.Connections == 0 {
			typed.Connections = -1
		}
	}
	return typed
}

// addToRelays adds a relay or a sender.
func (s *Site) addToRelays(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	ctx, by, in := r.Context(), v.user.Actor(), r.PostForm
	slug := strings.TrimSpace(in.Get("slug"))
	var err error
	switch in.Get("act") {
	case "relay":
		_, err = relays.Add(ctx, s.cfg.Store, s.cfg.Mail, by, s.cfg.Sender().From, typedRelay(slug, in))
	case "sender":
		var a akkoord.SendingAddress
		if a, err = relays.ParseSender(slug, in.Get("name"), in.Get("address")); err == nil {
			_, err = s.cfg.Store.AddSender(ctx, by, a)
		}
	default:
		return errNoAct
	}
	return s.done(w, r, atField(err), "saved", relaysPath)
}

// atField names the field of the form that the URL of a relay is typed in.
func atField(err error) error {
	if wrong, ok := errors.AsType[*akkoord.Error](err); ok && wrong.Field == "url" {
		moved := *wrong
		moved.Field = relayURL
		return &moved
	}
	return err
}

// routePurpose takes the relays in the order of the selects; those left empty are none.
func (s *Site) routePurpose(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	order := slices.DeleteFunc(slices.Clone(r.PostForm["relays"]), func(name string) bool { return name == "" })
	_, err := relays.Route(r.Context(), s.cfg.Store, v.user.Actor(), r.PathValue("slug"), r.PostForm.Get("sender"), order)
	return s.done(w, r, err, "saved", relaysPath+"#purposes")
}

// actOnRelay changes a relay, tries it, or takes it out of use.
func (s *Site) actOnRelay(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	ctx, by, slug := r.Context(), v.user.Actor(), r.PathValue("slug")
	var err error
	switch r.PostForm.Get("act") {
	case "save":
		_, err = relays.Change(ctx, s.cfg.Store, s.cfg.Mail, by, typedRelay(slug, r.PostForm))
	case "retire":
		_, err = relays.Retire(ctx, s.cfg.Store, by, slug)
	case "test":
		return s.tryNamedRelay(w, r, v, slug)
	default:
		return errNoAct
	}
	return s.done(w, r, atField(err), "saved", relaysPath)
}

func (s *Site) tryNamedRelay(w http.ResponseWriter, r *http.Request, v visit, slug string) error {
	to, err := akkoord.ParseEmail(v.user.Email)
	if err != nil {
		return err
	}
	steps, err := relays.Try(r.Context(), s.cfg.Store, s.cfg.Mail, v.user.Actor(), slug, to, v.locale, s.cfg.Now())
	if err != nil {
		return s.done(w, r, err, "", relaysPath)
	}
	page := templates.RelaysPage{Tried: slug, Works: true}
	for _, step := range steps {
		page.Tries = append(page.Tries, templates.RelayStep{Key: step.Name, Code: step.Code, Text: step.Text})
		page.Works = page.Works && step.Code == ""
	}
	return s.showRelays(w, r, v, page)
}

// actOnSender changes a sender, or takes it out of use.
func (s *Site) actOnSender(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	ctx, by, slug, in := r.Context(), v.user.Actor(), r.PathValue("slug"), r.PostForm
	var err error
	switch in.Get("act") {
	case "save":
		var typed akkoord.SendingAddress
		if typed, err = relays.ParseSender(slug, in.Get("name"), in.Get("address")); err == nil {
			_, err = relays.ChangeSender(ctx, s.cfg.Store, by, slug, func(a *akkoord.SendingAddress) { a.Name, a.Address = typed.Name, typed.Address })
		}
	case "retire":
		_, err = s.cfg.Store.RetireSender(ctx, by, slug)
	default:
		return errNoAct
	}
	return s.done(w, r, err, "saved", relaysPath+"#senders")
}
