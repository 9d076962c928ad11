package api

import (
	"context"

	"akkoord"
)

// translation is what a mailing or a variant says in another language. It inherits
// what it lacks.
type translation struct {
	Subject   string          `json:"subject,omitempty"`
	Preheader string          `json:"preheader,omitempty"`
	Markdown  string          `json:"markdown,omitempty"`
	HTML      string          `json:"html,omitempty"`
	Blocks    []akkoord.Block `json:"blocks,omitempty"`
	Sender    string          `json:"sender,omitempty" doc:"Name of the sender to readers of this language."`
}

func translations(in map[string]translation) map[string]akkoord.Translation {
	if len(in) == 0 {
		return nil
	}
	out := map[string]akkoord.Translation{}
	for locale, t := range in {
		out[locale] = akkoord.Translation{Sender: t.Sender, Content: akkoord.Content{Subject: t.Subject, Preheader: t.Preheader, Markdown: t.Markdown, HTML: t.HTML, Blocks: akkoord.FormatBlocks(t.Blocks)}}
	}
	return out
}

func showTranslations(all map[string]akkoord.Translation) map[string]translation {
	out := map[string]translation{}
	for locale, t := range all {
		out[locale] = translation{t.Subject, t.Preheader, t.Markdown, t.HTML, showBlocks(t.Blocks), t.Sender}
	}
	return out
}

// each is the locale of a test that is sent in every language of its mailing.
const each = "each"

// testLocales gives the languages of a test.
func (a *API) testLocales(ctx context.Context, m akkoord.Mailing, locale string) ([]string, error) {
	if locale != each {
		return []string{locale}, nil
	}
	p, err := a.purposeOf(ctx, m)
	return m.Written(p), err
}

func (a *API) purposeOf(ctx context.Context, m akkoord.Mailing) (akkoord.Purpose, error) {
	c, err := a.cfg.Store.CampaignByID(ctx, m.CampaignID)
	if err != nil {
		return akkoord.Purpose{}, err
	}
	return a.cfg.Store.PurposeByID(ctx, c.PurposeID)
}
