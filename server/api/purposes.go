package api

import (
	"context"
	"slices"

	"akkoord"
)

// BySlug names a thing in the path.
type BySlug struct {
	Slug string `path:"slug"`
}

// newPurpose is the body of POST /purposes. Texts are by language.
type newPurpose struct {
	Slug              string            `json:"slug"`
	Name              map[string]string `json:"name"`
	Explanation       map[string]string `json:"explanation,omitempty" doc:"What the data is used for (M3)."`
	Wording           map[string]string `json:"wording" doc:"The words that people agree to."`
	Frequency         map[string]string `json:"frequency,omitempty"`
	Basis             akkoord.Basis     `json:"basis,omitempty" default:"consent" enum:"consent,existing_customer,contract"`
	InactiveAfterDays int               `json:"inactive_after_days,omitempty" doc:"Days without activity after which consent counts as old; 0 is never. Then people are asked by mail whether they still want it (M18)."`
	LearnAfterLinks   int               `json:"learn_after_links,omitempty" doc:"Clicked links of one topic by which somebody is taken to like it, of people who allow that on their own page; 0: nothing is learned."`
	RetentionFields
}

// purpose is a purpose as the API shows it.
type purpose struct {
	ID                akkoord.ID        `json:"id" format:"uuid"`
	Slug              string            `json:"slug"`
	Name              map[string]string `json:"name"`
	Explanation       map[string]string `json:"explanation"`
	Wording           map[string]string `json:"wording"`
	Frequency         map[string]string `json:"frequency"`
	Basis             akkoord.Basis     `json:"basis"`
	InactiveAfterDays int               `json:"inactive_after_days"`
	AskAgainAfterDays int               `json:"reactivate_again_after_days"`
	ExpireAfterDays   int               `json:"expire_after_days"`
	Signals           []akkoord.Signal  `json:"signals"`
	RetentionStopped  *Time             `json:"retention_stopped_at" doc:"Since when nobody is asked and nothing ends; null while it goes on."`
	Sender            string            `json:"sender" doc:"Slug of the sender of its mailings; empty: that of AKKOORD_FROM. POST /purposes/{slug}/route changes it."`
	Relays            []string          `json:"relays" nullable:"false" doc:"Slugs of the relays that its mailings go by, in order."`
	LearnAfterLinks   int               `json:"learn_after_links" doc:"Clicked links of one topic by which it is taken for liked; 0: nothing is learned."`
	Version           int               `json:"version" doc:"Of the texts."`
	WiderSince        int               `json:"wider_since" doc:"The version that asks for more than those before it, to which consents don't carry over; 0 is none."`
	CreatedAt         *Time             `json:"created_at"`
	ArchivedAt        *Time             `json:"archived_at" doc:"Since when nothing goes out under it and no form offers it; null: it is in use."`
	PublicArchive     bool              `json:"public_archive" doc:"Everybody may read its mailings at /archive/{slug} and in the RSS feed /archive/{slug}/feed.xml. POST /purposes/{slug}/public-archive changes it."`
}

func showPurpose(p akkoord.Purpose) purpose {
	out := purpose{
		ID: p.PublicID, Slug: p.Slug, Basis: p.Basis, InactiveAfterDays: p.InactiveAfter, Sender: p.Sender, Relays: p.RelayOrder(), LearnAfterLinks: p.LearnAfter, Version: p.Version, WiderSince: p.Wider, CreatedAt: when(p.CreatedAt), ArchivedAt: when(p.ArchivedAt), PublicArchive: p.PublicArchive,
		AskAgainAfterDays: p.Retention.AskAgainAfter, ExpireAfterDays: p.Retention.ExpireAfter, Signals: some(p.Retention.Signals), RetentionStopped: when(p.Retention.Stopped),
		Name: map[string]string{}, Explanation: map[string]string{}, Wording: map[string]string{}, Frequency: map[string]string{},
	}
	for locale, t := range p.Texts {
		out.Name[locale], out.Explanation[locale], out.Wording[locale] = t.Name, t.Explanation, t.Wording
		if t.Frequency != "" {
			out.Frequency[locale] = t.Frequency
		}
	}
	return out
}

// purposeTexts are the texts of a purpose, each by language.
type purposeTexts struct{ name, explanation, wording, frequency map[string]string }

// over lays the texts over those that there are: a text that is given takes
// the place of that one, the others stay.
func (in purposeTexts) over(texts map[string]akkoord.PurposeText) {
	for _, part := range []struct {
		texts map[string]string
		set   func(*akkoord.PurposeText, string)
	}{
		{in.name, func(t *akkoord.PurposeText, s string) { t.Name = s }},
		{in.explanation, func(t *akkoord.PurposeText, s string) { t.Explanation = s }},
		{in.wording, func(t *akkoord.PurposeText, s string) { t.Wording = s }},
		{in.frequency, func(t *akkoord.PurposeText, s string) { t.Frequency = s }},
	} {
		for locale, s := range part.texts {
			t := texts[locale]
			part.set(&t, s)
			texts[locale] = t
		}
	}
}

func (a *API) createPurpose(ctx context.Context, in *struct{ Body newPurpose }) (purpose, error) {
	b := in.Body
	p := akkoord.Purpose{Slug: b.Slug, Basis: b.Basis, InactiveAfter: b.InactiveAfterDays, LearnAfter: b.LearnAfterLinks, Texts: map[string]akkoord.PurposeText{}}
	purposeTexts{b.Name, b.Explanation, b.Wording, b.Frequency}.over(p.Texts)
	b.over(&p.Retention)
	p, err := a.cfg.Store.PutPurpose(ctx, caller(ctx).Actor(), p)
	return showPurpose(p), err
}

// purposeChange is the body of PATCH /purposes/{slug}. What is left out stays
// as it is; slug and basis never change, since people agreed to them.
type purposeChange struct {
	Name              map[string]string `json:"name,omitempty" doc:"By language; a language that is left out stays as it is."`
	Explanation       map[string]string `json:"explanation,omitempty"`
	Wording           map[string]string `json:"wording,omitempty" doc:"Who agreed before keeps the words that they saw."`
	Frequency         map[string]string `json:"frequency,omitempty"`
	InactiveAfterDays *int              `json:"inactive_after_days,omitempty"`
	LearnAfterLinks   *int              `json:"learn_after_links,omitempty" doc:"0 ends it: nothing learned is shown or used from then on."`
	RetentionFields

	Change akkoord.WordingKind `json:"change,omitempty" doc:"What new wording or explanation is to those who agreed already: correction, with a reason, keeps their consent; wider keeps nobody's (M4)."`
	Reason string              `json:"reason,omitempty" doc:"Why it is a correction."`
}

// changePurpose makes a new version of a purpose's texts; consents keep the
// version that they were given to (M4).
func (a *API) changePurpose(ctx context.Context, in *struct {
	BySlug
	Body purposeChange
}) (purpose, error) {
	b := in.Body
	p, err := a.cfg.Store.EditPurpose(ctx, caller(ctx).Actor(), in.Slug, func(p *akkoord.Purpose) error {
		purposeTexts{b.Name, b.Explanation, b.Wording, b.Frequency}.over(p.Texts)
		p.Change = akkoord.WordingChange{Kind: b.Change, Reason: b.Reason}
		if b.InactiveAfterDays != nil {
			p.InactiveAfter = *b.InactiveAfterDays
		}
		if b.LearnAfterLinks != nil {
			p.LearnAfter = *b.LearnAfterLinks
		}
		b.over(&p.Retention)
		return nil
	})
	return showPurpose(p), err
}

func (a *API) listPurposes(ctx context.Context, in *struct {
	Paging
	ByArchive
}) (list[purpose], error) {
	page, err := in.page()
	if err != nil {
		return list[purpose]{}, err
	}
	all, err := a.cfg.Store.Purposes(ctx)
	if err != nil {
		return list[purpose]{}, err
	}
	all = slices.DeleteFunc(slices.Clone(all), func(p akkoord.Purpose) bool { return !in.Archived.Takes(p.Archived()) })
	rows, next := cut(all, func(p akkoord.Purpose) int64 { return p.ID }, page)
	return newList(rows, next, showPurpose), nil
}

func (a *API) readPurpose(ctx context.Context, in *BySlug) (purpose, error) {
	p, err := a.cfg.Store.Purpose(ctx, in.Slug)
	return showPurpose(p), err
}
