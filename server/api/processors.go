package api

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"akkoord"

	"github.com/danielgtaylor/huma/v2"
)

// Processors keeps the register of parties that data goes to (M28).
type Processors interface {
	AddProcessor(ctx context.Context, actor akkoord.Actor, p akkoord.Processor) (akkoord.Processor, error)
	// EditProcessor changes a party from what it is at that moment; edit may
	// be called more than once.
	EditProcessor(ctx context.Context, actor akkoord.Actor, slug, action, note string, edit func(*akkoord.Processor, time.Time)) (akkoord.Processor, error)
	Processor(ctx context.Context, slug string) (akkoord.Processor, error)
	Processors(ctx context.Context, p akkoord.Page) (parties []akkoord.Processor, next int64, err error)
}

// Day is a day as the API writes it, like 2026-12-31. It reads a time too, and
// takes its day in UTC.
type Day struct{ time.Time }

// MarshalJSON gives the day; none is null.
func (d Day) MarshalJSON() ([]byte, error) {
	if d.IsZero() {
		return []byte("null"), nil
	}
	return json.Marshal(d.Format(time.DateOnly))
}

// UnmarshalJSON reads a day, a time or null.
func (d *Day) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil || s == "" {
		d.Time = time.Time{}
		return err
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		if t, err = time.Parse(time.RFC3339, s); err != nil {
			return errors.New("a day is written like 2026-12-31")
		}
	}
	y, m, day := t.UTC().Date()
	d.Time = time.Date(y, m, day, 0, 0, 0, 0, time.UTC)
	return nil
}

// Schema describes the day in the OpenAPI document.
func (Day) Schema(huma.Registry) *huma.Schema {
	s := &huma.Schema{
		Type: huma.TypeString, Nullable: true, Examples: []any{"2026-12-31"},
		Pattern: `^(\d{4}-\d\d-\d\d(T.+)?)?$`, PatternDescription: "day like 2026-12-31",
	}
	s.PrecomputeMessages()
	return s
}

// agreement is the contract with a party.
type agreement struct {
	SignedOn   Day    `json:"signed_on,omitempty" doc:"Without it there is no agreement yet, and no data may go there."`
	ValidUntil Day    `json:"valid_until,omitempty" doc:"The last day, in UTC. Null: until it is ended."`
	Document   string `json:"document,omitempty" doc:"Where the agreement is kept."`
}

func (a agreement) read() akkoord.Agreement {
	return akkoord.Agreement{SignedOn: a.SignedOn.Time, ValidUntil: a.ValidUntil.Time, Document: a.Document}
}

// newProcessor is the body of POST /processors.
type newProcessor struct {
	Slug      string    `json:"slug"`
	Name      string    `json:"name" doc:"Legal name."`
	Role      string    `json:"role" doc:"relay, webhook, export, import_source, hosting, support or other."`
	Country   string    `json:"country,omitempty" doc:"Where it processes, like NL (ISO 3166-1)."`
	Agreement agreement `json:"agreement,omitempty"`
}

// processor is a party as the API shows it.
type processor struct {
	ID        akkoord.ID       `json:"id" format:"uuid"`
	Slug      string           `json:"slug"`
	Name      string           `json:"name"`
	Role      string           `json:"role"`
	Country   *string          `json:"country"`
	Agreement agreement        `json:"agreement"`
	Allowed   bool             `json:"allowed" doc:"Whether data may go to this party now."`
	Expiring  bool             `json:"expiring" doc:"The agreement holds and ends within 60 days."`
	Reasons   []akkoord.Reason `json:"reasons" nullable:"false" doc:"All that forbids it."`
	CreatedAt *Time            `json:"created_at"`
	EndedAt   *Time            `json:"ended_at"`
}

func (a *API) showProcessor(p akkoord.Processor) processor {
	now := a.cfg.Now()
	why := p.Obstacles(now)
	return processor{
		ID: p.PublicID, Slug: p.Slug, Name: p.Name, Role: string(p.Role), Country: orNil(p.Country),
		Agreement: agreement{Day{p.Agreement.SignedOn}, Day{p.Agreement.ValidUntil}, p.Agreement.Document},
		Allowed:   len(why) == 0, Expiring: p.Expiring(now), Reasons: some(why), CreatedAt: when(p.CreatedAt), EndedAt: when(p.EndedAt),
	}
}

func (a *API) createProcessor(ctx context.Context, in *struct{ Body newProcessor }) (processor, error) {
	b := in.Body
	p, err := a.cfg.Store.AddProcessor(ctx, caller(ctx).Actor(), akkoord.Processor{
		Slug: b.Slug, Name: b.Name, Role: akkoord.ProcessorRole(b.Role), Country: b.Country, Agreement: b.Agreement.read(),
	})
	return a.showProcessor(p), err
}

func (a *API) listProcessors(ctx context.Context, in *struct{ Paging }) (list[processor], error) {
	page, err := in.page()
	if err != nil {
		return list[processor]{}, err
	}
	rows, next, err := a.cfg.Store.Processors(ctx, page)
	return newList(rows, next, a.showProcessor), err
}

func (a *API) readProcessor(ctx context.Context, in *BySlug) (processor, error) {
	p, err := a.cfg.Store.Processor(ctx, in.Slug)
	return a.showProcessor(p), err
}

// processorChange is the body of PATCH /processors/{slug}. What is left out
// stays.
type processorChange struct {
	Name      *string    `json:"name,omitempty"`
	Role      *string    `json:"role,omitempty"`
	Country   *string    `json:"country,omitempty"`
	Agreement *agreement `json:"agreement,omitempty" doc:"Takes the place of the whole agreement."`
}

func (c processorChange) apply(p *akkoord.Processor, _ time.Time) {
	if c.Name != nil {
		p.Name = *c.Name
	}
	if c.Role != nil {
		p.Role = akkoord.ProcessorRole(*c.Role)
	}
	if c.Country != nil {
		p.Country = *c.Country
	}
	if c.Agreement != nil {
		p.Agreement = c.Agreement.read()
	}
}

func (a *API) changeProcessor(ctx context.Context, in *struct {
	BySlug
	Body processorChange
}) (processor, error) {
	p, err := a.cfg.Store.EditProcessor(ctx, caller(ctx).Actor(), in.Slug, "processor.change", "", in.Body.apply)
	return a.showProcessor(p), err
}

// reasonOrder is a body that gives a reason.
type reasonOrder struct {
	Reason string `json:"reason" doc:"Kept in the audit trail; it must hold no personal data."`
}

func (a *API) endProcessor(ctx context.Context, in *struct {
	BySlug
	Body reasonOrder
}) (processor, error) {
	if err := akkoord.CheckReason(in.Body.Reason); err != nil {
		return processor{}, err
	}
	p, err := a.cfg.Store.EditProcessor(ctx, caller(ctx).Actor(), in.Slug, "processor.end", in.Body.Reason, func(p *akkoord.Processor, now time.Time) {
		if p.EndedAt.IsZero() {
			p.EndedAt = now
		}
	})
	return a.showProcessor(p), err
}
