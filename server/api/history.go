package api

import (
	"bytes"
	"context"
	"encoding/json"

	"akkoord"
)

// event is one act in a person's consent history.
type event struct {
	Seq            int64             `json:"seq"`
	At             *Time             `json:"at"`
	Kind           akkoord.EventKind `json:"kind"`
	Purpose        *string           `json:"purpose" doc:"Slug; null for an act that is about no purpose."`
	Campaign       *string           `json:"campaign" doc:"Slug of the campaign whose mail held the link."`
	Source         string            `json:"source"`
	Actor          akkoord.Actor     `json:"actor"`
	WordingVersion int               `json:"wording_version"`
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
	if err := a.audit(ctx, "subscriber.events", subscriberObject(st), ""); err != nil {
		return list[event]{}, err
	}
	all, err := a.cfg.Store.Events(ctx, st.Subscriber.ID)
	if err != nil {
		return list[event]{}, err
	}
	rows, next := cut(all, func(e akkoord.Event) int64 { return e.Seq }, page)
	purposes, campaigns, err := a.eventSlugs(ctx, rows)
	return newList(rows, next, func(e akkoord.Event) event {
		return event{
			e.Seq, when(e.At), e.Kind, orNil(purposes[e.PurposeID]), orNil(campaigns[e.CampaignID]),
			e.Source, e.Actor, e.WordingVersion,
		}
	}), err
}

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
	Format string `query:"format" default:"json" enum:"json,csv"`
}) (document, error) {
	id, err := akkoord.ParseID(in.ID)
	if err != nil {
		return document{}, err
	}
	record, err := a.cfg.Store.ExportPerson(ctx, caller(ctx).Actor(), id)
	if err != nil {
		return document{}, err
	}
	header := map[string]string{"Content-Disposition": `attachment; filename="` + id.String() + "." + in.Format + `"`}
	if in.Format == "csv" {
		var out bytes.Buffer
		err := record.WriteCSV(&out)
		return document{"text/csv; charset=utf-8", header, out.Bytes()}, err
	}
	body, err := json.Marshal(record)
	return document{"application/json", header, body}, err
}
