// Package records makes the record of processing activities (Art. 30(1) GDPR,
// M29) from what is configured at that moment, as data in the reader's language
// and as a document to file.
package records

import (
	"context"
	"time"

	"akkoord"
)

// Store tells what is configured.
type Store interface {
	Purposes(ctx context.Context) ([]akkoord.Purpose, error)
	Relays(ctx context.Context) ([]akkoord.Relay, error)
	Forms(ctx context.Context) ([]akkoord.Form, error)
	Attributes(ctx context.Context) ([]akkoord.Attribute, error)
	ContractTemplates(ctx context.Context, p akkoord.Page) (templates []akkoord.ContractTemplate, next int64, err error)
	Processors(ctx context.Context, p akkoord.Page) (parties []akkoord.Processor, next int64, err error)
	Users(ctx context.Context) ([]akkoord.User, error)
	Keys(ctx context.Context) ([]akkoord.APIKey, error)
	Imports(ctx context.Context, p akkoord.Page) (imports []akkoord.Import, next int64, err error)
}

// Read makes the record as of now.
func Read(ctx context.Context, s Store, setup akkoord.Setup, sender akkoord.Sender, now time.Time) (akkoord.Record, error) {
	f := akkoord.RecordFacts{Setup: setup, Sender: sender}
	var err error
	if f.Purposes, err = s.Purposes(ctx); err != nil {
		return akkoord.Record{}, err
	}
	if f.Relays, err = s.Relays(ctx); err != nil {
		return akkoord.Record{}, err
	}
	if f.Forms, err = s.Forms(ctx); err != nil {
		return akkoord.Record{}, err
	}
	if f.Attributes, err = s.Attributes(ctx); err != nil {
		return akkoord.Record{}, err
	}
	if f.Templates, err = akkoord.AllPages(ctx, s.ContractTemplates); err != nil {
		return akkoord.Record{}, err
	}
	if f.Processors, err = akkoord.AllPages(ctx, s.Processors); err != nil {
		return akkoord.Record{}, err
	}
	if f.Users, err = s.Users(ctx); err != nil {
		return akkoord.Record{}, err
	}
	if f.Keys, err = s.Keys(ctx); err != nil {
		return akkoord.Record{}, err
	}
	imports, _, err := s.Imports(ctx, akkoord.Page{Limit: 1})
	f.Imported = len(imports) > 0
	return akkoord.RecordOf(f, now), err
}
