package api

import (
	"context"
	"encoding/base64"

	"akkoord"
)

// Notices keeps the tasks to tell processors of an act about a person (Art. 19
// GDPR, M19).
type Notices interface {
	Notices(ctx context.Context, waiting bool, p akkoord.Page) (notices []akkoord.ProcessorNotice, next int64, err error)
	TickNotice(ctx context.Context, actor akkoord.Actor, id akkoord.ID, note string) (akkoord.ProcessorNotice, error)
	NoticeKey(ctx context.Context, actor akkoord.Actor, slug string) ([]byte, error)
}

// notice is a task as the API shows it.
type notice struct {
	ID        akkoord.ID         `json:"id" format:"uuid"`
	Processor string             `json:"processor"`
	Kind      akkoord.NoticeKind `json:"kind" enum:"erasure,address,restriction,unrestricted"`
	Reference *string            `json:"reference" doc:"HMAC-SHA-256 of the address in small letters, in hexadecimal, under the party's key (GET /processors/{slug}/notice-key): the party finds the person by it. Null once it is done."`
	Line      int64              `json:"ledger_line"`
	At        *Time              `json:"at"`
	DueOn     Day                `json:"due_on"`
	Overdue   bool               `json:"overdue"`
	DoneAt    *Time              `json:"done_at"`
	DoneBy    *string            `json:"done_by"`
	Note      string             `json:"note"`
}

func (a *API) showNotice(n akkoord.ProcessorNotice, names map[string]string) notice {
	return notice{
		ID: n.PublicID, Processor: n.Processor, Kind: n.Kind, Reference: orNil(n.Reference), Line: n.Line, At: when(n.At), DueOn: Day{n.DueOn},
		Overdue: n.Overdue(a.cfg.Now()), DoneAt: when(n.DoneAt), DoneBy: orNil(publicName(names, string(n.DoneBy))), Note: n.Note,
	}
}

func (a *API) listNotices(ctx context.Context, in *struct {
	Paging
	Waiting bool `query:"waiting" doc:"Only those that are not done."`
}) (list[notice], error) {
	page, err := in.page()
	if err != nil {
		return list[notice]{}, err
	}
	rows, next, err := a.cfg.Store.Notices(ctx, in.Waiting, page)
	if err != nil {
		return list[notice]{}, err
	}
	var actors []string
	for _, n := range rows {
		actors = append(actors, string(n.DoneBy))
	}
	names, err := a.cfg.Store.PublicNames(ctx, actors)
	return newList(rows, next, func(n akkoord.ProcessorNotice) notice { return a.showNotice(n, names) }), err
}

// noticeNote is the body of POST /processor-notices/{id}/done, which may be
// empty.
type noticeNote struct {
	Note string `json:"note,omitempty" doc:"How the party was told; kept for good, without any address."`
}

func (a *API) tickNotice(ctx context.Context, in *struct {
	ByID
	Body *noticeNote
}) (notice, error) {
	id, err := akkoord.ParseID(in.ID)
	if err != nil {
		return notice{}, err
	}
	var body noticeNote
	if in.Body != nil {
		body = *in.Body
	}
	n, err := a.cfg.Store.TickNotice(ctx, caller(ctx).Actor(), id, body.Note)
	if err != nil {
		return notice{}, err
	}
	names, err := a.cfg.Store.PublicNames(ctx, []string{string(n.DoneBy)})
	return a.showNotice(n, names), err
}

// noticeKey is the key by which a party finds whom notices are about.
type noticeKey struct {
	Processor string `json:"processor"`
	Algorithm string `json:"algorithm"`
	Key       string `json:"key" doc:"Base64. Give it to this party alone, with the agreement."`
}

func (a *API) readNoticeKey(ctx context.Context, in *BySlug) (noticeKey, error) {
	key, err := a.cfg.Store.NoticeKey(ctx, caller(ctx).Actor(), in.Slug)
	if err != nil {
		return noticeKey{}, err
	}
	return noticeKey{in.Slug, "HMAC-SHA-256 of the address in small letters, in hexadecimal", base64.StdEncoding.EncodeToString(key)}, nil
}
