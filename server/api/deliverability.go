package api

import (
	"context"

	"akkoord"
)

// deliverability answers GET /deliverability.
type deliverability struct {
	Domain       string          `json:"domain" doc:"Of AKKOORD_FROM; empty: it is not set, and nothing was looked at."`
	ReturnDomain string          `json:"return_domain" doc:"Of the envelope sender."`
	LookedAt     *Time           `json:"looked_at"`
	Findings     []domainFinding `json:"findings" nullable:"false"`
	FileKeys     []string        `json:"file_keys" nullable:"false" doc:"Selectors of AKKOORD_DKIM. Where there are any, they sign and stored keys don't."`

	CameBack      []cameBack `json:"came_back" nullable:"false" doc:"Of the last twelve mailings that were started within thirty days or are of a series that runs, newest first."`
	CameBackTotal []rate     `json:"came_back_total" nullable:"false" doc:"Of these together."`
	Speed         speed      `json:"speed"`
}

// speed is what limits mailings of the settings' sender now.
type speed struct {
	PerHour  int     `json:"per_hour" doc:"AKKOORD_MAIL_CAP; 0: no limit."`
	HourLeft *int    `json:"hour_left" doc:"Mails that may be begun now under it; null without it."`
	PerDay   int     `json:"per_day" doc:"Of AKKOORD_MAIL_CAP too; 0: no limit."`
	DayLeft  *int    `json:"day_left" doc:"The same."`
	Warmup   *warmup `json:"warmup" doc:"AKKOORD_WARMUP; null: none."`
}

// warmup is how far a new domain is.
type warmup struct {
	Domain  string `json:"domain"`
	Day     int    `json:"day" doc:"Of the plan, from 1. A day on which less than half was sent that was allowed is repeated."`
	Ceiling int    `json:"ceiling" doc:"Mails that this day allows; 0: the domain is known, and there is none."`
	Left    *int   `json:"left" doc:"Mails that may be begun now under it; null when the domain is known."`
	Days    []int  `json:"days" nullable:"false" doc:"Mails that each day of the plan allows, sixty days at most."`
}

func showSpeed(s akkoord.Speed) speed {
	out := speed{PerHour: s.Cap.Hour, PerDay: s.Cap.Day}
	if s.Cap.Hour > 0 {
		out.HourLeft = &s.HourLeft
	}
	if s.Cap.Day > 0 {
		out.DayLeft = &s.DayLeft
	}
	if s.Domain != "" {
		out.Warmup = &warmup{Domain: s.Domain, Day: s.Warm.Step + 1, Ceiling: s.Warmup.Ceiling(s.Warm.Step), Days: s.Warmup.Days()}
		if !s.Known() {
			out.Warmup.Left = &s.WarmLeft
		}
	}
	return out
}

// cameBack is what came back of a mailing.
type cameBack struct {
	Mailing   akkoord.ID `json:"mailing" format:"uuid"`
	Subject   string     `json:"subject"`
	StartedAt *Time      `json:"started_at"`
	Rates     []rate     `json:"rates" nullable:"false"`
}

// rate is a tally of what was sent, beside its limit.
type rate struct {
	Of       akkoord.ReportTally  `json:"of" enum:"complaint,hard,policy" doc:"hard: the mailbox is not there. policy: refused because of the sender."`
	Count    int64                `json:"count"`
	Sent     int64                `json:"sent" doc:"Mails that a mail server took or refused."`
	WarnAt   float64              `json:"warn_at" doc:"Share from which it is warned about."`
	PauseAt  float64              `json:"pause_at" doc:"Share from which a mailing pauses by itself."`
	Standing akkoord.RateStanding `json:"standing" enum:"few,fine,warn,high" doc:"few: of fewer than 200 mails, which says nothing."`
}

func showRates(all []akkoord.Rate) []rate {
	out := make([]rate, len(all))
	for i, r := range all {
		out[i] = rate{r.Tally, r.N, r.Sent, float64(r.Warn) / 10000, float64(r.Pause) / 10000, r.Standing()}
	}
	return out
}

type domainFinding struct {
	What    string     `json:"what" enum:"spf,dkim,dmarc,mx,ptr,relay,mta-sts,tls-rpt"`
	Verdict string     `json:"verdict" enum:"ok,info,warn,fail" doc:"What could not be asked is a warn."`
	Text    string     `json:"text"`
	Record  *dnsRecord `json:"record" doc:"To publish; null: nothing is."`
}

type dnsRecord struct {
	Name  string `json:"name"`
	Type  string `json:"type" enum:"TXT"`
	Value string `json:"value"`

	Strings []string `json:"strings" nullable:"false" doc:"The value in strings of at most 255 bytes, as a zone file has them."`
}

func record(name, value string) *dnsRecord {
	if name == "" {
		return nil
	}
	return &dnsRecord{name, "TXT", value, akkoord.TXTStrings(value)}
}

func showFinding(f akkoord.DomainFinding) domainFinding {
	return domainFinding{f.What, f.Verdict, f.Text, record(f.Name, f.Record)}
}

func (a *API) readDeliverability(ctx context.Context, in *struct {
	Again bool `query:"again" doc:"Look anew; without it what was found within five minutes is given again."`
}) (deliverability, error) {
	d := a.cfg.Delivering.Deliverability(ctx, in.Again)
	out := deliverability{Domain: d.Domain, ReturnDomain: d.Return, LookedAt: when(d.LookedAt), Findings: []domainFinding{}, FileKeys: append([]string{}, d.Files...)}
	for _, f := range d.Findings {
		out.Findings = append(out.Findings, showFinding(f))
	}
	lately, total, err := a.cfg.Figures.CameBackLately(ctx)
	if err != nil {
		return deliverability{}, err
	}
	out.CameBack, out.CameBackTotal = make([]cameBack, len(lately)), showRates(total)
	for i, m := range lately {
		out.CameBack[i] = cameBack{m.PublicID, m.Variant(m.Latest()).Subject, when(m.StartedAt), showRates(m.Rates)}
	}
	limits, err := a.cfg.Store.Speed(ctx)
	out.Speed = showSpeed(limits)
	return out, err
}

// domainKey is a DKIM key that was made here.
type domainKey struct {
	ID        akkoord.ID             `json:"id" format:"uuid"`
	Domain    string                 `json:"domain"`
	Selector  string                 `json:"selector"`
	Kind      akkoord.DomainKeyKind  `json:"kind" enum:"rsa,ed25519"`
	State     akkoord.DomainKeyState `json:"state" enum:"new,published,signing,retired" doc:"published: its record was seen. retired: it signs no more, and its private half is gone."`
	Record    *dnsRecord             `json:"record"`
	CreatedAt *Time                  `json:"created_at"`
	SeenAt    *Time                  `json:"record_seen_at"`
	SignsFrom *Time                  `json:"signs_from"`
	RetiredAt *Time                  `json:"retired_at"`
	KeepUntil *Time                  `json:"keep_record_until" doc:"Until when the record of a retired key has to stay."`
}

func showDomainKey(k akkoord.DomainKey) domainKey {
	out := domainKey{
		ID: k.PublicID, Domain: k.Domain, Selector: k.Selector, Kind: k.Kind, State: k.State, Record: record(k.Record()),
		CreatedAt: when(k.CreatedAt), SeenAt: when(k.SeenAt), SignsFrom: when(k.SignsFrom), RetiredAt: when(k.RetiredAt),
	}
	if k.State == akkoord.DomainKeyRetired {
		out.KeepUntil = when(k.KeepUntil())
	}
	return out
}

func (a *API) listDomainKeys(ctx context.Context, in *struct{ Paging }) (list[domainKey], error) {
	page, err := in.page()
	if err != nil {
		return list[domainKey]{}, err
	}
	all, err := a.cfg.Delivering.DomainKeys(ctx)
	if err != nil {
		return list[domainKey]{}, err
	}
	rows, next := cut(all, func(k akkoord.DomainKey) int64 { return k.ID }, page)
	return newList(rows, next, showDomainKey), nil
}

func (a *API) makeDomainKey(ctx context.Context, in *struct {
	Body struct {
		Kind akkoord.DomainKeyKind `json:"kind" doc:"rsa (2048 bits) or ed25519, which signs beside an RSA key alone."`
	}
}) (domainKey, error) {
	k, err := a.cfg.Delivering.MakeDomainKey(ctx, caller(ctx).Actor(), in.Body.Kind)
	return showDomainKey(k), err
}

// lookedAt is a key and what was found of its record.
type lookedAt struct {
	domainKey
	Finding domainFinding `json:"finding"`
}

func (a *API) lookUpDomainKey(ctx context.Context, in *ByID) (lookedAt, error) {
	id, err := akkoord.ParseID(in.ID)
	if err != nil {
		return lookedAt{}, err
	}
	k, found, err := a.cfg.Delivering.LookUpDomainKey(ctx, caller(ctx).Actor(), id)
	return lookedAt{showDomainKey(k), showFinding(found)}, err
}

func (a *API) signWithDomainKey(ctx context.Context, in *struct {
	ByID
	Body struct {
		Insist bool `json:"insist,omitempty" doc:"Also when its record is not seen: receivers can't verify what it signs then."`
	}
}) (domainKey, error) {
	id, err := akkoord.ParseID(in.ID)
	if err != nil {
		return domainKey{}, err
	}
	k, err := a.cfg.Delivering.SignWithDomainKey(ctx, caller(ctx).Actor(), id, in.Body.Insist)
	return showDomainKey(k), err
}

func (a *API) retireDomainKey(ctx context.Context, in *ByID) (domainKey, error) {
	id, err := akkoord.ParseID(in.ID)
	if err != nil {
		return domainKey{}, err
	}
	k, err := a.cfg.Delivering.RetireDomainKey(ctx, caller(ctx).Actor(), id)
	return showDomainKey(k), err
}

// removedKey says when a key was forgotten.
type removedKey struct {
	RemovedAt *Time `json:"removed_at"`
}

func (a *API) removeDomainKey(ctx context.Context, in *ByID) (removedKey, error) {
	id, err := akkoord.ParseID(in.ID)
	if err != nil {
		return removedKey{}, err
	}
	return removedKey{when(a.cfg.Now())}, a.cfg.Delivering.RemoveDomainKey(ctx, caller(ctx).Actor(), id)
}
