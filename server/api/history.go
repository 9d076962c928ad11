package api

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"

	"akkoord"
	"akkoord/server/trail"
)

// event is one act in a person's consent history.
type event struct {
	Seq            int64             `json:"seq"`
	At             *Time             `json:"at"`
	Kind           akkoord.EventKind `json:"kind"`
	Purpose        *string           `json:"purpose" doc:"Slug; null for an act that is about no purpose."`
	Campaign       *string           `json:"campaign" doc:"Slug of the campaign whose mail held the link."`
	Source         string            `json:"source"`
	Actor          string            `json:"actor" doc:"person, system, user:UUID or key:UUID."`
	WordingVersion *int              `json:"wording_version" doc:"Of the purpose's texts; null for an act that is about none."`
}

func (a *API) listEvents(ctx context.Context, in *struct {
	ByID
	Paging
}) (list[event], error) {
	page, err := in.page()
	if err != nil {
		return list[event]{}, err
	}
	st, err := a.person(ctx, in.ID)
	if err != nil {
		return list[event]{}, err
	}
	if err := a.audit(ctx, "subscriber.events", trail.Subscriber(st.Subscriber), ""); err != nil {
		return list[event]{}, err
	}
	all, err := a.cfg.Store.Events(ctx, st.Subscriber.ID)
	if err != nil {
		return list[event]{}, err
	}
	rows, next := cut(all, func(e akkoord.Event) int64 { return e.Seq }, page)
	purposes, campaigns, err := a.eventSlugs(ctx, rows)
	if err != nil {
		return list[event]{}, err
	}
	actors := make([]string, len(rows))
	for i, e := range rows {
		actors[i] = string(e.Actor)
	}
	names, err := a.cfg.Store.PublicNames(ctx, actors)
	return newList(rows, next, func(e akkoord.Event) event {
		out := event{
			Seq: e.Seq, At: when(e.At), Kind: e.Kind, Purpose: orNil(purposes[e.PurposeID]), Campaign: orNil(campaigns[e.CampaignID]),
			Source: e.Source, Actor: publicName(names, string(e.Actor)),
		}
		if e.WordingVersion != 0 {
			out.WordingVersion = &e.WordingVersion
		}
		return out
	}), err
}

// publicName gives the name of an actor or object as those outside know it,
// from what the store found.
func publicName(names map[string]string, name string) string { return cmp.Or(names[name], name) }

func (a *API) eventSlugs(ctx context.Context, events []akkoord.Event) (purposes, campaigns map[int64]string, err error) {
	var purposeIDs, campaignIDs []int64
	for _, e := range events {
		purposeIDs, campaignIDs = append(purposeIDs, e.PurposeID), append(campaignIDs, e.CampaignID)
	}
	if purposes, err = a.cfg.Store.PurposeSlugs(ctx, purposeIDs); err != nil {
		return nil, nil, err
	}
	campaigns, err = a.cfg.Store.CampaignSlugs(ctx, campaignIDs)
	return purposes, campaigns, err
}

func (a *API) exportSubscriber(ctx context.Context, in *struct {
	ByID
	Format string `query:"format" default:"json" enum:"json,csv,zip" doc:"zip: both, with a schema."`
	TakingReason
}) (document, error) {
	id, err := akkoord.ParseID(in.ID)
	if err != nil {
		return document{}, err
	}
	record, err := a.cfg.Store.ExportPerson(ctx, caller(ctx).Actor(), id, in.Reason)
	if err != nil {
		return document{}, err
	}
	header := map[string]string{"Content-Disposition": `attachment; filename="` + id.String() + "." + in.Format + `"`}
	if in.Format == "csv" {
		var out bytes.Buffer
		err := record.WriteCSV(&out)
		return document{"text/csv; charset=utf-8", header, out.Bytes()}, err
	}
	if in.Format == "zip" {
		var out bytes.Buffer
		err := record.WriteZIP(&out)
		return document{"application/zip", header, out.Bytes()}, err
	}
	body, err := json.Marshal(record)
	return document{"application/json", header, body}, err
}
