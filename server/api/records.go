package api

import (
	"context"
	"encoding/json"
	"strings"

	"akkoord"
	"akkoord/server/deliver"
	"akkoord/server/records"
)

// Configured tells what is configured, for the records of processing.
type Configured interface {
	Users(ctx context.Context) ([]akkoord.User, error)
	Keys(ctx context.Context) ([]akkoord.APIKey, error)
}

// readRecords gives the record of processing activities (M29), made anew each
// time. It names no subscriber, and so leaves no line in the audit trail.
func (a *API) readRecords(ctx context.Context, in *struct {
	Lang   string `query:"lang" default:"nl" enum:"nl,en,de,fr" doc:"Language of its words."`
	Format string `query:"format" enum:"json,pdf" doc:"Without it Accept decides; json where that names no pdf."`
	Accept string `header:"Accept"`
}) (document, error) {
	r, err := records.Read(ctx, a.cfg.Store, deliver.Setup(a.cfg.Setup, a.cfg.Delivering), a.cfg.Sender(), a.cfg.Now())
	if err != nil {
		return document{}, err
	}
	spoken := a.cfg.Pages.Record(in.Lang, r)
	if in.Format == "pdf" || in.Format == "" && strings.Contains(in.Accept, "application/pdf") {
		body, err := records.PDF(a.cfg.Pages, spoken)
		return document{"application/pdf", map[string]string{"Content-Disposition": `attachment; filename="records-of-processing.pdf"`, "Content-Language": spoken.Language}, body}, err
	}
	body, err := json.Marshal(spoken)
	return document{"application/json", map[string]string{"Content-Language": spoken.Language}, body}, err
}
