package api

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"strconv"
	"time"

	"akkoord"
	"akkoord/server/trail"
)

// auditEntry is a line of the audit trail.
type auditEntry struct {
	Seq    int64  `json:"seq"`
	At     *Time  `json:"at"`
	Actor  string `json:"actor" doc:"person, system, user:UUID or key:UUID."`
	Action string `json:"action"`
	Object string `json:"object" doc:"subscriber:UUID, mailing:UUID, campaign:SLUG and the like."`
	Note   string `json:"note"`
}

// AuditSearch narrows the trail.
type AuditSearch struct {
	Actor   string    `query:"actor" doc:"person, system, user:UUID or key:UUID."`
	Subject string    `query:"subject" doc:"Like subscriber:UUID."`
	Kind    string    `query:"kind" doc:"An action like subscriber.read, or its first word for all of them."`
	From    time.Time `query:"from" doc:"RFC 3339."`
	To      time.Time `query:"to" doc:"RFC 3339; not included."`
}

func (s AuditSearch) filter() (akkoord.AuditFilter, error) {
	f := akkoord.AuditFilter{Actor: s.Actor, Object: s.Subject, Action: s.Kind, From: s.From, To: s.To}
	return f, f.Check()
}

// listAudit leaves a line of its own: who looked, and for what (M27).
func (a *API) listAudit(ctx context.Context, in *struct {
	AuditSearch
	Paging
}) (list[auditEntry], error) {
	page, err := in.page()
	if err != nil {
		return list[auditEntry]{}, err
	}
	f, err := in.filter()
	if err != nil {
		return list[auditEntry]{}, err
	}
	if err := a.audit(ctx, "audit.read", "audit", f.String()); err != nil {
		return list[auditEntry]{}, err
	}
	rows, next, err := a.auditPage(ctx, f, page)
	return newList(rows, next, func(e auditEntry) auditEntry { return e }), err
}

// auditPage gives a page of the trail with the names that those outside know.
func (a *API) auditPage(ctx context.Context, f akkoord.AuditFilter, page akkoord.Page) ([]auditEntry, int64, error) {
	lines, next, err := trail.Page(ctx, a.cfg.Store, f, page)
	out := make([]auditEntry, len(lines))
	for i, e := range lines {
		out[i] = auditEntry{e.Seq, when(e.At), string(e.Actor), e.Action, e.Object, e.Note}
	}
	return out, next, err
}

// auditExportLines bounds one export; the next begins where it ended.
const auditExportLines = 100_000

func (a *API) exportAudit(ctx context.Context, in *struct {
	AuditSearch
	Format string `query:"format" default:"json" enum:"json,csv"`
}) (document, error) {
	f, err := in.filter()
	if err != nil {
		return document{}, err
	}
	if err := a.audit(ctx, "audit.export", "audit", f.String()); err != nil {
		return document{}, err
	}
	lines := []auditEntry{}
	for p := (akkoord.Page{}); ; {
		rows, next, err := a.auditPage(ctx, f, p)
		if err != nil {
			return document{}, err
		}
		lines = append(lines, rows...)
		if len(lines) > auditExportLines {
			return document{}, akkoord.Fieldf("from", "too_many_lines", "That is more than %d lines; take them in parts, by from and to.", auditExportLines)
		}
		if next == 0 {
			break
		}
		p.After = next
	}
	header := map[string]string{"Content-Disposition": `attachment; filename="audit.` + in.Format + `"`}
	if in.Format == "json" {
		body, err := json.Marshal(lines)
		return document{"application/json", header, body}, err
	}
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	_ = w.Write([]string{"seq", "at", "actor", "action", "object", "note"}) // Error tells
	for _, e := range lines {
		_ = w.Write([]string{strconv.FormatInt(e.Seq, 10), e.At.String(), e.Actor, e.Action, e.Object, akkoord.PlainCell(e.Note)})
	}
	w.Flush()
	return document{"text/csv; charset=utf-8", header, out.Bytes()}, w.Error()
}
