package api

import (
	"context"

	"akkoord"
)

// Evidence makes proof bundles.
type Evidence interface {
	// EvidenceBundle gives the proof of all that is on record of a person, and
	// leaves a line in the audit trail.
	EvidenceBundle(ctx context.Context, actor akkoord.Actor, id akkoord.ID, reason string, pages akkoord.BundlePages) ([]byte, error)
}

// TakingReason is why a person's record is taken away.
type TakingReason struct {
	Reason string `query:"reason" doc:"Why it is taken, without name or address; it stands in the audit trail."`
}

// subscriberEvidence answers with the proof bundle of a person (M30).
func (a *API) subscriberEvidence(ctx context.Context, in *struct {
	ByID
	Lang string `query:"lang" default:"nl" enum:"nl,en,de,fr" doc:"Language of what people read in it."`
	TakingReason
}) (document, error) {
	id, err := akkoord.ParseID(in.ID)
	if err != nil {
		return document{}, err
	}
	var pages akkoord.BundlePages
	if a.cfg.Dossier != nil {
		pages = a.cfg.Dossier(in.Lang)
	}
	file, err := a.cfg.Store.EvidenceBundle(ctx, caller(ctx).Actor(), id, in.Reason, pages)
	header := map[string]string{"Content-Disposition": `attachment; filename="evidence-` + id.String() + `.zip"`}
	return document{"application/zip", header, file}, akkoord.BundleFault(err)
}
