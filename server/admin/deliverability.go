package admin

import (
	"net/http"
	"strings"

	"akkoord"
	"akkoord/templates"
)

const (
	deliverabilityPath = Prefix + "/deliverability"
	domainKeysPath     = deliverabilityPath + "/keys"
)

// deliverability shows how the sending domain is, and its DKIM keys. What was
// found within some minutes stands there again unless ?again=1 asks to look.
func (s *Site) deliverability(w http.ResponseWriter, r *http.Request, v visit) error {
	return s.showDeliverability(w, r, v, http.StatusOK, r.URL.Query().Get("again") != "", nil)
}

// showDeliverability draws the page; tell puts into the row of a key what an act
// on it gave.
func (s *Site) showDeliverability(w http.ResponseWriter, r *http.Request, v visit, code int, again bool, tell func(id string, row *templates.DomainKeyRow)) error {
	found := s.cfg.Delivering.Deliverability(r.Context(), again)
	page := templates.DeliverabilityPage{
		Admin: s.frame(r, v, "settings"), Domain: found.Domain, Return: found.Return, LookedAt: found.LookedAt, Files: found.Files,
		Changes: v.user.Role.May(akkoord.SetUp), Make: domainKeysPath,
	}
	page.Path = deliverabilityPath
	for _, f := range found.Findings {
		page.Findings = append(page.Findings, deliveryFinding(f))
	}
	lately, total, err := s.cfg.Figures.CameBackLately(r.Context())
	if err != nil {
		return err
	}
	for _, m := range lately {
		page.CameBack = append(page.CameBack, templates.CameBackRow{Subject: title(m.Mailing), URL: resultsPath(m.Mailing), At: m.StartedAt, Rates: rateCells(m.Rates)})
	}
	page.CameBackTotal = rateCells(total)
	speed, err := s.cfg.Store.Speed(r.Context())
	if err != nil {
		return err
	}
	page.Speed = speedOf(speed)
	keys, err := s.cfg.Delivering.DomainKeys(r.Context())
	if err != nil {
		return err
	}
	for _, k := range keys {
		row := s.domainKeyRow(k, found)
		if tell != nil {
			tell(row.ID, &row)
		}
		page.Keys = append(page.Keys, row)
	}
	return s.page(w, v, code, page)
}

func speedOf(s akkoord.Speed) templates.SendingSpeed {
	out := templates.SendingSpeed{PerHour: s.Cap.Hour, HourLeft: s.HourLeft, PerDay: s.Cap.Day, DayLeft: s.DayLeft}
	if s.Domain != "" {
		out.Domain, out.Known, out.Left, out.Full = s.Domain, s.Known(), s.WarmLeft, s.Warmup.Full
		for i, n := range s.Warmup.Days() {
			out.Days = append(out.Days, templates.WarmupDay{Number: i + 1, Mails: n, Now: i == s.Warm.Step, Past: i < s.Warm.Step})
		}
	}
	return out
}

func rateCells(all []akkoord.Rate) []templates.RateCell {
	out := make([]templates.RateCell, len(all))
	for i, r := range all {
		out[i] = templates.RateCell{Key: string(r.Tally), Standing: string(r.Standing()), N: int(r.N), Sent: int(r.Sent), Warn: int(r.Warn), Pause: int(r.Pause)}
	}
	return out
}

func deliveryFinding(f akkoord.DomainFinding) templates.DeliveryFinding {
	return templates.DeliveryFinding{
		Key: strings.ReplaceAll(f.What, "-", "_"), Verdict: f.Verdict, Text: f.Text, Record: txtRecord(f.Name, f.Record),
	}
}

// txtRecord gives a record as the page shows it; none: nothing is to be published.
func txtRecord(name, value string) *templates.TXTRecord {
	if name == "" {
		return nil
	}
	out := &templates.TXTRecord{Name: name, Value: value}
	if parts := akkoord.TXTStrings(value); len(parts) > 1 {
		out.Zone = `"` + strings.Join(parts, `" "`) + `"`
	}
	return out
}

func (s *Site) domainKeyRow(k akkoord.DomainKey, found akkoord.Deliverability) templates.DomainKeyRow {
	row := templates.DomainKeyRow{
		ID: k.PublicID.String(), Selector: k.Selector, Kind: string(k.Kind), State: string(k.State), Action: domainKeysPath + "/" + k.PublicID.String(),
		CreatedAt: k.CreatedAt, SeenAt: k.SeenAt, SignsFrom: k.SignsFrom, RetiredAt: k.RetiredAt,
		Record: txtRecord(k.Record()), Removable: k.CheckRemove(s.cfg.Now()) == nil,
	}
	if k.State == akkoord.DomainKeyRetired {
		row.KeepUntil = k.KeepUntil()
	}
	if k.Domain != found.Domain {
		row.Foreign = k.Domain
	}
	row.Waits = k.State == akkoord.DomainKeySigning && (row.Foreign != "" || len(found.Files) > 0)
	return row
}

// makeDomainKey makes a DKIM key, whose record then stands on the page.
func (s *Site) makeDomainKey(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	_, err := s.cfg.Delivering.MakeDomainKey(r.Context(), v.user.Actor(), akkoord.DomainKeyKind(r.PostForm.Get("kind")))
	return s.done(w, r, err, "dkim_made", deliverabilityPath+"#keys")
}

// actOnDomainKey looks for the record of a key, or moves the key on.
func (s *Site) actOnDomainKey(w http.ResponseWriter, r *http.Request, v visit) error {
	if err := form(r); err != nil {
		return err
	}
	id, err := akkoord.ParseID(r.PathValue("id"))
	if err != nil {
		return err
	}
	ctx, by, in, notice := r.Context(), v.user.Actor(), r.PostForm, ""
	tell := func(change func(*templates.DomainKeyRow)) func(string, *templates.DomainKeyRow) {
		return func(of string, row *templates.DomainKeyRow) {
			if of == id.String() {
				change(row)
			}
		}
	}
	switch in.Get("act") {
	case "look":
		_, found, err := s.cfg.Delivering.LookUpDomainKey(ctx, by, id)
		if err != nil {
			return err
		}
		f := deliveryFinding(found)
		return s.showDeliverability(w, r, v, http.StatusOK, false, tell(func(row *templates.DomainKeyRow) { row.Found = &f }))
	case "sign":
		_, err = s.cfg.Delivering.SignWithDomainKey(ctx, by, id, in.Get("insist") != "")
		if akkoord.CodeOf(err) == "dkim_unseen" {
			return s.showDeliverability(w, r, v, http.StatusConflict, false, tell(func(row *templates.DomainKeyRow) { row.Unseen = true }))
		}
		notice = "dkim_signs"
		if err == nil && len(s.cfg.Delivering.Deliverability(ctx, false).Files) > 0 {
			notice = "dkim_waits"
		}
	case "retire":
		_, err = s.cfg.Delivering.RetireDomainKey(ctx, by, id)
		notice = "dkim_retired"
	case "remove":
		err = s.cfg.Delivering.RemoveDomainKey(ctx, by, id)
		notice = "dkim_removed"
	default:
		err = akkoord.Fieldf("act", "act_unknown", "There is no such act.")
	}
	return s.done(w, r, err, notice, deliverabilityPath+"#keys")
}
