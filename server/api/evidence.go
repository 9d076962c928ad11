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
	EvidenceBundle(ctx context.Context, actor akkoord.Actor, id akkoord.ID) ([]byte, error)
}

// subscriberEvidence answers with the proof bundle of a person (M30).
func (a *API) subscriberEvidence(ctx context.Context, in *ByID) (document, error) {
	id, err := akkoord.ParseID(in.ID)
	if err != nil {
		return document{}, err
	}
	file, err := a.cfg.Store.EvidenceBundle(ctx, caller(ctx).Actor(), id)
	if errors.Is(err, akkoord.ErrBundle) {
		err = errors.Join(akkoord.Errorf(akkoord.Conflict, "record_altered",
			"The record of this person does not verify, so no proof of it can be given. Run akkoord ledger verify to see what was altered."), err)
	}
	header := map[string]string{"Content-Disposition": `attachment; filename="evidence-` + id.String() + `.zip"`}
	return document{"application/zip", header, file}, err
}
