package api

import (
	"context"
	"errors"

	"akkoord"
)

// Evidence makes proof bundles.
type Evidence interface {
	// EvidenceBundle gives the proof of all that is on record of a person, and
	// leaves a line in the audit trail.
	EvidenceBundle(ctx context.Context, actor akkoord.Actor, id akkoord.ID, pages akkoord.BundlePages) ([]byte, error)
}

// subscriberEvidence answers with the proof bundle of a person (M30).
func (a *API) subscriberEvidence(ctx context.Context, in *struct {
	ByID
	Lang string `query:"lang" default:"nl" enum:"nl,en,de,fr" doc:"Language of what people read in it."`
}) (document, error) {
	id, err := akkoord.ParseID(in.ID)
	if err != nil {
		return document{}, err
	}
	var pages akkoord.BundlePages
	if a.cfg.Dossier != nil {
		pages = a.cfg.Dossier(in.Lang)
	}
	file, err := a.cfg.Store.EvidenceBundle(ctx, caller(ctx).Actor(), id, pages)
	if errors.Is(err, akkoord.ErrBundle) {
		err = errors.Join(akkoord.Errorf(akkoord.Conflict, "record_altered",
			"The record of this person does not verify, so no proof of it can be given. Run akkoord ledger verify to see what was altered."), err)
	}
	header := map[string]string{"Content-Disposition": `attachment; filename="evidence-` + id.String() + `.zip"`}
	return document{"application/zip", header, file}, err
}
