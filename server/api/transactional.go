package api

import (
	"context"
	"encoding/json"
	"net/mail"
	"strings"

	"akkoord"
	"akkoord/server/trail"
)

// Contracts keeps transactional mail: its templates and its log (M9).
type Contracts interface {
	AddContractTemplate(ctx context.Context, actor akkoord.Actor, c akkoord.ContractTemplate, domain string) (akkoord.ContractTemplate, error)
	// EditContractTemplate changes a template from what it is at that moment;
	// edit may be called more than once.
	EditContractTemplate(ctx context.Context, actor akkoord.Actor, slug, domain string, edit func(*akkoord.ContractSpec), retired *bool) (akkoord.ContractTemplate, error)
	ContractTemplate(ctx context.Context, slug string) (akkoord.ContractTemplate, error)
	ContractTemplates(ctx context.Context, p akkoord.Page) (templates []akkoord.ContractTemplate, next int64, err error)
	SendContract(ctx context.Context, actor akkoord.Actor, order akkoord.ContractOrder) (akkoord.ContractMail, error)
	ContractMail(ctx context.Context, id akkoord.ID) (akkoord.ContractMail, error)
	ContractMails(ctx context.Context, f akkoord.ContractFilter, p akkoord.Page) (mails []akkoord.ContractMail, next int64, err error)
	EraseContracts(ctx context.Context, actor akkoord.Actor, e akkoord.Email, reason string) (int64, error)
}

// ContractText is a transactional mail in one language.
type ContractText struct {
	Reason   string `json:"reason" doc:"Why people get it, in the footer: \"You get this mail because you booked a trip.\""`
	Subject  string `json:"subject" doc:"May hold fields, as the body may: {{order}} or {{order | default: \"text\"}}."`
	Markdown string `json:"markdown,omitempty"`
	HTML     string `json:"html,omitempty" doc:"Instead of markdown."`
}

// newContract is the body of POST /transactional-templates.
type newContract struct {
	Slug    string                  `json:"slug"`
	Name    string                  `json:"name" doc:"For staff."`
	From    string                  `json:"from,omitempty" doc:"\"Name\" <a@b>, in the domain of AKKOORD_FROM; empty: that."`
	ReplyTo string                  `json:"reply_to,omitempty"`
	Fields  []string                `json:"fields,omitempty" doc:"Names of the values that each mail gives."`
	Texts   map[string]ContractText `json:"texts" doc:"By language."`
}

func (b newContract) spec() akkoord.ContractSpec {
	return akkoord.ContractSpec{Name: b.Name, From: b.From, ReplyTo: b.ReplyTo, Fields: some(b.Fields), Texts: contractTexts(b.Texts)}
}

func contractTexts(in map[string]ContractText) map[string]akkoord.ContractText {
	out := map[string]akkoord.ContractText{}
	for locale, t := range in {
		out[locale] = akkoord.ContractText(t)
	}
	return out
}

// contract is a template as the API shows it.
type contract struct {
	ID        akkoord.ID              `json:"id" format:"uuid"`
	Slug      string                  `json:"slug"`
	Version   int                     `json:"version"`
	Name      string                  `json:"name"`
	From      *string                 `json:"from"`
	ReplyTo   *string                 `json:"reply_to"`
	Fields    []string                `json:"fields" nullable:"false"`
	Texts     map[string]ContractText `json:"texts"`
	Retired   bool                    `json:"retired" doc:"No new mail is taken."`
	CreatedAt *Time                   `json:"created_at"`
}

func showContract(c akkoord.ContractTemplate) contract {
	out := contract{
		ID: c.PublicID, Slug: c.Slug, Version: c.Version, Name: c.Spec.Name, From: orNil(c.Spec.From), ReplyTo: orNil(c.Spec.ReplyTo),
		Fields: some(c.Spec.Fields), Texts: map[string]ContractText{}, Retired: !c.RetiredAt.IsZero(), CreatedAt: when(c.CreatedAt),
	}
	for locale, t := range c.Spec.Texts {
		out.Texts[locale] = ContractText(t)
	}
	return out
}

// domain is that of AKKOORD_FROM; empty where none is set.
func (a *API) domain() string {
	from, err := mail.ParseAddress(a.cfg.Sender().From)
	if err != nil {
		return ""
	}
	return from.Address[strings.LastIndexByte(from.Address, '@')+1:]
}

// senderMissing refuses what needs to say who writes while nobody is named.
func (a *API) senderMissing() error {
	why := a.cfg.Sender().ContractSender()
	if len(why) == 0 {
		return nil
	}
	return &akkoord.Error{Kind: akkoord.Conflict, Code: why[0].Code, Message: "Transactional mail can't be sent now.", Reasons: why}
}

func (a *API) createContract(ctx context.Context, in *struct{ Body newContract }) (contract, error) {
	c := akkoord.ContractTemplate{Slug: in.Body.Slug, Spec: in.Body.spec()}
	domain := a.domain()
	if err := c.Check(domain); err != nil {
		return contract{}, err
	}
	if err := a.cfg.Mail.CheckContract(c.Spec); err != nil {
		return contract{}, err
	}
	c, err := a.cfg.Store.AddContractTemplate(ctx, caller(ctx).Actor(), c, domain)
	return showContract(c), err
}

func (a *API) listContracts(ctx context.Context, in *struct{ Paging }) (list[contract], error) {
	page, err := in.page()
	if err != nil {
		return list[contract]{}, err
	}
	rows, next, err := a.cfg.Store.ContractTemplates(ctx, page)
	return newList(rows, next, showContract), err
}

func (a *API) readContract(ctx context.Context, in *BySlug) (contract, error) {
	c, err := a.cfg.Store.ContractTemplate(ctx, in.Slug)
	return showContract(c), err
}

// contractChange is the body of PATCH /transactional-templates/{slug}. What is
// left out stays.
type contractChange struct {
	Name    *string                 `json:"name,omitempty"`
	From    *string                 `json:"from,omitempty"`
	ReplyTo *string                 `json:"reply_to,omitempty"`
	Fields  *[]string               `json:"fields,omitempty"`
	Texts   map[string]ContractText `json:"texts,omitempty" doc:"Takes the place of all texts."`
	Retired *bool                   `json:"retired,omitempty"`
}

func (c contractChange) apply(s *akkoord.ContractSpec) {
	for _, f := range []struct {
		from *string
		to   *string
	}{{c.Name, &s.Name}, {c.From, &s.From}, {c.ReplyTo, &s.ReplyTo}} {
		if f.from != nil {
			*f.to = *f.from
		}
	}
	if c.Fields != nil {
		s.Fields = some(*c.Fields)
	}
	if c.Texts != nil {
		s.Texts = contractTexts(c.Texts)
	}
}

func (a *API) changeContract(ctx context.Context, in *struct {
	BySlug
	Body contractChange
}) (contract, error) {
	c, err := a.cfg.Store.ContractTemplate(ctx, in.Slug)
	if err != nil {
		return contract{}, err
	}
	in.Body.apply(&c.Spec)
	if err := c.Check(a.domain()); err != nil {
		return contract{}, err
	}
	if err := a.cfg.Mail.CheckContract(c.Spec); err != nil {
		return contract{}, err
	}
	c, err = a.cfg.Store.EditContractTemplate(ctx, caller(ctx).Actor(), in.Slug, a.domain(), in.Body.apply, in.Body.Retired)
	return showContract(c), err
}

func (a *API) previewContract(ctx context.Context, in *struct {
	BySlug
	Locale string `query:"locale"`
	Format string `query:"format" default:"json" enum:"json,html"`
}) (document, error) {
	c, err := a.cfg.Store.ContractTemplate(ctx, in.Slug)
	if err != nil {
		return document{}, err
	}
	html, text, subject, err := a.cfg.Mail.PreviewContract(c.Spec, in.Locale)
	if err != nil {
		return document{}, err
	}
	if in.Format == "html" {
		return document{"text/html; charset=utf-8", map[string]string{"Content-Security-Policy": "sandbox; default-src 'none'; img-src https: http:; style-src 'unsafe-inline'"}, html}, nil
	}
	body, err := json.Marshal(map[string]string{"subject": subject, "html": string(html), "text": string(text)})
	return document{"application/json", nil, body}, err
}

// contractOrder is the body of POST /transactional.
type contractOrder struct {
	Template string            `json:"template" doc:"Slug."`
	Email    string            `json:"email" doc:"Where it goes: the address of the contract."`
	Locale   string            `json:"locale,omitempty" doc:"The template's first where it lacks this one."`
	Fields   map[string]string `json:"fields,omitempty" doc:"A value for each field of the template."`
	Key      string            `json:"idempotency_key,omitempty" doc:"Like the header Idempotency-Key, and kept as long as the log: the same key is the same mail."`
}

// ContractMail is a transactional mail as its sender sees it.
type ContractMail struct {
	ID       akkoord.ID            `json:"id" format:"uuid"`
	Template string                `json:"template"`
	Version  int                   `json:"version"`
	Locale   string                `json:"locale"`
	State    akkoord.ContractState `json:"state" enum:"queued,deferred,sent,failed,skipped"`
	Code     *string               `json:"code" doc:"Of the gate (bounced, erased), or of the relay: 250 2.0.0."`
	Reply    *string               `json:"reply" doc:"Last reply of the relay, addresses masked."`
	Attempts int                   `json:"attempts"`
	At       *Time                 `json:"at" doc:"When it was asked for."`
	FirstAt  *Time                 `json:"first_at"`
	NextAt   *Time                 `json:"next_at"`
	DoneAt   *Time                 `json:"done_at"`
}

func showContractMail(m akkoord.ContractMail) ContractMail {
	return ContractMail{
		ID: m.PublicID, Template: m.Template, Version: m.Version, Locale: m.Locale, State: m.State, Code: orNil(m.Code), Reply: orNil(m.Reply),
		Attempts: m.Attempts, At: when(m.At), FirstAt: when(m.FirstAt), NextAt: when(m.NextAt), DoneAt: when(m.DoneAt),
	}
}

// sendContract takes one mail. The answer holds no address, since it is kept
// for whoever asks again.
func (a *API) sendContract(ctx context.Context, in *struct{ Body contractOrder }) (ContractMail, error) {
	b := in.Body
	to, err := akkoord.ParseEmail(b.Email)
	if err != nil {
		return ContractMail{}, err
	}
	key := idempotencyKey(ctx)
	switch {
	case key == "":
		key = b.Key
	case b.Key != "" && b.Key != key:
		return ContractMail{}, akkoord.Fieldf("idempotency_key", "value_invalid", "The header Idempotency-Key says another key; send one of them.")
	}
	if len(key) > maxIdempotencyKey {
		return ContractMail{}, akkoord.Fieldf("idempotency_key", "text_too_long", "An idempotency key has at most %d characters.", maxIdempotencyKey)
	}
	if err := a.senderMissing(); err != nil {
		return ContractMail{}, err
	}
	m, err := a.cfg.Store.SendContract(ctx, caller(ctx).Actor(), akkoord.ContractOrder{Template: b.Template, To: to, Locale: b.Locale, Values: b.Fields, Key: key})
	return showContractMail(m), err
}

func (a *API) readContractMail(ctx context.Context, in *ByID) (ContractMail, error) {
	id, err := akkoord.ParseID(in.ID)
	if err != nil {
		return ContractMail{}, err
	}
	m, err := a.cfg.Store.ContractMail(ctx, id)
	return showContractMail(m), err
}

// LoggedMail is a line of the log, with whom it went to.
type LoggedMail struct {
	ContractMail
	Email *string `json:"email" doc:"Null when the person was erased."`
}

func (a *API) listContractMails(ctx context.Context, in *struct {
	Email    string `query:"email"`
	Template string `query:"template" doc:"Slug."`
	State    string `query:"state" enum:"queued,deferred,sent,failed,skipped"`
	Paging
}) (list[LoggedMail], error) {
	page, err := in.page()
	if err != nil {
		return list[LoggedMail]{}, err
	}
	f := akkoord.ContractFilter{Template: in.Template, State: akkoord.ContractState(in.State)}
	if in.Email != "" {
		if f.To, err = akkoord.ParseEmail(in.Email); err != nil {
			return list[LoggedMail]{}, err
		}
	}
	rows, next, err := a.cfg.Store.ContractMails(ctx, f, page)
	if err != nil {
		return list[LoggedMail]{}, err
	}
	if err := a.audit(ctx, "transactional.read", "transactional", contractNote(rows)); err != nil {
		return list[LoggedMail]{}, err
	}
	return newList(rows, next, func(m akkoord.ContractMail) LoggedMail {
		return LoggedMail{showContractMail(m), orNil(m.To.Display())}
	}), nil
}

// contractNote names what was read in the audit trail.
func contractNote(rows []akkoord.ContractMail) string {
	ids := make([]akkoord.ID, len(rows))
	for i, m := range rows {
		ids[i] = m.PublicID
	}
	return trail.Mails(ids)
}

func (a *API) eraseContracts(ctx context.Context, in *struct {
	Body struct {
		Email  string `json:"email"`
		Reason string `json:"reason" doc:"Kept in the audit trail; it must not name the person."`
	}
}) (erasedMails, error) {
	e, err := akkoord.ParseEmail(in.Body.Email)
	if err != nil {
		return erasedMails{}, err
	}
	n, err := a.cfg.Store.EraseContracts(ctx, caller(ctx).Actor(), e, in.Body.Reason)
	return erasedMails{n}, err
}

// erasedMails is the answer to POST /transactional/erase.
type erasedMails struct {
	Mails int64 `json:"mails" doc:"How many mails no longer lead to anybody."`
}
